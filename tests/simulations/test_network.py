"""Datagrams: what becomes of them under every condition."""

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import DatagramReceived, SendDatagram
from failure_detect.identity import Address
from simulations.bandwidth import MEGABIT
from simulations.config import WorldConfig
from simulations.faults import Deaf, Degrade, Mute, Partition
from simulations.links import Burst, Delay, LinkQuality
from simulations.network import NetworkConfig, RoundTrips
from simulations.world import World
from tests.simulations.toys import (
    ScriptedMachine,
    pinger,
    pinging_world,
    say,
    scripted,
    scripted_world,
)

FAST = 20 * MILLISECOND


def rough_world(quality: LinkQuality, members: int = 2) -> World:
    config = WorldConfig(seed=3, members=members, network=NetworkConfig(quality=quality))
    return pinging_world(config, interval=FAST)


def test_a_datagram_arrives_from_its_true_sender_within_the_delay() -> None:
    world = scripted_world(2)
    say(world, 0, SendDatagram(world.member_id(1), world.address(1), b"hello"))
    sent_at = world.now
    assert world.run_until_true(lambda: bool(scripted(world, 1).got(DatagramReceived)), SECOND)
    assert 200 <= world.now - sent_at <= 2_000 + 10 * MILLISECOND
    assert scripted(world, 1).got(DatagramReceived) == [
        DatagramReceived(world.member_id(0), b"hello")
    ]
    assert world.traffic(0).datagram_bytes_sent == 5
    assert world.traffic(1).datagram_bytes_received == 5


def test_what_is_sealed_for_another_process_is_refused() -> None:
    world = scripted_world(3)
    say(world, 0, SendDatagram(world.member_id(2), world.address(1), b"hello"))
    world.run_until(SECOND)
    assert not scripted(world, 1).got(DatagramReceived)
    assert world.fates.misdirected == world.traffic(1).refused == 1


def test_nothing_comes_of_a_datagram_to_nowhere() -> None:
    world = scripted_world(2)
    say(world, 0, SendDatagram(world.member_id(1), Address("192.0.2.1:1"), b"hello"))
    gone = world.member_id(1)
    world.crash(1)
    say(world, 0, SendDatagram(gone, world.address(1), b"hello"))
    world.run_until(SECOND)
    assert world.fates.nowhere == 2


def test_loss_takes_its_share() -> None:
    world = rough_world(LinkQuality(loss=0.25))
    world.run_until(60 * SECOND)
    sent = world.total_traffic().datagrams_sent
    assert abs(world.fates.lost / sent - 0.25) < 0.02
    under_way = sent - world.fates.lost - world.total_traffic().datagrams_received
    assert 0 <= under_way <= 4
    world.check_vacuity()


def test_bursts_take_datagrams_in_rows() -> None:
    burst = Burst(good=900 * MILLISECOND, bad=100 * MILLISECOND)
    world = rough_world(LinkQuality(burst=burst))
    world.run_until(100 * SECOND)
    lost = world.fates.lost / world.total_traffic().datagrams_sent
    assert abs(lost - 0.1) < 0.03
    world.check_vacuity()


def test_duplicates_arrive_beside_their_originals() -> None:
    world = rough_world(LinkQuality(duplication=0.1))
    world.run_until(20 * SECOND)
    traffic = world.total_traffic()
    assert world.fates.duplicated > 100
    assert traffic.datagrams_received >= traffic.datagrams_sent + world.fates.duplicated - 4
    world.check_vacuity()


def test_reordered_datagrams_are_overtaken() -> None:
    quality = LinkQuality(reordering=0.5, reordering_delay=50 * MILLISECOND)
    config = WorldConfig(seed=3, members=2, network=NetworkConfig(quality=quality))
    world = World(config, ScriptedMachine)
    world.start_all()
    for number in range(20):
        data = bytes([number])
        say(world, 0, SendDatagram(world.member_id(1), world.address(1), data))
        world.run_until(world.now + 5 * MILLISECOND)
    world.run_until(world.now + SECOND)
    arrived = [e.data for e in scripted(world, 1).got(DatagramReceived) if hasattr(e, "data")]
    assert len(arrived) == 20
    assert arrived != sorted(arrived)
    world.check_vacuity()


