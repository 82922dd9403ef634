"""Equal contents have equal sums whatever their history; different ones do not."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.index import (
    CHANGES_MAX,
    FINGERPRINT_BYTES,
    GROUPS,
    Entry,
    Index,
    MarkChange,
    group_of,
    mark_of,
    origin_about,
    set_key,
    set_origin,
    set_rank,
)
from discovery.manifest import Manifest
from discovery.names import Origin
from discovery.recordset import RecordSet
from tests.discovery.strategies import MANIFESTS, ORIGINS, manifest_of

KEYS = st.one_of(
    st.integers(0, 8).map(lambda number: b"s/c%d" % number), st.binary(min_size=1, max_size=4)
)
RANKS = st.lists(st.integers(0, 3) | st.integers(0, (1 << 64) - 1), min_size=1, max_size=4).map(
    tuple
)
CONTENTS = st.dictionaries(KEYS, RANKS, max_size=10)


def index_of(contents: Mapping[bytes, tuple[int, ...]]) -> Index:
    index = Index()
    for key, rank in contents.items():
        index.put(key, rank)
    return index


def listed(index: Index) -> dict[bytes, tuple[int, ...]]:
    return {entry.key: entry.rank for entry in index.entries(range(GROUPS))}


# --- keys and ranks ----------------------------------------------------------------------


def test_the_key_of_a_set_names_its_origin() -> None:
    assert set_key(Origin("paris")) == b"s/paris"
    assert set_origin(b"s/paris") == "paris"


def test_the_key_of_an_overlay_names_its_origin_as_well() -> None:
    assert origin_about(b"o/paris/" + bytes(32)) == origin_about(b"s/paris") == "paris"
    for key in (b"o/", b"o//x", b"o/Paris/x", b"o/\xff/x", b"r/paris", b"s/paris/x"):
        assert origin_about(key) is None


@given(origin=ORIGINS)
def test_any_origin_is_found_again_in_its_key(origin: Origin) -> None:
    assert set_origin(set_key(origin)) == origin


@pytest.mark.parametrize(
    "key",
    [b"", b"s", b"s/", b"o/paris", b"r/fleet", b"s/Paris", b"s/\xff", b"s/a/b", b"s/" + b"a" * 64],
)
def test_what_no_cluster_can_be_called_is_no_set(key: bytes) -> None:
    assert set_origin(key) is None


def test_the_rank_of_a_set_is_its_order_with_eight_bytes_of_the_root() -> None:
    manifest = manifest_of(RecordSet.of({b"a": b"1"}), generation=2, epoch=3, version=4)
    assert set_rank(manifest) == (2, 3, 4, int.from_bytes(manifest.body.root[:8]))


@given(manifest=MANIFESTS)
def test_any_set_can_be_an_entry(manifest: Manifest) -> None:
    index = Index()
    index.put(set_key(manifest.origin), set_rank(manifest))
    index.check_invariants()
    assert int.from_bytes(index.fingerprint) == mark_of(
        Entry(set_key(manifest.origin), set_rank(manifest))
    )


# --- marks ---------------------------------------------------------------------------------


def test_marks_and_groups_are_the_same_in_every_version() -> None:
    assert group_of(b"s/paris") == 42
    assert mark_of(Entry(b"s/paris", (1, 2, 3, 4))) == 0x97BA58BB09B6B0C3


@given(keys=st.lists(KEYS, max_size=20))
def test_there_are_sixty_four_groups(keys: list[bytes]) -> None:
    assert all(0 <= group_of(key) < 64 for key in keys)
    assert len({group_of(b"s/c%d" % number) for number in range(1_000)}) == GROUPS


def test_no_entry_has_the_mark_of_another_with_a_longer_key() -> None:
    number = int.from_bytes(b"12345678")
    short, long = Entry(b"r/a", (number, 7)), Entry(b"r/a12345678", (7,))
    assert mark_of(short) != mark_of(long)


@given(one=st.builds(Entry, KEYS, RANKS), two=st.builds(Entry, KEYS, RANKS))
def test_different_entries_have_different_marks(one: Entry, two: Entry) -> None:
    assert (mark_of(one) == mark_of(two)) == (one == two)


# --- sums ------------------------------------------------------------------------------------


def test_nothing_has_a_fingerprint_of_zeros() -> None:
    index = Index()
    assert (len(index), index.fingerprint, index.sums) == (0, bytes(8), (0,) * GROUPS)


@given(data=st.data(), contents=CONTENTS)
def test_equal_contents_have_equal_sums_whatever_came_first(
    data: st.DataObject, contents: dict[bytes, tuple[int, ...]]
) -> None:
    order = data.draw(st.permutations(sorted(contents)))
    one, two = index_of(contents), index_of({key: contents[key] for key in order})
    assert (one.sums, one.fingerprint) == (two.sums, two.fingerprint)
    assert len(one.fingerprint) == FINGERPRINT_BYTES


@given(one=CONTENTS, two=CONTENTS)
def test_different_contents_differ_in_the_groups_of_what_differs_and_no_others(
    one: dict[bytes, tuple[int, ...]], two: dict[bytes, tuple[int, ...]]
) -> None:
    first, second = index_of(one), index_of(two)
    changed = {key for key in {*one, *two} if one.get(key) != two.get(key)}
    differ = {at for at in range(GROUPS) if first.sums[at] != second.sums[at]}
    assert differ == {group_of(key) for key in changed}
    assert (first.fingerprint == second.fingerprint) == (one == two)


CHANGES = st.lists(st.tuples(KEYS, st.one_of(st.none(), RANKS)), max_size=30)


@given(changes=CHANGES)
def test_sums_follow_every_change(changes: list[tuple[bytes, tuple[int, ...] | None]]) -> None:
    index, model = Index(), dict[bytes, tuple[int, ...]]()
    for key, rank in changes:
        if rank is None:
            index.drop(key)
            model.pop(key, None)
        else:
            index.put(key, rank)
            model[key] = rank
        index.check_invariants()
        fresh = index_of(model)
        assert (index.sums, index.fingerprint) == (fresh.sums, fresh.fingerprint)
        assert (len(index), index.rank(key), listed(index)) == (len(model), model.get(key), model)


@given(contents=CONTENTS, groups=st.sets(st.integers(0, 63)))
def test_entries_are_those_of_the_groups_that_are_asked_for(
    contents: dict[bytes, tuple[int, ...]], groups: set[int]
) -> None:
    found = list(index_of(contents).entries(groups))
    assert dict(found) == {key: rank for key, rank in contents.items() if group_of(key) in groups}
    assert len(found) == len({entry.key for entry in found})


# --- what changed last --------------------------------------------------------------------


def test_changes_are_remembered_by_how_much_marks_grew_since_something_was_dropped() -> None:
    index, marks = Index(), [mark_of(Entry(b"a", (rank,))) for rank in (1, 2)]
    index.put(b"a", (1,))
    index.put(b"a", (2,))
    index.note(b"b", 7)
    assert list(index.changes) == [
        MarkChange(b"a", marks[0], is_hearsay=False),
        MarkChange(b"a", marks[1] - marks[0], is_hearsay=False),
        MarkChange(b"b", 7, is_hearsay=True),
    ]
    assert (index.mark(b"a"), index.mark(b"b")) == (marks[1], 0)
    index.drop(b"b")
    assert len(index.changes) == 3
    index.drop(b"a")
    assert not index.changes


def test_so_many_changes_are_remembered_and_no_more() -> None:
    index = Index()
    for number in range(CHANGES_MAX + 5):
        index.put(b"%d" % number, (1,))
    assert len(index.changes) == CHANGES_MAX
    assert index.changes[0].key == b"5"
