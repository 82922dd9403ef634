"""The codec of what bridges say: msgpack arrays `[kind, fields...]`.

Fields that a later version appends are ignored, kinds that it adds are refused as unexpected. Any
bytes give a message or `Refused`, never anything else, and what is made of them is bounded by their
number. Numbers are numbers: true and false are none.
"""

from collections.abc import Callable, Mapping, Sequence
from struct import unpack
from typing import TypeVar

from discovery.bucket_numbers import packed_buckets, read_buckets
from discovery.compression import deflated, inflated
from discovery.deltas import Delta, flat, read_delta, read_pairs
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
from failure_detect.packing import MalformedMessage, Packable, pack, unpack_one

SHORT_DIGEST_BYTES = 8
BUCKETS = FANOUT * FANOUT
ENTRIES_MAX = 8_192
WANTED_MAX = 128
AGE_MAX = 1 << 48
ROOM_MAX = 1 << 30
GOSSIP_BYTES_MAX, ITEM_BYTES_MAX = 65_536, 131_072

_RUMOUR, _HINT, _ITEM = 1, 2, 3
_COMPARE, _PULL, _DIFFER, _PULLED, _BUSY = range(16, 21)
_NOTHING, _CHANGES, _PART, _DIGESTS, _BUCKETS = range(32, 37)

_Fields = tuple[object, ...]
_Read = TypeVar("_Read")
_Readers = Mapping[int, Callable[[_Fields], _Read]]


def encode_gossip(message: Gossip) -> bytes:
    """Return a rumour, hint or item as the payload of a broadcast; a delta compressed.

    A delta that nobody would expand is left out: whoever lacks it pulls it.
    """
    match message:
        case Rumour(manifest, base, delta):
            fields: tuple[Packable, ...] = (_RUMOUR, manifest, base)
            if delta is not None:
                body = pack((flat(delta.put), list(delta.delete)))
                small = deflated(body) if len(body) <= GOSSIP_BYTES_MAX else None
                fields = fields if small is None else (*fields, small)
            return pack(fields)
        case Hint(entry):
            return pack((_HINT, entry.key, list(entry.rank)))
        case Item():
            return pack(_packed_item(message))


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
    if wanted.target or wanted.first or wanted.buckets or wanted.shown:
        fields += [wanted.target, wanted.first, packed_buckets(wanted.buckets)]
    return [*fields, wanted.shown] if wanted.shown else fields


def _packed_item(item: Item) -> tuple[Packable, ...]:
    return (_ITEM, item.key, item.raw, item.age)


def _packed_answer(answer: Answer) -> tuple[Packable, ...]:
    match answer:
        case Nothing(key, manifest):
            return (_NOTHING, key, manifest) if manifest else (_NOTHING, key)
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
            numbers = packed_buckets(buckets)
            return (_BUCKETS, key, manifest, root, bytes(branches), numbers, flat(put))


# --- in ------------------------------------------------------------------------------


def decode_gossip(data: bytes) -> Gossip:
    """Return what a broadcast says. Raises `Refused` for all else."""
    return _read("rumour", _one_array("rumour", data, GOSSIP_BYTES_MAX), _GOSSIP_READERS)


def read_message(data: bytes, most_bytes: int) -> StreamMessage:
    """Return the message of a stream. Raises `Refused` for all else."""
    return _read("frame", _one_array("frame", data, most_bytes), _STREAM_READERS)


def _one_array(what: str, data: bytes, most_bytes: int) -> object:
    try:
        return unpack_one(data, most_bytes)
    except MalformedMessage as error:
        raise Refused(Refusal.MALFORMED, f"{what}: {error}") from error


def _read(what: str, value: object, readers: _Readers[_Read]) -> _Read:
    match value:
        case (int() as kind, *_) if isinstance(value, tuple) and type(kind) is int:
            reader = readers.get(kind)
            if reader is None:
                raise Refused(Refusal.UNEXPECTED, f"{what}: no kind {kind} is known here")
            return reader(value[1:])
        case _:
            raise _malformed(what, "must be an array that begins with a kind")


def _malformed(what: str, must: str) -> Refused:
    return Refused(Refusal.MALFORMED, f"{what}: {must}")


