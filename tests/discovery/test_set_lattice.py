"""Merging catalogs is a join: any order, repetition and loss of any sets ends in the same one."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from discovery.catalog import Adopted, Catalog
from discovery.manifest import Order
from discovery.names import Origin
from discovery.refusals import Refusal, Refused
from tests.discovery.catalogs import (
    ORIGINS,
    SignedSet,
    catalog_of,
    contents,
    ordered,
    set_of,
    snapshot,
)
from tests.discovery.strategies import RAW_MAPS

ONE, TWO = {b"a": b"1"}, {b"a": b"2"}

POOL = [
    set_of(records, origin, epoch=epoch, version=version, lifetime_s=lifetime)
    for origin in ORIGINS
    for epoch in (1, 2)
    for version in (1, 2, 3)
    for records in (ONE, TWO, {})
    for lifetime in (60, 61)
]
"""Sets that meet: equal ones, and ones that contradict each other, are among them."""

SETS = st.sampled_from(POOL)
HISTORIES = st.lists(SETS, max_size=12)


def adopt(catalog: Catalog, each: SignedSet, now: int = 0) -> Adopted | None:
    return catalog.adopt(each.manifest, each.records, now)


def merged(*catalogs: Catalog) -> Catalog:
    """A new catalog that took in what the others hold, one after the other."""
    held = (SignedSet(each.manifest, each.records) for each in chained(catalogs))
    return catalog_of(*held)


def chained(catalogs: Iterable[Catalog]) -> Iterable[SignedSet]:
    for catalog in catalogs:
        for held in catalog:
            yield SignedSet(held.manifest, held.records)


# --- a join semilattice ------------------------------------------------------------------


@given(data=st.data(), sets=HISTORIES)
def test_any_order_with_any_repetitions_gives_one_catalog(
    data: st.DataObject, sets: list[SignedSet]
) -> None:
    again = data.draw(st.lists(st.sampled_from(sets), max_size=8)) if sets else []
    order = data.draw(st.permutations([*sets, *again]))
    assert contents(catalog_of(*order)) == contents(catalog_of(*sets))


@given(sets=HISTORIES)
def test_the_highest_of_each_origin_is_held(sets: list[SignedSet]) -> None:
    catalog = catalog_of(*sets)
    for origin in ORIGINS:
        found = [each for each in sets if each.manifest.origin == origin]
        held = catalog.get(origin)
        if not found:
            assert held is None
            continue
        highest = max(found, key=ordered)
        assert held is not None
        assert held.manifest == highest.manifest
        assert dict(held.records) == dict(highest.records)
        assert catalog.floor(origin) == highest.manifest.order
    catalog.check_invariants()


@given(sets=HISTORIES)
def test_merging_is_idempotent(sets: list[SignedSet]) -> None:
    catalog = catalog_of(*sets)
    before = snapshot(catalog)
    assert [adopt(catalog, each) for each in [*sets, *chained([catalog])]] == [None] * (
        len(sets) + len(catalog)
    )
    assert snapshot(catalog) == before
    assert contents(merged(catalog, catalog)) == contents(catalog)


@given(one=HISTORIES, two=HISTORIES)
def test_merging_is_commutative(one: list[SignedSet], two: list[SignedSet]) -> None:
    first, second = catalog_of(*one), catalog_of(*two)
    assert contents(merged(first, second)) == contents(merged(second, first))


@given(one=HISTORIES, two=HISTORIES, three=HISTORIES)
def test_merging_is_associative(
    one: list[SignedSet], two: list[SignedSet], three: list[SignedSet]
) -> None:
    a, b, c = catalog_of(*one), catalog_of(*two), catalog_of(*three)
    assert contents(merged(merged(a, b), c)) == contents(merged(a, merged(b, c)))
    assert contents(merged(a, b, c)) == contents(catalog_of(*one, *two, *three))


@given(data=st.data(), sets=HISTORIES)
def test_what_each_lost_comes_from_the_others(data: st.DataObject, sets: list[SignedSet]) -> None:
    # Each message reaches one of three bridges at least; then they merge in a ring, twice.
    heard: list[list[SignedSet]] = [[], [], []]
    for each in sets:
        for listener in data.draw(st.sets(st.integers(0, 2), min_size=1)):
            heard[listener].append(each)
    bridges = [catalog_of(*data.draw(st.permutations(each))) for each in heard]
    for _ in range(2):
        for at in range(3):
            for each in list(chained([bridges[at - 1]])):
                adopt(bridges[at], each)
    assert [contents(each) for each in bridges] == [contents(catalog_of(*sets))] * 3


# --- any history of any operations, against a model -----------------------------------------


class Model:
    """A catalog in six lines: what is held, and what must not come back."""

    def __init__(self) -> None:
        self.held: dict[Origin, SignedSet] = {}
        self.floors: dict[Origin, Order] = {}

    def adopt(self, each: SignedSet) -> None:
        origin, ours = each.manifest.origin, self.held.get(each.manifest.origin)
        is_above = origin not in self.floors or each.manifest.order >= self.floors[origin]
        if is_above and (ours is None or ordered(each) > ordered(ours)):
            self.held[origin] = each
            self.raise_floor(origin, each.manifest.order)

    def raise_floor(self, origin: Origin, order: Order) -> None:
        self.floors[origin] = max(self.floors.get(origin, order), order)


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["adopt", "raise"]), SETS),
        st.tuples(st.just("forget"), SETS),
        st.tuples(st.just("garble"), SETS),
    ),
    max_size=20,
)


def perform(catalog: Catalog, model: Model, what: str, each: SignedSet) -> None:
    origin, order = each.manifest.origin, each.manifest.order
    match what:
        case "adopt":
            adopt(catalog, each)
            model.adopt(each)
        case "raise":
            raised = model.floors.get(origin) is None or order > model.floors[origin]
            assert catalog.raise_floor(origin, order) is raised
            model.raise_floor(origin, order)
        case "forget":
            forgotten = catalog.forget(origin)
            ours = model.held.pop(origin, None)
            assert (forgotten and forgotten.manifest) == (ours and ours.manifest)
        case _:
            wrong = each.records.updated({b"not signed": b""})
            is_higher = catalog.is_higher(each.manifest)
            try:
                assert catalog.adopt(each.manifest, wrong, 0) is None
                assert not is_higher
            except Refused as refused:
                assert (refused.reason, is_higher) == (Refusal.ROOT, True)  # noqa: PT017 - one of the two happens.


@given(operations=OPERATIONS)
def test_any_history_leaves_what_the_model_holds(
    operations: list[tuple[str, SignedSet]],
) -> None:
    catalog, model = catalog_of(), Model()
    for what, each in operations:
        floors = catalog.floors()
        perform(catalog, model, what, each)
        catalog.check_invariants()
        sets = {
            origin: (one.manifest.signed, dict(one.records)) for origin, one in model.held.items()
        }
        assert contents(catalog).sets == sets
        assert catalog.floors() == model.floors
        assert all(catalog.floors()[origin] >= floor for origin, floor in floors.items())


@given(sets=st.lists(st.builds(set_of, RAW_MAPS, version=st.integers(1, 3)), max_size=5))
def test_every_set_on_the_way_is_one_that_was_signed(sets: list[SignedSet]) -> None:
    catalog = catalog_of()
    signed_ones = {(each.manifest.signed, each.records.root) for each in sets}
    for each in sets:
        adopt(catalog, each)
        for held in catalog:
            assert (held.manifest.signed, held.records.root) in signed_ones
