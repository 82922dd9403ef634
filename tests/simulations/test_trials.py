"""A run begins quiet, counts from then on, and fails where it shows nothing or breaks a rule."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from simulations.checking import ViolationsFoundError
from simulations.faults import Degrade, Pause
from simulations.flavours import Setting
from simulations.links import LinkQuality
from simulations.trials import QUIET, Scene, Trial, rested
from simulations.truth import VacuityError


def scene(flavour: str = "ours", members: int = 6, seed: int = 3) -> Scene:
    return Scene(seed=seed, members=members, setting=Setting(flavour))


def test_nothing_of_the_quiet_time_is_counted() -> None:
    trial = rested(scene())
    assert trial.world.now >= QUIET
    assert trial.finish().counts["member_us"] == 0
    trial.run(10 * SECOND)
    counts = trial.finish().counts
    assert counts["member_us"] == 60 * SECOND
    assert 60 <= counts["datagrams"] <= 240
    assert counts["false_positives"] == counts["false_positives_at_healthy"] == 0


def test_the_troubled_are_drawn_from_the_seed() -> None:
    one, same, other = (rested(scene(seed=seed), 3).ledger.troubled for seed in (1, 1, 2))
    assert one == same
    assert len(one) == 3
    assert one != other


def test_beginnings_are_spread_over_whole_probe_periods() -> None:
    trials = [rested(scene(seed=seed)) for seed in range(8)]
    spread = {trial.world.now - QUIET for trial in trials}
    assert len(spread) == 8
    assert max(spread) < trials[0].jitter
    assert trials[0].jitter % 800_000 == 0


def test_a_crash_is_counted_with_its_latencies_and_the_time_that_was_lost() -> None:
    trial = rested(scene())
    trial.ledger.expect(trial.world, 4)
    trial.world.crash_nodes(4)
    began = trial.world.now
    trial.wait_until_known(60 * SECOND)
    sample = trial.finish_with_detection()
    (first,), (full,) = sample.durations["first_detection"], sample.durations["full_detection"]
    assert 0 < first <= full == trial.world.now - began
    assert (sample.counts["failures"], sample.counts["missed"]) == (1, 0)
    assert sample.counts["member_us"] == 5 * (trial.world.now - began)


def test_what_nobody_noticed_is_missed() -> None:
    trial = rested(scene())
    trial.ledger.expect(trial.world, 4)
    trial.world.crash_nodes(4)
    trial.wait_until_known(SECOND)
    sample = trial.finish_with_detection()
    assert sample.durations == {}
    assert sample.counts["missed"] == 1


def test_different_members_are_chosen() -> None:
    trial = Trial(scene())
    chosen = trial.choose(4, [0, 1, 2, 3])
    assert sorted(chosen) == [0, 1, 2, 3]


@pytest.mark.parametrize("flavour", ["ours", "swim"])
def test_a_knob_without_effect_fails_the_run(flavour: str) -> None:
    trial = rested(scene(flavour))
    trial.world.strike(Degrade(quality=LinkQuality(loss=1e-9)))
    trial.run(SECOND)
    with pytest.raises(VacuityError, match=r"degrade\.loss"):
        trial.finish()


def test_of_many_short_faults_some_may_be_in_vain() -> None:
    trial = rested(scene())
    for _ in range(6):
        now = trial.world.now
        trial.world.inject(Pause(at=now, until=now + 200 * MILLISECOND, members=(2,)))
        trial.run(2 * SECOND)
    assert "pause" in trial.world.idle_knobs()
    trial.finish()


def test_a_broken_rule_fails_a_run_of_ours() -> None:
    trial = rested(scene())
    assert trial.referees is not None
    trial.referees.all[0].report(trial.world.now, 2, "something that cannot be")
    with pytest.raises(ViolationsFoundError, match="something that cannot be"):
        trial.finish()
    assert rested(scene("swim")).referees is None


def test_a_pause_that_is_seen_passes() -> None:
    trial = rested(scene())
    now = trial.world.now
    trial.world.inject(Pause(at=now, until=now + SECOND, members=(2,)))
    trial.run(5 * SECOND)
    assert trial.finish().counts["false_positives"] == 0