def _rumour(fields: _Fields) -> Rumour:
    match fields:
        case (bytes() as manifest, bytes() as base, *rest):
            delta = _delta(rest[0]) if rest and rest[0] is not None else None
            return Rumour(_manifest(manifest), _root(base), delta)
        case _:
            raise _malformed("rumour", "must be a manifest, a root and what changed")


def _delta(data: object) -> Delta:
    if not isinstance(data, bytes):
        raise _malformed("rumour", "a delta must be bytes")
    body = inflated("rumour", data, GOSSIP_BYTES_MAX)
    match _one_array("rumour", body, GOSSIP_BYTES_MAX):
        case (put, delete, *_):
            return read_delta(put, delete, "rumour")
        case _:
            raise _malformed("rumour", "a delta is what is put and what is gone")


def _item(fields: _Fields) -> Item:
    match fields:
        case (key, bytes() as raw, age, *_):
            if len(raw) > ITEM_BYTES_MAX:
                raise Refused(Refusal.OVERSIZED, f"item: at most {ITEM_BYTES_MAX} bytes")
            return Item(_key("item", key), raw, _number("item.age", age, AGE_MAX))
        case _:
            raise _malformed("item", "must be a key, bytes and an age")


def _compare(fields: _Fields) -> Compare:
    match fields:
        case (bytes() as sums, *_) if len(sums) == 8 * GROUPS:
            return Compare(unpack(f">{GROUPS}Q", sums))
        case _:
            raise _malformed("compare", f"must be {GROUPS} sums of 8 bytes")


def _pull(fields: _Fields) -> Pull:
    match fields:
        case (wanted, room, *_):
            asked = tuple(map(_wanted, _array("pull.wanted", wanted, WANTED_MAX)))
            return Pull(asked, _number("pull.room", room, ROOM_MAX))
        case _:
            raise _malformed("pull", "must be what is wanted and how much there is room for")


def _wanted(value: object) -> Wanted:
    match value:
        case (key, bytes() as have, bytes() as branches):
            digests = _short_digests(branches)
            return Wanted(key=_key("pull", key), have=_root(have), branches=digests)
        case (key, bytes() as have, bytes() as branches, bytes() as target, first, buckets, *more):
            return Wanted(
                key=_key("pull", key),
                have=_root(have),
                branches=_short_digests(branches),
                target=_root(target),
                first=_number("pull.first", first, BUCKETS),
                buckets=read_buckets("pull.buckets", buckets),
                shown=_shown(more),
            )
        case _:
            raise _malformed("pull", "must name a key and what the asker has")


def _differ(fields: _Fields) -> Differ:
    match fields:
        case (bytes() as fingerprint, bytes() as groups, entries, *_) if len(fingerprint) == 8:
            listed = tuple(map(_entry, _array("differ.entries", entries, ENTRIES_MAX)))
            return Differ(fingerprint, _small_numbers("differ.groups", groups, GROUPS), listed)
        case _:
            raise _malformed("differ", "must be a fingerprint of 8 bytes, groups and entries")


def _pulled(fields: _Fields) -> Pulled:
    answers = _array("pulled", fields[0] if fields else None, WANTED_MAX)
    return Pulled(tuple(_read("answer", each, _ANSWER_READERS) for each in answers))


def _busy(fields: _Fields) -> Busy:
    return Busy(_number("busy", fields[0] if fields else None, AGE_MAX))


def _nothing(fields: _Fields) -> Nothing:
    key = _key("nothing", fields[0] if fields else None)
    return Nothing(key, _shown(fields[1:]))


def _shown(fields: Sequence[object]) -> bytes:
    match fields:
        case [bytes() as manifest, *_]:
            return _manifest(manifest)
        case _:
            return b""


def _changes(fields: _Fields) -> Changes:
    match fields:
        case (key, bytes() as manifest, bytes() as base, put, delete, *_):
            delta = read_delta(put, delete, "changes")
            return Changes(_key("changes", key), _manifest(manifest), _root(base), delta)
        case _:
            raise _malformed("changes", "must be key, manifest, root, what is put, what is gone")


def _part(fields: _Fields) -> Part:
    match fields:
        case (key, bytes() as manifest, bytes() as root, first, until, put, *_):
            return Part(
                _key("part", key),
                _manifest(manifest),
                _root(root),
                _number("part.first", first, BUCKETS),
                _number("part.until", until, BUCKETS),
                read_pairs(put, "part"),
            )
        case _:
            raise _malformed("part", "must be key, manifest, root, two buckets, records")


