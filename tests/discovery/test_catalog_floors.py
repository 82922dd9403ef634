"""What a catalog has once seen of an origin holds after its set, and its trust, are gone."""

import pytest

from discovery.catalog import Adopted, Catalog, CatalogStatistics, Place
from discovery.manifest import Order
from discovery.names import Origin
from discovery.refusals import Refused
from tests.discovery.catalogs import (
    OSLO,
    PARIS,
    ROME,
    RingJudge,
    SignedSet,
    catalog_of,
    set_of,
    small_limits,
)

ONE, TWO = {b"a": b"1"}, {b"a": b"2"}


def adopt(catalog: Catalog, each: SignedSet) -> Adopted | None:
    return catalog.adopt(each.manifest, each.records, 0)


def test_what_is_forgotten_leaves_its_floor_and_comes_back_at_or_above_it_alone() -> None:
    old, held, new = (set_of(ONE, version=each) for each in (1, 2, 3))
    catalog = catalog_of(old, held)
    forgotten = catalog.forget(PARIS)
    assert forgotten is not None
    assert forgotten.manifest == held.manifest
    assert (len(catalog), catalog.size_bytes, catalog.history_bytes) == (0, 0, 0)
    assert catalog.floors() == {PARIS: held.manifest.order}
    assert catalog.place(old.manifest) is Place.STALE
    assert adopt(catalog, old) is None
    assert catalog.forget(PARIS) is None
    assert adopt(catalog, held) is not None
    assert adopt(catalog, new) is not None


def test_a_floor_that_was_seen_elsewhere_blocks_what_is_lower() -> None:
    catalog = catalog_of()
    at = set_of(ONE, version=5)
    assert catalog.raise_floor(PARIS, at.manifest.order)
    assert not catalog.raise_floor(PARIS, at.manifest.order)
    assert not catalog.raise_floor(PARIS, Order(1, 1, 4, b"\xff" * 32))
    assert adopt(catalog, set_of(ONE, version=4)) is None
    assert catalog.get(PARIS) is None
    assert adopt(catalog, at) is not None
    assert catalog.floor(PARIS) == at.manifest.order
    assert catalog.floor(OSLO) is None


def test_a_set_that_is_held_stays_below_a_floor_that_rises() -> None:
    held = set_of(ONE, version=2)
    catalog = catalog_of(held)
    catalog.raise_floor(PARIS, Order(1, 1, 9, bytes(32)))
    catalog.check_invariants()
    assert catalog.place(held.manifest) is Place.SAME
    assert catalog.place(set_of(TWO, version=3).manifest) is Place.STALE
    assert adopt(catalog, set_of(TWO, version=3)) is None
    assert adopt(catalog, set_of(TWO, version=10)) is not None


def test_floors_are_bounded_and_those_that_there_are_still_rise() -> None:
    catalog = catalog_of(set_of(ONE), limits=small_limits(origins=2))
    assert catalog.raise_floor(OSLO, Order(1, 1, 1, bytes(32)))
    assert not catalog.raise_floor(ROME, Order(1, 1, 1, bytes(32)))
    assert catalog.raise_floor(OSLO, Order(1, 1, 2, bytes(32)))
    assert catalog.raise_floor(PARIS, Order(1, 1, 2, bytes(32)))
    with pytest.raises(Refused, match="2 origins are trusted already; raise the limit to add rome"):
        adopt(catalog, set_of(ONE, ROME))
    assert adopt(catalog, set_of(ONE, OSLO, version=3)) is not None
    assert adopt(catalog, set_of(TWO, version=3)) is not None


def test_floors_of_others_leave_our_own_its_room() -> None:
    bonn = Origin("bonn")
    judge = RingJudge(dict.fromkeys((PARIS, OSLO, ROME, bonn), 1))
    catalog = Catalog(judge, small_limits(origins=2), own=PARIS)
    for origin in (OSLO, ROME):
        assert adopt(catalog, set_of(ONE, origin)) is not None
    assert adopt(catalog, set_of(ONE)) is not None
    with pytest.raises(Refused, match="2 origins are trusted already; raise the limit to add bonn"):
        adopt(catalog, set_of(ONE, bonn))
    catalog.check_invariants()


def test_our_own_floor_takes_no_room_from_others() -> None:
    catalog = Catalog(RingJudge(), small_limits(origins=2), own=PARIS)
    assert catalog.raise_floor(PARIS, Order(1, 1, 1, bytes(32)))
    for origin in (OSLO, ROME):
        assert adopt(catalog, set_of(ONE, origin)) is not None
    catalog.check_invariants()


def test_origins_that_come_and_go_under_ever_new_names_leave_room_for_the_next() -> None:
    judge = RingJudge({PARIS: 1})
    catalog = Catalog(judge, small_limits(origins=2, strangers=3))
    adopt(catalog, set_of(ONE))
    for number in range(9):
        origin = Origin(f"town-{number}")
        judge.trusted[origin] = 1
        assert adopt(catalog, set_of(ONE, origin)) is not None
        del judge.trusted[origin]
        catalog.forget(origin)
        catalog.check_invariants()
    assert list(catalog.floors()) == [PARIS, *(Origin(f"town-{at}") for at in (6, 7, 8))]
    assert catalog.statistics() == CatalogStatistics(
        origins=1,
        excluded=0,
        records=1,
        size_bytes=catalog.size_bytes,
        floors=4,
        stranger_floors=3,
        dropped_floors=6,
    )


def test_floors_of_strangers_from_elsewhere_take_no_room_from_who_is_trusted() -> None:
    judge = RingJudge({PARIS: 1})
    catalog = Catalog(judge, small_limits(origins=1, strangers=2))
    for origin in (OSLO, ROME):
        assert catalog.raise_floor(origin, Order(1, 1, 5, bytes(32)))
    assert adopt(catalog, set_of(ONE)) is not None
    judge.trusted[OSLO] = 1
    catalog.forget(PARIS)
    del judge.trusted[PARIS]
    assert adopt(catalog, set_of(ONE, OSLO, version=4)) is None
    assert adopt(catalog, set_of(ONE, OSLO, version=5)) is not None
    catalog.check_invariants()
