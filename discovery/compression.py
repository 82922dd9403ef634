"""zlib with a bound on what comes out: a small bomb does not become a large answer.

What comes out is at most 64 times what went in and 16 KiB: records shrink to a fifth, the most
alike ones to a thirtieth. Whoever writes sends in clear what shrinks further. A bound on what goes
in is the caller's: zlib reads empty blocks for as long as there are any.
"""

import zlib

from discovery.refusals import Refusal, Refused

LEVEL = 6
TIMES_MAX = 64
BYTES_FREE = 16_384


def deflated(data: bytes) -> bytes | None:
    """Return `data` as zlib makes it smaller; None where nobody would believe how much it does."""
    small = zlib.compress(data, LEVEL)
    return small if len(data) <= believed(len(small)) else None


def believed(size: int) -> int:
    """Return of how many bytes those are taken to be made that so many have come of."""
    return BYTES_FREE + TIMES_MAX * size


def inflated(what: str, data: bytes, most_bytes: int) -> bytes:
    """Return what zlib made `data` of, at most so many bytes; `Refused` for all else."""
    most = min(most_bytes, believed(len(data)))
    expander = zlib.decompressobj()
    try:
        body = expander.decompress(data, most + 1)
    except zlib.error as error:
        raise Refused(Refusal.MALFORMED, f"{what}: not what zlib makes") from error
    if len(body) > most:
        raise Refused(Refusal.OVERSIZED, f"{what}: more than {most} bytes when expanded")
    if not expander.eof or expander.unused_data:
        raise Refused(Refusal.MALFORMED, f"{what}: cut short, or with something behind it")
    return body
