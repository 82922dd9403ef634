"""One bridge takes in a fleet that is small, and is changed."""

import pytest

from simulations.sets.capacity import Capacity
from simulations.trials import Scene


class CountingMeter:
    """Each look at the clock takes a millisecond; memory grows by a mebibyte."""

    def __init__(self) -> None:
        self.looks = 0

    def processor_us(self) -> int:
        self.looks += 1
        return self.looks * 1_000

    def resident_bytes(self) -> int:
        self.looks += 1
        return self.looks << 20


def test_everything_is_taken_in_and_each_change_is_one_service() -> None:
    experiment = Capacity(clusters=3, services=4, endpoints=20, changes=5)
    sample = experiment.run(Scene(seed=1, meter=CountingMeter()))
    assert sample.amounts["endpoints"] == [3 * 4 * 20]
    assert len(sample.durations["take_in"]) == 1
    assert sample.durations["change"] == [1_000] * 5
    assert sample.amounts["resident_mb"] == [3]  # The third look.


def test_without_a_meter_it_runs_all_the_same() -> None:
    sample = Capacity(clusters=1, services=1, endpoints=1, changes=1).run(Scene(seed=2))
    assert sample.durations["take_in"] == [0]


@pytest.mark.parametrize("seed", [1, 2])
def test_equal_seeds_make_equal_fleets(seed: int) -> None:
    experiment = Capacity(clusters=2, services=2, endpoints=17, changes=1)
    one, two = (experiment.run(Scene(seed=seed)).amounts for _ in range(2))
    assert one == two
