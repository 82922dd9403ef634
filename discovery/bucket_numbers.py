"""Numbers of buckets as they travel: few as a list, many as one bit for each that there is."""

from operator import ge

from discovery.recordset import FANOUT
from discovery.refusals import Refusal, Refused
from failure_detect.packing import Packable

BUCKETS = FANOUT * FANOUT
BITMAP_BYTES = BUCKETS // 8
_LISTED_MAX = BITMAP_BYTES // 3


def packed_buckets(buckets: tuple[int, ...]) -> Packable:
    """Return what is to be packed for these; a bit each where that is shorter."""
    # Only what is in order and has none twice can be told by bits.
    if len(buckets) <= _LISTED_MAX or any(map(ge, buckets, buckets[1:])):
        return list(buckets)
    return sum(1 << each for each in buckets).to_bytes(BITMAP_BYTES, "little")


def read_buckets(what: str, value: object) -> tuple[int, ...]:
    """Return the buckets that were packed, none of them twice. Raises `Refused` for all else."""
    if isinstance(value, bytes):
        if len(value) != BITMAP_BYTES:
            raise Refused(Refusal.MALFORMED, f"{what}: must be a bit for each of {BUCKETS}")
        bits = ((8 * at, byte) for at, byte in enumerate(value) if byte)
        return tuple(first + bit for first, byte in bits for bit in range(8) if byte >> bit & 1)
    if not isinstance(value, tuple):
        raise Refused(Refusal.MALFORMED, f"{what}: must be an array")
    if len(value) > BUCKETS:
        raise Refused(Refusal.OVERSIZED, f"{what}: an array of {len(value)}, at most {BUCKETS}")
    numbers = tuple(_number(what, each) for each in value)
    if len(frozenset(numbers)) < len(numbers):
        raise Refused(Refusal.MALFORMED, f"{what}: must not have one twice")
    return numbers


def _number(what: str, value: object) -> int:
    if type(value) is not int or not 0 <= value < BUCKETS:
        raise Refused(Refusal.MALFORMED, f"{what}: must be a whole number from 0 to {BUCKETS - 1}")
    return value
