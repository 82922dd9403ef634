r"""Last good state as bytes: what a bridge keeps over a restart, and believes only after checks.

The bytes are a magic word with the format's version, sections with their lengths, and a checksum
over all before it. Whoever reads them gets all of it or a `Refused`; what is in there is judged
again, like anything that a peer says, so an old file brings nothing back that was surpassed: floors
that stand elsewhere (the status of trust objects) are raised before anything is restored.

    "ISTHMUS\0" version(2) [length(4) section]... 0(4) blake2b-256
    section = [1, saved_at_ms] | [2, origin, g, e, v, root]
            | [3, manifest, [key, value, ...]] | [3, manifest, [key, value, ...], silent_s]
            | [3, manifest, [key, value, ...], silent_s, revoked_ms]
            | [4, key, raw, age, [rank...]] | [5, evidence] | [6, origin, uid, generation]
            | [7, origin, namespace, name, held_ms, head, [endpoints, ...]] | [8, manifest]
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b

from discovery.assignment import capacity
from discovery.deltas import read_pairs
from discovery.endpoints import (
    Endpoint,
    EndpointPort,
    EndpointRecord,
    decode_endpoints,
    encode_endpoints,
)
from discovery.evidence import Evidence, decode_evidence
from discovery.manifest import UID_CHARACTERS_MAX, Manifest, Order, decode_manifest
from discovery.messages import Item
from discovery.names import Origin, ServiceName, is_label
from discovery.pins import Pin
from discovery.records import ExportRecord, decode_export, encode_export
from discovery.recordset import HASH_BYTES, RecordSet
from discovery.refusals import Refusal, Refused
from failure_detect.packing import MalformedMessage, Packable, pack, unpack_one

FORMAT = 1
_MAGIC = b"ISTHMUS\0"
_HEAD_BYTES = len(_MAGIC) + 2
_TIME, _FLOOR, _SET, _ITEM, _EVIDENCE, _PIN, _HOLD, _EXCLUSION = range(1, 9)
_INTEGER_MAX = (1 << 63) - 1

AGE_MAX = 1 << 40
"""Of a silence in seconds and of a revocation in milliseconds: thirty years at least."""


@dataclass(frozen=True, slots=True)
class KeptSet:
    """One origin's set."""

    manifest: Manifest
    records: RecordSet
    silent_s: int = 0
    """How long no bridge of its origin had been alive when it was saved (s)."""
    revoked_ms: int | None = None
    """How long ago its key had been revoked when it was saved (ms), None where it had not been."""