def test_damaged_datagrams_are_refused_and_counted() -> None:
    world = rough_world(LinkQuality(corruption=0.2))
    world.run_until(10 * SECOND)
    assert world.fates.corrupted == world.total_traffic().refused > 100
    assert {e.data for m in (0, 1) for e, _ in pinger(world, m).events if hasattr(e, "data")} == {
        b"ping",
        b"ack",
    }
    world.check_vacuity()


def test_tampered_datagrams_reach_the_machine() -> None:
    world = rough_world(LinkQuality(tampering=0.2))
    world.run_until(10 * SECOND)
    strange = sum(
        e.data not in (b"ping", b"ack") for e, _ in pinger(world, 0).events if hasattr(e, "data")
    )
    assert strange > 40
    world.check_vacuity()


def test_datagrams_above_the_limit_vanish() -> None:
    world = rough_world(LinkQuality(size_limit=3))
    world.run_until(SECOND)
    assert world.total_traffic().datagrams_received == 0
    assert world.fates.oversize == world.total_traffic().datagrams_sent > 0


def test_a_mute_member_hears_and_a_deaf_one_is_heard() -> None:
    world = rough_world(LinkQuality())
    world.inject(Mute(until=SECOND, members=(0,)), Deaf(at=2 * SECOND, members=(0,)))
    world.run_until(SECOND)
    assert pinger(world, 1).heard(b"ping") == 0
    assert pinger(world, 0).heard(b"ping") > 40
    world.run_until(2 * SECOND)
    heard = pinger(world, 0).heard(b"ping")
    acks = pinger(world, 1).heard(b"ping")
    world.run_until(3 * SECOND)
    assert pinger(world, 0).heard(b"ping") == heard
    assert pinger(world, 1).heard(b"ping") > acks + 40
    world.check_vacuity()


def test_one_way_cuts_and_partitions_stop_what_they_say_until_they_end() -> None:
    world = rough_world(LinkQuality(), members=4)
    block = LinkQuality(blocks_datagrams=True)
    world.inject(
        Degrade(at=SECOND, until=2 * SECOND, quality=block, sources=(0,), targets=(1,)),
        Partition(at=3 * SECOND, until=4 * SECOND, groups=((0, 1), (2, 3))),
    )
    world.run_until(SECOND)
    assert not world.can_reach(0, 1)
    assert world.can_reach(1, 0)
    assert world.can_reach(0, 2)
    world.run_until(3 * SECOND)
    assert [world.can_reach(0, other) for other in (1, 2, 3)] == [True, False, False]
    assert world.fates.blocked > 0
    world.run_until(4 * SECOND)
    assert all(world.can_reach(one, other) for one in range(4) for other in range(4))
    world.check_vacuity()


def test_clusters_are_as_far_from_each_other_as_their_pair_says() -> None:
    network = NetworkConfig.wan(loss=0.0)
    config = WorldConfig(seed=5, members=9, clusters=3, network=network)
    world = scripted_world_of(config)
    assert (world.group(0), world.group(8)) == ("cluster-0", "cluster-2")
    near, far = set[int](), set[int]()
    for _ in range(40):
        near.add(crossing(world, 0, 1))
        far.add(crossing(world, 0, 8))
    assert max(near) <= 2_000
    assert 10_000 * 0.8 <= min(far) < max(far) <= 75_000 * 1.2
    assert max(far) / min(far) < 1.5


def test_a_network_says_what_is_wrong_with_it() -> None:
    with pytest.raises(ValueError, match="shortest"):
        RoundTrips(low=2, high=1)
    with pytest.raises(ValueError, match="jitter"):
        RoundTrips(jitter=2.0)
    with pytest.raises(ValueError, match="at least one segment"):
        NetworkConfig(first_window=0)


STEADY = Delay(low=10 * MILLISECOND)


def limited_world(network: NetworkConfig, members: int = 3) -> World:
    return scripted_world_of(WorldConfig(seed=1, members=members, network=network))


