"""Requests, responses and connects to nodes, as TCP would have them."""

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
