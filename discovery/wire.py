"""The codec of what bridges say: msgpack arrays `[kind, fields...]`.

Fields that a later version appends are ignored, kinds that it adds are refused as unexpected. Any
bytes give a message or `Refused`, never anything else.
"""

from collections.abc import Callable

from discovery.compression import deflated, inflated
from discovery.deltas import Delta, flat, read_keys, read_pairs
from discovery.index import ENTRY_KEY_BYTES_MAX, GROUPS, RANK_NUMBERS_MAX, Entry
from discovery.manifest import MANIFEST_BYTES_MAX
from discovery.messages import (
    Answer,
    Buckets,
    Busy,
    Changes,
    Compare,
    Differ,
    Digests,
    Gossip,
    Hint,
    Item,
    Nothing,
    Part,
    Pull,
    Pulled,
    Rumour,
    StreamMessage,
    Wanted,
)
from discovery.recordset import FANOUT, HASH_BYTES
from discovery.refusals import Refusal, Refused
from failure_detect.packing import MalformedMessage, Packable, pack, unpack_all

SHORT_DIGEST_BYTES = 8
BUCKETS = FANOUT * FANOUT
ENTRIES_MAX = 8_192
WANTED_MAX = 256
AGE_MAX = 1 << 48
ROOM_MAX = 1 << 30
GOSSIP_BYTES_MAX = 65_536

_RUMOUR, _HINT, _ITEM = 1, 2, 3
_COMPARE, _PULL, _DIFFER, _PULLED, _BUSY = range(16, 21)
_NOTHING, _CHANGES, _PART, _DIGESTS, _BUCKETS = range(32, 37)


def _unpacked(what: str, data: bytes, most_bytes: int) -> tuple[object, ...]:
    try:
        values = unpack_all(data, most_bytes)
    except MalformedMessage as error:
        raise Refused(Refusal.MALFORMED, f"{what}: {error}") from error
    match values:
        case [((int(), *_) as fields, _)] if isinstance(fields, tuple):
            return fields
        case _:
            raise Refused(Refusal.MALFORMED, f"{what}: must be one array that begins with a kind")


# --- gossip ------------------------------------------------------------------------------


def encode_gossip(message: Gossip) -> bytes:
    """Return a rumour, hint or item as the payload of a broadcast; a delta compressed."""
    match message:
        case Rumour(manifest, base, delta):
            fields: tuple[Packable, ...] = (_RUMOUR, manifest, base)
            if delta is not None:
                body = pack((flat(delta.put), list(delta.delete)))
                fields = (*fields, deflated(body))
            return pack(fields)
        case Hint(entry):
            return pack((_HINT, entry.key, list(entry.rank)))
        case Item():
            return pack(_packed_item(message))


def decode_gossip(data: bytes) -> Gossip:
    """Return what a broadcast says. Raises `Refused` for all else."""
    match _unpacked("rumour", data, GOSSIP_BYTES_MAX):
        case (int(kind), bytes() as manifest, bytes() as base) if kind == _RUMOUR:
            return Rumour(_manifest(manifest), _root(base))
        case (int(kind), bytes() as manifest, bytes() as base, bytes() as delta, *_) if (
            kind == _RUMOUR
        ):
            return Rumour(_manifest(manifest), _root(base), _delta(delta))
        case (int(kind), key, rank, *_) if kind == _HINT:
            return Hint(_entry((key, rank)))
        case (int(kind), *rest) if kind == _ITEM:
            return _item(rest)
        case fields:
            raise _unknown("rumour", fields)


def _delta(data: bytes) -> Delta:
    body = inflated("rumour", data, GOSSIP_BYTES_MAX)
    try:
        values = unpack_all(body, GOSSIP_BYTES_MAX)
    except MalformedMessage as error:
        raise Refused(Refusal.MALFORMED, f"rumour: {error}") from error
    match values:
        case [((put, delete, *_), _)]:
            return Delta(read_pairs(put, "rumour"), read_keys(delete, "rumour"))
        case _:
            raise Refused(Refusal.MALFORMED, "rumour: a delta is what is put and what is gone")


# --- out ------------------------------------------------------------------------------


def write_message(message: StreamMessage) -> bytes:
    """Return a message of a stream as bytes, in clear."""
    return pack(_packed(message))


def _packed(message: StreamMessage) -> tuple[Packable, ...]:
    match message:
        case Compare(sums):
            return (_COMPARE, b"".join(each.to_bytes(8) for each in sums))
        case Pull(wanted, room):
            return (_PULL, [_packed_wanted(each) for each in wanted], room)
        case Differ(fingerprint, groups, entries):
            listed: list[Packable] = [[entry.key, list(entry.rank)] for entry in entries]
            return (_DIFFER, fingerprint, bytes(groups), listed)
        case Pulled(answers):
            return (_PULLED, [_packed_answer(each) for each in answers])
        case Busy(wait):
            return (_BUSY, wait)


