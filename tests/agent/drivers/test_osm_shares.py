"""Who carries, in whole numbers above 0, and who stands in when nobody has a weight."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent.drivers.osm_objects import Port
from agent.drivers.osm_reach import Reach
from agent.drivers.osm_shares import Share, carrying, lending, one_for_tcp, pooled, share_of
from agent.drivers.plan import Reason
from discovery.names import Origin

HTTP, TCP = Port(80, "web", "http"), Port(80, "db", "tcp")


def share(name: str, weight: int, size: int = 1, rank: int = 0, number: int = 8_080) -> Share:
    reach = Reach(
        origin=Origin(name),
        name=name,
        numbers=((80, number),),
        addresses=tuple(f"10.0.0.{each + 1}" for each in range(size)),
        weight=weight,
        rank=rank,
        account="",
    )
    return share_of(reach)


def test_who_has_a_weight_carries_and_who_has_none_does_not() -> None:
    found = carrying([share("b", 300), share("c", 0), share("d", 700)])
    assert [(each.name, each.weight) for each in found] == [("b", 300), ("d", 700)]


def test_without_weights_the_best_rank_carries_by_its_addresses() -> None:
    found = carrying([share("b", 0, 3, rank=1), share("c", 0, 1, rank=1), share("d", 0, 9, rank=2)])
    assert [(each.name, each.weight) for each in found] == [("b", 750), ("c", 250)]


def test_nobody_carries_where_there_is_nobody() -> None:
    assert carrying([]) == ()


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=40))
def test_2g_nobody_is_named_with_a_weight_of_0(weights: list[int]) -> None:
    found = carrying([share(f"c{at}", weight) for at, weight in enumerate(weights)])
    assert found
    assert all(each.weight > 0 for each in found)


def test_2g_a_tcp_service_has_one_leaf_that_of_the_greatest_weight() -> None:
    [one], [condition] = one_for_tcp([share("b", 400), share("c", 600)], [TCP])
    assert (one.name, one.weight) == ("c", 1000)
    assert condition.what == "a TCP service cannot be split: c gets all of it, and b nothing"
    both, none = one_for_tcp([share("b", 400), share("c", 600)], [HTTP])
    assert (len(both), none) == (2, ())


def test_addresses_of_one_number_are_pooled_and_weights_that_they_give_are_held() -> None:
    pool = pooled([share("b", 667, 2), share("c", 333)])
    assert pool.is_whole
    assert [each.name for each in pool.reaches] == ["b", "c"]


def test_a_pool_says_what_it_gives_up() -> None:
    weights = pooled([share("b", 700), share("c", 300)])
    assert not weights.is_whole
    assert [each.reason for each in weights.conditions] == [Reason.WEIGHTS_NOT_HELD]
    numbers = pooled([share("b", 700), share("c", 300, number=9_090)])
    assert [each.name for each in numbers.reaches] == ["b"]
    assert [each.reason for each in numbers.conditions] == [Reason.SEVERAL_NUMBERS]


def test_2f_who_serves_what_nobody_in_use_does_lends_those_ports_alone() -> None:
    used, drained = share("b", 1000), share("c", 0, rank=1)
    assert drained.reach is not None
    reach = replace(drained.reach, numbers=((80, 8_080), (90, 9_090)))
    admin = Port(90, "admin", "http")
    [lent] = lending([used], [used, share_of(reach)], [HTTP, admin])
    assert (lent.name, lent.weight, lent.covers) == ("c", 1, frozenset({90}))
    assert lent.reach is not None
    assert lent.reach.numbers == ((90, 9_090),)
    assert lending([used], [used, share_of(reach)], [HTTP]) == ()
