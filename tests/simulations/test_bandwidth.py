"""A lane lets through what it should, in order, and forgets nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failure_detect.clock import MILLISECOND, SECOND
from simulations.bandwidth import GIGABIT, KILOBIT, MEGABIT, Lane


def test_what_is_sent_leaves_at_the_pace_of_the_lane_one_after_the_other() -> None:
    lane = Lane(100 * MEGABIT)
    assert lane.send(1_000, 1_250) == 100
    assert lane.send(1_000, 1_250) == 200
    assert lane.send(1_150, 1_250) == 150
    assert lane.send(9_000, 1_250) == 100  # It was idle between.


def test_the_backlog_runs_off() -> None:
    lane = Lane(1 * MEGABIT)
    assert lane.backlog(0) == 0
    lane.send(0, 125_000)
    assert lane.backlog(0) == SECOND
    assert lane.backlog(400 * MILLISECOND) == 600 * MILLISECOND
    assert lane.backlog(2 * SECOND) == 0


def test_what_comes_at_the_pace_of_the_lane_waits_for_nothing() -> None:
    lane = Lane(100 * MEGABIT)
    assert lane.receive(SECOND, 1_250_000) == 0
    assert lane.receive(SECOND + 100, 1_250) == 0


def test_two_who_send_at_once_to_one_share_its_lane() -> None:
    lane = Lane(100 * MEGABIT)
    assert lane.receive(SECOND, 1_250_000) == 0
    assert lane.receive(SECOND, 1_250_000) == 100 * MILLISECOND
    assert lane.receive(SECOND, 1_250_000) == 200 * MILLISECOND


def test_small_things_on_a_fast_lane_add_up_below_a_microsecond() -> None:
    lane = Lane(1 * GIGABIT)
    waits = [lane.send(0, 100) for _ in range(10)]  # 0.8 us each.
    assert waits == [1, 2, 3, 4, 4, 5, 6, 7, 8, 8]


def test_a_lane_that_lets_nothing_through_is_none() -> None:
    with pytest.raises(ValueError, match="at least 1 bit"):
        Lane(0)
    assert Lane(64 * KILOBIT).bits_per_s == 64_000


bursts = st.lists(st.tuples(st.integers(0, SECOND), st.integers(1, 100_000)), min_size=1)


@given(bursts)
def test_no_more_passes_in_any_time_than_the_lane_allows(sent: list[tuple[int, int]]) -> None:
    for way in (Lane.send, Lane.receive):
        lane, out_at, total = Lane(10 * MEGABIT), 0, 0
        first = min(sent)[0]
        for at, size in sorted(sent):
            out_at = at + way(lane, at, size)
            total += size
        begun = first if way is Lane.send else first - min(sent)[1]  # 0.8 us a byte.
        assert out_at - begun >= total * 8 // 10
        assert lane.backlog(out_at) == 0