def _packed_wanted(wanted: Wanted) -> list[Packable]:
    fields: list[Packable] = [wanted.key, wanted.have, b"".join(wanted.branches)]
    if wanted.target:
        fields += [wanted.target, wanted.first, list(wanted.buckets)]
    return fields


def _packed_item(item: Item) -> tuple[Packable, ...]:
    return (_ITEM, item.key, item.raw, item.age)


def _packed_answer(answer: Answer) -> tuple[Packable, ...]:
    match answer:
        case Nothing(key):
            return (_NOTHING, key)
        case Item():
            return _packed_item(answer)
        case Changes(key, manifest, base, delta):
            return (_CHANGES, key, manifest, base, flat(delta.put), list(delta.delete))
        case Part(key, manifest, root, first, until, put):
            return (_PART, key, manifest, root, first, until, flat(put))
        case Digests(key, manifest, branches):
            listed: list[Packable] = [[number, b"".join(each)] for number, each in branches]
            return (_DIGESTS, key, manifest, listed)
        case Buckets(key, manifest, root, branches, buckets, put):
            return (_BUCKETS, key, manifest, root, bytes(branches), list(buckets), flat(put))


# --- in ------------------------------------------------------------------------------


def read_message(data: bytes, most_bytes: int) -> StreamMessage:
    """Return the message of a stream. Raises `Refused` for all else."""
    return _stream_message(_unpacked("frame", data, most_bytes))


def _stream_message(fields: tuple[object, ...]) -> StreamMessage:
    match fields:
        case (int(kind), bytes() as sums, *_) if kind == _COMPARE and len(sums) == 8 * GROUPS:
            cut = (sums[at : at + 8] for at in range(0, len(sums), 8))
            return Compare(tuple(int.from_bytes(each) for each in cut))
        case (int(kind), tuple() as wanted, int(room), *_) if kind == _PULL:
            asked = tuple(_wanted(each) for each in _bounded(wanted, WANTED_MAX))
            return Pull(asked, _number(room, ROOM_MAX))
        case (int(kind), bytes() as fingerprint, bytes() as groups, tuple() as entries, *_) if (
            kind == _DIFFER and len(fingerprint) == 8 and all(each < GROUPS for each in groups)
        ):
            listed = tuple(_entry(each) for each in _bounded(entries, ENTRIES_MAX))
            return Differ(fingerprint, tuple(groups), listed)
        case (int(kind), tuple() as answers, *_) if kind == _PULLED:
            return Pulled(tuple(_answer(each) for each in _bounded(answers, WANTED_MAX)))
        case (int(kind), int() as wait, *_) if kind == _BUSY and 0 <= wait <= AGE_MAX:
            return Busy(wait)
        case _:
            raise _unknown("frame", fields)


def _unknown(what: str, fields: tuple[object, ...]) -> Refused:
    return Refused(Refusal.UNEXPECTED, f"{what}: no kind {str(fields[0])[:20]} of this form")


def _bounded(values: tuple[object, ...], most: int) -> tuple[object, ...]:
    if len(values) > most:
        raise Refused(Refusal.OVERSIZED, f"frame: an array of {len(values)}, at most {most}")
    return values


def _entry(value: object) -> Entry:
    match value:
        case (bytes() as key, tuple() as rank, *_) if (
            0 < len(key) <= ENTRY_KEY_BYTES_MAX and 0 < len(rank) <= RANK_NUMBERS_MAX
        ):
            numbers = [each for each in rank if isinstance(each, int) and 0 <= each < 1 << 64]
            if len(numbers) == len(rank):
                return Entry(key, tuple(int(each) for each in numbers))
    raise Refused(Refusal.MALFORMED, "entry: must be a key and a rank of one to four numbers")


def _wanted(value: object) -> Wanted:
    match value:
        case (bytes() as key, bytes() as have, bytes() as branches):
            return Wanted(key=key, have=_root(have), branches=_short_digests(branches))
        case (
            bytes() as key,
            bytes() as have,
            bytes() as branches,
            bytes() as target,
            first,
            buckets,
            *_,
        ):
            return Wanted(
                key=key,
                have=_root(have),
                branches=_short_digests(branches),
                target=_root(target),
                first=_number(first, BUCKETS),
                buckets=_numbers(buckets, BUCKETS),
            )
        case _:
            raise Refused(Refusal.MALFORMED, "pull: must name a key and what the asker has")


