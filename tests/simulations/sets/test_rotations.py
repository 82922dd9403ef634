"""A key is followed by another without a loss, and a revoked one is worth nothing."""

import pytest

from failure_detect.clock import SECOND
from simulations.sets.rotations import Revoke, Rotate
from simulations.trials import Scene


def test_who_is_told_late_of_a_new_key_loses_nothing_and_follows() -> None:
    sample = Rotate(clusters=4, trust="names", late=1).run(Scene(seed=1))
    assert len(sample.durations["rotated"]) == 2 * 3
    assert len(sample.durations["late"]) == 3
    assert max(sample.durations["rotated_everywhere"]) < SECOND


def test_a_certificate_is_told_to_nobody() -> None:
    sample = Rotate(clusters=4, trust="fleet").run(Scene(seed=1))
    assert len(sample.durations["rotated"]) == 3 * 3
    assert "late" not in sample.durations


def test_a_successor_brings_back_what_was_revoked() -> None:
    sample = Revoke(clusters=4, successor="comes").run(Scene(seed=1))
    assert len(sample.durations["revoked"]) == len(sample.durations["restored"]) == 3 * 3
    assert max(sample.durations["revoked"]) < SECOND
    assert max(sample.durations["restored"]) < 2 * SECOND


@pytest.mark.parametrize("hold", [10 * SECOND, 20 * SECOND])
def test_without_one_it_is_removed_after_the_hold(hold: int) -> None:
    sample = Revoke(clusters=4, successor="never", hold=hold).run(Scene(seed=1))
    assert len(sample.durations["removed"]) == 3 * 3
    assert hold <= min(sample.durations["removed"])
    assert max(sample.durations["removed"]) < hold + SECOND
