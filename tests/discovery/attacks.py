"""Attacks: manifests and certificates that must not be believed, endlessly many from a seed.

Each kind is a function from a generator of numbers to one attack. An attack says which refusals
are right, so that a kind which is refused for an accident of its making shows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from discovery.authority import Domain
from discovery.certificates import (
    AgentCertificate,
    ClusterCertificate,
    decode_cluster_certificate,
    issue_agent_certificate,
    issue_cluster_certificate,
)
from discovery.manifest import Body, Manifest, sign_manifest
from discovery.names import Origin
from discovery.refusals import Refusal
from discovery.revocations import issue_revocations
from discovery.signed import sign_fields
from discovery.signing import SigningKey
from discovery.trust import TrustBook
from discovery.trust_events import RevocationsReceived
from failure_detect.packing import Packable, pack, unpack_all
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
    cluster_body,
    key,
    manifest_of,
    spec_key,
    trusted_cluster,
    trusted_fleet,
    vouched,
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


def _against(what: Manifest | AgentCertificate, *reasons: Refusal) -> Attack:
    return Attack(what.raw, frozenset(reasons), isinstance(what, Manifest))


def _victim(rng: Random) -> Origin:
    return rng.choice([HOME, EAST, PROD_A, PROD_B])


def _body(rng: Random, origin: Origin, generation: int = 1) -> Body:
    """Return a body that would be believed if its signature were right."""
    return replace(
        body_of(origin, generation, NOW_MS + rng.randrange(1 << 40), rng.randrange(1 << 30)),
        root=rng.randbytes(32),
        count=rng.randrange(1, 1 << 20),
        size_bytes=rng.randrange(1, 1 << 24),
    )


def _honest(rng: Random) -> Manifest | AgentCertificate:
    origin = _victim(rng)
    if rng.random() < 0.5:
        return manifest_of(_body(rng, origin))
    return agent_of(agent_body(origin, f"node-{rng.randrange(1 << 20)}"))


def _parts(raw: bytes) -> list[bytes]:
    [(values, _)] = unpack_all(raw, BYTES_MAX)
    assert isinstance(values, tuple)
    return [each for each in values if isinstance(each, bytes)]


def _joined(*parts: bytes) -> bytes:
    return pack(list(parts))


def _stranger(rng: Random) -> SigningKey:
    return SigningKey.from_seed(rng.randbytes(32))


# --- the kinds ------------------------------------------------------------------------------


def forged(rng: Random) -> Attack:
    """A good body with a signature that is made up, borrowed or somebody else's."""
    honest = _honest(rng)
    body, _, *rest = _parts(honest.raw)
    is_manifest = isinstance(honest, Manifest)
    domain = Domain.MANIFEST if is_manifest else Domain.AGENT
    signature = rng.choice(
        [
            bytes(64),
            rng.randbytes(64),
            _parts(_honest(rng).raw)[1],
            _stranger(rng).sign(domain, body),
        ]
    )
    return Attack(_joined(body, signature, *rest), frozenset({Refusal.SIGNATURE}), is_manifest)


def altered(rng: Random) -> Attack:
    """Good bytes with some changed, added, repeated or gone."""
    honest = _honest(rng)
    raw, place = bytearray(honest.raw), rng.randrange(len(honest.raw))
    match rng.randrange(5):
        case 0:
            raw[place] ^= 1 << rng.randrange(8)
        case 1:
            del raw[place : place + rng.randrange(1, 9)]
        case 2:
            raw[place:place] = rng.randbytes(rng.randrange(1, 9))
        case 3:
            raw += rng.randbytes(rng.randrange(1, 9))
        case _:
            raw[place:place] = raw[place : place + 8]
    if bytes(raw) == honest.raw:
        raw.append(0)
    return Attack(bytes(raw), frozenset(Refusal), isinstance(honest, Manifest))


def repacked(rng: Random) -> Attack:
    """The same parts, packed in a longer form: a twin of what was signed."""
    honest = _honest(rng)
    parts = [b"\xc6" + len(part).to_bytes(4) + part for part in _parts(honest.raw)]
    raw = bytes([0x90 + len(parts)]) + b"".join(parts)
    return Attack(raw, frozenset({Refusal.MALFORMED}), isinstance(honest, Manifest))


