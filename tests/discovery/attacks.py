"""Attacks: manifests and certificates that must not be believed, endlessly many from a seed.

Each kind is a function from a generator of numbers to one attack. An attack says which refusals
are right, so that a kind which is refused for an accident of its making shows.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from discovery.authority import Domain
from discovery.certificates import (
    AgentCertificate,
    issue_agent_certificate,
    issue_cluster_certificate,
)
from discovery.manifest import Manifest, sign_manifest
from discovery.names import Origin
from discovery.refusals import Refusal
from discovery.signed import sign_fields
from failure_detect.packing import Packable, pack, unpack_one
from tests.discovery.attack_parts import (
    BYTES_MAX,
    PROD_GONE,
    Attack,
    a_victim,
    against,
    agent_fields,
    claiming_the_fleet,
    good_body,
    honest_word,
    joined,
    parts_of,
    stranger_key,
)
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
    cluster_body,
    key,
    manifest_of,
    vouched,
)

# --- the kinds ------------------------------------------------------------------------------


def forged(rng: Random) -> Attack:
    """A good body with a signature that is made up, borrowed or somebody else's."""
    honest = honest_word(rng)
    body, _, *rest = parts_of(honest.raw)
    is_manifest = isinstance(honest, Manifest)
    domain = Domain.MANIFEST if is_manifest else Domain.AGENT
    signature = rng.choice(
        [
            bytes(64),
            rng.randbytes(64),
            parts_of(honest_word(rng).raw)[1],
            stranger_key(rng).sign(domain, body),
        ]
    )
    return Attack(joined(body, signature, *rest), frozenset({Refusal.SIGNATURE}), is_manifest)


def altered(rng: Random) -> Attack:
    """Good bytes with some changed, added, repeated or gone."""
    honest = honest_word(rng)
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
    honest = honest_word(rng)
    parts = [b"\xc6" + len(part).to_bytes(4) + part for part in parts_of(honest.raw)]
    raw = bytes([0x90 + len(parts)]) + b"".join(parts)
    return Attack(raw, frozenset({Refusal.MALFORMED}), isinstance(honest, Manifest))


def rewritten(rng: Random) -> Attack:
    """A signed body with a field changed, its signature kept."""
    honest = honest_word(rng)
    body, signature, *rest = parts_of(honest.raw)
    values = unpack_one(body, BYTES_MAX)
    assert isinstance(values, dict)
    fields: dict[str, Packable] = dict(values)
    name = rng.choice(["v", "e", "n", "s"] if isinstance(honest, Manifest) else ["s", "e"])
    number = fields[name]
    assert isinstance(number, int)
    fields[name] = number + rng.choice([-1, 1])
    raw = joined(pack(fields), signature, *rest)
    return Attack(raw, frozenset({Refusal.SIGNATURE}), isinstance(honest, Manifest))


def foreign(rng: Random) -> Attack:
    """Signed by a cluster that is trusted, in the name of another."""
    victim = a_victim(rng)
    thief = key(rng.choice([each for each in (HOME, EAST, PROD_A, PROD_B) if each != victim]), 1)
    reasons = (Refusal.SIGNATURE, Refusal.KEY)
    if rng.random() < 0.5:
        certificate = vouched(victim).raw if victim in (PROD_A, PROD_B) else b""
        return against(sign_manifest(good_body(rng, victim), thief, certificate), *reasons)
    return against(issue_agent_certificate(agent_body(victim), thief), *reasons)


def untrusted(rng: Random) -> Attack:
    """A cluster of which nobody here has heard, signed well."""
    origin = Origin(f"stranger-{rng.randrange(1 << 20)}")
    stranger = stranger_key(rng)
    if rng.random() < 0.5:
        return against(sign_manifest(good_body(rng, origin), stranger), Refusal.UNTRUSTED)
    return against(issue_agent_certificate(agent_body(origin), stranger), Refusal.UNTRUSTED)


def another_generation(rng: Random) -> Attack:
    """Signed with a key of the origin, and stating a generation that is not that key's."""
    signed_by, stated = rng.choice([(1, 2), (2, 1), (1, 0), (2, 3 + rng.randrange(1 << 40))])
    if rng.random() < 0.5:
        manifest = sign_manifest(good_body(rng, EAST, stated), key(EAST, signed_by))
        return against(manifest, Refusal.GENERATION)
    certificate = issue_agent_certificate(
        replace(agent_body(EAST), generation=stated), key(EAST, signed_by)
    )
    return against(certificate, Refusal.GENERATION)


