"""Fleets of unequal trust come to rest."""

from failure_detect.clock import SECOND
from simulations.sets.trusting import RingTrust, UnequalTrust
from simulations.trials import Scene


def test_idle_traffic_is_that_of_equal_trust() -> None:
    small = UnequalTrust(
        clusters=4,
        nodes=5,
        bridges=2,
        endpoints=20,
        trusted=2,
        settling=30 * SECOND,
        duration=20 * SECOND,
    )
    sample = small.run(Scene(seed=1))
    row = small.derive(sample.counts)
    ratio, idle = row["idle_ratio"], row["idle_bytes_per_member_s"]
    assert isinstance(ratio, float)
    assert isinstance(idle, float)
    assert 0.9 < ratio < 1.1
    assert 50 < idle < 2_000
    assert row["comparisons_per_minute"] == 0
    assert sample.counts["settling_comparisons"] > 0


def test_a_ring_trusts_those_that_follow() -> None:
    trust = RingTrust(clusters=5, trusted=2)
    found = [[other for other in range(5) if trust(viewer, other)] for viewer in range(5)]
    assert found == [[1, 2], [2, 3], [3, 4], [0, 4], [0, 1]]
