"""The ablation takes its counts from one experiment and its latency from another."""

import pytest

from failure_detect.clock import SECOND
from simulations.flavours import FLAVOURS
from simulations.swim.ablation import Ablation
from tests.simulations.swim.scenes import scene


@pytest.mark.parametrize("flavour", ["ours", "swim+buddy"])
def test_counts_and_latencies_are_put_together(flavour: str) -> None:
    ablation = Ablation(
        concurrent=1,
        blocked=2 * SECOND,
        between=SECOND,
        duration=10 * SECOND,
        threshold=20 * SECOND,
    )
    sample = ablation.run(scene(6, flavour))
    assert (sample.counts["failures"], sample.counts["missed"]) == (1, 0)
    assert sample.counts["member_us"] == 6 * 10 * SECOND
    assert len(sample.durations["first_detection"]) == 1
    row = ablation.derive(sample.counts)
    assert row["messages"] == sample.counts["datagrams"] + sample.counts["streams"]
    assert row["false_positives_per_run"] is not None


def test_there_is_a_row_for_everybody() -> None:
    assert sorted(Ablation.plan.configurations) == sorted(FLAVOURS)
    assert Ablation(concurrent=16).needs == 18
