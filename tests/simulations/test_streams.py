"""Requests, responses and connects to nodes, as TCP would have them."""

from dataclasses import replace

from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import (
    ConnectFinished,
    ConnectNode,
    Effect,
    Event,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SeedsResolved,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address
from simulations.bandwidth import MEGABIT
from simulations.config import WorldConfig
from simulations.faults import Deaf, Degrade, Mute, Partition, Pause
from simulations.links import Delay, LinkQuality
from simulations.network import NetworkConfig
from simulations.world import World
from tests.simulations.toys import (
    ScriptedMachine,
    connect,
    pinger,
    pinging_world,
    request,
    say,
    scripted,
    scripted_world,
)

STEADY = NetworkConfig(delay=Delay(low=10 * MILLISECOND))
STREAMS_BLOCKED = LinkQuality(blocks_streams=True)


def steady_world(members: int = 2) -> World:
    """Every way takes 10 ms; the members answer requests, and ping nobody."""
    return pinging_world(WorldConfig(seed=1, members=members, network=STEADY), 3_600 * SECOND)


def ask(world: World, timeout: int = 5 * SECOND) -> None:
    """Let member 0 send a request to member 1 now."""
    order(world, request(world, 0, 1, timeout=timeout))
    world.run_until(world.now)


def order(world: World, what: Effect) -> None:
    """Let member 0 order this as soon as the world moves."""
    pinger(world, 0).orders.append(what)
    world.deliver(0, SeedsResolved(()))


def answered_at(world: World) -> int | None:
    """When member 0 had its answer, in microseconds of the world."""
    return heard_at(world, ResponseReceived)


def failed_at(world: World) -> int | None:
    return heard_at(world, RequestFailed)


def heard_at(world: World, kind: type[Event]) -> int | None:
    epoch = world.local_time(0) - world.now
    times = [at - epoch for e, at in pinger(world, 0).events if isinstance(e, kind)]
    return times[-1] if times else None


def test_an_answer_takes_two_round_trips_and_its_bytes_are_counted() -> None:
    world = steady_world()
    ask(world)
    world.run_until(SECOND)
    assert answered_at(world) == 40 * MILLISECOND
    assert pinger(world, 1).got(RequestReceived) == [
        RequestReceived(1, world.member_id(0), b"hello")
    ]
    assert pinger(world, 0).got(ResponseReceived) == [
        ResponseReceived(1, world.member_id(1), b"re: hello")
    ]
    assert world.traffic(0).request_bytes_sent == world.traffic(0).stream_bytes_sent == 5
    assert world.traffic(1).response_bytes_sent == 9
    world.run_until(10 * SECOND)  # The time runs out, of what is over already.
    assert pinger(world, 0).got(RequestFailed) == []


def test_a_lost_syn_costs_a_second_and_then_two() -> None:
    world = steady_world()
    world.inject(Degrade(until=2 * SECOND, quality=STREAMS_BLOCKED, sources=(0,)))
    world.run_until(0)
    ask(world)
    world.run_until(5 * SECOND)
    assert answered_at(world) == 3 * SECOND + 40 * MILLISECOND
    world.check_vacuity()


def test_a_lost_answer_to_a_syn_costs_as_much() -> None:
    world = steady_world()
    world.inject(Mute(until=500 * MILLISECOND, members=(1,), datagrams=False, streams=True))
    world.run_until(0)
    ask(world)
    world.run_until(5 * SECOND)
    assert answered_at(world) == SECOND + 40 * MILLISECOND
    world.check_vacuity()


def test_a_stream_in_flight_stalls_at_a_cut_and_goes_on_after_it() -> None:
    world = steady_world()
    ask(world)
    world.inject(Partition(at=25 * MILLISECOND, until=SECOND, groups=((0,), (1,))))
    world.run_until(5 * SECOND)
    # The response is sent at 30 ms, and again 200, 600 and 1,400 ms later.
    assert answered_at(world) == 1_440 * MILLISECOND


def test_a_stream_whose_time_runs_out_at_a_cut_fails_once() -> None:
    world = steady_world()
    ask(world, timeout=SECOND)
    world.inject(Partition(at=25 * MILLISECOND, until=3 * SECOND, groups=((0,), (1,))))
    world.run_until(5 * SECOND)
    assert failed_at(world) == SECOND
    assert answered_at(world) is None


def test_datagrams_may_be_blocked_while_streams_pass() -> None:
    world = steady_world()
    world.inject(Deaf(members=(1,)))
    ask(world)
    world.run_until(SECOND)
    assert answered_at(world) == 40 * MILLISECOND


def test_the_deaf_to_streams_hear_nothing_of_them() -> None:
    world = steady_world()
    world.inject(Deaf(members=(1,), datagrams=False, streams=True))
    world.run_until(0)
    ask(world)
    world.run_until(6 * SECOND)
    assert failed_at(world) == 5 * SECOND
    assert world.can_reach(0, 1)
    world.check_vacuity()


def test_a_living_node_without_the_process_refuses_at_once() -> None:
    world = steady_world()
    late = request(world, 0, 1)
    world.crash(1)
    order(world, late)
    world.run_until(SECOND)
    assert failed_at(world) == 20 * MILLISECOND
    world.restart(1)  # Another process at the same address is not who is asked for.
    order(world, late)
    world.run_until(2 * SECOND)
    assert failed_at(world) == SECOND + 20 * MILLISECOND


def test_a_node_that_is_down_says_nothing() -> None:
    world = steady_world()
    late = request(world, 0, 1)
    world.crash_nodes(1)
    order(world, late)
    world.run_until(10 * SECOND)
    assert failed_at(world) == 5 * SECOND


def test_an_agent_or_a_node_may_go_down_while_a_request_is_on_its_way() -> None:
    world = steady_world(3)
    ask(world)
    world.run_until(25 * MILLISECOND)
    world.crash(1)
    world.run_until(SECOND)
    assert failed_at(world) == 40 * MILLISECOND
    order(world, request(world, 0, 2))
    world.run_until(SECOND + 25 * MILLISECOND)
    world.crash_nodes(2)
    world.run_until(10 * SECOND)
    assert failed_at(world) == 6 * SECOND


def test_nothing_comes_from_an_address_that_nobody_has() -> None:
    world = steady_world()
    late = SendRequest(7, None, Address("192.0.2.1:1"), b"hello", SECOND)
    order(world, late)
    world.run_until(2 * SECOND)
    assert pinger(world, 0).got(RequestFailed)[-1] == RequestFailed(7)
    assert failed_at(world) == SECOND


def test_whoever_answers_at_a_seed_will_do() -> None:
    world = steady_world()
    late = SendRequest(7, None, world.address(1), b"hello", SECOND)
    order(world, late)
    world.run_until(SECOND)
    assert pinger(world, 0).got(ResponseReceived) == [
        ResponseReceived(7, world.member_id(1), b"re: hello")
    ]


def test_a_crash_resets_the_streams_that_it_owes_an_answer() -> None:
    world = steady_world()
    world.inject(Pause(members=(1,)))
    ask(world)
    world.run_until(SECOND)
    assert failed_at(world) is None
    world.crash(1)
    world.run_until(10 * SECOND)  # The request lies in its inbox, but its node took it in.
    assert failed_at(world) == SECOND + 10 * MILLISECOND


def test_a_crash_resets_the_streams_that_it_has_read_from() -> None:
    silent = scripted_world(2)
    say(silent, 0, request(silent, 0, 1))
    silent.run_until(SECOND)
    assert len(scripted(silent, 1).got(RequestReceived)) == 1
    silent.crash(1)
    silent.run_until(SECOND + 2 * MILLISECOND)
    assert scripted(silent, 0).got(RequestFailed) == [RequestFailed(1)]


def test_a_crash_of_the_node_leaves_the_asker_waiting() -> None:
    world = scripted_world(2)
    say(world, 0, request(world, 0, 1))
    world.run_until(SECOND)
    world.crash_nodes(1)
    world.run_until(4 * SECOND)
    assert scripted(world, 0).got(RequestFailed) == []
    world.run_until(6 * SECOND)
    assert scripted(world, 0).got(RequestFailed) == [RequestFailed(1)]


def test_the_streams_of_an_asker_end_with_it() -> None:
    world = steady_world()
    ask(world)
    world.run_until(15 * MILLISECOND)
    world.restart(0)
    world.run_until(10 * SECOND)
    assert pinger(world, 0).got(ResponseReceived) == []
    assert pinger(world, 0).got(RequestFailed) == []


def test_long_payloads_lose_segments_and_get_there() -> None:
    network = NetworkConfig(delay=Delay(low=MILLISECOND), quality=LinkQuality(loss=0.3))
    world = World(WorldConfig(seed=4, members=2, network=network), ScriptedMachine)
    world.start_all()
    payload = b"x" * 60_000
    say(world, 0, SendRequest(1, world.member_id(1), world.address(1), payload, 60 * SECOND))
    assert world.run_until_true(lambda: bool(scripted(world, 1).got(RequestReceived)), 20 * SECOND)
    assert 200 * MILLISECOND < world.now < 10 * SECOND
    world.check_vacuity()


def test_an_answer_to_nothing_is_counted_and_goes_nowhere() -> None:
    world = scripted_world(2)
    say(world, 0, SendResponse(99, b"well"))
    world.run_until(SECOND)
    assert world.stray_responses == 1
    assert world.total_traffic().stream_bytes_sent == 0


def test_a_node_answers_while_it_is_up_whatever_its_agent_does() -> None:
    world = scripted_world(4)
    world.crash(1)
    world.crash_nodes(2)
    world.inject(Partition(at=0, groups=((0,), (3,))))
    nobody = ConnectNode(9, Address("192.0.2.1:1"), 500 * MILLISECOND)
    say(world, 0, *(connect(world, target) for target in (1, 2, 3)), nobody)
    world.run_until(100 * MILLISECOND)
    assert scripted(world, 0).got(ConnectFinished) == [ConnectFinished(1, answered=True)]
    world.run_until(SECOND)
    assert sorted(map(repr, scripted(world, 0).got(ConnectFinished)[1:])) == [
        repr(ConnectFinished(connect=target, answered=False)) for target in (2, 3, 9)
    ]
    assert world.traffic(0).connects == 4


FRAME = bytes(range(256)) * 4_096
SEGMENTS = 719
"""Of 1,460 bytes at most."""


def fetch(network: NetworkConfig, *, timeout: int = 60 * SECOND) -> World:
    """Let member 0 send a frame of 1 MiB to member 1, which sends it back after four bytes."""
    config = WorldConfig(seed=1, members=2, network=network)
    world = pinging_world(config, 3_600 * SECOND)
    order(world, replace(request(world, 0, 1, timeout=timeout), data=FRAME))
    world.run_until(timeout)
    return world


def test_a_large_frame_arrives_whole_and_every_byte_of_it_is_counted() -> None:
    world = fetch(STEADY)
    (answer,) = pinger(world, 0).got(ResponseReceived)
    assert answer == ResponseReceived(1, world.member_id(1), b"re: " + FRAME)
    assert answered_at(world) == 40 * MILLISECOND
    sent, back = world.traffic(0), world.traffic(1)
    assert (sent.request_bytes_sent, back.response_bytes_sent) == (1 << 20, (1 << 20) + 4)
    assert (sent.segments_sent, sent.segment_bytes_sent) == (1 + SEGMENTS, 1 << 20)
    assert back.wire_bytes_sent == (1 << 20) + 4 + 40 * (1 + SEGMENTS)


def test_a_frame_takes_as_long_as_the_access_link_needs_for_it() -> None:
    world = fetch(replace(STEADY, bandwidth=100 * MEGABIT))
    one_way = (len(FRAME) + 40 * SEGMENTS) * 8 // 100
    took = answered_at(world) or 0
    assert 2 * one_way + 40_000 <= took <= 2 * one_way + 40_000 + 20


def test_frames_from_several_share_the_access_link_of_who_asked() -> None:
    network = replace(STEADY, bandwidths=((0, 100 * MEGABIT),))
    world = pinging_world(WorldConfig(seed=1, members=4, network=network), 3_600 * SECOND)
    for target in (1, 2, 3):
        answer = replace(request(world, target, 0), data=FRAME, request=7)
        pinger(world, target).orders.append(answer)
        world.deliver(target, SeedsResolved(()))
    world.run_until(5 * SECOND)
    epoch = world.local_time(0) - world.now
    at = [t - epoch for e, t in pinger(world, 0).events if isinstance(e, RequestReceived)]
    one = (len(FRAME) + 40 * SEGMENTS) * 8 // 100
    # All of them are on their way at once; the first to arrive is taken in as it comes.
    assert [round((each - at[0]) / one, 2) for each in at] == [0, 1, 2]


def test_what_is_lost_is_sent_again_and_counted_again() -> None:
    network = replace(STEADY, quality=LinkQuality(loss=0.02), bandwidth=100 * MEGABIT)
    world = fetch(network)
    assert len(pinger(world, 0).got(ResponseReceived)) == 1
    sent = world.traffic(0)
    again = sent.segments_sent - 1 - SEGMENTS
    assert 3 <= again <= 40
    extra = sent.segment_bytes_sent - len(FRAME)
    assert again * 1_000 < extra <= again * 1_460


def test_what_is_lost_is_not_sent_again_before_all_the_rest_has_left() -> None:
    network = replace(STEADY, quality=LinkQuality(loss=0.02), bandwidth=8 * MEGABIT)
    took = answered_at(fetch(network)) or 0
    one_way = len(FRAME) + 40 * SEGMENTS  # At 8 Mbit/s: 1 us a byte.
    assert took >= 2 * (one_way + 200 * MILLISECOND)


def test_a_stream_begins_with_a_few_segments_and_doubles_them_each_round_trip() -> None:
    world = fetch(replace(STEADY, first_window=10))
    # 10, 20, 40, 80, 160, 320 and the last 89: six round trips more, each way.
    assert answered_at(world) == (40 + 2 * 6 * 20) * MILLISECOND
    # A SYN, and an acknowledgement for each window but the last of the answer.
    assert world.traffic(0).segments_sent == 1 + SEGMENTS + 6
    small = steady_world()
    ask(small)
    small.run_until(SECOND)
    assert answered_at(small) == 40 * MILLISECOND


def large_request(first_window: int, cut_from: int, cut_of: int) -> World:
    """Let member 0 send a frame at 20 ms, while segments of `cut_of` are lost for 10 ms."""
    network = replace(STEADY, first_window=first_window)
    world = pinging_world(WorldConfig(seed=1, members=2, network=network), 3_600 * SECOND)
    order(world, replace(request(world, 0, 1), data=FRAME))
    until = cut_from + 10 * MILLISECOND
    cut = Degrade(at=cut_from, until=until, quality=STREAMS_BLOCKED, sources=(cut_of,))
    world.inject(cut)
    world.run_until(SECOND)
    world.check_vacuity()
    return world


def requested_at(world: World) -> int:
    epoch = world.local_time(1) - world.now
    (at,) = [at for event, at in pinger(world, 1).events if isinstance(event, RequestReceived)]
    return at - epoch


def test_a_window_that_is_lost_is_sent_again_at_half_its_size() -> None:
    world = large_request(400, cut_from=15 * MILLISECOND, cut_of=0)
    # From 220 ms on 200 segments, 400, and the last 119.
    assert requested_at(world) == (220 + 2 * 20 + 10) * MILLISECOND
    assert world.traffic(0).segment_bytes_sent == len(FRAME) + 400 * 1_460


def test_an_acknowledgement_that_is_lost_holds_the_rest_up_for_a_while() -> None:
    world = large_request(400, cut_from=25 * MILLISECOND, cut_of=1)
    # The window arrives at 30 ms; what comes back then is lost.
    assert requested_at(world) == (30 + 200 + 10) * MILLISECOND
    assert world.traffic(0).segment_bytes_sent == len(FRAME)


def test_windows_and_losses_together_let_every_byte_through() -> None:
    lossy = replace(STEADY, quality=LinkQuality(loss=0.02), first_window=10)
    world = fetch(lossy)
    (answer,) = pinger(world, 0).got(ResponseReceived)
    assert answer == ResponseReceived(1, world.member_id(1), b"re: " + FRAME)
    assert (answered_at(world) or 0) > (40 + 2 * 6 * 20) * MILLISECOND
    assert world.traffic(0).segment_bytes_sent > len(FRAME)
