from failure_detect.clock import SECOND
from simulations.faults import Degrade, Mute, Partition, Pause, cut
from simulations.links import LinkQuality
from tests.simulations.toys import scripted_world


def test_a_fault_without_an_end_lasts_until_it_is_mended() -> None:
    world = scripted_world(2)
    strike = world.strike(Pause(members=(1,)))
    world.run_until(100 * SECOND)
    assert world.is_faulty(1)
    world.mend(strike)
    world.run_until(200 * SECOND)
    assert not world.is_faulty(1)
    assert strike.ended == 100 * SECOND
    world.mend(strike)
    assert strike.ended == 100 * SECOND


def test_a_fault_that_was_mended_does_not_end_again() -> None:
    world = scripted_world(2)
    strike = world.strike(Mute(until=2 * SECOND, members=(1,)))
    world.run_until(SECOND)
    world.mend(strike)
    world.run_until(3 * SECOND)
    assert strike.ended == SECOND
    assert not world.is_faulty(1)


def test_strikes_know_whom_they_concern() -> None:
    world = scripted_world(4)
    pause = world.strike(Pause(members=(1,)))
    one_way = world.strike(cut((0,), (1,)))
    lossy = world.strike(
        Degrade(quality=LinkQuality(loss=0.5), sources=(2,), targets=(3,), both_ways=True)
    )
    partition = world.strike(Partition(groups=((0, 1), (2, 3)), streams=False))
    assert [strike.touches(1) for strike in world.strikes] == [True, False, False, False]
    assert one_way.covers(0, 1)
    assert one_way.stops(0, 1)
    assert not one_way.covers(1, 0)
    assert lossy.covers(3, 2)
    assert not lossy.stops(3, 2)
    assert partition.stops(0, 3)
    assert not partition.stops(0, 1)
    assert not pause.covers(0, 1)
    assert not pause.stops(0, 1)
    assert world.strikes == [pause, one_way, lossy, partition]
