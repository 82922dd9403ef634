"""How long a suspicion waits where accusers are too few (Lifeguard 4.2)."""

from math import log, log10

from failure_detect.clock import Duration
from failure_detect.config import SuspicionConfig


def suspicion_timeout(
    config: SuspicionConfig, interval: Duration, members: int, confirmations: int, wanted: int
) -> Duration:
    """Return how long a suspicion waits that `confirmations` others share (Lifeguard 4.2).

    From beta x alpha x log10(members) intervals down to alpha x log10(members) intervals,
    logarithmically, as confirmations come up to `wanted`. Microseconds.
    """
    least = int(config.alpha * max(1.0, log10(max(1, members))) * interval)
    if wanted < 1:
        return least
    most = config.beta * least
    share = log(confirmations + 1) / log(wanted + 1)
    return max(least, int(most - share * (most - least)))
