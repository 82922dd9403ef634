"""A catalog that is attacked: what it holds, what an attack is, and the ways by which it comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from discovery.catalog import Catalog
from discovery.deltas import delta_of
from discovery.limits import CatalogLimits
from discovery.manifest import Manifest, decode_manifest
from discovery.messages import Changes, Pulled, Rumour
from discovery.names import Origin
from discovery.recordset import EMPTY, RecordSet
from discovery.refusals import Refusal, Refused
from discovery.wire import decode_gossip, encode_gossip, read_message, write_message
from tests.discovery.catalogs import RingJudge, SignedSet, body_of
from tests.discovery.strategies import signed

PAST, PRESENT, NEXT = range(3)
ORIGINS = tuple(Origin(f"c{number}") for number in range(5))
GONE, STRANGER = Origin("gone"), Origin("stranger")
RECORDS_MAX, BYTES_MAX, TOTAL_MAX = 40, 4_000, 12_000


class Kind(StrEnum):
    """What is wrong with it."""

    FORGED = "forged"
    """Signed by somebody else, or not at all, or as something else."""
    ALTERED = "altered"
    """A record, a field of the manifest or the signature is another than what was signed."""
    REPLAYED = "replayed"
    """What is held already, once more."""
    ROLLED_BACK = "rolled back"
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


@dataclass(slots=True)
class Scene:
    """Five origins with a past, a present that is held, and a next set; one that was forgotten."""

    catalog: Catalog
    sets: Mapping[Origin, tuple[SignedSet, SignedSet, SignedSet]]
    gone: tuple[SignedSet, SignedSet]
    """The past and the present of an origin whose set is here no more."""


def scene(seed: int) -> Scene:
    """A catalog that holds the present of each origin, and has adopted the past before."""
    rng = Random(seed)
    judge = RingJudge(dict.fromkeys((*ORIGINS, GONE), 1))
    limits = CatalogLimits(
        origins=8, records=RECORDS_MAX, origin_bytes=BYTES_MAX, total_bytes=TOTAL_MAX
    )
    catalog = Catalog(judge, limits)
    sets = {origin: _three(origin, rng) for origin in (*ORIGINS, GONE)}
    for now, each in enumerate(one for three in sets.values() for one in three[:NEXT]):
        catalog.adopt(each.manifest, each.records, now)
    catalog.forget(GONE)
    past, present, _ = sets.pop(GONE)
    return Scene(catalog, sets, (past, present))


def _three(origin: Origin, rng: Random) -> tuple[SignedSet, SignedSet, SignedSet]:
    # Each has lost, changed and got a record since the one before.
    records = {b"export/shop/s%d" % at: _value(rng) for at in range(8)}
    found = []
    for version in range(3):
        past = RecordSet.of(records)
        found.append(SignedSet(signed(body_of(past, origin, epoch=5, version=version + 1)), past))
        keys = sorted(records)
        del records[keys[int(rng.random() * len(keys))]]
        records[min(records)] = _value(rng)
        records[b"export/new/s%d" % version] = _value(rng)
    one, two, three = found
    return one, two, three


def _value(rng: Random) -> bytes:
    return rng.randbytes(1 + int(rng.random() * 40))


# --- how it is brought ------------------------------------------------------------------------


def bring(catalog: Catalog, attack: Attack, way: int) -> Refusal | None:
    """Bring an attack to a catalog: 0 by hand, 1 as a rumour, 2 as an answer to a pull.

    Returns why it was refused, None where it was passed over. Raises AssertionError where it was
    adopted.
    """
    try:
        manifest, records = _arrived(catalog, attack, way)
        adopted = catalog.adopt(manifest, records, 1_000)
    except Refused as refused:
        return refused.reason
    assert adopted is None, f"adopted: {attack.kind}, {attack.how}"
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
