"""Local health: a score within bounds, and the notice of being deaf."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failure_detect.clock import SECOND
from failure_detect.health import Health

MOST = 7
DEAF_AFTER = 2 * SECOND


def well() -> Health:
    return Health(MOST, DEAF_AFTER)


def test_a_member_starts_well_and_hearing() -> None:
    health = well()
    assert health.score == 0
    assert health.last_reply == -1
    assert not health.is_deaf(1 << 40)


def test_the_score_has_the_values_of_lifeguard() -> None:
    health = well()
    seen = []
    for worse in (False, True, False, False, *[True] * 10, False, False):
        if worse:
            health.worse()
        else:
            health.better()
        seen.append(health.score)
    assert seen == [0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 6, 5]


@pytest.mark.parametrize(("failures", "stretched"), [(0, 1), (1, 2), (7, 8), (20, 8)])
def test_durations_stretch_by_the_score_and_one(failures: int, stretched: int) -> None:
    health = well()
    for _ in range(failures):
        health.worse()
    assert health.stretch(SECOND) == stretched * SECOND


@given(st.integers(0, 10), st.lists(st.booleans()))
def test_the_score_stays_within_its_bounds(most: int, steps: list[bool]) -> None:
    health = Health(most, DEAF_AFTER)
    expected = 0
    for worse in steps:
        if worse:
            health.worse()
            expected = min(expected + 1, most)
        else:
            health.better()
            expected = max(expected - 1, 0)
        assert health.score == expected


def test_deaf_is_who_got_no_answer_for_too_long() -> None:
    health = well()
    health.asked(10 * SECOND)
    assert not health.is_deaf(12 * SECOND - 1)
    assert health.is_deaf(12 * SECOND)


def test_further_questions_do_not_prolong_the_wait() -> None:
    health = well()
    health.asked(10 * SECOND)
    health.asked(11 * SECOND)
    assert health.is_deaf(12 * SECOND)


def test_one_answer_to_anything_ends_deafness() -> None:
    health = well()
    health.asked(10 * SECOND)
    health.replied(13 * SECOND)
    assert health.last_reply == 13 * SECOND
    assert not health.is_deaf(100 * SECOND)
    health.asked(20 * SECOND)
    assert not health.is_deaf(21 * SECOND)
    assert health.is_deaf(22 * SECOND)
