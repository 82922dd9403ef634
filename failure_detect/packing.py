"""msgpack with types and limits: one value, or several one after the other.

Rule 1: no declared length is believed that no bytes stand behind: each value is walked over before
anything is made of it (nested arrays that each promise thousands would be given room at once), and
msgpack's own stack bounds nesting. Rule 2: memory is linear in the size. Maps, which are dearest by
far, are counted, and of many values each is made when it is asked for; the worst that is left, an
array of negative numbers or arrays in arrays, takes about fifty times its bytes for a moment.
Rule 3: a datagram pays for none of that but the walk: it is too small to do harm.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias

from msgpack import Unpacker, UnpackException, packb, unpackb

Packable: TypeAlias = (
    "int | str | bytes | bool | tuple[Packable, ...] | list[Packable] | dict[str, Packable] | None"
)

UNCOUNTED_BYTES = 1_536
"""What is no larger may be all maps, at some 300 KB in all."""

MAPS_MAX = 64
"""Of a larger value so many may be maps, whatever its size, ..."""

BYTES_PER_MAP = 32
"""... and one more for each so many bytes: a map takes up to 240."""


class MalformedMessage(ValueError):  # noqa: N818 - the protocol's word for it, not an error of ours.
    """These bytes are no message: nothing was changed by them. Says what is wrong."""


class _Walker(Protocol):
    """What msgpack's Unpacker is here: it goes from value to value and makes nothing of them."""

    def skip(self) -> None: ...
    def tell(self) -> int: ...


_ERRORS = (ValueError, UnpackException, OverflowError, TypeError)


def pack(value: Packable) -> bytes:
    """Return `value` as msgpack bytes."""
    packed: bytes = packb(value)
    return packed


def unpack_one(data: bytes, most_bytes: int) -> object:
    """Return the one value that `data` is; arrays are tuples.

    Raises `MalformedMessage` for anything else than one whole value within `most_bytes`.
    """
    walker, size = _walker(data, most_bytes), len(data)
    try:
        walker.skip()
        end: int = walker.tell()
        value = _unpacked(data) if end == size else None
    except _ERRORS as error:
        raise _malformed(error) from error
    if end < size:
        raise MalformedMessage(f"one value of {end} bytes, and {size - end} behind it")
    return value


def unpack_each(data: bytes, most_bytes: int) -> Iterable[tuple[object, bytes]]:
    """Return each value in `data` with the bytes that it came from: of many, when it is asked for.

    Raises `MalformedMessage`, at the latest where it comes to it, for anything else than whole
    values within `most_bytes`.
    """
    walker, size = _walker(data, most_bytes), len(data)
    if size > UNCOUNTED_BYTES:
        return _one_by_one(walker, data)
    values: list[tuple[object, bytes]] = []
    start = 0
    try:
        while start < size:
            walker.skip()
            end = walker.tell()
            raw = data[start:end]
            values.append((unpackb(raw, use_list=False), raw))
            start = end
    except _ERRORS as error:
        raise _malformed(error) from error
    return values


def _one_by_one(walker: _Walker, data: bytes) -> Iterator[tuple[object, bytes]]:
    skip, tell, start, size = walker.skip, walker.tell, 0, len(data)
    try:
        while start < size:
            skip()
            end = tell()
            raw = data[start:end]
            small = end - start <= UNCOUNTED_BYTES
            yield unpackb(raw, use_list=False) if small else _unpacked(raw), raw
            start = end
    except _ERRORS as error:
        raise _malformed(error) from error


def _walker(data: bytes, most_bytes: int) -> _Walker:
    size = len(data)
    if not 0 < size <= most_bytes:
        raise MalformedMessage(f"size: {size} bytes, at most {most_bytes} are taken")
    walker = Unpacker(None, max_buffer_size=size)
    walker.feed(data)
    walks: _Walker = walker
    return walks


def _unpacked(raw: bytes) -> object:
    if len(raw) <= UNCOUNTED_BYTES:
        return unpackb(raw, use_list=False)
    maps = _Maps(MAPS_MAX + len(raw) // BYTES_PER_MAP)
    return unpackb(raw, use_list=False, object_hook=maps.count)


def _malformed(error: Exception) -> MalformedMessage:
    if isinstance(error, MalformedMessage):
        return MalformedMessage(str(error))
    return MalformedMessage(f"not msgpack: {type(error).__name__}")


class _Maps:
    """Lets so many maps of one value pass."""

    __slots__ = ("_left", "_most")

    def __init__(self, most: int) -> None:
        self._most = self._left = most

    def count(self, made: object) -> object:
        self._left -= 1
        if self._left < 0:
            raise MalformedMessage(f"more than {self._most} maps in one value")
        return made
