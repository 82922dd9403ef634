"""A catalog that is attacked: what it holds, what an attack is, and the ways by which it comes.

Nothing stands in for anything here: keys and signatures are Ed25519, and who may speak for whom is
what a `TrustBook` makes of objects of the kind `TrustedCluster`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import blake2b
from random import Random

from discovery.catalog import Catalog
from discovery.deltas import delta_of
from discovery.limits import CatalogLimits
from discovery.manifest import Body, Manifest, decode_manifest, sign_manifest
from discovery.messages import Changes, Pulled, Rumour
from discovery.names import Origin
from discovery.recordset import EMPTY, RecordSet
from discovery.refusals import Refusal, Refused
from discovery.signing import NaclVerifier, SigningKey
from discovery.trust import TrustBook
from discovery.trust_events import ObjectApplied
from discovery.wire import decode_gossip, encode_gossip, read_message, write_message
from failure_detect.packing import Packable, pack

PAST, PRESENT, NEXT = range(3)
WAYS = 3
"""By how many ways an attack can be brought."""

ORIGINS = tuple(Origin(f"c{number}") for number in range(5))
GONE, STRANGER = Origin("gone"), Origin("stranger")
RECORDS_MAX, BYTES_MAX, TOTAL_MAX = 40, 4_000, 12_000


_HOME = Origin("home")


class Kind(StrEnum):
    """What is wrong with what comes."""

    FORGED = "forged"
    """Signed by somebody else, or not at all, or as something else."""
    ALTERED = "altered"
    """A record, a field of the manifest or the signature is another than what was signed."""
    REPLAYED = "replayed"
    """What is held already, once more."""
    ROLLED_BACK = "rolled-back"
    """What was surpassed, also of an origin that was forgotten or whose floor was seen."""
    OMITTED = "omitted"
    """A record of a newer set is held back."""
    RESURRECTED = "resurrected"
    """A record that a newer set has no more is in it again."""
    FOREIGN = "foreign"
    """One origin's records or manifest in another's name."""
    OVERSIZED = "oversized"
    """More than the limits allow, truly signed or claimed."""


@dataclass(frozen=True, slots=True)
class Attack:
    """What comes, and what must become of it."""

    kind: Kind
    how: str
    raw: bytes
    """The manifest."""
    records: RecordSet
    expected: Refusal | None
    """The reason of its refusal; None where it is passed over in silence, as nothing new."""


@dataclass(frozen=True, slots=True)
class SignedSet:
    """A manifest and the records that it signs."""

    manifest: Manifest
    records: RecordSet


@dataclass(slots=True)
class Assailed:
    """Five origins with a past, a present that is held, and a next set; one that was forgotten."""

    catalog: Catalog
    sets: Mapping[Origin, tuple[SignedSet, SignedSet, SignedSet]]
    gone: tuple[SignedSet, SignedSet]
    """The past and the present of an origin whose set is here no more."""

    def pick(self, rng: Random, which: int) -> SignedSet:
        """Return the past, present or next set of any origin."""
        return self.sets[ORIGINS[int(rng.random() * len(ORIGINS))]][which]


def assailed(seed: int) -> Assailed:
    """Return a catalog that holds the present of each origin, and has adopted the past before."""
    rng = Random(seed)
    trust = TrustBook(_HOME, {1: key_of(_HOME).public}, NaclVerifier(), _uid(_HOME))
    for origin in (*ORIGINS, GONE):
        trust.handle(ObjectApplied(_trusted(origin)))
    limits = CatalogLimits(
        origins=8, records=RECORDS_MAX, origin_bytes=BYTES_MAX, total_bytes=TOTAL_MAX
    )
    catalog = Catalog(trust, limits)
    sets = {origin: _three(origin, rng) for origin in (*ORIGINS, GONE)}
    for now, each in enumerate(one for three in sets.values() for one in three[:NEXT]):
        catalog.adopt(each.manifest, each.records, now)
    catalog.forget(GONE)
    past, present, _ = sets.pop(GONE)
    return Assailed(catalog, sets, (past, present))


def _three(origin: Origin, rng: Random) -> tuple[SignedSet, SignedSet, SignedSet]:
    # Each has lost, changed and got a record since the one before.
    records = {b"export/shop/s%d" % at: _value(rng) for at in range(8)}
    found = []
    for version in range(3):
        past = RecordSet.of(records)
        found.append(SignedSet(signed(_body(past, origin, version + 1)), past))
        keys = sorted(records)
        del records[keys[int(rng.random() * len(keys))]]
        records[min(records)] = _value(rng)
        records[b"export/new/s%d" % version] = _value(rng)
    one, two, three = found
    return one, two, three


def _value(rng: Random) -> bytes:
    return rng.randbytes(1 + int(rng.random() * 40))


def _body(records: RecordSet, origin: Origin, version: int) -> Body:
    return Body(
        origin=origin,
        uid=_uid(origin),
        generation=1,
        epoch=5,
        version=version,
        root=records.root,
        count=records.count,
        size_bytes=records.size_bytes,
    )


def _uid(origin: Origin) -> str:
    return f"uid-of-{origin}"


def _trusted(origin: Origin) -> dict[str, object]:
    return {
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": "TrustedCluster",
        "metadata": {"name": origin},
        "spec": {
            "uid": _uid(origin),
            "keys": [{"generation": 1, "key": key_of(origin).public.hex()}],
            "import": {"services": ["*/*"]},
        },
    }


@cache
def key_of(name: str) -> SigningKey:
    """Return the key of whoever goes by this name, the same for the same name."""
    return SigningKey.from_seed(blake2b(name.encode(), digest_size=32).digest())


def signed(body: Body, signer: SigningKey | None = None) -> Manifest:
    """Return the manifest of `body`, signed by its origin if by nobody else."""
    return sign_manifest(body, signer or key_of(body.origin))


def joined(body: bytes, signature: bytes) -> bytes:
    """Return the bytes of a manifest that has this body and this signature."""
    parts: list[Packable] = [body, signature]
    return pack(parts)


# --- how it is brought ------------------------------------------------------------------------


class AdoptedError(AssertionError):
    """An attack had success."""


def bring(catalog: Catalog, attack: Attack, way: int) -> Refusal | None:
    """Bring an attack to a catalog: 0 by hand, 1 as a rumour, 2 as an answer to a pull.

    Returns why it was refused, None where it was passed over as nothing new. Raises AdoptedError
    where it was adopted.
    """
    try:
        manifest, records = _arrived(catalog, attack, way)
        adopted = catalog.adopt(manifest, records, 1_000)
    except Refused as refused:
        return refused.reason
    if adopted is not None:
        raise AdoptedError(f"adopted: {attack.kind}, {attack.how}")
    return None


def _arrived(catalog: Catalog, attack: Attack, way: int) -> tuple[Manifest, RecordSet]:
    if way == 0:
        return decode_manifest(attack.raw), attack.records
    base = _held(catalog, attack)
    delta = delta_of(attack.records.changes_since(base))
    if way == 1:
        rumour = decode_gossip(encode_gossip(Rumour(attack.raw, base.root, delta)))
        assert isinstance(rumour, Rumour)
        assert rumour.delta is not None
        return decode_manifest(rumour.manifest), rumour.delta.applied(base)
    data = write_message(Pulled((Changes(b"s/any", attack.raw, base.root, delta),)))
    match read_message(data, 1 << 20):
        case Pulled((Changes(_, raw, _, brought),)):
            return decode_manifest(raw), brought.applied(base)
        case _:
            raise AssertionError("an answer became another")


def _held(catalog: Catalog, attack: Attack) -> RecordSet:
    try:
        held = catalog.get(decode_manifest(attack.raw).origin)
    except Refused:
        return EMPTY
    return EMPTY if held is None else held.records
