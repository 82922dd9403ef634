"""A window tells what came before, in any order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.replay import ReplayWindow


@given(st.lists(st.integers(1, 400), max_size=200), st.sampled_from([64, 100, 256]))
def test_it_agrees_with_a_memory_of_everything(counters: list[int], width: int) -> None:
    window, seen = ReplayWindow(width), set[int]()
    for counter in counters:
        top = max(seen, default=0)
        expected = counter not in seen and counter > top - width
        assert window.is_new(counter) == expected
        if expected:
            window.mark(counter)
            seen.add(counter)
        assert window.top == max(seen, default=0)


def test_a_leap_forgets_what_is_left_behind() -> None:
    window = ReplayWindow(64)
    window.mark(5)
    window.mark(1 << 47)
    assert not window.is_new(5)
    assert not window.is_new((1 << 47) - 64)
    assert window.is_new((1 << 47) - 63)


def test_what_was_sealed_before_the_first_is_not_new() -> None:
    window = ReplayWindow()
    window.begin_at(100)
    window.mark(100)
    assert not window.is_new(99)
    assert window.is_new(101)
    window.begin_at(50)
    assert not window.is_new(99)


def test_nought_is_no_counter() -> None:
    assert not ReplayWindow().is_new(0)


@pytest.mark.parametrize("width", [0, 63, 1_025])
def test_a_width_has_bounds(width: int) -> None:
    with pytest.raises(ValueError, match=f"^width: must be from 64 to 1024, is {width}$"):
        ReplayWindow(width)