@dataclass(frozen=True, slots=True)
class KeptItem:
    """One small signed thing, and its rank."""

    item: Item
    rank: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeptHold:
    """Endpoints of a service that its origin withdrew, and that the guard held."""

    service: ServiceName
    held_ms: int
    """For how long they had been held when it was saved (ms)."""
    head: ExportRecord
    """The head that counted for them."""
    ports: tuple[EndpointPort, ...]
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptState:
    """All that is kept."""

    saved_at_ms: int = 0
    """The wall clock when it was saved, 0 where nobody knew it: ages are as of then."""
    floors: dict[Origin, Order] = field(default_factory=dict)
    sets: tuple[KeptSet, ...] = ()
    exclusions: tuple[Manifest, ...] = ()
    """The latest words of origins whose sets are not for us any more."""
    items: tuple[KeptItem, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    pins: dict[Origin, Pin] = field(default_factory=dict)
    """The UIDs by which other clusters are known."""
    holds: dict[Origin, tuple[KeptHold, ...]] = field(default_factory=dict)
    """What the importer's guard held, by origin, the longest first."""


def write_state(state: KeptState) -> Iterator[bytes]:
    """Give the state as bytes, piece by piece: a catalog may have a hundred megabytes."""
    checksum = blake2b(digest_size=HASH_BYTES)
    for piece in _pieces(state):
        checksum.update(piece)
        yield piece
    yield checksum.digest()


def _pieces(state: KeptState) -> Iterator[bytes]:
    yield _MAGIC + FORMAT.to_bytes(2)
    for section in _sections(state):
        data = pack(section)
        yield len(data).to_bytes(4)
        yield data
    yield bytes(4)


def _sections(state: KeptState) -> Iterator[tuple[Packable, ...]]:
    yield (_TIME, state.saved_at_ms)
    for origin, order in state.floors.items():
        yield (_FLOOR, origin, *order)
    for kept in state.sets:
        pairs: list[Packable] = [part for pair in kept.records for part in pair]
        ages: list[Packable] = [kept.silent_s] if kept.silent_s else []
        if kept.revoked_ms is not None:
            ages = [kept.silent_s, kept.revoked_ms]
        yield (_SET, kept.manifest.raw, pairs, *ages)
    for each in state.items:
        yield (_ITEM, each.item.key, each.item.raw, each.item.age, list(each.rank))
    for proof in state.evidence:
        yield (_EVIDENCE, proof.raw)
    for origin, pin in state.pins.items():
        yield (_PIN, origin, pin.uid, pin.generation)
    yield from _hold_sections(state)
    for word in state.exclusions:
        yield (_EXCLUSION, word.raw)


def _hold_sections(state: KeptState) -> Iterator[tuple[Packable, ...]]:
    for origin, holds in state.holds.items():
        for hold in holds:
            # Ports and endpoints of different records may fit into none together: a pity.
            with suppress(ValueError):
                yield _hold_section(origin, hold)


def _hold_section(origin: Origin, hold: KeptHold) -> tuple[Packable, ...]:
    most = capacity(hold.ports)
    starts = range(0, len(hold.endpoints), most)
    parts = [hold.endpoints[start : start + most] for start in starts]
    records: list[Packable] = [encode_endpoints(EndpointRecord(hold.ports, part)) for part in parts]
    service, head = hold.service, encode_export(hold.head)
    return (_HOLD, origin, service.namespace, service.name, hold.held_ms, head, records)


def read_state(data: bytes) -> KeptState:
    """Return the state in `data`, all of it. Raises `Refused` where it is damaged or not ours."""
    view = memoryview(data)
    if data[: len(_MAGIC)] != _MAGIC:
        raise Refused(Refusal.MALFORMED, "state: not a file of ours")
    version = int.from_bytes(data[len(_MAGIC) : _HEAD_BYTES])
    if version != FORMAT:
        raise Refused(
            Refusal.UNEXPECTED,
            f"state: format {version}, this version reads {FORMAT}; move the file away to start "
            "from what peers hold",
        )
    if blake2b(view[:-HASH_BYTES], digest_size=HASH_BYTES).digest() != view[-HASH_BYTES:]:
        raise Refused(
            Refusal.MALFORMED,
            "state: the checksum does not fit: the file is damaged or cut short; move it away to "
            "start from what peers hold",
        )
    return _state(_read_sections(view[_HEAD_BYTES:-HASH_BYTES]))


def _read_sections(view: memoryview) -> Iterator[tuple[object, ...]]:
    at = 0
    while True:
        length = int.from_bytes(view[at : at + 4])
        at += 4
        if not length:
            break
        section = bytes(view[at : at + length])
        at += length
        if len(section) != length:
            raise Refused(Refusal.MALFORMED, "state: a section is cut short")
        try:
            value = unpack_one(section, length)
        except MalformedMessage as error:
            raise Refused(Refusal.MALFORMED, f"state: a section is {error}") from error
        if not isinstance(value, tuple):
            raise Refused(Refusal.MALFORMED, "state: a section must be an array")
        yield value
    if at != len(view):
        raise Refused(Refusal.MALFORMED, "state: something stands behind the end")


def _state(sections: Iterable[tuple[object, ...]]) -> KeptState:
    saved_at, floors, pins = 0, {}, dict[Origin, Pin]()
    holds: dict[Origin, list[KeptHold]] = {}
    sets, items = list[KeptSet](), list[KeptItem]()
    signed: dict[int, list[bytes]] = {_EVIDENCE: [], _EXCLUSION: []}
    for section in sections:
        match section:
            case (int(kind), int(at)) if kind == _TIME:
                saved_at = at
            case (int(kind), str(origin), *order) if kind == _FLOOR and is_label(origin):
                floors[Origin(origin)] = _order(order)
            case (int(kind), bytes(manifest), pairs, *ages) if kind == _SET:
                records = RecordSet.of(read_pairs(pairs, "state"))
                sets.append(KeptSet(decode_manifest(manifest), records, *_ages(ages)))
            case (int(kind), bytes(key), bytes(raw), int(age), tuple(rank)) if kind == _ITEM:
                items.append(KeptItem(Item(key, raw, age), _rank(rank)))
            case (int(kind), bytes(raw)) if kind in signed:
                signed[kind].append(raw)
            case (int(kind), str(origin), *hold) if kind == _HOLD and is_label(origin):
                holds.setdefault(Origin(origin), []).append(_hold(hold))
            case _:
                pins.update([_pin(section)])
    return KeptState(
        saved_at_ms=saved_at,
        floors=floors,
        sets=tuple(sets),
        exclusions=tuple(map(decode_manifest, signed[_EXCLUSION])),
        items=tuple(items),
        evidence=tuple(map(decode_evidence, signed[_EVIDENCE])),
        pins=pins,
        holds={of: tuple(each) for of, each in holds.items()},
    )


def _hold(fields: list[object]) -> KeptHold:
    match fields:
        case [str(namespace), str(name), int(held_ms), bytes(head), tuple(records)] if (
            is_label(namespace) and is_label(name) and 0 <= held_ms <= AGE_MAX
        ):
            found = [
                decode_endpoints(each, "state: endpoints that are held")
                for each in records
                if isinstance(each, bytes)
            ]
            if found and len(found) == len(records):
                return KeptHold(
                    ServiceName(namespace, name),
                    held_ms,
                    decode_export(head, "state: the head of what is held"),
                    found[0].ports,
                    tuple(endpoint for record in found for endpoint in record.endpoints),
                )
        case _:
            pass
    raise Refused(Refusal.MALFORMED, "state: a hold that is none")


def _ages(fields: list[object]) -> tuple[int, int | None]:
    match fields:
        case []:
            return 0, None
        case [int(silent_s)] if 0 <= silent_s <= AGE_MAX:
            return silent_s, None
        case [int(silent_s), int(revoked_ms)] if (
            0 <= silent_s <= AGE_MAX and 0 <= revoked_ms <= AGE_MAX
        ):
            return silent_s, revoked_ms
        case _:
            raise Refused(
                Refusal.MALFORMED, "state: a set with a silence that is none, or a revocation"
            )


def _pin(section: tuple[object, ...]) -> tuple[Origin, Pin]:
    match section:
        case (int(kind), str(origin), str(uid), int(generation)) if (
            kind == _PIN and is_label(origin) and len(uid) <= UID_CHARACTERS_MAX and generation >= 0
        ):
            return Origin(origin), Pin(uid, generation)
        case _:
            raise Refused(Refusal.MALFORMED, "state: a section of no kind that is known")


def _order(fields: list[object]) -> Order:
    match fields:
        case [int(generation), int(epoch), int(version), bytes(root)] if (
            min(generation, epoch, version) >= 0
            and max(generation, epoch, version) <= _INTEGER_MAX
            and len(root) == HASH_BYTES
        ):
            return Order(generation, epoch, version, root)
        case _:
            raise Refused(Refusal.MALFORMED, "state: a floor that is no order")


def _rank(fields: tuple[object, ...]) -> tuple[int, ...]:
    numbers = tuple(int(each) for each in fields if isinstance(each, int) and each >= 0)
    if len(numbers) != len(fields) or not 1 <= len(numbers) <= 4:
        raise Refused(Refusal.MALFORMED, "state: a rank that is none")
    return numbers
