"""From weights to how many addresses stand in which level."""

from hypothesis import given
from hypothesis import strategies as st

from agent.drivers.multicluster_levels import (
    ENTRIES_MAX,
    TOLERANCE,
    Address,
    Levels,
    Part,
    differing,
    plan_levels,
)
from discovery.names import Origin
from tests.discovery.view_world import A, B, C


def part(origin: Origin, count: int, weight: int, rank: int = 0, *, gateway: bool = False) -> Part:
    number = 1 if origin == B else 2
    addresses = tuple(Address(f"10.{number}.{n // 250}.{n % 250 + 1}", 80) for n in range(count))
    return Part(origin=origin, weight=weight, rank=rank, addresses=addresses, is_gateway=gateway)


def counts(levels: Levels) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for entry in levels.entries:
        level = found.setdefault(entry.level, {})
        level[entry.origin] = level.get(entry.origin, 0) + 1
    return found


def test_nothing_gives_nothing() -> None:
    assert plan_levels([], A, 1_000, 3) == Levels((), ((A, 1_000),), 0)
    assert plan_levels([], A, None, 0) == Levels((), (), 0)


def test_who_gets_nothing_stands_behind_in_the_order_of_tiers() -> None:
    levels = plan_levels([part(C, 2, 0, rank=2), part(B, 1, 0, rank=1)], A, 1_000, 3)
    assert counts(levels) == {1: {B: 1}, 2: {C: 2}}
    assert dict(levels.shares) == {A: 1_000}


def test_who_shares_joins_by_as_many_addresses_as_its_share_takes() -> None:
    levels = plan_levels([part(B, 10, 571)], A, 429, 3)
    assert counts(levels) == {0: {B: 4}}
    assert differing({A: 429, B: 571}, dict(levels.shares)) == []


def test_without_ready_local_addresses_the_first_level_is_1() -> None:
    levels = plan_levels([part(B, 4, 700), part(C, 4, 300, rank=1)], A, 0, 0)
    assert counts(levels) == {1: {B: 4, C: 2}}
    assert dict(levels.shares) == {B: 667, C: 333}


def test_an_own_cluster_that_is_to_get_nothing_gets_as_little_as_can_be() -> None:
    levels = plan_levels([part(B, 4, 1_000)], A, 0, 1)
    assert counts(levels) == {0: {B: 4}}
    assert dict(levels.shares) == {A: 200, B: 800}


def test_local_addresses_that_are_not_exported_are_alone_in_front() -> None:
    levels = plan_levels([part(B, 4, 1_000)], A, None, 1)
    assert counts(levels) == {1: {B: 4}}
    assert dict(levels.shares) == {A: 1_000}


def test_an_address_that_comes_twice_stands_in_the_better_level_and_leaves_no_hole() -> None:
    twice = Part(origin=C, weight=0, rank=1, addresses=part(B, 2, 0).addresses)
    levels = plan_levels([part(B, 2, 0), twice, part(C, 1, 0, rank=2)], A, 1_000, 1)
    assert counts(levels) == {1: {B: 2}, 2: {C: 1}}


def test_a_share_too_small_for_one_address_stands_behind() -> None:
    levels = plan_levels([part(B, 4, 10)], A, 990, 3)
    assert counts(levels) == {1: {B: 4}}


def test_a_gateway_does_not_have_all_but_one_pod_of_others_idle() -> None:
    levels = plan_levels([part(B, 10, 500), part(C, 1, 500, gateway=True)], A, 0, 0)
    assert counts(levels) == {1: {B: 10, C: 1}}


def test_gateways_alone_share_by_their_weights() -> None:
    parts = [part(B, 4, 750, gateway=True), part(C, 4, 250, gateway=True)]
    assert counts(plan_levels(parts, A, 0, 0)) == {1: {B: 4, C: 1}}


def test_one_object_has_room_for_so_many_and_the_worst_are_left_out() -> None:
    levels = plan_levels([part(B, ENTRIES_MAX, 0), part(C, 7, 0, rank=1)], A, 1_000, 1)
    assert counts(levels) == {1: {B: ENTRIES_MAX}}
    assert levels.left_out == 7


def test_which_addresses_are_listed_differs_by_importer_and_hardly_by_what_comes_and_goes() -> None:
    def chosen(own: Origin, count: int) -> set[str]:
        found = plan_levels([part(B, count, 500)], own, 500, 5)
        return {str(each.address) for each in found.entries if each.level == 0}

    assert len(chosen(A, 20)) == 5
    assert chosen(A, 20) != chosen(C, 20)
    assert len(chosen(A, 20) & chosen(A, 19)) >= 4


WEIGHTS = st.lists(st.integers(0, 1_000), min_size=3, max_size=3)
SIZES = st.lists(st.integers(1, 20), min_size=2, max_size=2)


@given(WEIGHTS, SIZES, st.integers(0, 5), st.booleans())
def test_every_address_is_listed_once_at_most_and_some_always(
    weights: list[int],
    sizes: list[int],
    ready: int,
    exported: bool,
) -> None:
    own, *others = weights
    parts = [part(o, n, w) for o, n, w in zip((B, C), sizes, others, strict=True)]
    levels = plan_levels(parts, A, own if exported else None, ready)
    addresses = [each.address for each in levels.entries]
    assert len(set(addresses)) == len(addresses) > 0
    numbers = sorted({each.level for each in levels.entries} - {0})
    assert numbers == list(range(1, len(numbers) + 1))
    assert sum(share for _, share in levels.shares) in range(998, 1_003)
    if not ready:
        assert 0 not in {each.level for each in levels.entries}


@given(st.integers(1, 999), st.integers(20, 60))
def test_shares_that_can_be_held_are_held(weight: int, ready: int) -> None:
    wanted = {A: 1_000 - weight, B: weight}
    count = ready * weight // (1_000 - weight) + 1
    levels = plan_levels([part(B, min(count, 3_000), weight)], A, 1_000 - weight, ready)
    if count <= 3_000:
        assert differing(wanted, dict(levels.shares)) == []
        assert abs(dict(levels.shares).get(B, 0) - weight) <= TOLERANCE
