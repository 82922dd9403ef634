"""A small fleet and its neighbours: keys, certificates, manifests, and a book that trusts them."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from hashlib import blake2b

from discovery.certificates import (
    AgentBody,
    AgentCertificate,
    ClusterBody,
    ClusterCertificate,
    Roles,
    issue_agent_certificate,
    issue_cluster_certificate,
)
from discovery.manifest import Body, Manifest, sign_manifest
from discovery.names import Origin, PublicKey
from discovery.recordset import EMPTY
from discovery.refusals import Refusal, Refused
from discovery.signing import NaclVerifier, SigningKey
from discovery.trust import TrustBook
from discovery.trust_events import ObjectApplied, TrustEffect
from discovery.wall_time import WallClockRead, shown_time
from failure_detect.identity import Address, MemberId, NodeName

NOW_MS = 1_800_000_000_000
DAY_MS = 86_400_000
HOME, EAST, OLD = Origin("home"), Origin("east"), Origin("old")
PROD_A, PROD_B = Origin("prod-a"), Origin("prod-b")
VERIFIER = NaclVerifier()


@cache
def key(*names: str | int) -> SigningKey:
    """Return the key of a name: `key("east", 2)` is that of generation 2."""
    text = "/".join(map(str, names))
    return SigningKey.from_seed(blake2b(text.encode(), digest_size=32).digest())


def uid(origin: str) -> str:
    text = blake2b(origin.encode(), digest_size=16).hexdigest()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def shown(public: PublicKey) -> str:
    return b64encode(public).decode()


def trusted_object(kind: str, name: str, spec: Mapping[str, object]) -> ObjectApplied:
    api = "isthmus.dev/v1alpha1"
    metadata = {"name": name}
    return ObjectApplied({"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec})


def spec_key(generation: int, public: PublicKey, not_after_ms: int = 0) -> dict[str, object]:
    """Return one of the `keys` of a `TrustedCluster`."""
    entry: dict[str, object] = {"generation": generation, "key": shown(public)}
    return entry | ({"notAfter": shown_time(not_after_ms)} if not_after_ms else {})


def trusted_cluster(
    name: str, *keys: dict[str, object], grant: object = None, **spec: object
) -> ObjectApplied:
    listed = list(keys) or [spec_key(1, key(name, 1).public)]
    extra = {} if grant is None else {"import": grant}
    return trusted_object("TrustedCluster", name, {"keys": listed, **spec, **extra})


def trusted_fleet(name: str, *clusters: str, grant: object = None, **spec: object) -> ObjectApplied:
    keys = [{"key": shown(key("fleet", name).public)}]
    extra = {} if grant is None else {"import": grant}
    fields = {"keys": keys, "clusters": list(clusters), **spec, **extra}
    return trusted_object("TrustedFleet", name, fields)


def empty_book(wall_ms: int | None = NOW_MS) -> TrustBook:
    book = TrustBook(HOME, {1: key(HOME, 1).public}, VERIFIER, uid(HOME))
    if wall_ms is not None:
        book.handle(WallClockRead(wall_ms))
    return book


def book_with(*events: ObjectApplied) -> TrustBook:
    book = empty_book()
    for event in events:
        applied(book, event)
    return book


def applied(book: TrustBook, event: ObjectApplied) -> list[TrustEffect]:
    effects = book.handle(event)
    book.check_invariants()
    return effects


def body_of(origin: Origin, generation: int = 1, epoch: int = NOW_MS, version: int = 1) -> Body:
    return Body(
        origin=origin,
        uid=uid(origin),
        generation=generation,
        epoch=epoch,
        version=version,
        root=EMPTY.root,
        count=0,
        size_bytes=0,
        signed_at_ms=NOW_MS,
    )


def cluster_body(origin: Origin, generation: int = 1, fleet: str = "prod") -> ClusterBody:
    return ClusterBody(
        cluster=origin,
        key=key(origin, generation).public,
        generation=generation,
        fleet=key("fleet", fleet).public,
        not_before_ms=NOW_MS - DAY_MS,
        not_after_ms=NOW_MS + 365 * DAY_MS,
        uid=uid(origin),
        network="flat",
    )


@cache
def vouched(origin: Origin, generation: int = 1, fleet: str = "prod") -> ClusterCertificate:
    return issue_cluster_certificate(cluster_body(origin, generation, fleet), key("fleet", fleet))


def manifest_of(body: Body, certificate: ClusterCertificate | None = None) -> Manifest:
    """Return the manifest as its origin signs it: with a certificate where it has one."""
    if certificate is None and body.origin.startswith("prod-"):
        certificate = vouched(body.origin, body.generation)
    raw = b"" if certificate is None else certificate.raw
    return sign_manifest(body, key(body.origin, body.generation), raw)


def agent_body(origin: Origin, node: str = "node-1", generation: int = 1) -> AgentBody:
    return AgentBody(
        member=MemberId(key(origin, "agent", node).public),
        node=NodeName(node),
        start=NOW_MS,
        address=Address("192.0.2.7:7946"),
        node_address=Address("192.0.2.7:10250"),
        origin=origin,
        generation=generation,
        not_after_ms=NOW_MS + DAY_MS,
        versions=(1, 1),
        roles=Roles(holds_key=True, may_bridge=True),
    )


def agent_of(body: AgentBody, chain: ClusterCertificate | None = None) -> AgentCertificate:
    if chain is None and body.origin.startswith("prod-"):
        chain = vouched(body.origin, body.generation)
    return issue_agent_certificate(body, key(body.origin, body.generation), chain)


def words(origin: Origin, **changes: object) -> Manifest:
    """Return a manifest of an origin with some fields of its body changed."""
    return manifest_of(replace(body_of(origin), **changes))  # type: ignore[arg-type]  # By name.


def refusal(book: TrustBook, manifest: Manifest) -> Refusal | None:
    """Return why a manifest is refused, None where it is believed."""
    try:
        book.judge(manifest)
    except Refused as refused:
        return refused.reason
    return None
