"""When a burst may begin, how long it lasts, and what may break the silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.drivers.pacing import Pacer, PacingConfig
from failure_detect.clock import NEVER, SECOND

CONFIG = PacingConfig(burst=2 * SECOND, silence=3 * SECOND, urgent_every=10 * SECOND)


def wrote(pacer: Pacer, *times: int) -> None:
    """Make one burst of writes at these times."""
    pacer.begin(times[0])
    for each in times:
        pacer.note(each)
    pacer.end()


def test_in_a_quiet_period_anything_may_begin() -> None:
    pacer = Pacer(CONFIG)
    assert pacer.opens_at(is_urgent=False, now=0) <= 0
    assert pacer.closes_at == NEVER
    assert not pacer.is_open(0)


def test_a_burst_is_open_for_its_length() -> None:
    pacer = Pacer(CONFIG)
    pacer.begin(5)
    assert pacer.is_open(5)
    assert pacer.is_open(5 + 2 * SECOND - 1)
    assert not pacer.is_open(5 + 2 * SECOND)
    assert pacer.closes_at == 5 + 2 * SECOND


def test_silence_counts_from_the_end_of_the_last_write() -> None:
    pacer = Pacer(CONFIG)
    wrote(pacer, 0, SECOND, 4 * SECOND)
    assert pacer.opens_at(is_urgent=False, now=5 * SECOND) == 7 * SECOND


def test_what_is_urgent_joins_a_burst_that_could_still_be_going_on() -> None:
    pacer = Pacer(CONFIG)
    wrote(pacer, 0)
    assert pacer.opens_at(is_urgent=True, now=SECOND) == SECOND
    pacer.begin(SECOND)
    assert pacer.closes_at == 2 * SECOND


def test_what_is_urgent_breaks_the_silence_and_not_too_often() -> None:
    pacer = Pacer(CONFIG)
    wrote(pacer, 0)
    wrote(pacer, int(2.5 * SECOND))
    assert pacer.opens_at(is_urgent=True, now=5 * SECOND) == int(5.5 * SECOND)
    wrote(pacer, 5 * SECOND)
    assert pacer.opens_at(is_urgent=True, now=int(7.5 * SECOND)) == 8 * SECOND


@pytest.mark.parametrize("field", ["burst", "silence", "urgent_every"])
def test_times_that_are_none_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        PacingConfig(**{field: 0})


@given(st.lists(st.integers(1, 4 * SECOND), max_size=40))
def test_ordinary_bursts_are_never_closer_than_the_silence(gaps: list[int]) -> None:
    pacer, now, last = Pacer(CONFIG), 0, -NEVER
    for gap in gaps:
        now += gap
        if pacer.opens_at(is_urgent=False, now=now) <= now:
            assert now - last >= CONFIG.silence
            wrote(pacer, now)
            last = now
