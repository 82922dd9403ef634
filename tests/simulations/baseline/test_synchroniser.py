"""Exchanges of whole lists."""

from failure_detect.clock import NEVER, SECOND, Instant
from failure_detect.events import MemberSuspected
from simulations.baseline.packing import open_stream
from simulations.baseline.station import Station
from simulations.baseline.synchroniser import Synchroniser
from simulations.baseline.wire import Entry, PushPull, State
from tests.simulations.baseline.stage import (
    address_of,
    member_id,
    membership_of,
    name_of,
    of,
    requests,
    station_of,
)

T: Instant = 5 * SECOND


def synchroniser_of(size: int) -> tuple[Station, Synchroniser]:
    station = station_of(size)
    return station, Synchroniser(station, membership_of(station, size), T)


def answer(index: int, state: State) -> PushPull:
    line = Entry(name_of(index), bytes((10, 0, 0, index)), 7946, 1, state)
    return PushPull(join=False, entries=(line,))


def test_it_sends_its_whole_list_to_a_living_member() -> None:
    station, synchroniser = synchroniser_of(3)
    of(station, 1).state = State.DEAD
    assert synchroniser.advance(T - 1) == []
    [request] = requests(synchroniser.advance(T))
    assert (request.to, request.address) == (member_id(2), address_of(2))
    assert request.timeout == 10 * SECOND
    push_pull = open_stream(request.data)
    assert isinstance(push_pull, PushPull)
    assert not push_pull.join
    assert {(line.name, line.state) for line in push_pull.entries} == {
        (b"n0", State.ALIVE),
        (b"n1", State.DEAD),
        (b"n2", State.ALIVE),
    }
    assert synchroniser.deadline == NEVER


def test_the_answer_is_merged_and_the_next_exchange_is_an_interval_later() -> None:
    _, synchroniser = synchroniser_of(3)
    [request] = requests(synchroniser.advance(T))
    effects = synchroniser.finish(request.request, answer(1, State.DEAD), T + 1)
    assert effects == [MemberSuspected(member_id(1), 1)]
    assert synchroniser.deadline == T + 1 + 30 * SECOND
    assert synchroniser.finish(request.request, answer(1, State.DEAD), T + 2) == []


def test_a_failed_exchange_is_not_repeated_before_its_time() -> None:
    _, synchroniser = synchroniser_of(3)
    [request] = requests(synchroniser.advance(T))
    assert synchroniser.finish(request.request, None, T + SECOND) == []
    assert synchroniser.deadline == T + 31 * SECOND
    assert synchroniser.counts.failed == 1


def test_alone_it_waits() -> None:
    _, synchroniser = synchroniser_of(1)
    assert synchroniser.advance(T) == []
    assert synchroniser.deadline == T + 30 * SECOND


def test_a_join_asks_one_seed_after_the_other() -> None:
    _, synchroniser = synchroniser_of(1)
    seeds = tuple(address_of(index) for index in (0, 1, 2))
    [first] = requests(synchroniser.join(seeds))
    assert (first.to, first.address) == (None, address_of(1))
    push_pull = open_stream(first.data)
    assert isinstance(push_pull, PushPull)
    assert push_pull.join
    assert synchroniser.join(seeds) == []
    [second] = requests(synchroniser.finish(first.request, None, T))
    assert second.address == address_of(2)
    synchroniser.finish(second.request, answer(2, State.ALIVE), T)
    assert synchroniser.join(seeds) == []


def test_a_join_that_failed_can_be_tried_again() -> None:
    _, synchroniser = synchroniser_of(1)
    [first] = requests(synchroniser.join((address_of(1),)))
    assert synchroniser.finish(first.request, None, T) == []
    assert len(synchroniser.join((address_of(1),))) == 1


def test_a_closed_gate_puts_an_exchange_off() -> None:
    station, synchroniser = synchroniser_of(3)
    station.gate.closed = True
    assert synchroniser.advance(T) == []
    assert synchroniser.deadline == NEVER
    station.gate.closed = False
    assert len(requests(synchroniser.resume(T + 9 * SECOND))) == 1
