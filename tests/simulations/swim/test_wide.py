"""The same events over wide-area links."""

import pytest

from failure_detect.clock import SECOND
from simulations.swim.wide import Wide
from tests.simulations.swim.scenes import scene


def test_a_crash_is_found_over_long_links() -> None:
    sample = Wide(event="crash", clusters=4).run(scene(12, profile="wan"))
    assert sample.counts["missed"] == 0
    assert min(sample.durations["first_detection"]) > SECOND


@pytest.mark.parametrize("event", ["mute", "deaf", "loss"])
def test_nobody_who_is_well_dies(event: str) -> None:
    counts = Wide(event=event, clusters=4, heavy=0.1).run(scene(8, profile="wan")).counts
    assert counts["false_positives_at_healthy"] == 0


def test_a_partition_runs_between_clusters() -> None:
    sample = Wide(event="partition", clusters=4, duration=20 * SECOND).run(scene(12, profile="wan"))
    assert sample.counts["never_healed"] == 0
    assert sample.counts["same_side_deaths"] == 0


def test_no_cluster_is_empty() -> None:
    assert Wide(clusters=30).needs == 30
