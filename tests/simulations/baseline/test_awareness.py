"""memberlist's own vector for the health score."""

from failure_detect.clock import SECOND
from simulations.baseline.awareness import Awareness


def test_the_score_stays_within_its_limits() -> None:
    awareness = Awareness(8)
    steps = [(0, 0), (-1, 0), (-10, 0), (1, 1), (-1, 0), (10, 7), (-1, 6), (-1, 5), (-1, 4)]
    for delta, score in steps:
        awareness.apply(delta)
        assert awareness.score == score
        assert awareness.scaled(SECOND) == (score + 1) * SECOND


def test_a_score_of_one_value_is_none() -> None:
    awareness = Awareness(1)
    awareness.apply(3)
    assert awareness.scaled(SECOND) == SECOND
