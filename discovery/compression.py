"""zlib with a bound on what comes out: a small bomb does not become a large answer.

A bound on what goes in is the caller's: zlib reads empty blocks for as long as there are any.
"""

import zlib

from discovery.refusals import Refusal, Refused

LEVEL = 6


def deflated(data: bytes) -> bytes:
    """Return `data` as zlib makes it smaller."""
    return zlib.compress(data, LEVEL)


def inflated(what: str, data: bytes, most_bytes: int) -> bytes:
    """Return what zlib made `data` of, at most so many bytes; `Refused` for all else."""
    expander = zlib.decompressobj()
    try:
        body = expander.decompress(data, most_bytes + 1)
    except zlib.error as error:
        raise Refused(Refusal.MALFORMED, f"{what}: not what zlib makes") from error
    if len(body) > most_bytes:
        raise Refused(Refusal.OVERSIZED, f"{what}: more than {most_bytes} bytes when expanded")
    if not expander.eof or expander.unused_data:
        raise Refused(Refusal.MALFORMED, f"{what}: cut short, or with something behind it")
    return body
