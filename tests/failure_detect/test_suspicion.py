"""How long a suspicion waits where accusers are too few."""

from itertools import pairwise
from math import log10

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.config import SuspicionConfig
from failure_detect.suspicion import suspicion_timeout
from tests.failure_detect.peers import LAN

SUSPICION = LAN.suspicion

# --- the fallback's formula --------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "confirmations", "wanted", "expected"),
    [
        (1, 0, 3, 30_000_000),
        (1, 1, 3, 17_500_000),
        (1, 3, 3, 5_000_000),
        (1, 9, 3, 5_000_000),
        (1, 0, 0, 5_000_000),
        (10, 0, 3, 30_000_000),
        (100, 0, 3, 60_000_000),
        (100, 3, 3, 10_000_000),
        (1_000, 3, 3, 15_000_000),
        (0, 0, 0, 5_000_000),
    ],
)
def test_the_fallback_waits_by_lifeguards_formula(
    members: int, confirmations: int, wanted: int, expected: int
) -> None:
    config = SuspicionConfig(alpha=5, beta=6)
    assert suspicion_timeout(config, SECOND, members, confirmations, wanted) == expected


@pytest.mark.parametrize(
    ("confirmations", "expected"), [(0, 30.0), (1, 16.0), (2, 7.81), (3, 2.0), (4, 2.0), (5, 2.0)]
)
def test_it_shrinks_with_the_logarithm_as_memberlist_does(
    confirmations: int, expected: float
) -> None:
    """memberlist's own vectors (k = 3, 2 s to 30 s), nothing of it elapsed."""
    config = SuspicionConfig(alpha=2, beta=15)
    waited = suspicion_timeout(config, SECOND, 1, confirmations, 3)
    assert waited == pytest.approx(expected * SECOND, abs=5 * MILLISECOND)


def test_each_further_confirmation_takes_less_off() -> None:
    waits = [suspicion_timeout(SUSPICION, SECOND, 128, count, 5) for count in range(6)]
    steps = [earlier - later for earlier, later in pairwise(waits)]
    assert steps == sorted(steps, reverse=True)
    assert waits[-1] == int(SUSPICION.alpha * log10(128) * SECOND)
    assert waits[0] == SUSPICION.beta * waits[-1]
