"""A change is followed from its version to every bridge."""

from dataclasses import replace

import pytest

from failure_detect.clock import SECOND
from simulations.faults import Partition
from simulations.samples import Sample
from simulations.sets.adoptions import ChangeLog, moved, moved_in_quiet
from simulations.sets.safety import UnsafeError
from tests.simulations.sets.fleets import small_stage


def test_every_bridge_but_the_publisher_has_a_change_some_time_after_it() -> None:
    stage = small_stage()
    stage.warm()
    log = ChangeLog(stage)
    log.flip(1)
    stage.run(5 * SECOND)
    (change,) = log.changes
    version = log.version(change)
    assert version is not None
    assert version.place in stage.bridges_of(1)
    assert version.at == change.at
    arrivals = log.arrivals(change)
    assert set(arrivals) == set(stage.running()) - {version.place}
    assert all(change.at < at < change.at + 5 * SECOND for at in arrivals.values())
    assert log.has_come(version, stage.running()[-1])
    sample = Sample()
    log.measure(sample)
    assert sample.durations["everywhere"] == [max(sample.durations["adoption"])]
    assert len(sample.durations["adoption"]) == len(arrivals)


def test_a_later_change_has_a_later_version_and_an_earlier_one_is_no_arrival_of_it() -> None:
    stage = small_stage()
    stage.warm()
    log = ChangeLog(stage)
    for _ in range(2):
        log.flip(1)
        stage.run(3 * SECOND)
    first, second = map(log.version, log.changes)
    assert first is not None
    assert second is not None
    assert second.at == log.changes[1].at > first.at
    assert second.order > first.order
    arrivals = log.arrivals(log.changes[1])
    seen = stage.sightings[stage.origin(1)]
    at = next(number for number, each in enumerate(seen) if each.order == second.order)
    seen[at:at] = [replace(each, order=first.order, at=second.at) for each in seen[at:]]
    assert log.arrivals(log.changes[1]) == arrivals


def test_a_change_that_did_not_come_everywhere_is_no_measure() -> None:
    stage = small_stage()
    stage.warm()
    log = ChangeLog(stage)
    cut_off = stage.running()[-1]
    stage.world.strike(Partition(groups=((cut_off,), tuple(stage.running()[:-1]))))
    log.flip(0)
    stage.run(3 * SECOND)
    with pytest.raises(UnsafeError, match=rf"\[{cut_off}\] never adopted"):
        log.arrivals(log.changes[0])


def test_a_change_that_was_undone_at_once_has_no_version() -> None:
    stage = small_stage()
    stage.warm()
    log = ChangeLog(stage)
    log.say(0, stage.exports[0].services[0])
    stage.run(SECOND)
    assert log.version(log.changes[0]) is None
    assert log.arrivals(log.changes[0]) == {}


def test_a_quiet_fleet_moves_as_much_as_its_twin() -> None:
    one, other = small_stage(), small_stage()
    one.warm()
    other.warm()
    began, before = one.world.now, moved(one)
    one.run(5 * SECOND)
    assert moved(one) - before == moved_in_quiet(other, began, 5 * SECOND) > 0
