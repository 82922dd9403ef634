"""msgpack with types and limits: several values one after the other in one datagram or frame."""

from typing import TypeAlias

import msgpack

Packable: TypeAlias = (
    "int | str | bytes | bool | tuple[Packable, ...] | list[Packable] | dict[str, Packable] | None"
)


class MalformedMessage(ValueError):  # noqa: N818 - the protocol's word for it, not an error of ours.
    """These bytes are no message: nothing was changed by them. Says what is wrong."""


def pack(value: Packable) -> bytes:
    """Return `value` as msgpack bytes."""
    packed: bytes = msgpack.packb(value)
    return packed


def unpack_all(data: bytes, most_bytes: int) -> list[tuple[object, bytes]]:
    """Return each value in `data` with the bytes that it came from.

    Raises `MalformedMessage` for anything else than whole values within `most_bytes`.
    Memory and time are linear in `len(data)`: each value is walked over before anything is
    made of it, so that no declared length is believed that no bytes stand behind (nested
    arrays that each promise thousands would be given room at once), and nesting is bounded
    by msgpack's own stack.
    """
    size = len(data)
    if not 0 < size <= most_bytes:
        raise MalformedMessage(f"size: {size} bytes, at most {most_bytes} are taken")
    walker = msgpack.Unpacker(None, max_buffer_size=size)
    walker.feed(data)
    values: list[tuple[object, bytes]] = []
    start = 0
    try:
        while start < size:
            walker.skip()
            end = walker.tell()
            raw = data[start:end]
            value: object = msgpack.unpackb(raw, use_list=False, raw=False, strict_map_key=True)
            values.append((value, raw))
            start = end
    except (ValueError, msgpack.UnpackException, OverflowError, TypeError) as error:
        raise MalformedMessage(f"not msgpack: {type(error).__name__}") from error
    return values
