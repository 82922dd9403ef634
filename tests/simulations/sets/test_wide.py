"""Experiments over wide-area links have the options of these, and their own."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from failure_detect.clock import MILLISECOND
from simulations import options
from simulations.bandwidth import KILOBIT, MEGABIT
from simulations.experiment import Plan
from simulations.options import options_of
from simulations.samples import Sample
from simulations.sets.wide import WideExperiment
from simulations.trials import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Far(WideExperiment):
    plan: ClassVar[Plan] = Plan(name="far", title="far away", columns=())

    longest: int = options.duration(300 * MILLISECOND, "the longest, by far")
    clusters: int = options.count(3, "how many clusters")

    def run(self, scene: Scene) -> Sample:
        return Sample()


def test_options_of_the_links_come_first_and_can_have_other_defaults() -> None:
    assert [option.name for option in options_of(Far)] == [
        "shortest",
        "longest",
        "jitter",
        "loss",
        "megabits",
        "clusters",
    ]
    assert Far().longest == 300 * MILLISECOND


def test_the_network_is_as_the_options_say() -> None:
    network = Far(megabits=10, loss=0.25).network(slow=(3, 4), bits_per_s=64 * KILOBIT)
    assert network.bandwidth == 10 * MEGABIT
    assert network.bandwidths == ((3, 64_000), (4, 64_000))
    assert (network.between.low, network.between.high) == (20_000, 300_000)
    assert (network.quality.loss, network.first_window) == (0.25, 10)


def test_who_has_no_run_is_no_experiment() -> None:
    with pytest.raises(TypeError, match="abstract"):
        WideExperiment()  # type: ignore[abstract]  # That is what is tested.


def test_round_trips_the_wrong_way_round_are_said_before_anything_runs() -> None:
    assert Far(shortest=300 * MILLISECOND).fault() is None
    said = Far(shortest=400 * MILLISECOND).fault()
    assert said == "--shortest 400ms: the longest is 300ms"
