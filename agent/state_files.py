"""The files of a state folder as bytes: sealed with a checksum, and read strictly.

Sets have the format of `discovery.state`; so has the rest, inside a seal, beside the ages of the
sets, which change while the sets do not. Everything here raises `Refused` (or another ValueError)
for bytes that are not what they should be.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import TypeAlias

from agent.objects import Document, is_list
from discovery.names import Origin
from discovery.refusals import Refusal, Refused
from discovery.state import AGE_MAX, KeptSet, KeptState, read_state, write_state
from failure_detect.packing import Packable, pack, unpack_one

FORMAT = 1
START_MAX = (1 << 63) - 1
_MAGIC = b"ISTHMUSF"
_SUM_BYTES = 32
_BYTES_MAX = 1 << 30

Ages: TypeAlias = dict[Origin, tuple[int, int | None]]
"""For how long an origin was silent (s), and how long ago its key was revoked (ms) or None."""


def digest(data: bytes) -> bytes:
    """Return what stands for some content."""
    return blake2b(data, digest_size=_SUM_BYTES).digest()


def mark_of(kept: KeptSet) -> bytes:
    """Return what stands for a set, whatever its age."""
    # The manifest is signed over the root of the records, so it stands for them.
    return digest(kept.manifest.raw)


# --- sets -------------------------------------------------------------------------------


def read_set(data: bytes, origin: str) -> KeptSet:
    """Return the set of `origin` in a file of its own."""
    match read_state(data).sets:
        case (kept,) if kept.manifest.origin == origin:
            return kept
        case _:
            raise Refused(Refusal.MALFORMED, f"state: is not the set of {origin}")


def aged(kept: KeptSet, ages: Ages) -> KeptSet:
    """Return a set as old as it is."""
    silent_s, revoked_ms = ages.get(kept.manifest.origin, (0, None))
    return replace(kept, silent_s=silent_s, revoked_ms=revoked_ms)


# --- the rest ---------------------------------------------------------------------------


def rest_of(state: KeptState) -> bytes:
    """Return all but the sets, and their ages."""
    rows: list[Packable] = [
        [each.manifest.origin, each.silent_s, each.revoked_ms]
        for each in state.sets
        if each.silent_s or each.revoked_ms is not None
    ]
    return sealed((b"".join(write_state(replace(state, sets=()))), rows))


def read_rest(data: bytes) -> tuple[KeptState, Ages]:
    """Return what `rest_of` wrote."""
    match opened(data):
        case (bytes(raw), tuple(rows)):
            return read_state(raw), dict(map(_age, rows))
        case _:
            raise Refused(Refusal.MALFORMED, "state: is no rest")


def _age(row: object) -> tuple[Origin, tuple[int, int | None]]:
    match row:
        case (str(origin), int(silent_s), None) if 0 <= silent_s <= AGE_MAX:
            return Origin(origin), (silent_s, None)
        case (str(origin), int(silent_s), int(revoked_ms)) if (
            0 <= silent_s <= AGE_MAX and 0 <= revoked_ms <= AGE_MAX
        ):
            return Origin(origin), (silent_s, revoked_ms)
        case _:
            raise Refused(Refusal.MALFORMED, "state: an age that is none")


# --- numbers and members ----------------------------------------------------------------


def read_start(data: bytes) -> int:
    """Return a start number."""
    match opened(data):
        case (int(start),) if 0 <= start <= START_MAX:
            return start
        case _:
            raise Refused(Refusal.MALFORMED, "state: is no start number")


def read_members(data: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return encoded claims of members of `lan`, and of `wan`."""
    match opened(data):
        case (tuple(lan), tuple(wan)):
            return _octets(lan), _octets(wan)
        case _:
            raise Refused(Refusal.MALFORMED, "state: is no list of members")


# --- objects ----------------------------------------------------------------------------


def objects_of(documents: Iterable[Document]) -> bytes:
    """Return objects of the store as the bytes of a file."""
    return sealed((json.dumps(list(documents), separators=(",", ":"), allow_nan=False).encode(),))


def read_objects(data: bytes) -> tuple[Document, ...]:
    """Return the objects that `objects_of` wrote."""
    match opened(data):
        case (bytes(raw),):
            found: object = json.loads(raw)
        case _:
            found = None
    if not is_list(found):
        raise Refused(Refusal.MALFORMED, "state: is no list of objects")
    documents = tuple(each for each in found if isinstance(each, Mapping))
    if len(documents) != len(found):
        raise Refused(Refusal.MALFORMED, "state: an object that is none")
    return documents


def _octets(values: tuple[object, ...]) -> tuple[bytes, ...]:
    found = tuple(each for each in values if isinstance(each, bytes))
    if len(found) != len(values):
        raise Refused(Refusal.MALFORMED, "state: a member that is none")
    return found


def sealed(value: Packable) -> bytes:
    """Return a value as the bytes of a file."""
    data = _MAGIC + FORMAT.to_bytes(2) + pack(value)
    return data + digest(data)


def opened(data: bytes) -> object:
    """Return what was sealed. Raises `Refused`, or `MalformedMessage`."""
    body, found = data[:-_SUM_BYTES], data[-_SUM_BYTES:]
    if not body.startswith(_MAGIC) or digest(body) != found:
        raise Refused(Refusal.MALFORMED, "state: the file is damaged, or none of ours")
    head = len(_MAGIC) + 2
    version = int.from_bytes(body[len(_MAGIC) : head])
    if version != FORMAT:
        raise Refused(Refusal.UNEXPECTED, f"state: format {version}, this version reads {FORMAT}")
    return unpack_one(body[head:], _BYTES_MAX)