def another_generation_of_a_fleet(rng: Random) -> Attack:
    """The certificate is of another generation than the manifest states."""
    stated = rng.choice([0, 2, rng.randrange(2, 1 << 60)])
    body = replace(good_body(rng, PROD_A), generation=stated)
    return against(sign_manifest(body, key(PROD_A, 1), vouched(PROD_A).raw), Refusal.GENERATION)


def another_domain(rng: Random) -> Attack:
    """A good body, signed by the right key as something else."""
    honest = honest_word(rng)
    body, _, *rest = parts_of(honest.raw)
    is_manifest = isinstance(honest, Manifest)
    right = Domain.MANIFEST if is_manifest else Domain.AGENT
    origin = honest.origin if isinstance(honest, Manifest) else honest.body.origin
    domain = rng.choice([each for each in Domain if each is not right])
    raw = joined(body, key(origin, 1).sign(domain, body), *rest)
    return Attack(raw, frozenset({Refusal.SIGNATURE}), is_manifest)


def another_certificate(rng: Random) -> Attack:
    """In the name of one cluster of a fleet, by the key and certificate of another."""
    certificate, thief = vouched(PROD_B), key(PROD_B, 1)
    if rng.random() < 0.5:
        return against(sign_manifest(good_body(rng, PROD_A), thief, certificate.raw), Refusal.KEY)
    # A certificate of an agent says its origin by the chain; beside it, it says it in vain.
    fields = agent_fields(rng) | {"o": PROD_A, "g": 1, "c": certificate.raw}
    raw = sign_fields(fields, Domain.AGENT, thief)
    return Attack(raw, frozenset({Refusal.MALFORMED}), is_manifest=False)


def exchanged_certificate(rng: Random) -> Attack:
    """A good manifest whose certificate somebody attached, took away or exchanged."""
    honest = manifest_of(good_body(rng, rng.choice([EAST, PROD_A])))
    body, signature, *_ = parts_of(honest.raw)
    others = [b"", vouched(PROD_B).raw, vouched(PROD_A, fleet="evil").raw, rng.randbytes(99)]
    certificate = rng.choice(others if honest.origin == PROD_A else others[1:])
    parts = [body, signature, certificate] if certificate else [body, signature]
    return Attack(joined(*parts), frozenset({Refusal.MALFORMED}), is_manifest=True)


def self_signed(rng: Random) -> Attack:
    """A chain that begins with a fleet of the attacker's own, or with a claim to the true one."""
    origin, stranger, evil = rng.choice([PROD_A, PROD_B]), stranger_key(rng), stranger_key(rng)
    claimed = replace(cluster_body(origin), key=stranger.public, fleet=evil.public)
    chain = issue_cluster_certificate(claimed, evil)
    reason = Refusal.KEY
    if rng.random() < 0.5:
        chain = claiming_the_fleet(chain.signed.body, evil)
        reason = Refusal.SIGNATURE
    if rng.random() < 0.5:
        return against(sign_manifest(good_body(rng, origin), stranger, chain.raw), reason)
    return against(issue_agent_certificate(agent_body(origin), stranger, chain), reason)


def no_certificate(rng: Random) -> Attack:
    """By the right key of a cluster that needs its fleet's word, and without that."""
    origin = rng.choice([PROD_A, PROD_B])
    if rng.random() < 0.5:
        return against(sign_manifest(good_body(rng, origin), key(origin, 1)), Refusal.KEY)
    certificate = issue_agent_certificate(agent_body(origin), key(origin, 1))
    return against(certificate, Refusal.KEY)


def beyond_the_fleet(rng: Random) -> Attack:
    """The fleet certifies a cluster whose name it was not given, or one with an object."""
    origin = rng.choice([EAST, HOME, Origin(f"shop-{rng.randrange(1 << 20)}")])
    thief = stranger_key(rng)
    body = replace(cluster_body(origin), key=thief.public)
    chain = issue_cluster_certificate(body, key("fleet", "prod"))
    reasons = (Refusal.SIGNATURE, Refusal.UNTRUSTED)
    if rng.random() < 0.5:
        return against(sign_manifest(good_body(rng, origin), thief, chain.raw), *reasons)
    return against(issue_agent_certificate(agent_body(origin), thief, chain), *reasons)


