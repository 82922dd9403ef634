"""Two members speak the highest version that both know, or none."""

import pytest

from agent.wire.reasons import Reason, WireRefused
from agent.wire.versions import agreed


@pytest.mark.parametrize(
    ("theirs", "ours", "version"),
    [((1, 1), (1, 1), 1), ((1, 3), (2, 5), 3), ((2, 5), (1, 3), 3), ((3, 3), (1, 3), 3)],
)
def test_the_highest_that_both_speak_is_spoken(
    theirs: tuple[int, int], ours: tuple[int, int], version: int
) -> None:
    assert agreed(theirs, ours) == version


@pytest.mark.parametrize("theirs", [(2, 3), (0, 0)])
def test_where_there_is_none_both_ranges_are_named(theirs: tuple[int, int]) -> None:
    with pytest.raises(WireRefused, match=r"speaks versions \d to \d, this agent 1 to 1") as caught:
        agreed(theirs, (1, 1))
    assert caught.value.reason == Reason.VERSION
