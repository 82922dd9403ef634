"""A catalog is a maximum of whole sets: nothing partial, nothing old, nothing unsigned."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from discovery.catalog import Adopted, Catalog, Place
from discovery.limits import CatalogLimits
from discovery.manifest import Manifest, Order
from discovery.names import Origin
from discovery.recordset import EMPTY, RecordSet
from discovery.refusals import Refusal, Refused
from tests.discovery.catalogs import (
    OSLO,
    PARIS,
    ROME,
    RingJudge,
    SignedSet,
    body_of,
    catalog_of,
    contents,
    ordered,
    set_of,
    small_limits,
    snapshot,
)
from tests.discovery.strategies import RING, signed

ABROAD = Origin("abroad")
ONE, TWO, THREE = {b"a": b"1"}, {b"a": b"2"}, {b"a": b"2", b"b": b"3"}


def adopt(catalog: Catalog, each: SignedSet, now: int = 0) -> Adopted | None:
    return catalog.adopt(each.manifest, each.records, now)


def refusal(catalog: Catalog, each: SignedSet) -> Refusal:
    """Why a set is refused; nothing may have changed by that."""
    roots = (each.records.root, each.manifest.body.root, EMPTY.root)
    before = snapshot(catalog, roots)
    with pytest.raises(Refused) as raised:
        adopt(catalog, each)
    assert snapshot(catalog, roots) == before
    return raised.value.reason


# --- adopting ------------------------------------------------------------------------------


def test_an_adoption_says_what_it_changed() -> None:
    catalog, first, second = catalog_of(), set_of(ONE), set_of(TWO, version=2)
    assert adopt(catalog, first, 5) == Adopted(first.manifest, EMPTY, first.records)
    assert adopt(catalog, second, 7) == Adopted(second.manifest, first.records, second.records)
    held = catalog.get(PARIS)
    assert held is not None
    assert (held.manifest, held.records, held.adopted_at) == (second.manifest, second.records, 7)
    assert len(catalog) == 1
    assert (catalog.size_bytes, catalog.record_count) == (2, 1)
    assert (catalog.may_hold(PARIS), catalog.may_hold(ABROAD)) == (True, False)


def test_a_set_that_is_signed_anew_is_held_with_its_new_manifest() -> None:
    first, again = set_of(ONE), set_of(ONE, version=2)
    catalog = catalog_of(first)
    adopted = adopt(catalog, again)
    assert adopted == Adopted(again.manifest, first.records, first.records)
    assert catalog.history_bytes == 0


def test_an_empty_set_is_a_set() -> None:
    catalog = catalog_of(set_of(ONE), set_of({}, version=2))
    held = catalog.get(PARIS)
    assert held is not None
    assert held.records == EMPTY
    assert (len(catalog), catalog.size_bytes, catalog.record_count) == (1, 0, 0)


def test_origins_keep_the_order_in_which_they_were_first_seen() -> None:
    catalog = catalog_of(set_of(ONE, ROME), set_of(ONE, PARIS), set_of(TWO, ROME, version=2))
    assert [held.manifest.origin for held in catalog] == [ROME, PARIS]


@pytest.mark.parametrize(
    "lower",
    [{"version": 4}, {"version": 9, "epoch": 1}, {"version": 9, "epoch": 9, "generation": 0}],
    ids=str,
)
def test_what_is_lower_is_stale_and_costs_no_verification(lower: dict[str, int]) -> None:
    judge = RingJudge()
    catalog = Catalog(judge, CatalogLimits())
    held = set_of(ONE, generation=1, epoch=2, version=5)
    adopt(catalog, held)
    judged, before = judge.judged, snapshot(catalog)
    old = set_of(TWO, PARIS, **{"generation": 1, "epoch": 2, **lower})
    assert catalog.place(old.manifest) is Place.STALE
    assert adopt(catalog, old) is None
    assert adopt(catalog, held) is None
    assert judge.judged == judged
    assert snapshot(catalog) == before


@pytest.mark.parametrize(
    "higher",
    [{"version": 6}, {"version": 0, "epoch": 3}, {"version": 0, "epoch": 0, "generation": 2}],
    ids=str,
)
def test_generation_goes_before_epoch_and_epoch_before_version(higher: dict[str, int]) -> None:
    judge = RingJudge()
    catalog = Catalog(judge, CatalogLimits())
    adopt(catalog, set_of(ONE, generation=1, epoch=2, version=5))
    new = set_of(TWO, PARIS, **{"generation": 1, "epoch": 2, **higher})
    judge.trusted[PARIS] = new.manifest.body.generation
    assert catalog.place(new.manifest) is Place.NEWER
    assert adopt(catalog, new) is not None


def test_the_same_manifest_with_another_signature_is_the_same() -> None:
    one = set_of(ONE)
    other = replace(one.manifest, signature=bytes(64), raw=b"as the last relay wrote it")
    catalog = catalog_of(one)
    assert catalog.place(other) is Place.SAME
    assert catalog.adopt(other, one.records, 9) is None


# --- contradictions --------------------------------------------------------------------------


def two_of_one_order() -> tuple[SignedSet, SignedSet]:
    lower, higher = sorted((set_of(ONE), set_of(TWO)), key=ordered)
    return lower, higher


def two_of_one_root() -> tuple[SignedSet, SignedSet]:
    sets = (set_of(ONE, lifetime_s=60), set_of(ONE, lifetime_s=61))
    lower, higher = sorted(sets, key=ordered)
    return lower, higher


@pytest.mark.parametrize("pair", [two_of_one_order(), two_of_one_root()], ids=["root", "lifetime"])
def test_a_contradiction_shows_whichever_came_first_and_the_higher_is_held(
    pair: tuple[SignedSet, SignedSet],
) -> None:
    lower, higher = pair
    first, second = catalog_of(lower), catalog_of(higher)
    assert first.place(higher.manifest) is Place.CONTRADICTS
    assert second.place(lower.manifest) is Place.CONTRADICTS
    assert first.is_higher(higher.manifest)
    assert not second.is_higher(lower.manifest)
    assert adopt(first, higher) == Adopted(higher.manifest, lower.records, higher.records)
    assert adopt(second, lower) is None
    assert contents(first) == contents(second)


def test_an_older_one_contradicts_nothing_that_is_held() -> None:
    lower, higher = two_of_one_order()
    catalog = catalog_of(lower, set_of(THREE, version=2))
    assert catalog.place(higher.manifest) is Place.STALE


def test_a_contradiction_below_the_floor_does_not_lower_it() -> None:
    lower, higher = two_of_one_order()
    catalog = catalog_of(lower)
    floor = Order(1, 1, 9, bytes(32))
    assert catalog.raise_floor(PARIS, floor)
    assert catalog.place(higher.manifest) is Place.CONTRADICTS
    assert not catalog.is_higher(higher.manifest)
    assert adopt(catalog, higher) is None
    assert catalog.floor(PARIS) == floor


# --- what is refused changes nothing -----------------------------------------------------------


def resigned(each: SignedSet, **changes: object) -> SignedSet:
    body = replace(each.manifest.body, **changes)  # type: ignore[arg-type]  # By name.
    return SignedSet(signed(body), each.records)


def by_another(each: SignedSet) -> SignedSet:
    return SignedSet(signed(each.manifest.body, signer=RING.signer("mallory")), each.records)


NEW = set_of(THREE, version=2)


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        (by_another(NEW), Refusal.SIGNATURE),
        (set_of(THREE, ABROAD, version=2), Refusal.UNTRUSTED),
        (set_of(THREE, generation=2), Refusal.GENERATION),
        (SignedSet(NEW.manifest, EMPTY), Refusal.ROOT),
        (SignedSet(NEW.manifest, NEW.records.updated({b"c": b""})), Refusal.ROOT),
        (SignedSet(NEW.manifest, NEW.records.updated({}, [b"b"])), Refusal.ROOT),
        (SignedSet(NEW.manifest, NEW.records.updated({b"b": b"4"})), Refusal.ROOT),
        (resigned(NEW, count=3), Refusal.ROOT),
        (resigned(NEW, count=1), Refusal.ROOT),
        (resigned(NEW, size_bytes=5), Refusal.ROOT),
        (resigned(NEW, root=bytes(32)), Refusal.ROOT),
        (resigned(NEW, count=1 << 62), Refusal.OVERSIZED),
        (resigned(NEW, size_bytes=1 << 62), Refusal.OVERSIZED),
    ],
    ids=[
        "by another",
        "of a stranger",
        "of another generation",
        "no records",
        "one more",
        "one less",
        "one altered",
        "count too high",
        "count too low",
        "size",
        "root",
        "count beyond the limit",
        "size beyond the limit",
    ],
)
def test_whoever_is_refused_has_changed_nothing(attempt: SignedSet, reason: Refusal) -> None:
    catalog = catalog_of(set_of(ONE), set_of(ONE, OSLO, version=7), set_of(TWO, OSLO, version=8))
    assert refusal(catalog, attempt) is reason
    assert adopt(catalog, NEW) is not None


def test_a_refused_origin_leaves_no_trace() -> None:
    catalog = catalog_of()
    assert refusal(catalog, by_another(NEW)) is Refusal.SIGNATURE
    assert refusal(catalog, SignedSet(NEW.manifest, EMPTY)) is Refusal.ROOT
    assert catalog.floors() == {}


def sized(count: int, size: int, origin: Origin = PARIS, version: int = 1) -> SignedSet:
    """A set of so many records that take so many bytes, keys of two bytes included."""
    records = {b"%02d" % at: b"" for at in range(count)}
    records[b"00"] = bytes(size - 2 * count)
    return set_of(RecordSet.of(records), origin, version=version)


@pytest.mark.parametrize(
    ("limits", "fits", "exceeds"),
    [
        ({"records": 5}, sized(5, 100), sized(6, 100)),
        ({"origin_bytes": 100}, sized(5, 100), sized(5, 101)),
        ({"total_bytes": 1_000}, sized(5, 900), sized(5, 901)),
        ({"total_records": 10}, sized(6, 100), sized(7, 100)),
    ],
    ids=["records", "bytes", "all bytes", "all records"],
)
def test_limits_are_exact(limits: dict[str, int], fits: SignedSet, exceeds: SignedSet) -> None:
    others = sized(4, 100, OSLO)
    catalog = catalog_of(others, limits=small_limits(**limits))
    assert refusal(catalog, exceeds) is Refusal.OVERSIZED
    assert adopt(catalog, fits) is not None
    catalog.check_invariants()


def test_a_set_takes_the_room_of_the_one_before_it() -> None:
    limits = small_limits(total_bytes=1_000)
    catalog = catalog_of(sized(4, 100, OSLO), sized(6, 900), limits=limits)
    assert adopt(catalog, sized(6, 900, version=2)) is not None
    assert adopt(catalog, sized(5, 900, version=3)) is not None
    assert refusal(catalog, sized(5, 901, version=4)) is Refusal.OVERSIZED
    catalog.forget(OSLO)
    assert adopt(catalog, sized(5, 1_000, version=4)) is not None


def test_what_others_take_leaves_our_own_set_its_room() -> None:
    limits = small_limits(total_bytes=1_000, total_records=10)
    catalog = Catalog(RingJudge(), limits, own=PARIS)
    assert adopt(catalog, sized(10, 1_000, OSLO)) is not None
    assert adopt(catalog, sized(10, 1_000)) is not None
    assert refusal(catalog, sized(1, 10, ROME)) is Refusal.OVERSIZED
    assert refusal(catalog, sized(10, 1_001, OSLO, version=2)) is Refusal.OVERSIZED
    assert adopt(catalog, sized(10, 1_000, OSLO, version=2)) is not None
    catalog.check_invariants()


def test_our_own_set_has_its_own_limits_and_takes_no_room_from_others() -> None:
    limits = small_limits(total_bytes=1_000)
    catalog = Catalog(RingJudge(), limits, own=PARIS)
    assert refusal(catalog, sized(10, 1_001)) is Refusal.OVERSIZED
    assert refusal(catalog, sized(11, 100)) is Refusal.OVERSIZED
    assert adopt(catalog, sized(10, 1_000)) is not None
    assert adopt(catalog, sized(10, 900, OSLO)) is not None
    assert refusal(catalog, sized(5, 101, ROME)) is Refusal.OVERSIZED
    assert adopt(catalog, sized(5, 100, ROME)) is not None
    catalog.check_invariants()


def test_a_refusal_names_what_would_not_fit_and_what_does() -> None:
    catalog = catalog_of(limits=small_limits(records=5))
    with pytest.raises(Refused, match="set of paris: 6 records of 100 bytes, at most 5 of 1000"):
        adopt(catalog, sized(6, 100))
    catalog = catalog_of(sized(4, 100, OSLO), limits=small_limits(total_records=10))
    with pytest.raises(
        Refused, match="catalog: 11 records of 200 bytes with the set of paris, at most 10 of 2000"
    ):
        adopt(catalog, sized(7, 100))


# --- earlier sets, and trust that ends -----------------------------------------------------------


def test_earlier_sets_are_found_by_root_until_their_origin_is_forgotten() -> None:
    sets = [set_of({b"a": b"%d" % at}, version=at) for at in range(1, 6)]
    catalog = catalog_of(*sets, limits=small_limits(versions=3))
    found = [catalog.version(PARIS, each.records.root) for each in sets]
    assert found == [None] + [each.records for each in sets[1:]]
    assert catalog.version(OSLO, sets[-1].records.root) is None
    catalog.forget(PARIS)
    assert [catalog.version(PARIS, each.records.root) for each in sets] == [None] * 5


def test_a_change_and_back_is_found_once() -> None:
    catalog = catalog_of(set_of(ONE), set_of(TWO, version=2), set_of(ONE, version=3))
    catalog.check_invariants()
    for each in (ONE, TWO):
        assert catalog.version(PARIS, RecordSet.of(each).root) == RecordSet.of(each)


def test_what_is_not_believed_any_more_is_named_and_stays() -> None:
    judge = RingJudge()
    catalog = Catalog(judge, CatalogLimits())
    for origin in (PARIS, OSLO, ROME):
        adopt(catalog, set_of(ONE, origin))
    assert catalog.refused_now() == []
    del judge.trusted[OSLO]
    judge.trusted[ROME] = 2
    found = [(origin, refused.reason) for origin, refused in catalog.refused_now()]
    assert found == [(OSLO, Refusal.UNTRUSTED), (ROME, Refusal.GENERATION)]
    assert len(catalog) == 3


def test_checking_alone_changes_nothing() -> None:
    catalog = catalog_of(set_of(ONE))
    before = snapshot(catalog)
    catalog.check(NEW.manifest)
    with pytest.raises(Refused):
        catalog.check(by_another(NEW).manifest)
    assert snapshot(catalog) == before


def places(catalog: Catalog, manifests: Sequence[Manifest]) -> list[Place]:
    return [catalog.place(each) for each in manifests]


def test_a_place_is_told_of_anything_without_a_look_at_its_signature() -> None:
    catalog = catalog_of(set_of(ONE, version=2))
    unsigned = by_another(set_of(TWO, version=3)).manifest
    elsewhere = signed(body_of(EMPTY, ABROAD))
    assert places(catalog, [unsigned, elsewhere]) == [Place.NEWER, Place.NEWER]
