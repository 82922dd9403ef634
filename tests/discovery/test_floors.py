"""Floors of who is trusted stay; those of strangers are bounded apart, the oldest goes first."""

from hypothesis import given
from hypothesis import strategies as st

from discovery.floors import Floors
from discovery.manifest import Order
from discovery.names import Origin

A, B, C, D, E = map(Origin, "abcde")


def order(version: int = 1) -> Order:
    return Order(1, 1, version, bytes(32))


class Desk:
    """Floors, and whom somebody trusts: two at most, and as many strangers."""

    def __init__(self, *trusted: Origin, origins: int = 2, strangers: int = 2) -> None:
        self.trusted = set(trusted)
        self.floors = Floors(self.trusted.__contains__, origins=origins, strangers=strangers)

    def lift(self, origin: Origin, version: int = 1) -> bool:
        done = self.floors.lift(origin, order(version))
        self.floors.check_invariants()
        return done

    def ends(self, origin: Origin) -> None:
        self.trusted.discard(origin)
        self.floors.look_at(origin)
        self.floors.check_invariants()

    def versions(self) -> dict[Origin, int]:
        return {origin: each.version for origin, each in self.floors.all().items()}


def test_a_floor_only_rises() -> None:
    desk = Desk(A)
    assert [desk.lift(A, each) for each in (2, 2, 1, 3)] == [True, False, False, True]
    assert [desk.lift(B, each) for each in (2, 2, 1, 3)] == [True, False, False, True]
    assert desk.versions() == {A: 3, B: 3}
    assert desk.floors.get(C) is None
    assert (len(desk.floors), desk.floors.strangers) == (2, 1)


def test_strangers_take_no_room_from_who_is_trusted() -> None:
    desk = Desk(A, B)
    for origin in (C, D):
        assert desk.lift(origin)
    assert desk.floors.has_room(A)
    assert desk.lift(A)
    assert desk.lift(B)
    assert desk.floors.dropped == 0


def test_who_is_trusted_takes_no_room_from_strangers_and_is_bounded() -> None:
    desk = Desk(A, B, C)
    assert [desk.lift(each) for each in (A, B, C)] == [True, True, False]
    assert not desk.floors.has_room(C)
    assert desk.floors.has_room(A)
    assert [desk.lift(each) for each in (D, E)] == [True, True]
    assert desk.lift(A, 2)


def test_whose_trust_has_ended_makes_room_though_nobody_said_so() -> None:
    desk = Desk(A, B)
    desk.lift(A)
    desk.lift(B)
    desk.trusted.symmetric_difference_update({A, B, C})
    assert desk.floors.has_room(C)
    assert desk.floors.strangers == 2
    assert desk.lift(C)
    assert desk.versions() == {A: 1, B: 1, C: 1}


def test_the_oldest_stranger_goes_first_and_is_counted() -> None:
    desk = Desk(A, B, strangers=2)
    desk.lift(A)
    desk.lift(B)
    desk.ends(B)
    desk.ends(A)
    assert desk.lift(C)
    assert desk.versions() == {A: 1, C: 1}
    assert desk.floors.dropped == 1
    assert desk.lift(A, 2)  # It rises where it stands: it is a stranger for as long as before.
    assert desk.lift(D)
    assert desk.versions() == {C: 1, D: 1}
    assert desk.floors.dropped == 2


def test_a_stranger_who_is_trusted_again_is_never_dropped() -> None:
    desk = Desk(origins=1)
    desk.lift(A, 7)
    desk.lift(B)
    desk.trusted.add(A)
    assert desk.lift(C)
    assert desk.versions() == {A: 7, C: 1}
    desk.trusted.add(C)
    assert not desk.lift(D)
    assert desk.versions() == {A: 7, C: 1}


def test_who_is_trusted_again_finds_its_floor_and_counts_as_trusted() -> None:
    desk = Desk(origins=1)
    desk.lift(A, 7)
    desk.trusted.add(A)
    floor = desk.floors.get(A)
    assert floor == order(7)
    desk.floors.put(A, order(8))
    assert (desk.versions(), desk.floors.strangers) == ({A: 8}, 0)
    desk.trusted.add(B)
    assert not desk.floors.has_room(B)


def test_a_floor_rises_where_there_is_no_room_among_the_trusted() -> None:
    desk = Desk(A, origins=1)
    desk.lift(B)
    desk.lift(A)
    desk.trusted.add(B)
    assert desk.lift(B, 2)
    assert desk.versions() == {A: 1, B: 2}
    assert desk.floors.strangers == 1


def test_where_no_stranger_can_go_the_newest_is_not_kept_and_that_is_counted() -> None:
    desk = Desk(A, origins=2, strangers=1)
    desk.lift(A)
    desk.lift(B)
    desk.trusted.add(B)
    desk.ends(A)
    assert desk.versions() == {B: 1}
    assert desk.floors.dropped == 1


def test_looking_at_who_is_trusted_or_not_known_changes_nothing() -> None:
    desk = Desk(A)
    desk.lift(A)
    for origin in (A, B):
        desk.floors.look_at(origin)
    assert (desk.versions(), desk.floors.strangers) == ({A: 1}, 0)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["lift", "trust", "ends"]), st.sampled_from("abcdef"), st.integers(1, 4)
    )
)


@given(steps=STEPS)
def test_whatever_happens_the_floors_of_who_stays_trusted_stay(
    steps: list[tuple[str, str, int]],
) -> None:
    desk = Desk(A, B, origins=3, strangers=2)
    for what, name, version in steps:
        before = desk.versions()
        match what:
            case "lift":
                desk.lift(Origin(name), version)
            case "trust":
                desk.trusted.add(Origin(name))
            case _:
                desk.ends(Origin(name))
        after = desk.versions()
        for origin, floor in before.items():
            assert after.get(origin, floor) >= floor
            assert origin in after or origin not in desk.trusted
