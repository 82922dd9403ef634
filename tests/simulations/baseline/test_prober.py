"""The script of one probe round, with its exact orders."""

import pytest

from failure_detect.clock import MILLISECOND, NEVER, SECOND, Instant
from failure_detect.events import Effect, MemberSuspected
from simulations.baseline.config import (
    MemberlistConfig,
    buddy,
    lha_probe,
    memberlist_lan,
    swim,
)
from simulations.baseline.membership import Membership
from simulations.baseline.packing import open_stream
from simulations.baseline.prober import Prober
from simulations.baseline.station import Station
from simulations.baseline.wire import Ack, Nack, Ping, PingReq, Suspect
from tests.simulations.baseline.stage import (
    ME,
    member_id,
    membership_of,
    of,
    requests,
    sent,
    station_of,
)

SIZE = 8
T: Instant = 100 * MILLISECOND


class Stage:
    """Member 0 of eight, and its probe loop, whose first beat is at T."""

    def __init__(self, config: MemberlistConfig, size: int = SIZE) -> None:
        self.station: Station = station_of(size, config)
        self.membership: Membership = membership_of(self.station, size)
        self.prober = Prober(self.station, self.membership, T)

    def start(self) -> Ping:
        """Let the round begin, and return its ping."""
        [(_, [ping, *_])] = sent(self.prober.advance(T))
        assert isinstance(ping, Ping)
        return ping

    def fail(self, ping: Ping, at: Instant, nacks: int = 0) -> list[Effect]:
        """Let the round that ends at `at` fail, and return what comes of it."""
        self.prober.advance(self.prober.deadline)
        for _ in range(nacks):
            self.prober.on_nack(ping.seq, at - 1)
        assert self.prober.deadline == at
        return self.prober.advance(at)


def test_nothing_happens_before_the_first_beat() -> None:
    stage = Stage(memberlist_lan())
    assert stage.prober.deadline == T
    assert stage.prober.advance(T - 1) == []


def test_a_ping_says_who_asks_whom() -> None:
    stage = Stage(memberlist_lan())
    [(to, [ping])] = sent(stage.prober.advance(T))
    me = stage.station.me
    assert isinstance(ping, Ping)
    assert ping == Ping(1, ping.node, me.packed, me.port, ME)
    assert to == stage.station.directory.member_id(ping.node)
    assert stage.prober.deadline == T + 500 * MILLISECOND


def test_an_ack_ends_the_round_until_the_next_beat() -> None:
    stage = Stage(memberlist_lan())
    stage.station.awareness.apply(3)
    ping = stage.start()
    stage.prober.on_ack(ping.seq + 1, T + 1)
    assert stage.station.awareness.score == 3
    stage.prober.on_ack(ping.seq, T + 1)
    stage.prober.on_ack(ping.seq, T + 2)
    assert stage.station.awareness.score == 2
    assert stage.prober.deadline == T + SECOND


def test_after_the_timeout_three_others_and_a_stream_are_tried() -> None:
    stage = Stage(memberlist_lan())
    ping = stage.start()
    target = of(stage.station, int(ping.node[1:]))
    effects = stage.prober.advance(T + 500 * MILLISECOND)
    me = stage.station.me
    asked = sent(effects)
    assert len({to for to, _ in asked} - {member_id(0), member_id(int(ping.node[1:]))}) == 3
    request = PingReq(ping.seq, target.packed, target.port, ping.node, True, me.packed, me.port, ME)
    assert [messages for _, messages in asked] == [[request]] * 3
    [stream] = requests(effects)
    assert open_stream(stream.data) == ping
    assert (stream.address, stream.timeout) == (target.address, 500 * MILLISECOND)
    assert stage.prober.deadline == T + SECOND


def test_the_stream_is_optional_and_only_the_living_are_asked() -> None:
    stage = Stage(MemberlistConfig(stream_ping=False, indirect_checks=9))
    ping = stage.start()
    others = [index for index in range(1, SIZE) if b"n%d" % index != ping.node]
    stage.membership.suspect(Suspect(1, b"n%d" % others[0], ME), T)
    effects = stage.prober.advance(T + 500 * MILLISECOND)
    assert len(sent(effects)) == len(others) - 1
    assert requests(effects) == []


def test_a_round_without_an_answer_ends_in_a_suspicion() -> None:
    stage = Stage(memberlist_lan())
    ping = stage.start()
    effects = stage.fail(ping, T + SECOND)
    index = int(ping.node[1:])
    # The next beat is at the very end of the round.
    assert effects[0] == MemberSuspected(member_id(index), 1)
    assert isinstance(sent(effects)[0][1][0], Ping)


@pytest.mark.parametrize("nacks", [0, 1, 3])
def test_missed_nacks_count_against_ones_own_health(nacks: int) -> None:
    stage = Stage(memberlist_lan())
    ping = stage.start()
    stage.fail(ping, T + SECOND, nacks)
    assert stage.station.awareness.score == 3 - nacks
    assert stage.prober.counts.nacks_missed == 3 - nacks


def test_a_nack_when_the_round_is_over_is_too_late() -> None:
    stage = Stage(memberlist_lan())
    ping = stage.start()
    stage.prober.advance(T + 500 * MILLISECOND)
    stage.prober.on_nack(ping.seq, T + SECOND)
    stage.prober.advance(T + SECOND)
    assert stage.station.awareness.score == 3


def test_where_no_nacks_are_expected_a_failure_counts_one() -> None:
    stage = Stage(MemberlistConfig(nack_percent=0))
    stage.fail(stage.start(), T + SECOND)
    assert stage.station.awareness.score == 1