def expired(rng: Random) -> Attack:
    """By a key or certificate whose time is over, or has not come."""
    past, future = rng.randrange(1, NOW_MS), NOW_MS + DAY_MS + rng.randrange(1 << 40)
    match rng.randrange(4):
        case 0:
            return against(manifest_of(good_body(rng, OLD)), Refusal.EXPIRED)
        case 1:
            return against(agent_of(agent_body(OLD)), Refusal.EXPIRED)
        case 2:
            agent = replace(agent_body(a_victim(rng)), not_after_ms=past)
            return against(agent_of(agent), Refusal.EXPIRED)
        case _:
            body = cluster_body(PROD_A)
            late = replace(body, not_before_ms=0, not_after_ms=past)
            early = replace(body, not_before_ms=future)
            chain = issue_cluster_certificate(rng.choice([late, early]), key("fleet", "prod"))
            return against(manifest_of(good_body(rng, PROD_A), chain), Refusal.EXPIRED)


def revoked(rng: Random) -> Attack:
    """By a key that its fleet has revoked."""
    if rng.random() < 0.5:
        return against(manifest_of(good_body(rng, PROD_GONE)), Refusal.REVOKED)
    body = agent_body(PROD_GONE, f"node-{rng.randrange(1 << 20)}")
    return against(agent_of(body), Refusal.REVOKED)


def longer_chain(rng: Random) -> Attack:
    """A cluster that certifies clusters, or an agent that certifies agents or signs sets."""
    agent = key(PROD_A, "agent", "node-1")
    match rng.randrange(4):
        case 0:
            manifest = sign_manifest(good_body(rng, EAST), key(EAST, "agent", "node-1"))
            return against(manifest, Refusal.SIGNATURE)
        case 1:
            manifest = sign_manifest(good_body(rng, PROD_A), agent, vouched(PROD_A).raw)
            return against(manifest, Refusal.SIGNATURE)
        case 2:
            thief = stranger_key(rng)
            body = replace(cluster_body(PROD_A), key=thief.public, fleet=key(PROD_B, 1).public)
            chain = issue_cluster_certificate(body, key(PROD_B, 1))
            return against(sign_manifest(good_body(rng, PROD_A), thief, chain.raw), Refusal.KEY)
        case _:
            link = agent_of(agent_body(PROD_A)).raw
            raw = sign_fields(agent_fields(rng) | {"c": link}, Domain.AGENT, agent)
            reasons = frozenset({Refusal.MALFORMED, Refusal.OVERSIZED})
            return Attack(raw, reasons, is_manifest=False)


def another_uid(rng: Random) -> Attack:
    """By the right key, of another cluster of that name."""
    other = rng.choice(["", "another", f"{rng.getrandbits(64)}"])
    origin = rng.choice([HOME, EAST, PROD_A])
    if rng.random() < 0.5:
        return against(manifest_of(replace(good_body(rng, origin), uid=other)), Refusal.UID)
    chain = issue_cluster_certificate(
        replace(cluster_body(PROD_B), uid=f"{rng.getrandbits(64)}"), key("fleet", "prod")
    )
    return against(agent_of(agent_body(PROD_B), chain), Refusal.UID)


def another_audience(rng: Random) -> Attack:
    """Signed well, and for others."""
    audience = rng.choice([("east",), ("hom", "home-*"), ("home-*",), ("*-home", "prod-*")])
    body = replace(good_body(rng, rng.choice([EAST, PROD_A])), audience=audience)
    return against(manifest_of(body), Refusal.AUDIENCE)


def garbage(rng: Random) -> Attack:
    """Any bytes."""
    raw = rng.randbytes(rng.randrange(BYTES_MAX))
    return Attack(raw, frozenset({Refusal.MALFORMED, Refusal.OVERSIZED}), rng.random() < 0.5)


def oversized(rng: Random) -> Attack:
    """More bytes than are taken, signed well."""
    honest = honest_word(rng)
    body, signature, *rest = parts_of(honest.raw)
    raw = joined(body + rng.randbytes(BYTES_MAX), signature, *rest)
    return Attack(raw, frozenset({Refusal.OVERSIZED}), isinstance(honest, Manifest))


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


def replays(seed: int, count: int) -> Iterator[tuple[Manifest, Manifest]]:
    """Yield what an origin signed last and something that it had signed before that."""
    rng = Random(f"replays/{seed}")
    for _ in range(count):
        orders = [(rng.choice([1, 2]), rng.choice([5, 6]), rng.randrange(1 << 20)) for _ in "ab"]
        older, newest = sorted(orders)
        if older < newest:
            yield manifest_of(body_of(EAST, *newest)), manifest_of(body_of(EAST, *older))


def honest_words(seed: int, count: int) -> Iterator[Manifest | AgentCertificate]:
    """Yield what the attacks are made of, and what must be believed."""
    rng = Random(seed)
    for _ in range(count):
        yield honest_word(rng)
