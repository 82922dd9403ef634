"""Networks part, lose and recover."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from simulations.swim.networks import FlipFlop, Join, Loss, Parted
from tests.simulations.swim.scenes import scene


def test_a_pool_that_was_parted_is_whole_again() -> None:
    sample = Parted(duration=20 * SECOND).run(scene(8))
    (healed,) = sample.durations["heal"]
    assert 0 < healed < 20 * SECOND
    assert sample.counts["never_healed"] == sample.counts["late_false_deaths"] == 0
    assert sample.counts["same_side_deaths"] == sample.counts["false_positives"] == 0


def test_a_pool_that_never_comes_together_is_counted() -> None:
    parted = Parted(duration=90 * SECOND, limit=10 * SECOND, after=SECOND)
    sample = parted.run(scene(8, "memberlist"))
    assert sample.durations == {}
    assert sample.counts["never_healed"] == 1


def test_a_cut_so_short_that_nobody_noticed_has_healed_at_once() -> None:
    sample = Parted(duration=300 * MILLISECOND, after=SECOND).run(scene(6))
    assert sample.durations["heal"] == [0]


def test_sides_may_be_of_different_size() -> None:
    assert Parted(side=5).needs == 6
    assert Parted().needs == 2
    sample = Parted(side=1, duration=8 * SECOND, after=SECOND, grace=0).run(scene(5))
    assert sample.counts["never_healed"] == 0


@pytest.mark.parametrize("flavour", ["ours", "swim"])
def test_loss_is_felt_everywhere(flavour: str) -> None:
    lossless = Loss(loss=0.03, duration=10 * SECOND).run(scene(8, flavour)).counts
    lossy = Loss(loss=0.25, duration=10 * SECOND).run(scene(8, flavour)).counts
    assert lossy["datagrams"] > lossless["datagrams"]


def test_flipping_links_do_no_harm_to_others() -> None:
    flip = FlipFlop(share=0.1, on=5 * SECOND, off=5 * SECOND, duration=20 * SECOND)
    counts = flip.run(scene(10)).counts
    assert counts["false_positives"] == 0
    assert "troubled_deaths" in counts


@pytest.mark.parametrize("flavour", ["ours", "memberlist"])
def test_all_join_through_one_seed(flavour: str) -> None:
    sample = Join(loss=0.05, after=SECOND).run(scene(6, flavour))
    (joined,) = sample.durations["join"]
    assert 0 < joined < 60 * SECOND
    assert sample.counts["never_joined"] == 0


def test_who_has_not_joined_in_time_is_counted() -> None:
    sample = Join(limit=SECOND // 5, after=0, loss=0.1, within=10 * MILLISECOND).run(scene(6))
    assert sample.counts["never_joined"] + len(sample.durations.get("join", [])) == 1