def rewritten(rng: Random) -> Attack:
    """A signed body with a field changed, its signature kept."""
    honest = _honest(rng)
    body, signature, *rest = _parts(honest.raw)
    [(values, _)] = unpack_all(body, BYTES_MAX)
    assert isinstance(values, dict)
    fields: dict[str, Packable] = dict(values)
    name = rng.choice(["v", "e", "n", "s"] if isinstance(honest, Manifest) else ["s", "e"])
    number = fields[name]
    assert isinstance(number, int)
    fields[name] = number + rng.choice([-1, 1])
    raw = _joined(pack(fields), signature, *rest)
    return Attack(raw, frozenset({Refusal.SIGNATURE}), isinstance(honest, Manifest))


def foreign(rng: Random) -> Attack:
    """Signed by a cluster that is trusted, in the name of another."""
    victim = _victim(rng)
    thief = key(rng.choice([each for each in (HOME, EAST, PROD_A, PROD_B) if each != victim]), 1)
    reasons = (Refusal.SIGNATURE, Refusal.KEY)
    if rng.random() < 0.5:
        certificate = vouched(victim).raw if victim in (PROD_A, PROD_B) else b""
        return _against(sign_manifest(_body(rng, victim), thief, certificate), *reasons)
    return _against(issue_agent_certificate(agent_body(victim), thief), *reasons)


def untrusted(rng: Random) -> Attack:
    """A cluster of which nobody here has heard, signed well."""
    origin = Origin(f"stranger-{rng.randrange(1 << 20)}")
    stranger = _stranger(rng)
    if rng.random() < 0.5:
        return _against(sign_manifest(_body(rng, origin), stranger), Refusal.UNTRUSTED)
    return _against(issue_agent_certificate(agent_body(origin), stranger), Refusal.UNTRUSTED)


def another_generation(rng: Random) -> Attack:
    """Signed with a key of the origin, and stating a generation that is not that key's."""
    signed_by, stated = rng.choice([(1, 2), (2, 1), (1, 0), (2, 3 + rng.randrange(1 << 40))])
    if rng.random() < 0.5:
        manifest = sign_manifest(_body(rng, EAST, stated), key(EAST, signed_by))
        return _against(manifest, Refusal.GENERATION)
    certificate = issue_agent_certificate(
        replace(agent_body(EAST), generation=stated), key(EAST, signed_by)
    )
    return _against(certificate, Refusal.GENERATION)


def another_generation_of_a_fleet(rng: Random) -> Attack:
    """The certificate is of another generation than the manifest states."""
    stated = rng.choice([0, 2, rng.randrange(2, 1 << 60)])
    body = replace(_body(rng, PROD_A), generation=stated)
    return _against(sign_manifest(body, key(PROD_A, 1), vouched(PROD_A).raw), Refusal.GENERATION)


def another_domain(rng: Random) -> Attack:
    """A good body, signed by the right key as something else."""
    honest = _honest(rng)
    body, _, *rest = _parts(honest.raw)
    is_manifest = isinstance(honest, Manifest)
    right = Domain.MANIFEST if is_manifest else Domain.AGENT
    origin = honest.origin if isinstance(honest, Manifest) else honest.body.origin
    domain = rng.choice([each for each in Domain if each is not right])
    raw = _joined(body, key(origin, 1).sign(domain, body), *rest)
    return Attack(raw, frozenset({Refusal.SIGNATURE}), is_manifest)


def another_certificate(rng: Random) -> Attack:
    """In the name of one cluster of a fleet, by the key and certificate of another."""
    certificate, thief = vouched(PROD_B), key(PROD_B, 1)
    if rng.random() < 0.5:
        return _against(sign_manifest(_body(rng, PROD_A), thief, certificate.raw), Refusal.KEY)
    # A certificate of an agent says its origin by the chain; beside it, it says it in vain.
    fields = _agent_fields(rng) | {"o": PROD_A, "g": 1, "c": certificate.raw}
    raw = sign_fields(fields, Domain.AGENT, thief)
    return Attack(raw, frozenset({Refusal.MALFORMED}), is_manifest=False)


