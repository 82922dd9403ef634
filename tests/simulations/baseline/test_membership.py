"""Every rule by which claims change the list."""

import pytest

from failure_detect.clock import SECOND
from failure_detect.events import (
    Effect,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberReturned,
    MemberSuspected,
    SuspicionLifted,
)
from simulations.baseline.config import MemberlistConfig, swim
from simulations.baseline.membership import Membership
from simulations.baseline.station import Station
from simulations.baseline.wire import (
    INCARNATION_MAX,
    Alive,
    Dead,
    Entry,
    State,
    Suspect,
)
from tests.simulations.baseline.stage import (
    ME,
    identity_of,
    member,
    member_id,
    membership_of,
    name_of,
    of,
    spread,
    station_of,
)

A, S, D, L = State.ALIVE, State.SUSPECT, State.DEAD, State.LEFT
SIZE = 8
KNOWN = 5


def pool(config: MemberlistConfig | None = None) -> tuple[Station, Membership]:
    station = station_of(SIZE, config)
    return station, membership_of(station, SIZE)


def bring(membership: Membership, station: Station, state: State) -> None:
    """Make member 1 be in `state` at incarnation 5."""
    of(station, 1).incarnation = KNOWN
    if state is S:
        membership.suspect(Suspect(KNOWN, b"n1", b"n2"), 0)
    elif state is D:
        membership.dead(Dead(KNOWN, b"n1", b"n2"), 0)
    elif state is L:
        membership.dead(Dead(KNOWN, b"n1", b"n1"), 0)
    while spread(station):
        pass


def tell(membership: Membership, station: Station, state: State, incarnation: int) -> list[Effect]:
    subject = of(station, 1)
    if state is A:
        return membership.alive(Alive(incarnation, b"n1", subject.packed, subject.port), 9)
    if state is S:
        return membership.suspect(Suspect(incarnation, b"n1", b"n3"), 9)
    return membership.dead(Dead(incarnation, b"n1", b"n3" if state is D else b"n1"), 9)


# What member 1 is after a claim, and whether the claim is passed on; rows by what it was,
# then by what is claimed at a lower, the same, a higher incarnation.
LATTICE = {
    (A, A): ((A, False), (A, False), (A, True)),
    (A, S): ((A, False), (S, True), (S, True)),
    (A, D): ((A, False), (D, True), (D, True)),
    (A, L): ((A, False), (L, True), (L, True)),
    (S, A): ((S, False), (S, False), (A, True)),
    (S, S): ((S, False), (S, True), (S, True)),  # Passed on as a confirmation.
    (S, D): ((S, False), (D, True), (D, True)),
    (S, L): ((S, False), (L, True), (L, True)),
    (D, A): ((D, False), (D, False), (A, True)),
    (D, S): ((D, False), (D, False), (D, False)),
    (D, D): ((D, False), (D, False), (D, False)),
    (D, L): ((D, False), (D, False), (D, False)),
    (L, A): ((L, False), (L, False), (A, True)),
    (L, S): ((L, False), (L, False), (L, False)),
    (L, D): ((L, False), (L, False), (L, False)),
    (L, L): ((L, False), (L, False), (L, False)),
}


@pytest.mark.parametrize(
    ("before", "claimed", "difference"),
    [(before, claimed, step) for before, claimed in LATTICE for step in (-1, 0, 1)],
)
def test_the_lattice_of_claims(before: State, claimed: State, difference: int) -> None:
    station, membership = pool()
    bring(membership, station, before)
    tell(membership, station, claimed, KNOWN + difference)
    after, is_passed_on = LATTICE[before, claimed][difference + 1]
    assert of(station, 1).state is after
    assert bool(spread(station)) is is_passed_on


def test_facts_say_what_changed() -> None:
    station, membership = pool()
    one = member_id(1)
    assert tell(membership, station, S, 1) == [MemberSuspected(one, 1)]
    assert tell(membership, station, A, 2) == [SuspicionLifted(one)]
    assert tell(membership, station, A, 3) == []
    assert tell(membership, station, D, 3) == [MemberDied(one, 3, (member_id(3),))]
    assert tell(membership, station, A, 4) == [MemberReturned(one, 4)]
    assert tell(membership, station, L, 4) == [MemberLeft(one)]
    assert tell(membership, station, A, 5) == [MemberReturned(one, 5)]


def test_a_stranger_joins() -> None:
    station = station_of(SIZE)
    membership = Membership(station)
    claim = Alive(1, b"n1", bytes((10, 0, 0, 1)), 7946)
    assert membership.alive(claim, 0) == [MemberJoined(identity_of(1), 1)]
    assert spread(station) == [claim]
    assert membership.suspect(Suspect(1, b"n2", b"n1"), 0) == []
    assert membership.dead(Dead(1, b"n2", b"n1"), 0) == []


def test_a_suspicion_that_nobody_confirms_lasts_its_longest() -> None:
    station, membership = pool()
    tell(membership, station, S, 1)
    assert membership.deadline == 9 + 6 * 4 * SECOND
    assert membership.advance(9 + 6 * 4 * SECOND - 1) == []
    died = membership.advance(9 + 6 * 4 * SECOND)
    assert died == [MemberDied(member_id(1), 1, (member_id(3), member_id(0)))]
    assert Dead(1, b"n1", ME) in spread(station)


