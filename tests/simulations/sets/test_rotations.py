"""A key is followed by another without a loss, and a revoked one is worth nothing."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND
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


def test_a_restart_neither_ends_the_hold_nor_begins_it_anew() -> None:
    hold = 16 * SECOND
    sample = Revoke(clusters=3, successor="never", restart="half-way", hold=hold).run(Scene(seed=1))
    assert sample.counts["restarted"] == len(sample.durations["removed"]) == 2 * 3
    assert hold <= min(sample.durations["removed"])
    assert max(sample.durations["removed"]) < hold + SECOND
    for name in ("hold_short", "hold_over"):
        assert len(sample.durations[name]) == 2 * 3
        assert max(sample.durations[name]) < 10 * MILLISECOND


def test_after_a_restart_a_successor_brings_back_what_was_revoked() -> None:
    revoke = Revoke(clusters=3, successor="comes", restart="half-way", hold=16 * SECOND)
    sample = revoke.run(Scene(seed=1))
    assert sample.counts["restarted"] == len(sample.durations["restored"]) == 2 * 3


def test_within_too_short_a_hold_nothing_can_restart() -> None:
    short = Revoke(restart="half-way", hold=5 * SECOND)
    assert short.fault() == "--hold 5: at least 12 s for a restart"
    assert Revoke(hold=5 * SECOND).fault() is None