def exchanged_certificate(rng: Random) -> Attack:
    """A good manifest whose certificate somebody attached, took away or exchanged."""
    honest = manifest_of(_body(rng, rng.choice([EAST, PROD_A])))
    body, signature, *_ = _parts(honest.raw)
    others = [b"", vouched(PROD_B).raw, vouched(PROD_A, fleet="evil").raw, rng.randbytes(99)]
    certificate = rng.choice(others if honest.origin == PROD_A else others[1:])
    parts = [body, signature, certificate] if certificate else [body, signature]
    return Attack(_joined(*parts), frozenset({Refusal.MALFORMED}), is_manifest=True)


def self_signed(rng: Random) -> Attack:
    """A chain that begins with a fleet of the attacker's own, or with a claim to the true one."""
    origin, stranger, evil = rng.choice([PROD_A, PROD_B]), _stranger(rng), _stranger(rng)
    claimed = replace(cluster_body(origin), key=stranger.public, fleet=evil.public)
    chain = issue_cluster_certificate(claimed, evil)
    reason = Refusal.KEY
    if rng.random() < 0.5:
        chain = _claiming_the_fleet(chain.signed.body, evil)
        reason = Refusal.SIGNATURE
    if rng.random() < 0.5:
        return _against(sign_manifest(_body(rng, origin), stranger, chain.raw), reason)
    return _against(issue_agent_certificate(agent_body(origin), stranger, chain), reason)


def no_certificate(rng: Random) -> Attack:
    """By the right key of a cluster that needs its fleet's word, and without that."""
    origin = rng.choice([PROD_A, PROD_B])
    if rng.random() < 0.5:
        return _against(sign_manifest(_body(rng, origin), key(origin, 1)), Refusal.KEY)
    certificate = issue_agent_certificate(agent_body(origin), key(origin, 1))
    return _against(certificate, Refusal.KEY)


def beyond_the_fleet(rng: Random) -> Attack:
    """The fleet certifies a cluster whose name it was not given, or one with an object."""
    origin = rng.choice([EAST, HOME, Origin(f"shop-{rng.randrange(1 << 20)}")])
    thief = _stranger(rng)
    body = replace(cluster_body(origin), key=thief.public)
    chain = issue_cluster_certificate(body, key("fleet", "prod"))
    reasons = (Refusal.SIGNATURE, Refusal.UNTRUSTED)
    if rng.random() < 0.5:
        return _against(sign_manifest(_body(rng, origin), thief, chain.raw), *reasons)
    return _against(issue_agent_certificate(agent_body(origin), thief, chain), *reasons)


def expired(rng: Random) -> Attack:
    """By a key or certificate whose time is over, or has not come."""
    past, future = rng.randrange(1, NOW_MS), NOW_MS + DAY_MS + rng.randrange(1 << 40)
    match rng.randrange(4):
        case 0:
            return _against(manifest_of(_body(rng, OLD)), Refusal.EXPIRED)
        case 1:
            return _against(agent_of(agent_body(OLD)), Refusal.EXPIRED)
        case 2:
            agent = replace(agent_body(_victim(rng)), not_after_ms=past)
            return _against(agent_of(agent), Refusal.EXPIRED)
        case _:
            body = cluster_body(PROD_A)
            late = replace(body, not_before_ms=0, not_after_ms=past)
            early = replace(body, not_before_ms=future)
            chain = issue_cluster_certificate(rng.choice([late, early]), key("fleet", "prod"))
            return _against(manifest_of(_body(rng, PROD_A), chain), Refusal.EXPIRED)


def revoked(rng: Random) -> Attack:
    """By a key that its fleet has revoked."""
    if rng.random() < 0.5:
        return _against(manifest_of(_body(rng, PROD_GONE)), Refusal.REVOKED)
    body = agent_body(PROD_GONE, f"node-{rng.randrange(1 << 20)}")
    return _against(agent_of(body), Refusal.REVOKED)


