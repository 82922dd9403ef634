"""The list, its order, and random choices from it."""

from random import Random

from failure_detect.clock import SECOND
from simulations.baseline.table import Member, Table
from simulations.baseline.wire import State
from tests.simulations.baseline.stage import member, name_of


def table_of(size: int) -> Table:
    table = Table(member(0), Random(3))
    for index in range(1, size):
        table.add(member(index))
    return table


def anybody(_: Member) -> bool:
    return True


def test_every_other_member_is_probed_once_a_round() -> None:
    table = table_of(9)
    for _ in range(3):
        names = [
            found.name
            for found in (table.next_to_probe(0, 30 * SECOND) for _ in range(8))
            if found is not None
        ]
        assert sorted(names) == [name_of(index) for index in range(1, 9)]


def test_the_order_of_the_next_round_is_another() -> None:
    table = table_of(40)
    rounds = [[table.next_to_probe(0, 30 * SECOND) for _ in range(39)] for _ in range(2)]
    assert rounds[0] != rounds[1]


def test_the_dead_are_not_probed_and_forgotten_after_a_while() -> None:
    table = table_of(3)
    gone = table.get(name_of(2))
    assert gone is not None
    gone.state, gone.changed_at = State.DEAD, 5 * SECOND
    for now, size in ((35 * SECOND, 3), (36 * SECOND, 2)):
        probed = [table.next_to_probe(now, 30 * SECOND) for _ in range(8)]
        assert {each.name for each in probed if each is not None} == {name_of(1)}
        assert len(table) == size
    assert table.get(name_of(2)) is None


def test_alone_there_is_nobody_to_probe() -> None:
    table = table_of(1)
    assert table.next_to_probe(0, 0) is None
    assert table.next_to_probe(0, 0) is None


def test_picks_differ_and_are_admitted() -> None:
    table = table_of(20)
    for _ in range(50):
        picked = table.pick(3, lambda each: each is not table.me)
        assert len(set(map(id, picked))) == 3
        assert table.me not in picked


def test_in_a_small_pool_all_are_found() -> None:
    table = table_of(4)
    assert len(table.pick(3, lambda each: each is not table.me)) == 3
    assert len(table.pick(9, anybody)) == 4
    assert table.pick(3, lambda _: False) == []


def test_a_large_pool_that_admits_nobody_ends_the_search() -> None:
    assert table_of(20).pick(3, lambda _: False) == []
