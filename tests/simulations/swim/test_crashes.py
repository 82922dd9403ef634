"""Crashes are found, and idleness is cheap."""

import pytest

from failure_detect.clock import SECOND
from simulations.swim.crashes import Crash, Idle, MassCrash
from tests.simulations.swim.scenes import scene


@pytest.mark.parametrize("flavour", ["ours", "memberlist"])
def test_an_idle_pool_only_pings(flavour: str) -> None:
    counts = Idle(duration=10 * SECOND).run(scene(8, flavour)).counts
    assert counts["member_us"] == 80 * SECOND
    assert 120 < counts["datagrams"] < 240
    assert counts["false_positives"] == 0


def test_the_fingerprint_of_the_layer_above_is_paid_for_in_every_probe_and_answer() -> None:
    bare, full = (
        Idle(duration=10 * SECOND, fingerprint=size).run(scene(8)).counts for size in (0, 16)
    )
    assert full["datagrams"] == bare["datagrams"]
    assert full["datagram_bytes"] - bare["datagram_bytes"] == 16 * bare["datagrams"]


@pytest.mark.parametrize(("flavour", "soon"), [("ours", 5), ("lifeguard", 12)])
@pytest.mark.parametrize("what", ["node", "agent"])
def test_each_crash_is_found_by_all(flavour: str, soon: int, what: str) -> None:
    sample = Crash(crashes=2, what=what).run(scene(8, flavour))
    assert sample.counts["failures"] == 2
    assert sample.counts["missed"] == sample.counts["false_positives"] == 0
    assert len(sample.durations["full_detection"]) == 2
    assert max(sample.durations["full_detection"]) < soon * SECOND


def test_the_last_of_two_finds_the_crash_of_the_other() -> None:
    sample = Crash(crashes=1).run(scene(2))
    assert sample.counts["missed"] == 0


def test_crashes_do_not_come_at_one_phase_of_the_probe_period() -> None:
    runs = [Crash(crashes=1).run(scene(4, seed=seed)) for seed in range(6)]
    firsts = [first for sample in runs for first in sample.durations["first_detection"]]
    assert max(firsts) - min(firsts) > SECOND // 10


def test_many_crashes_at_once_are_all_found() -> None:
    sample = MassCrash(crashes=3, after=SECOND).run(scene(9))
    assert len(sample.durations["full_detection"]) == 3
    assert sample.counts["false_positives"] == 0


def test_somebody_must_be_left_to_see_it() -> None:
    assert Crash(crashes=5).needs == MassCrash(crashes=5).needs == 6
