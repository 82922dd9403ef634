"""What attacks are made of: a book to attack, good words to spoil, and keys that are not good."""

from dataclasses import dataclass, replace
from random import Random

from discovery.authority import Domain
from discovery.certificates import (
    AgentCertificate,
    ClusterCertificate,
    decode_cluster_certificate,
)
from discovery.manifest import Body, Manifest
from discovery.names import Origin
from discovery.refusals import Refusal
from discovery.revocations import issue_revocations
from discovery.signed import sign_fields
from discovery.signing import SigningKey
from discovery.trust import TrustBook
from discovery.trust_events import RevocationsReceived
from failure_detect.packing import Packable, pack, unpack_one
from tests.discovery.trusted import (
    DAY_MS,
    EAST,
    HOME,
    NOW_MS,
    OLD,
    PROD_A,
    PROD_B,
    agent_body,
    agent_of,
    body_of,
    book_with,
    key,
    manifest_of,
    spec_key,
    trusted_cluster,
    trusted_fleet,
)

PROD_GONE = Origin("prod-gone")
"""Its key is revoked."""

BYTES_MAX = 2_048


@dataclass(frozen=True)
class Attack:
    """Bytes that must be refused, for one of these reasons."""

    raw: bytes
    reasons: frozenset[Refusal]
    is_manifest: bool


def attacked_book() -> TrustBook:
    """Return a book that trusts a few, one of them by an expired key, one by a revoked one."""
    book = book_with(
        trusted_cluster(EAST, *(spec_key(g, key(EAST, g).public) for g in (1, 2))),
        trusted_cluster(
            OLD,
            spec_key(1, key(OLD, 1).public, NOW_MS - DAY_MS),
            spec_key(2, key(OLD, 2).public),
        ),
        trusted_fleet("prod", "prod-*"),
    )
    revoked = issue_revocations(1, [key(PROD_GONE, 1).public], key("fleet", "prod"))
    book.handle(RevocationsReceived(revoked.raw))
    for origin in (EAST, OLD, PROD_A, PROD_B):
        book.judge(manifest_of(body_of(origin, 2 if origin == OLD else 1)))
    return book


def against(what: Manifest | AgentCertificate, *reasons: Refusal) -> Attack:
    return Attack(what.raw, frozenset(reasons), isinstance(what, Manifest))


def a_victim(rng: Random) -> Origin:
    return rng.choice([HOME, EAST, PROD_A, PROD_B])


def good_body(rng: Random, origin: Origin, generation: int = 1) -> Body:
    """Return a body that would be believed if its signature were right."""
    return replace(
        body_of(origin, generation, NOW_MS + rng.randrange(1 << 40), rng.randrange(1 << 30)),
        root=rng.randbytes(32),
        count=rng.randrange(1, 1 << 20),
        size_bytes=rng.randrange(1, 1 << 24),
    )


def honest_word(rng: Random) -> Manifest | AgentCertificate:
    origin = a_victim(rng)
    if rng.random() < 0.5:
        return manifest_of(good_body(rng, origin))
    return agent_of(agent_body(origin, f"node-{rng.randrange(1 << 20)}"))


def parts_of(raw: bytes) -> list[bytes]:
    values = unpack_one(raw, BYTES_MAX)
    assert isinstance(values, tuple)
    return [each for each in values if isinstance(each, bytes)]


def joined(*parts: bytes) -> bytes:
    return pack(list(parts))


def stranger_key(rng: Random) -> SigningKey:
    return SigningKey.from_seed(rng.randbytes(32))


def claiming_the_fleet(body: bytes, evil: SigningKey) -> ClusterCertificate:
    """Return the certificate with the true fleet's key in it, signed by another."""
    values = unpack_one(body, BYTES_MAX)
    assert isinstance(values, dict)
    fields: dict[str, Packable] = {**values, "f": key("fleet", "prod").public}
    return decode_cluster_certificate(sign_fields(fields, Domain.CLUSTER, evil))


def agent_fields(rng: Random) -> dict[str, Packable]:
    member = stranger_key(rng).public
    return {"m": member, "n": "node-1", "s": NOW_MS, "a": "host:1", "e": 0, "v": [1, 1]}