def test_two_confirmations_make_it_its_shortest() -> None:
    station, membership = pool()
    tell(membership, station, S, 1)
    for accuser in (b"n4", b"n4", b"n5", b"n6"):
        membership.suspect(Suspect(1, b"n1", accuser), 10)
    assert membership.deadline == 9 + 4 * SECOND
    died = membership.advance(9 + 4 * SECOND)
    accusers = tuple(member_id(index) for index in (3, 4, 5, 0))
    assert died == [MemberDied(member_id(1), 1, accusers)]
    assert membership.counts.confirmations == 2


def test_without_dynamic_suspicion_nobody_confirms_and_nothing_is_passed_on_twice() -> None:
    station, membership = pool(swim())
    tell(membership, station, S, 1)
    while spread(station):
        pass
    membership.suspect(Suspect(1, b"n1", b"n4"), 10)
    assert spread(station) == []
    assert membership.deadline == 9 + 5 * SECOND


def test_too_small_a_pool_expects_no_confirmations() -> None:
    station = station_of(3)
    membership = membership_of(station, 3)
    membership.suspect(Suspect(1, b"n1", ME), 0)
    assert membership.deadline == 4 * SECOND


def test_a_lifted_suspicion_kills_nobody() -> None:
    station, membership = pool()
    tell(membership, station, S, 1)
    tell(membership, station, A, 2)
    assert membership.suspects == []
    assert membership.advance(1_000 * SECOND) == []


@pytest.mark.parametrize(
    ("accused", "answer"), [(1, 2), (7, 8), (INCARNATION_MAX, 0)], ids=["same", "above", "wraps"]
)
def test_accusations_of_oneself_are_refuted(accused: int, answer: int) -> None:
    for accusation in (Suspect(accused, ME, b"n2"), Dead(accused, ME, b"n2")):
        station, membership = pool()
        if isinstance(accusation, Suspect):
            assert membership.suspect(accusation, 0) == []
        else:
            assert membership.dead(accusation, 0) == []
        assert spread(station) == [Alive(answer, ME, station.me.packed, station.me.port)]
        assert station.awareness.score == 1


def test_an_old_accusation_of_oneself_is_nothing() -> None:
    station, membership = pool()
    station.me.incarnation = 3
    membership.suspect(Suspect(2, ME, b"n2"), 0)
    assert spread(station) == []


@pytest.mark.parametrize(
    ("incarnation", "versions", "is_refuted"),
    [
        (0, bytes((1, 5, 2, 0, 0, 0)), False),
        (1, bytes((1, 5, 2, 0, 0, 0)), False),
        (1, bytes((1, 4, 2, 0, 0, 0)), True),
        (2, bytes((1, 5, 2, 0, 0, 0)), True),
    ],
)
def test_claims_of_an_earlier_self_are_refuted(
    incarnation: int, versions: bytes, *, is_refuted: bool
) -> None:
    station, membership = pool()
    me = station.me
    membership.alive(Alive(incarnation, ME, me.packed, me.port, versions), 0)
    assert bool(spread(station)) is is_refuted


def test_another_under_ones_own_name_is_ignored() -> None:
    station, membership = pool()
    membership.alive(Alive(9, ME, bytes((10, 9, 9, 9)), 1), 0)
    assert spread(station) == []
    assert membership.counts.ignored_addresses == 1


def test_only_a_member_that_left_may_have_moved() -> None:
    for state, packed in (
        (A, b"\x0a\x00\x00\x01"),
        (D, b"\x0a\x00\x00\x01"),
        (L, b"\x0a\x09\x09\x09"),
    ):
        station, membership = pool()
        bring(membership, station, state)
        membership.alive(Alive(KNOWN + 1, b"n1", b"\x0a\x09\x09\x09", 7946), 0)
        assert of(station, 1).packed == packed


def test_a_name_that_nobody_has_or_an_address_of_odd_length_is_ignored() -> None:
    station, membership = pool()
    assert membership.alive(Alive(1, b"nobody", bytes(4), 1), 0) == []
    membership.settle(member(9))
    assert membership.alive(Alive(2, b"n9", bytes((10, 0, 0, 9)), 7946), 0) == []
    station.directory.enroll(b"n9", identity_of(9))
    assert membership.alive(Alive(1, b"n9", bytes(5), 1), 0) == []
    assert membership.counts.ignored_addresses == 3


def test_dead_entries_of_another_list_are_suspicions() -> None:
    station, membership = pool()
    lines = [
        Entry(name_of(index), of(station, index).packed, 7946, 2, state)
        for index, state in ((1, A), (2, S), (3, D), (4, L))
    ]
    effects = membership.merge(tuple(lines), 0)
    assert effects == [
        MemberSuspected(member_id(2), 2),
        MemberSuspected(member_id(3), 2),
        MemberLeft(member_id(4)),
    ]
    assert of(station, 1).incarnation == 2
    assert Suspect(2, b"n3", ME) in spread(station)


def test_leaving_is_said_and_not_refuted() -> None:
    station, membership = pool()
    assert membership.leave(0) == [MemberLeft(member_id(0))]
    assert spread(station) == [Dead(1, ME, ME)]
    assert membership.leave(0) == []
    membership.alive(Alive(5, ME, station.me.packed, station.me.port), 0)
    membership.suspect(Suspect(5, ME, b"n2"), 0)
    assert station.me.state is L