def _digests(fields: _Fields) -> Digests:
    match fields:
        case (key, bytes() as manifest, branches, *_):
            found = tuple(map(_branch, _array("digests", branches, FANOUT)))
            if len(dict(found)) < len(found):
                raise _malformed("digests", "must not have one branch twice")
            return Digests(_key("digests", key), _manifest(manifest), found)
        case _:
            raise _malformed("digests", "must be key, manifest, branches")


def _branch(value: object) -> tuple[int, tuple[bytes, ...]]:
    match value:
        case (number, bytes() as joined, *_) if joined:
            return _number("digests.branch", number, FANOUT - 1), _short_digests(joined)
        case _:
            raise _malformed("digests", "must be branches with the digests of their buckets")


def _buckets(fields: _Fields) -> Buckets:
    match fields:
        case (key, bytes() as manifest, bytes() as root, bytes() as branches, buckets, put, *_):
            return Buckets(
                _key("buckets", key),
                _manifest(manifest),
                _root(root),
                _small_numbers("buckets.branches", branches, FANOUT),
                read_buckets("buckets.buckets", buckets),
                read_pairs(put, "buckets"),
            )
        case _:
            raise _malformed("buckets", "must be key, manifest, root, branches, buckets, records")


_GOSSIP_READERS: _Readers[Gossip] = {
    _RUMOUR: _rumour,
    _HINT: lambda fields: Hint(_entry(fields)),
    _ITEM: _item,
}
_REQUEST_READERS: _Readers[StreamMessage] = {_COMPARE: _compare, _PULL: _pull}
_STREAM_READERS = {**_REQUEST_READERS, _DIFFER: _differ, _PULLED: _pulled, _BUSY: _busy}
_ANSWER_READERS: _Readers[Answer] = {
    _ITEM: _item,
    _NOTHING: _nothing,
    _CHANGES: _changes,
    _PART: _part,
    _DIGESTS: _digests,
    _BUCKETS: _buckets,
}


def _key(what: str, value: object) -> bytes:
    if not (isinstance(value, bytes) and 0 < len(value) <= ENTRY_KEY_BYTES_MAX):
        raise _malformed(f"{what}.key", f"must be 1 to {ENTRY_KEY_BYTES_MAX} bytes")
    return value


def _entry(value: object) -> Entry:
    match value:
        case (key, tuple() as rank, *_) if 0 < len(rank) <= RANK_NUMBERS_MAX:
            numbers = tuple(_number("entry.rank", each, (1 << 64) - 1) for each in rank)
            return Entry(_key("entry", key), numbers)
        case _:
            raise _malformed("entry", f"must be a key and 1 to {RANK_NUMBERS_MAX} numbers")


def _array(what: str, value: object, most: int) -> _Fields:
    if not isinstance(value, tuple):
        raise _malformed(what, "must be an array")
    if len(value) > most:
        raise Refused(Refusal.OVERSIZED, f"{what}: an array of {len(value)}, at most {most}")
    return value


def _manifest(raw: bytes) -> bytes:
    if len(raw) > MANIFEST_BYTES_MAX:
        raise Refused(Refusal.OVERSIZED, f"manifest: at most {MANIFEST_BYTES_MAX} bytes")
    return raw


def _root(root: bytes) -> bytes:
    if root and len(root) != HASH_BYTES:
        raise _malformed("root", f"must have {HASH_BYTES} bytes, or none")
    return root


def _short_digests(joined: bytes) -> tuple[bytes, ...]:
    if len(joined) not in (0, FANOUT * SHORT_DIGEST_BYTES):
        raise _malformed("digests", f"must be {FANOUT} of {SHORT_DIGEST_BYTES} bytes")
    return tuple(
        joined[at : at + SHORT_DIGEST_BYTES] for at in range(0, len(joined), SHORT_DIGEST_BYTES)
    )


def _number(what: str, value: object, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise _malformed(what, f"must be a whole number from 0 to {most}")
    return value


def _small_numbers(what: str, octets: bytes, end: int) -> tuple[int, ...]:
    numbers = frozenset(octets)
    if len(numbers) < len(octets) or any(each >= end for each in numbers):
        raise _malformed(what, f"must be numbers below {end}, none of them twice")
    return tuple(octets)