def longer_chain(rng: Random) -> Attack:
    """A cluster that certifies clusters, or an agent that certifies agents or signs sets."""
    agent = key(PROD_A, "agent", "node-1")
    match rng.randrange(4):
        case 0:
            manifest = sign_manifest(_body(rng, EAST), key(EAST, "agent", "node-1"))
            return _against(manifest, Refusal.SIGNATURE)
        case 1:
            manifest = sign_manifest(_body(rng, PROD_A), agent, vouched(PROD_A).raw)
            return _against(manifest, Refusal.SIGNATURE)
        case 2:
            thief = _stranger(rng)
            body = replace(cluster_body(PROD_A), key=thief.public, fleet=key(PROD_B, 1).public)
            chain = issue_cluster_certificate(body, key(PROD_B, 1))
            return _against(sign_manifest(_body(rng, PROD_A), thief, chain.raw), Refusal.KEY)
        case _:
            link = agent_of(agent_body(PROD_A)).raw
            raw = sign_fields(_agent_fields(rng) | {"c": link}, Domain.AGENT, agent)
            reasons = frozenset({Refusal.MALFORMED, Refusal.OVERSIZED})
            return Attack(raw, reasons, is_manifest=False)


def another_uid(rng: Random) -> Attack:
    """By the right key, of another cluster of that name."""
    other = rng.choice(["", "another", f"{rng.getrandbits(64)}"])
    origin = rng.choice([HOME, EAST, PROD_A])
    if rng.random() < 0.5:
        return _against(manifest_of(replace(_body(rng, origin), uid=other)), Refusal.UID)
    chain = issue_cluster_certificate(
        replace(cluster_body(PROD_B), uid=f"{rng.getrandbits(64)}"), key("fleet", "prod")
    )
    return _against(agent_of(agent_body(PROD_B), chain), Refusal.UID)


def another_audience(rng: Random) -> Attack:
    """Signed well, and for others."""
    audience = rng.choice([("east",), ("hom", "home-*"), ("?ome-",), ("*-home", "prod-*")])
    body = replace(_body(rng, rng.choice([EAST, PROD_A])), audience=audience)
    return _against(manifest_of(body), Refusal.AUDIENCE)


def garbage(rng: Random) -> Attack:
    """Any bytes."""
    raw = rng.randbytes(rng.randrange(BYTES_MAX))
    return Attack(raw, frozenset({Refusal.MALFORMED, Refusal.OVERSIZED}), rng.random() < 0.5)


def oversized(rng: Random) -> Attack:
    """More bytes than are taken, signed well."""
    honest = _honest(rng)
    body, signature, *rest = _parts(honest.raw)
    raw = _joined(body + rng.randbytes(BYTES_MAX), signature, *rest)
    return Attack(raw, frozenset({Refusal.OVERSIZED}), isinstance(honest, Manifest))


def _claiming_the_fleet(body: bytes, evil: SigningKey) -> ClusterCertificate:
    """Return the certificate with the true fleet's key in it, signed by another."""
    [(values, _)] = unpack_all(body, BYTES_MAX)
    assert isinstance(values, dict)
    fields: dict[str, Packable] = {**values, "f": key("fleet", "prod").public}
    return decode_cluster_certificate(sign_fields(fields, Domain.CLUSTER, evil))


def _agent_fields(rng: Random) -> dict[str, Packable]:
    member = _stranger(rng).public
    return {"m": member, "n": "node-1", "s": NOW_MS, "a": "host:1", "e": 0, "v": [1, 1]}


KINDS: dict[str, Callable[[Random], Attack]] = {
    kind.__name__: kind
    for kind in (
        forged,
        altered,
        repacked,
        rewritten,
        foreign,
        untrusted,
        another_generation,
        another_generation_of_a_fleet,
        another_domain,
        another_certificate,
        exchanged_certificate,
        self_signed,
        no_certificate,
        beyond_the_fleet,
        expired,
        revoked,
        longer_chain,
        another_uid,
        another_audience,
        garbage,
        oversized,
    )
}


def attacks(kind: str, seed: int, count: int) -> Iterator[Attack]:
    """Yield `count` attacks of a kind, the same for the same seed."""
    rng = Random(f"{kind}/{seed}")
    for _ in range(count):
        yield KINDS[kind](rng)


def honest_words(seed: int, count: int) -> Iterator[Manifest | AgentCertificate]:
    """Yield what the attacks are made of, and what must be believed."""
    rng = Random(seed)
    for _ in range(count):
        yield _honest(rng)
