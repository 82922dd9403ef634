"""The machine as a whole, by itself and against others of its kind."""

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failure_detect.clock import MILLISECOND, NEVER, SECOND, Duration, Instant
from failure_detect.events import (
    DatagramReceived,
    Effect,
    Event,
    LeaveRequested,
    MemberDied,
    MemberJoined,
    MemberLeft,
    NodeDeleted,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SeedsResolved,
    SendDatagram,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, MemberId, NodeName
from simulations.baseline.config import MemberlistConfig, lifeguard, memberlist_lan, swim
from simulations.baseline.memberlist import Acquaintance, Memberlist
from simulations.baseline.packing import open_stream, shrunk_stream
from simulations.baseline.wire import Ack, Alive, Dead, Nack, Ping, PingReq, PushPull, Suspect
from tests.simulations.baseline.stage import (
    address_of,
    directory_of,
    identity_of,
    known_of,
    member_id,
    name_of,
    requests,
    sent,
)

DELAY: Duration = 1 * MILLISECOND


def memberlist_of(index: int, size: int, config: MemberlistConfig, *, warm: bool) -> Memberlist:
    acquaintance = Acquaintance(
        name=name_of(index),
        identity=identity_of(index),
        directory=directory_of(size),
        known=known_of(size) if warm else (),
    )
    return Memberlist(acquaintance, config, now=0, rng=Random(index))


@dataclass
class Wait:
    """Who waits for an answer on a stream."""

    member: int
    request: int


class Pool:
    """Members in a network without faults but crashes and gates."""

    def __init__(self, size: int, config: MemberlistConfig, *, warm: bool = True) -> None:
        self.size = size
        self.members = [memberlist_of(index, size, config, warm=warm) for index in range(size)]
        self.now: Instant = 0
        self.down: set[int] = set()
        self.gated: dict[int, list[Event]] = {}
        self.facts: list[tuple[Instant, int, Effect]] = []
        self.datagrams = self.bytes = self.stream_bytes = 0
        self._heap: list[tuple[Instant, int, int, Event]] = []
        self._order = count()
        self._streams: dict[int, Wait] = {}
        self._stream = count(1)

    def tell(self, member: int, event: Event, delay: Duration = 0) -> None:
        heappush(self._heap, (self.now + delay, next(self._order), member, event))

    def run(self, until: Instant) -> None:
        while True:
            arrival = self._heap[0][0] if self._heap else NEVER
            due = [
                (max(self.now, machine.deadline), index)
                for index, machine in enumerate(self.members)
                if index not in self.down
            ]
            timer, index = min(due)
            if min(arrival, timer) > until:
                self.now = until
                return
            if arrival <= timer:
                self.now, _, index, event = heappop(self._heap)
                self._arrive(index, event)
            else:
                self.now = timer
                self._perform(index, self.members[index].advance(timer))

    def gate(self, member: int) -> None:
        self.gated[member] = []
        self.members[member].gate(True, self.now)

    def open(self, member: int) -> None:
        self.members[member].gate(False, self.now)
        for event in self.gated.pop(member):
            self.tell(member, event)

    def _arrive(self, member: int, event: Event) -> None:
        if member in self.down:
            if isinstance(event, RequestReceived):
                self._answer(event.request, None)
        elif member in self.gated:
            self.gated[member].append(event)
        else:
            self._perform(member, self.members[member].handle(event, self.now))
            self.members[member].check_invariants()

    def _perform(self, member: int, effects: list[Effect]) -> None:
        sender = member_id(member)
        for effect in effects:
            match effect:
                case SendDatagram(to, _, data):
                    self.datagrams += 1
                    self.bytes += len(data)
                    self.tell(to[0] - 1, DatagramReceived(sender, data), DELAY)
                case SendRequest(request, _, address, data, _):
                    self.stream_bytes += len(data)
                    stream = next(self._stream)
                    self._streams[stream] = Wait(member, request)
                    target = int(address.partition(":")[0].rpartition(".")[2])
                    self.tell(target, RequestReceived(stream, sender, data), DELAY)
                case SendResponse(stream, data):
                    self.stream_bytes += len(data)
                    self._answer(stream, ResponseReceived(0, sender, data))
                case _:
                    self.facts.append((self.now, member, effect))

    def _answer(self, stream: int, response: ResponseReceived | None) -> None:
        wait = self._streams.pop(stream)
        if response is None:
            self.tell(wait.member, RequestFailed(wait.request), DELAY)
        else:
            answer = ResponseReceived(wait.request, response.sender, response.data)
            self.tell(wait.member, answer, DELAY)

    def deaths(self) -> list[tuple[Instant, int, MemberId]]:
        return [
            (at, member, fact.member)
            for at, member, fact in self.facts
            if isinstance(fact, MemberDied)
        ]


def test_an_idle_pool_sends_a_ping_and_an_ack_a_second_and_no_facts() -> None:
    pool = Pool(16, memberlist_lan())
    pool.run(60 * SECOND)
    assert pool.facts == []
    assert pool.datagrams / pool.size / 60 == pytest.approx(2.0, abs=0.05)
    assert pool.bytes / pool.size / 60 == pytest.approx(81, abs=2)
    statistics = pool.members[0].statistics()
    assert statistics.members == 16
    assert statistics.probes_failed == statistics.rejected == 0
    assert statistics.exchanges_finished >= 1


@pytest.mark.parametrize(
    ("config", "shortest"), [(memberlist_lan(), 4.0), (swim(), 5.0), (lifeguard(), 5.0)]
)
def test_a_crash_is_seen_by_all_after_the_suspicion(
    config: MemberlistConfig, shortest: float
) -> None:
    pool = Pool(10, config)
    pool.run(3 * SECOND)
    pool.down.add(4)
    pool.run(20 * SECOND)
    deaths = pool.deaths()
    assert {member for _, member, _ in deaths} == {0, 1, 2, 3, 5, 6, 7, 8, 9}
    assert {dead for _, _, dead in deaths} == {member_id(4)}
    first = min(at for at, _, _ in deaths) / SECOND - 3
    assert shortest + 1 <= first <= shortest + 6


def test_all_join_through_one_seed() -> None:
    pool = Pool(12, memberlist_lan(), warm=False)
    for member in range(pool.size):
        pool.tell(member, SeedsResolved((address_of(0),)), member * 10 * MILLISECOND)
    pool.run(10 * SECOND)
    assert [machine.statistics().members for machine in pool.members] == [12] * 12
    joins = [fact for _, _, fact in pool.facts if isinstance(fact, MemberJoined)]
    assert len(joins) == 12 * 11


def test_a_member_that_leaves_is_not_called_dead() -> None:
    pool = Pool(8, memberlist_lan())
    pool.tell(3, LeaveRequested(), SECOND)
    pool.run(5 * SECOND)
    left = [member for _, member, fact in pool.facts if isinstance(fact, MemberLeft)]
    assert sorted(left) == list(range(8))
    assert pool.deaths() == []


def test_a_gated_member_is_buried_buries_others_and_returns() -> None:
    pool = Pool(10, memberlist_lan())
    pool.run(2 * SECOND)
    pool.gate(5)
    pool.run(30 * SECOND)
    assert {dead for _, member, dead in pool.deaths() if member != 5} == {member_id(5)}
    pool.open(5)
    pool.run(31 * SECOND)
    assert pool.members[5].statistics().refutations > 0
    assert pool.members[5].statistics().awareness > 0
    pool.run(90 * SECOND)
    assert {machine.statistics().members for machine in pool.members} == {10}
    assert all(machine.statistics().suspected == 0 for machine in pool.members)


def machine_of_four() -> Memberlist:
    return memberlist_of(0, 4, memberlist_lan(), warm=True)


SOURCE = (bytes((10, 0, 0, 1)), 7946, b"n1")


def test_a_ping_is_acknowledged_where_it_says() -> None:
    machine = machine_of_four()
    ping = Ping(9, b"n0", bytes((10, 0, 0, 7)), 70, b"n1")
    effects = machine.handle(DatagramReceived(member_id(1), ping.encode()), 0)
    assert effects == [SendDatagram(member_id(1), Address("10.0.0.7:70"), Ack(9).encode())]


@pytest.mark.parametrize(
    "ping", [Ping(9, b"n3", *SOURCE), Ping(9, b"n0", b"", 70, b"n1")], ids=["other", "nowhere"]
)
def test_a_ping_for_another_or_from_nowhere_is_not_acknowledged(ping: Ping) -> None:
    machine = machine_of_four()
    assert machine.handle(DatagramReceived(member_id(1), ping.encode()), 0) == []


def test_a_buddy_is_acknowledged_and_its_suspicion_refuted() -> None:
    machine = machine_of_four()
    for message in (Ping(9, b"n0", *SOURCE), Suspect(1, b"n0", b"n1")):
        machine.handle(DatagramReceived(member_id(1), message.encode()), 0)
    [(_, messages)] = sent(
        machine.handle(DatagramReceived(member_id(1), Ping(10, b"n0", *SOURCE).encode()), 0)
    )
    assert messages == [Ack(10), Alive(2, b"n0", bytes((10, 0, 0, 0)), 7946)]


def test_streams_are_answered() -> None:
    machine = machine_of_four()
    ping = shrunk_stream(Ping(9, b"n0", *SOURCE).encode())
    [answer] = machine.handle(RequestReceived(1, member_id(1), ping), 0)
    assert isinstance(answer, SendResponse)
    assert open_stream(answer.data) == Ack(9)
    whole = shrunk_stream(PushPull(join=False, entries=()).encode())
    [answer] = machine.handle(RequestReceived(2, member_id(1), whole), 0)
    assert isinstance(answer, SendResponse)
    listed = open_stream(answer.data)
    assert isinstance(listed, PushPull)
    assert len(listed.entries) == 4


def test_what_cannot_be_read_changes_nothing_and_is_counted() -> None:
    machine = machine_of_four()
    before = machine.statistics()
    misplaced = PushPull(join=False, entries=()).encode()
    assert machine.handle(DatagramReceived(member_id(1), b"\xff"), 0) == []
    assert machine.handle(DatagramReceived(member_id(1), misplaced), 0) == []
    assert machine.handle(RequestReceived(1, member_id(1), b"\xff"), 0) == []
    stray = shrunk_stream(Ack(1).encode())
    assert machine.handle(RequestReceived(2, member_id(1), stray), 0) == []
    assert machine.handle(ResponseReceived(5, member_id(1), b"\xff"), 0) == []
    after = machine.statistics()
    assert after.rejected == 5
    assert after.members == before.members


def test_events_of_no_use_change_nothing() -> None:
    machine = machine_of_four()
    assert machine.handle(NodeDeleted(NodeName("n")), 0) == []
    for message in (Ack(5), Nack(5)):
        assert machine.handle(DatagramReceived(member_id(1), message.encode()), 0) == []
    assert machine.handle(RequestFailed(99), 0) == []


def test_it_pings_for_others() -> None:
    machine = machine_of_four()
    request = PingReq(3, bytes((10, 0, 0, 2)), 7946, b"n2", True, *SOURCE)
    [(to, [ping])] = sent(machine.handle(DatagramReceived(member_id(1), request.encode()), 0))
    assert to == member_id(2)
    assert isinstance(ping, Ping)


def test_a_stream_ping_that_is_answered_saves_the_round() -> None:
    machine = machine_of_four()
    machine.advance(machine.deadline)
    streams = requests(machine.advance(machine.deadline))
    while not streams:
        streams = requests(machine.advance(machine.deadline))
    ping = open_stream(streams[0].data)
    assert isinstance(ping, Ping)
    ack = shrunk_stream(Ack(ping.seq).encode())
    at = machine.deadline - 1
    machine.handle(ResponseReceived(streams[0].request, member_id(1), ack), at)
    machine.advance(machine.deadline)
    assert machine.statistics().probes_saved_by_stream == 1


def test_what_a_gate_held_comes_out_when_it_opens_even_before_the_time_is_looked_at() -> None:
    machine = machine_of_four()
    machine.gate(True, 0)
    ping = DatagramReceived(member_id(1), Ping(9, b"n0", *SOURCE).encode())
    assert machine.handle(ping, 0) == []
    machine.gate(False, 5)
    assert machine.deadline == 5
    assert sent(machine.handle(ping, 5)) == [(member_id(1), [Ack(9)])] * 2
    machine.check_invariants()


claims = st.one_of(
    st.builds(
        Alive,
        st.integers(0, 5),
        st.integers(0, 3).map(name_of),
        st.integers(0, 3).map(lambda index: bytes((10, 0, 0, index))),
        st.just(7946),
    ),
    st.builds(Suspect, st.integers(0, 5), st.integers(0, 3).map(name_of), st.just(b"n1")),
    st.builds(Dead, st.integers(0, 5), st.integers(0, 3).map(name_of), st.sampled_from([b"n1"])),
)


@given(st.lists(st.tuples(claims, st.integers(0, 9 * SECOND)), max_size=30))
def test_no_sequence_of_claims_breaks_an_invariant(
    steps: list[tuple[Alive | Suspect | Dead, Duration]],
) -> None:
    machine, now = machine_of_four(), 0
    for claim, delay in steps:
        now += delay
        machine.handle(DatagramReceived(member_id(1), claim.encode()), now)
        machine.check_invariants()
        machine.advance(now)
        machine.check_invariants()


@given(st.binary(max_size=120))
def test_any_bytes_are_handled(data: bytes) -> None:
    machine = machine_of_four()
    for each in (data, b"\x07" + data, b"\x00" + data):
        machine.handle(DatagramReceived(member_id(1), each), 0)
        machine.handle(RequestReceived(1, member_id(1), each), 0)
    machine.check_invariants()
