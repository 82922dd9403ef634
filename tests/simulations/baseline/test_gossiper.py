"""News to a few at every beat."""

from failure_detect.clock import MILLISECOND, NEVER, SECOND, Instant
from failure_detect.events import Effect
from simulations.baseline.gossiper import Gossiper
from simulations.baseline.membership import Membership
from simulations.baseline.station import Station
from simulations.baseline.wire import Dead, Suspect
from tests.simulations.baseline.stage import member_id, membership_of, of, sent, station_of

SIZE = 12
T: Instant = 50 * MILLISECOND
BEAT = 200 * MILLISECOND
CLAIM = Suspect(1, b"n1", b"n2")


def gossiper_of(size: int = SIZE) -> tuple[Station, Membership, Gossiper]:
    station = station_of(size)
    return station, membership_of(station, size), Gossiper(station, T)


def run(gossiper: Gossiper, until: Instant) -> list[Effect]:
    effects: list[Effect] = []
    while gossiper.deadline <= until:
        effects += gossiper.advance(gossiper.deadline)
    return effects


def test_without_news_it_has_nothing_to_wake_for() -> None:
    _, _, gossiper = gossiper_of()
    gossiper.wake(0)
    assert gossiper.deadline == NEVER
    assert gossiper.advance(LONG) == []


LONG: Instant = 1_000 * SECOND


def test_news_goes_to_three_members_at_the_next_beat() -> None:
    station, _, gossiper = gossiper_of()
    station.broadcasts.put(b"n1", CLAIM.encode())
    gossiper.wake(3 * BEAT)
    assert gossiper.deadline == T + 3 * BEAT
    told = sent(gossiper.advance(T + 3 * BEAT))
    assert [messages for _, messages in told] == [[CLAIM]] * 3
    assert len({to for to, _ in told}) == 3
    assert gossiper.deadline == T + 4 * BEAT


def test_it_ends_when_all_has_been_said_often_enough() -> None:
    station, _, gossiper = gossiper_of()
    station.broadcasts.put(b"n1", CLAIM.encode())
    gossiper.wake(0)
    assert len(run(gossiper, LONG)) == 8
    assert gossiper.deadline == NEVER


def test_the_recently_dead_are_told_but_not_those_long_dead_or_gone() -> None:
    for state, age, is_told in (("dead", 29, True), ("dead", 31, False), ("left", 1, False)):
        station, membership, gossiper = gossiper_of(2)
        accuser = b"n1" if state == "left" else b"n0"
        membership.dead(Dead(1, b"n1", accuser), 0)
        gossiper.wake(age * SECOND)
        told = [to for to, _ in sent(gossiper.advance(gossiper.deadline))]
        assert told == ([member_id(1)] if is_told else [])
        assert of(station, 1).is_gone


def test_a_gate_stalls_it_at_the_first_member_and_it_makes_up_for_one_beat() -> None:
    station, _, gossiper = gossiper_of()
    station.broadcasts.put(b"n1", CLAIM.encode())
    gossiper.wake(0)
    station.gate.closed = True
    assert gossiper.advance(T) == []
    assert len(station.gate.held) == 1
    assert gossiper.deadline == NEVER
    station.gate.closed = False
    told = gossiper.resume(T + 10 * SECOND)
    assert len(told) == 2 + 3
    assert gossiper.deadline == T + 10 * SECOND + BEAT
    assert gossiper.resume(T + 10 * SECOND) == []


def test_what_ran_out_while_stalled_is_not_said() -> None:
    station, _, gossiper = gossiper_of()
    station.broadcasts.put(b"n1", CLAIM.encode())
    gossiper.wake(0)
    station.gate.closed = True
    gossiper.advance(T)
    while station.news():
        pass
    station.gate.closed = False
    assert gossiper.resume(T + 1) == []