def _answer(value: object) -> Answer:
    match value:
        case (int(kind), bytes() as key, *rest) if (
            kind in _READERS and len(key) <= ENTRY_KEY_BYTES_MAX
        ):
            return _READERS[kind](key, rest)
        case (int(kind), *rest) if kind == _ITEM:
            return _item(rest)
        case _:
            raise Refused(Refusal.UNEXPECTED, "answer: of no kind that is known here")


def _item(rest: list[object]) -> Item:
    match rest:
        case [bytes() as key, bytes() as raw, int() as age, *_] if (
            0 < len(key) <= ENTRY_KEY_BYTES_MAX and 0 <= age <= AGE_MAX
        ):
            return Item(key, raw, int(age))
        case _:
            raise Refused(Refusal.MALFORMED, "item: must be a key, bytes and an age")


def _nothing(key: bytes, rest: list[object]) -> Answer:
    del rest  # Whatever a later version says beside it.
    return Nothing(key)


def _changes(key: bytes, rest: list[object]) -> Answer:
    match rest:
        case [bytes() as manifest, bytes() as base, put, delete, *_]:
            delta = Delta(read_pairs(put, "changes"), read_keys(delete, "changes"))
            return Changes(key, _manifest(manifest), _root(base), delta)
        case _:
            raise Refused(Refusal.MALFORMED, "changes: a field is missing")


def _part(key: bytes, rest: list[object]) -> Answer:
    match rest:
        case [bytes() as manifest, bytes() as root, first, until, put, *_]:
            start, end = _number(first, BUCKETS), _number(until, BUCKETS)
            return Part(key, _manifest(manifest), _root(root), start, end, read_pairs(put, "part"))
        case _:
            raise Refused(Refusal.MALFORMED, "part: a field is missing")


def _digests(key: bytes, rest: list[object]) -> Answer:
    match rest:
        case [bytes() as manifest, tuple() as listed, *_]:
            found = []
            for each in _bounded(listed, FANOUT):
                match each:
                    case (number, bytes() as joined, *_):
                        found.append((_number(number, FANOUT - 1), _short_digests(joined)))
                    case _:
                        raise Refused(Refusal.MALFORMED, "digests: must be branches with digests")
            return Digests(key, _manifest(manifest), tuple(found))
        case _:
            raise Refused(Refusal.MALFORMED, "digests: a field is missing")


def _buckets(key: bytes, rest: list[object]) -> Answer:
    match rest:
        case [bytes() as manifest, bytes() as root, bytes() as branches, buckets, put, *_]:
            if any(each >= FANOUT for each in branches):
                raise Refused(Refusal.MALFORMED, f"buckets: a branch above {FANOUT - 1}")
            return Buckets(
                key,
                _manifest(manifest),
                _root(root),
                tuple(branches),
                _numbers(buckets, BUCKETS - 1),
                read_pairs(put, "buckets"),
            )
        case _:
            raise Refused(Refusal.MALFORMED, "buckets: a field is missing")


_READERS: dict[int, Callable[[bytes, list[object]], Answer]] = {
    _NOTHING: _nothing,
    _CHANGES: _changes,
    _PART: _part,
    _DIGESTS: _digests,
    _BUCKETS: _buckets,
}


def _manifest(raw: bytes) -> bytes:
    if len(raw) > MANIFEST_BYTES_MAX:
        raise Refused(Refusal.OVERSIZED, f"manifest: at most {MANIFEST_BYTES_MAX} bytes")
    return raw


def _root(root: bytes) -> bytes:
    if root and len(root) != HASH_BYTES:
        raise Refused(Refusal.MALFORMED, f"root: must have {HASH_BYTES} bytes, or none")
    return root


def _short_digests(joined: bytes) -> tuple[bytes, ...]:
    if len(joined) not in (0, FANOUT * SHORT_DIGEST_BYTES):
        raise Refused(Refusal.MALFORMED, f"digests: must be {FANOUT} of {SHORT_DIGEST_BYTES} bytes")
    return tuple(
        joined[at : at + SHORT_DIGEST_BYTES] for at in range(0, len(joined), SHORT_DIGEST_BYTES)
    )


def _number(value: object, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise Refused(Refusal.MALFORMED, f"must be a whole number from 0 to {most}")
    return value


def _numbers(value: object, most: int) -> tuple[int, ...]:
    if not isinstance(value, tuple) or len(value) > BUCKETS:
        raise Refused(Refusal.MALFORMED, f"must be an array of at most {BUCKETS} numbers")
    return tuple(_number(each, most) for each in value)
