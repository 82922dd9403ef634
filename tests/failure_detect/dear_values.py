"""Values that take as much memory as they can, and what decoding may take for a moment."""

import tracemalloc
from collections.abc import Callable
from functools import cache


def peak_bytes(decode: Callable[[], object], error: type[Exception]) -> int:
    """What decoding allocates at its height, where no table of Python's own happens to grow."""
    return min(_peak_bytes(decode, error) for _ in range(2))


def _peak_bytes(decode: Callable[[], object], error: type[Exception]) -> int:
    tracemalloc.start()
    try:
        decode()
    except error:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def filled(size: int, pattern: bytes) -> bytes:
    """An array of so many bytes with nothing but `pattern` in it."""
    count = (size - 5) // len(pattern)
    return b"\xdd" + count.to_bytes(4) + pattern * count


def nested(size: int, opening: bytes, depth: int = 500) -> bytes:
    """An array of values that lie as deep in each other."""
    return filled(size, opening * min(depth, (size - 6) // len(opening)) + b"\xc0")


def distinct(size: int, width: int, last: int = 256) -> bytes:
    """A map of as many different names as fit, each of so many bytes."""
    count = (size - 5) // (width + 2)
    names = ([number // last**at % last for at in range(width)] for number in range(count))
    head = bytes([0xA0 + width]) if last == 128 else bytes([0xC4, width])
    return b"\xdf" + count.to_bytes(4) + b"".join(head + bytes(each) + b"\xc0" for each in names)


PATTERNS = [
    "c0", "01", "e0", "d0 80", "cd ff ff", "cb 40 09 21 fb 54 44 2d 18",
    "90", "91 c0", "91 e0", "92 91 e0 91 e0", "dc 00 01 c0", "80", "81 a0 c0", "81 a2 61 62 e0",
    "de 00 01 a0 c0", "df 00 00 00 01 a0 c0", "91 80", "a0", "a2 61 62", "a2 c4 80", "c4 02 61 62",
    "c7 00 05", "d4 05 61", "d5 05 61 62", "d6 ff 00 00 00 01",
]  # fmt: skip
"""Whatever is small on the wire."""

OPENINGS = [
    "91",
    "92 c0",
    "81 a0",
    "82 a0 e0 a2 61 62",
    "91 81 a0",
    "dc 00 01",
    "df 00 00 00 01 a0",
]

UNENDING = [
    "91",
    "81 a1 61",
    "dc 04 00",
    "dc ff 00",
    "dd 00 00 04 00",
    "de ff 00 a0",
    "df 00 00 04 00 a0",
]
"""What promises more than there is, again and again."""


@cache
def shapes(size: int) -> dict[str, bytes]:
    """Values of about so many bytes that would take as much memory as they can."""
    found = {f"of {each}": filled(size, bytes.fromhex(each)) for each in PATTERNS}
    found |= {f"deep {each}": nested(size, bytes.fromhex(each)) for each in OPENINGS}
    found |= {f"deeper {each}": nested(size, bytes.fromhex(each), 1_000) for each in OPENINGS}
    found |= {f"promises {each}": bytes.fromhex(each) * (size // 5) for each in UNENDING}
    found |= {f"names of {each}": distinct(size, each, 128) for each in (2, 3, 4)}
    found |= {f"bytes of {each}": distinct(size, each) for each in (2, 3, 4)}
    found["text"] = b"\xdb" + (size + 4).to_bytes(4) + b"a" * size + "\U0001f600".encode()
    found["maps and numbers"] = filled(size, b"\x81\xa0\xc0" + b"\xe0" * 29)
    return found


def bound(size: int) -> int:
    """What decoding may take for a moment, of a value or of several that nobody keeps."""
    return 256 * 1024 + 56 * size
