"""memberlist's own vectors for its formulas."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from simulations.baseline.formulas import (
    push_pull_interval,
    retransmit_limit,
    suspicion_length,
    suspicion_timeout,
)


@pytest.mark.parametrize(
    ("members", "factor"), [(5, 1_000), (50, 1_698), (100, 2_000), (500, 2_698), (1_000, 3_000)]
)
def test_the_shortest_suspicion_grows_with_the_logarithm(members: int, factor: int) -> None:
    assert suspicion_timeout(3, members, SECOND) // 3 == factor * MILLISECOND


@pytest.mark.parametrize(
    ("mult", "members", "interval", "seconds"),
    [(4, 128, 1, 8.428), (6, 128, 5, 63.21), (4, 1_000, 1, 12.0), (5, 128, 1, 10.535)],
)
def test_the_shortest_suspicions_in_use(
    mult: int, members: int, interval: int, seconds: float
) -> None:
    assert suspicion_timeout(mult, members, interval * SECOND) == round(seconds * SECOND)


@pytest.mark.parametrize(
    ("confirmations", "elapsed", "remaining"),
    [
        (0, 0, 30_000),
        (1, 2, 14_000),
        (2, 3, 4_810),
        (3, 4, -2_000),
        (4, 5, -3_000),
        (5, 10, -8_000),
    ],
)
def test_a_confirmed_suspicion_is_shorter(confirmations: int, elapsed: int, remaining: int) -> None:
    length = suspicion_length(confirmations, 3, 2 * SECOND, 30 * SECOND)
    assert length - elapsed * SECOND == remaining * MILLISECOND


@pytest.mark.parametrize(("members", "limit"), [(0, 0), (1, 3), (99, 6)])
def test_how_often_a_claim_is_sent(members: int, limit: int) -> None:
    assert retransmit_limit(3, members) == limit


@pytest.mark.parametrize(
    ("members", "seconds"),
    [(1, 30), (32, 30), (33, 60), (64, 60), (65, 90), (128, 90), (1_000, 180)],
)
def test_full_exchanges_become_rarer_in_larger_pools(members: int, seconds: int) -> None:
    assert push_pull_interval(30 * SECOND, members) == seconds * SECOND