def arrivals(world: World, member: int) -> list[int]:
    """When datagrams arrived there, in microseconds of the world."""
    epoch = world.local_time(member) - world.now
    events = scripted(world, member).events
    return [at - epoch for event, at in events if isinstance(event, DatagramReceived)]


def datagram(world: World, target: int, size: int) -> SendDatagram:
    return SendDatagram(world.member_id(target), world.address(target), bytes(size))


def test_a_narrow_access_link_lets_datagrams_out_one_after_the_other() -> None:
    world = limited_world(NetworkConfig(delay=STEADY, bandwidths=((0, 1 * MEGABIT),)))
    say(world, 0, datagram(world, 1, 940), datagram(world, 2, 440), datagram(world, 1, 65))
    world.run_until(SECOND)
    # Each takes 8 us for a byte, with 60 bytes of headers and sealing.
    assert arrivals(world, 1) == [18_000, 23_000]
    assert arrivals(world, 2) == [22_000]
    assert world.traffic(0).wire_bytes_sent == 940 + 440 + 65 + 3 * 60


def test_those_who_send_to_one_share_its_access_link() -> None:
    world = limited_world(NetworkConfig(delay=STEADY, bandwidths=((2, 1 * MEGABIT),)))
    for sender in (0, 1):
        say(world, sender, datagram(world, 2, 940))
    world.run_until(SECOND)
    assert arrivals(world, 2) == [10_000, 18_000]


def test_an_access_link_may_be_wider_than_all_others() -> None:
    network = NetworkConfig(delay=STEADY, bandwidth=1 * MEGABIT, bandwidths=((0, None), (1, None)))
    world = limited_world(network)
    say(world, 0, datagram(world, 1, 940), datagram(world, 1, 940))
    say(world, 2, datagram(world, 1, 940))
    world.run_until(SECOND)
    assert arrivals(world, 1) == [10_000, 10_000, 18_000]


def test_what_is_lost_on_its_way_has_taken_its_time_to_leave() -> None:
    lost = LinkQuality(size_limit=1_000)
    network = NetworkConfig(delay=STEADY, quality=lost, bandwidth=1 * MEGABIT)
    world = limited_world(network)
    say(world, 0, datagram(world, 1, 1_440), datagram(world, 1, 65))
    world.run_until(SECOND)
    assert arrivals(world, 1) == [23_000]


def test_duplicates_and_tails_wait_for_the_access_link_too() -> None:
    rough = LinkQuality(duplication=1.0)
    network = NetworkConfig(
        delay=Delay(low=10 * MILLISECOND, tail=1), quality=rough, bandwidth=1 * MEGABIT
    )
    world = limited_world(network, members=2)
    say(world, 0, datagram(world, 1, 12_440), datagram(world, 1, 65))
    world.run_until(SECOND)
    assert len(arrivals(world, 1)) == 4
    assert min(arrivals(world, 1)) >= 110_000


def test_limits_that_nothing_reaches_change_nothing() -> None:
    def heard(bandwidth: int | None) -> list[int]:
        quality = LinkQuality(loss=0.1, duplication=0.1)
        network = NetworkConfig(quality=quality, bandwidth=bandwidth)
        config = WorldConfig(seed=3, members=3, network=network)
        world = pinging_world(config, interval=FAST)
        world.run_until(5 * SECOND)
        return [at for _, at in pinger(world, 1).events]

    free, wide = heard(None), heard(10**13)
    assert len(free) == len(wide) > 100
    assert all(0 <= late - early <= 8 for early, late in zip(free, wide, strict=True))


def scripted_world_of(config: WorldConfig) -> World:
    world = World(config, ScriptedMachine)
    world.start_all()
    return world


def crossing(world: World, source: int, target: int) -> int:
    """How long one datagram takes, in microseconds."""
    before = len(scripted(world, target).got(DatagramReceived))
    say(world, source, SendDatagram(world.member_id(target), world.address(target), b"x"))
    sent_at = world.now
    world.run_until(sent_at + SECOND)
    received = [at for e, at in scripted(world, target).events if isinstance(e, DatagramReceived)]
    assert len(received) == before + 1
    epoch = world.local_time(target) - world.now
    return received[-1] - epoch - sent_at