def test_ill_health_stretches_the_interval_and_in_the_paper_the_timeout() -> None:
    for config, timeout in ((memberlist_lan(), 500), (lha_probe(), 1_500)):
        stage = Stage(config)
        stage.station.awareness.apply(2)
        stage.start()
        assert stage.prober.deadline == T + timeout * MILLISECOND
        stage.prober.advance(T + timeout * MILLISECOND)
        assert stage.prober.deadline == T + 3 * SECOND


def test_a_long_round_makes_up_for_one_beat_only() -> None:
    stage = Stage(memberlist_lan())
    stage.station.awareness.apply(2)
    ping = stage.start()
    effects = stage.fail(ping, T + 3 * SECOND)
    [(_, [second, *_])] = sent(effects)
    assert isinstance(second, Ping)
    stage.prober.on_ack(second.seq, T + 3 * SECOND + 1)
    assert stage.prober.deadline == T + 4 * SECOND


def test_an_ack_after_the_end_does_not_count() -> None:
    stage = Stage(memberlist_lan())
    ping = stage.start()
    stage.prober.advance(T + 500 * MILLISECOND)
    stage.prober.on_ack(ping.seq, T + SECOND)
    assert stage.prober.advance(T + SECOND)[0] == MemberSuspected(member_id(int(ping.node[1:])), 1)


def test_a_stream_saves_the_round_at_its_end() -> None:
    stage = Stage(memberlist_lan())
    ping = stage.start()
    [stream] = requests(stage.prober.advance(T + 500 * MILLISECOND))
    assert not stage.prober.on_stream_end(stream.request + 1, ping.seq)
    assert stage.prober.on_stream_end(stream.request, ping.seq)
    assert stage.prober.deadline == T + SECOND
    assert stage.membership.suspects == []
    stage.prober.advance(T + SECOND)
    assert stage.prober.counts.saved_by_stream == 1
    assert stage.membership.suspects == []


def test_a_stream_that_fails_saves_nothing() -> None:
    stage = Stage(memberlist_lan())
    stage.start()
    [stream] = requests(stage.prober.advance(T + 500 * MILLISECOND))
    assert stage.prober.on_stream_end(stream.request, None)
    stage.prober.advance(T + SECOND)
    assert len(stage.membership.suspects) == 1


@pytest.mark.parametrize(("config", "is_told"), [(buddy(), True), (swim(), False)])
def test_a_buddy_tells_the_suspect_whenever_it_pings(
    config: MemberlistConfig, *, is_told: bool
) -> None:
    stage = Stage(config, size=2)
    stage.membership.suspect(Suspect(1, b"n1", b"n1"), 0)
    while stage.station.news():
        pass
    [(_, messages)] = sent(stage.prober.advance(T))
    assert messages[1:] == ([Suspect(1, b"n1", ME)] if is_told else [])


def test_alone_it_probes_nobody() -> None:
    stage = Stage(memberlist_lan(), size=1)
    assert stage.prober.advance(T) == []
    assert stage.prober.deadline == T + SECOND


def test_a_ping_that_a_gate_holds_back_stalls_the_loop() -> None:
    stage = Stage(memberlist_lan())
    gate = stage.station.gate
    gate.closed = True
    assert stage.prober.advance(T) == []
    assert len(gate.held) == 1
    assert stage.prober.deadline == NEVER
    gate.closed = False
    stage.prober.resume(T + 100 * MILLISECOND)
    # It is waited for from when it left, but the round ends when it would have ended.
    assert stage.prober.deadline == T + 600 * MILLISECOND
    stage.prober.advance(T + 600 * MILLISECOND)
    assert stage.prober.deadline == T + SECOND


def test_a_round_held_up_past_its_end_fails_as_soon_as_the_gate_opens() -> None:
    stage = Stage(memberlist_lan())
    gate = stage.station.gate
    gate.closed = True
    stage.prober.advance(T)
    gate.closed = False
    effects = stage.prober.resume(T + 16 * SECOND)
    asked = [messages[0] for _, messages in sent(effects)]
    assert [type(message) for message in asked] == [PingReq] * 3 + [Ping]
    assert requests(effects) == []
    assert stage.prober.counts.failed == 1
    assert stage.station.awareness.score == 3


def test_requests_that_a_gate_holds_back_stall_the_loop_one_by_one() -> None:
    stage = Stage(memberlist_lan())
    gate = stage.station.gate
    stage.start()
    gate.closed = True
    assert stage.prober.advance(T + 500 * MILLISECOND) == []
    assert len(gate.held) == 1
    assert stage.prober.deadline == NEVER
    gate.closed = False
    effects = stage.prober.resume(T + 700 * MILLISECOND)
    assert len(sent(effects)) == 2
    assert requests(effects)[0].timeout == 300 * MILLISECOND
    assert stage.prober.resume(T + 700 * MILLISECOND) == []


def test_a_stream_under_way_holds_up_the_end_of_the_round_while_gated() -> None:
    stage = Stage(memberlist_lan())
    gate = stage.station.gate
    stage.start()
    stage.prober.advance(T + 500 * MILLISECOND)
    gate.closed = True
    assert stage.prober.advance(T + SECOND) == []
    assert stage.prober.deadline == NEVER
    gate.closed = False
    effects = stage.prober.resume(T + 2 * SECOND)
    assert isinstance(effects[0], MemberSuspected)


def test_other_messages_are_not_the_probers() -> None:
    stage = Stage(memberlist_lan())
    stage.prober.on_ack(Ack(1).seq, T)
    stage.prober.on_nack(Nack(1).seq, T)
    assert not stage.prober.on_stream_end(1, None)
    assert stage.station.awareness.score == 0
