"""Fleets of unequal trust come to rest."""

from failure_detect.clock import SECOND
from simulations.sets.adoptions import ChangeLog
from simulations.sets.safety import check_held
from simulations.sets.stage import trusts_all
from simulations.sets.trusting import RingTrust, UnequalTrust, comparisons
from simulations.trials import Scene
from tests.simulations.sets.fleets import small_stage


def test_idle_traffic_is_that_of_equal_trust() -> None:
    small = UnequalTrust(
        clusters=4,
        nodes=5,
        bridges=2,
        endpoints=20,
        trusted=2,
        settling=30 * SECOND,
        duration=20 * SECOND,
        changing=20 * SECOND,
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
    # Changes that few share are overheard: all but nobody compares because of them.
    changing = row["changing_comparisons_per_minute"]
    assert isinstance(changing, float)
    assert changing < 2


def test_a_ring_trusts_those_that_follow() -> None:
    trust = RingTrust(clusters=5, trusted=2)
    found = [[other for other in range(5) if trust(viewer, other)] for viewer in range(5)]
    assert found == [[1, 2], [2, 3], [3, 4], [0, 4], [0, 1]]


def test_what_both_trust_may_change_without_a_comparison_of_what_they_do_not() -> None:
    strangers = {(1, 2), (2, 1)}
    stage = small_stage(
        trusts=lambda viewer, other: (
            None if (viewer, other) in strangers else trusts_all(viewer, other)
        )
    )
    stage.warm(30 * SECOND)
    before, log = comparisons(stage), ChangeLog(stage)
    assert before > 0
    for _ in range(10):
        log.flip(0)
        stage.run(5 * SECOND)
    assert comparisons(stage) == before
    assert all(len(log.arrivals(change)) == 5 for change in log.changes)
    check_held(stage, 2, [stage.origin(0), stage.origin(1)])


def test_who_trusts_all_others_trusts_no_less_than_they_do() -> None:
    assert UnequalTrust(clusters=4, trusted=2).fault() is None
    assert UnequalTrust(clusters=3, trusted=6).fault() == (
        "--trusted 6: there are 2 others, and some must be strangers"
    )
