"""memberlist's formulas: how long, how often, how many, for a pool of n members.

They are its own to the last rounding (`util.go`, `suspicion.go`), apart from the unit:
microseconds here. n counts every member of the list, the dead that are still kept too.
"""

from functools import lru_cache
from math import ceil, floor, log, log2, log10

from failure_detect.clock import MILLISECOND, SECOND, Duration

_SCALE_PUSH_PULL_ABOVE = 32


@lru_cache(maxsize=4096)
def suspicion_timeout(mult: int, n: int, interval: Duration) -> Duration:
    """Return the shortest suspicion: mult * max(1, log10 n) probe intervals."""
    scale = max(1.0, log10(max(1.0, float(n))))
    return mult * int(scale * 1000) * interval // 1000


@lru_cache(maxsize=4096)
def suspicion_length(
    confirmations: int, wanted: int, shortest: Duration, longest: Duration
) -> Duration:
    """Return how long a suspicion lasts in all, of which `wanted` >= 1 members may confirm.

    Every confirmation takes off less than the one before (Lifeguard 4.2).
    """
    fraction = log(confirmations + 1.0) / log(wanted + 1.0)
    seconds = longest / SECOND - fraction * (longest / SECOND - shortest / SECOND)
    return max(shortest, floor(1000.0 * seconds) * MILLISECOND)


@lru_cache(maxsize=4096)
def retransmit_limit(mult: int, n: int) -> int:
    """Return how often one member sends one claim: mult * ceil(log10(n + 1))."""
    return mult * ceil(log10(float(n + 1)))


@lru_cache(maxsize=4096)
def push_pull_interval(base: Duration, n: int) -> Duration:
    """Return the time between two full exchanges: longer with every doubling above 32."""
    if n <= _SCALE_PUSH_PULL_ABOVE:
        return base
    return int(ceil(log2(float(n)) - log2(float(_SCALE_PUSH_PULL_ABOVE))) + 1.0) * base
