"""The tree against a plain dict: one root for one set, and comparing costs what differs."""

import random
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from discovery.recordset import (
    EMPTY,
    FANOUT,
    HASH_BYTES,
    Branch,
    Bucket,
    Change,
    RecordSet,
    bucket_of,
)
from tests.discovery.strategies import RAW_KEYS, RAW_MAPS, RECORD_MAPS

Plain: TypeAlias = dict[bytes, bytes]
ZEROS = bytes(HASH_BYTES)
BUCKETS = FANOUT * FANOUT


def keys_of(bucket: int, count: int) -> list[bytes]:
    """So many keys that lie in one bucket."""
    found = [key for key in map(b"%d".__mod__, range(40_000)) if bucket_of(key) == bucket]
    return sorted(found[:count])


TOGETHER = keys_of(77, 4)
"""Keys that share a bucket; `KEYS` has their neighbours too, so that they often meet."""

KEYS = st.one_of(RAW_KEYS, st.sampled_from([*TOGETHER, *keys_of(76, 2), *keys_of(78, 2)]))
MAPS = st.one_of(RAW_MAPS, RECORD_MAPS, st.dictionaries(KEYS, st.binary(max_size=3), max_size=9))


def naive_root(plain: Mapping[bytes, bytes]) -> bytes:
    """The root by the book: everything hashed anew, nothing shared."""

    def digest(person: bytes, data: bytes) -> bytes:
        return blake2b(data, digest_size=HASH_BYTES, person=person).digest()

    buckets: list[list[bytes]] = [[] for _ in range(BUCKETS)]
    for key in sorted(plain):
        number = int.from_bytes(blake2b(key, digest_size=2, person=b"isthmus-key").digest()) >> 4
        lengths = len(key).to_bytes(2), len(plain[key]).to_bytes(4)
        buckets[number].append(lengths[0] + key + lengths[1] + plain[key])
    leaves = [digest(b"isthmus-bucket", b"".join(each)) if each else ZEROS for each in buckets]
    branches = []
    for start in range(0, BUCKETS, FANOUT):
        under = b"".join(leaves[start : start + FANOUT])
        branches.append(digest(b"isthmus-branch", under) if any(under) else ZEROS)
    totals = len(plain).to_bytes(8) + size_of(plain).to_bytes(8)
    return digest(b"isthmus-root", b"".join(branches) + totals)


def size_of(plain: Mapping[bytes, bytes]) -> int:
    return sum(len(key) + len(value) for key, value in plain.items())


def naive_changes(before: Plain, after: Plain) -> list[Change]:
    """What differs, by asking for every key."""
    return [
        Change(key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys(), key=lambda key: (bucket_of(key), key))
        if before.get(key) != after.get(key)
    ]


# --- one root for one set ----------------------------------------------------------------


@given(MAPS)
def test_the_root_is_what_the_book_says(plain: Plain) -> None:
    assert RecordSet.of(plain).root == naive_root(plain)


@given(MAPS, MAPS)
def test_roots_are_equal_only_where_the_sets_are(one: Plain, other: Plain) -> None:
    first, second = RecordSet.of(one), RecordSet.of(other)
    assert (first.root == second.root) == (one == other)
    assert (first == second) == (one == other)
    assert first != one
    assert len({first, RecordSet.of(one)}) == 1


@given(MAPS, st.randoms(use_true_random=False))
def test_the_order_of_building_does_not_matter(plain: Plain, rng: random.Random) -> None:
    items = list(plain.items())
    rng.shuffle(items)
    one_by_one = EMPTY
    for key, value in items:
        one_by_one = one_by_one.updated({key: value})
    assert one_by_one.root == RecordSet.of(plain).root
    assert list(one_by_one) == list(RecordSet.of(plain))


@given(st.lists(st.tuples(KEYS, KEYS, st.binary(max_size=3)), max_size=4))
def test_where_a_key_ends_and_its_value_begins_is_hashed(
    parts: list[tuple[bytes, bytes, bytes]],
) -> None:
    for key, more, value in parts:
        assert RecordSet.of({key + more: value}).root != RecordSet.of({key: more + value}).root


def test_two_records_are_not_one_that_reads_like_them() -> None:
    first, second = TOGETHER[:2]
    both = Bucket.of(((first, b"a"), (second, b"b")))
    framed = b"a" + len(second).to_bytes(2) + second + (1).to_bytes(4) + b"b"
    one = Bucket.of(((first, framed),))
    assert both is not None
    assert one is not None
    assert both.digest != one.digest


def test_count_and_size_are_under_the_root() -> None:
    filled = RecordSet.of({b"a": b"1"})
    assert RecordSet(filled.branches, 2, filled.size_bytes).root != filled.root
    assert RecordSet(filled.branches, 1, filled.size_bytes + 1).root != filled.root
    assert RecordSet(filled.branches, 1, filled.size_bytes).root == filled.root


def test_nothing_makes_no_branch_and_no_bucket() -> None:
    assert Bucket.of(()) is None
    assert Branch.of((None,) * FANOUT) is None
    assert (len(EMPTY), EMPTY.count, EMPTY.size_bytes, list(EMPTY)) == (0, 0, 0, [])
    assert RecordSet.of({}) is EMPTY


# --- reading -----------------------------------------------------------------------------


@given(MAPS, KEYS)
def test_a_set_is_read_like_a_dict(plain: Plain, key: bytes) -> None:
    records = RecordSet.of(plain)
    assert dict(records) == plain
    assert len(records) == records.count == len(plain)
    assert records.size_bytes == size_of(plain)
    assert [records.get(each) for each in plain] == list(plain.values())
    assert records.get(key) == plain.get(key)


@given(MAPS)
def test_iteration_is_by_bucket_and_then_by_key(plain: Plain) -> None:
    expected = sorted(plain, key=lambda key: (bucket_of(key), key))
    assert [key for key, _ in RecordSet.of(plain)] == expected


@given(MAPS, st.one_of(st.integers(0, BUCKETS), KEYS.map(bucket_of)))
def test_buckets_are_served_from_any_of_them_on(plain: Plain, first: int) -> None:
    records = RecordSet.of(plain)
    numbers = sorted({bucket_of(key) for key in plain if bucket_of(key) >= first})
    served = dict(records.from_bucket(first))
    assert list(served) == numbers
    assert [records.bucket(number) for number in numbers] == list(served.values())
    assert {key: value for pairs in served.values() for key, value in pairs} == {
        key: value for key, value in plain.items() if bucket_of(key) >= first
    }


@given(MAPS)
def test_digests_are_those_of_what_lies_below(plain: Plain) -> None:
    records = RecordSet.of(plain)
    for number, digest in enumerate(records.branch_digests()):
        below = records.bucket_digests(number)
        joined = b"".join(below)
        branch = blake2b(joined, digest_size=HASH_BYTES, person=b"isthmus-branch").digest()
        assert digest == (branch if any(joined) else ZEROS)
        for index, each in enumerate(below):
            bucket = Bucket.of(records.bucket(number * FANOUT + index))
            assert each == (ZEROS if bucket is None else bucket.digest)


@given(KEYS)
def test_a_bucket_is_one_of_4096_by_the_hash_of_the_key(key: bytes) -> None:
    assert 0 <= bucket_of(key) < BUCKETS
    assert EMPTY.updated({key: b""}).bucket(bucket_of(key)) == ((key, b""),)


def test_keys_are_spread_over_the_buckets() -> None:
    found = {bucket_of(b"endpoints/shop/cart/%d" % number) for number in range(BUCKETS)}
    assert 0.6 * BUCKETS < len(found) < 0.67 * BUCKETS  # 1 - 1/e of them, were it by chance.


def test_a_set_shows_what_tells_it_from_others() -> None:
    records = RecordSet.of({b"a": b"12"})
    assert repr(records) == f"RecordSet(1 records, 3 bytes, {records.root.hex()[:16]})"


# --- changing ----------------------------------------------------------------------------


@given(MAPS, MAPS, st.lists(KEYS, max_size=6))
def test_an_update_puts_and_deletes(plain: Plain, put: Plain, delete: list[bytes]) -> None:
    before = RecordSet.of(plain)
    after = before.updated(put, delete)
    expected = {key: value for key, value in plain.items() if key not in delete} | put
    assert after.root == RecordSet.of(expected).root == naive_root(expected)
    assert (after.count, after.size_bytes) == (len(expected), size_of(expected))
    assert before.root == naive_root(plain), "the set before is as it was"


@given(MAPS, MAPS)
def test_changes_are_what_differs(before: Plain, after: Plain) -> None:
    changes = RecordSet.of(after).changes_since(RecordSet.of(before))
    assert changes == naive_changes(before, after)
    put = {change.key: change.after for change in changes if change.after is not None}
    gone = [change.key for change in changes if change.after is None]
    assert RecordSet.of(before).updated(put, gone).root == RecordSet.of(after).root


@given(MAPS, KEYS, st.one_of(st.none(), st.binary(max_size=3)))
def test_a_change_of_one_key_leaves_all_else_the_same_objects(
    plain: Plain, key: bytes, value: bytes | None
) -> None:
    before = RecordSet.of(plain)
    after = before.updated({} if value is None else {key: value}, [key])
    number, index = divmod(bucket_of(key), FANOUT)
    for at, (old, new) in enumerate(zip(before.branches, after.branches, strict=True)):
        assert old is new or at == number
    old, new = before.branches[number], after.branches[number]
    if old is not None and new is not None:
        for at, (one, other) in enumerate(zip(old.buckets, new.buckets, strict=True)):
            assert one is other or at == index


def test_whoever_stops_looking_at_changes_has_paid_for_what_was_seen() -> None:
    keys = [b"key-%d" % at for at in range(300)]
    after = RecordSet.of(dict.fromkeys(keys, b"new"))
    before = RecordSet.of(dict.fromkeys(keys, b"old"))
    buckets = list(after.iter_changes(before))
    assert [change for bucket in buckets for change in bucket] == after.changes_since(before)
    assert all(len({bucket_of(each.key) for each in bucket}) == 1 for bucket in buckets)
    assert len(buckets) > 200
    assert next(after.iter_changes(before)) == buckets[0]


@given(MAPS, st.data())
def test_an_update_that_changes_nothing_gives_the_same_objects(
    plain: Plain, data: st.DataObject
) -> None:
    records = RecordSet.of(plain)
    chosen = data.draw(
        st.lists(st.sampled_from(sorted(plain)), unique=True) if plain else st.just([])
    )
    absent = [key for key in data.draw(st.lists(KEYS, max_size=3)) if key not in plain]
    copies = {bytes(bytearray(key)): bytes(bytearray(plain[key])) for key in chosen}
    assert records.updated(copies, absent) is records


@pytest.mark.parametrize("delete", [TOGETHER[:1], TOGETHER[:3], TOGETHER])
def test_what_is_emptied_leaves_nothing_behind(delete: Sequence[bytes]) -> None:
    records = RecordSet.of(dict.fromkeys(TOGETHER, b"x")).updated({}, delete)
    assert records.root == RecordSet.of(dict.fromkeys(set(TOGETHER) - set(delete), b"x")).root
    assert (records.branches[1] is None) == (list(delete) == TOGETHER)


def test_a_comparison_looks_only_into_what_differs() -> None:
    plain = {b"key/%d" % number: b"%d" % number for number in range(2_000)}
    before = RecordSet.of(plain)
    touched = bucket_of(b"key/7") // FANOUT
    # Of all branches but one a set with the right digests and nothing below is as good.
    hollow = tuple(
        branch if branch is None or number == touched else Branch(branch.digest, ())
        for number, branch in enumerate(before.branches)
    )
    after = before.updated({b"key/7": b"new"})
    found = after.changes_since(RecordSet(hollow, before.count, before.size_bytes))
    assert found == [Change(b"key/7", b"7", b"new")]


def test_a_key_may_be_as_long_as_its_length_can_say_and_no_longer() -> None:
    longest = b"x" * 0xFFFF
    assert RecordSet.of({longest: b""}).get(longest) == b""
    with pytest.raises(ValueError, match="a key or value too long to be hashed"):
        RecordSet.of({longest + b"x": b""})


# --- any sequence of updates -------------------------------------------------------------


class AnyUpdates(RuleBasedStateMachine):
    """A set beside a dict, and all versions of both that there ever were."""

    def __init__(self) -> None:
        super().__init__()
        self.plain: Plain = {}
        self.records = EMPTY
        self.versions: list[tuple[RecordSet, Plain]] = []

    @initialize(plain=MAPS)
    def begin(self, plain: Plain) -> None:
        self.plain, self.records = dict(plain), RecordSet.of(plain)

    @rule(put=MAPS, delete=st.lists(KEYS, max_size=4))
    def update(self, put: Plain, delete: list[bytes]) -> None:
        self.versions.append((self.records, dict(self.plain)))
        self.records = self.records.updated(put, delete)
        for key in delete:
            self.plain.pop(key, None)
        self.plain.update(put)

    @rule(data=st.data())
    def delete_some_that_are_there(self, data: st.DataObject) -> None:
        self.versions.append((self.records, dict(self.plain)))
        gone = data.draw(st.lists(st.sampled_from(sorted(self.plain) or [b"none"]), max_size=8))
        self.records = self.records.updated({}, gone)
        for key in gone:
            self.plain.pop(key, None)

    @rule(data=st.data())
    def return_to_an_earlier_version(self, data: st.DataObject) -> None:
        if self.versions:
            then, plain = data.draw(st.sampled_from(self.versions))
            changes = then.changes_since(self.records)
            put = {each.key: each.after for each in changes if each.after is not None}
            gone = [each.key for each in changes if each.after is None]
            self.records, self.plain = self.records.updated(put, gone), dict(plain)
            assert self.records == then

    @invariant()
    def both_say_the_same(self) -> None:
        assert dict(self.records) == self.plain
        assert self.records.root == RecordSet.of(self.plain).root
        totals = self.records.count, self.records.size_bytes
        assert totals == (len(self.plain), size_of(self.plain))

    @invariant()
    def changes_since_any_version_are_the_naive_ones(self) -> None:
        for then, plain in self.versions[-3:]:
            assert dict(then) == plain, "an earlier version is as it was"
            assert self.records.changes_since(then) == naive_changes(plain, self.plain)
            assert then.changes_since(self.records) == naive_changes(self.plain, plain)


TestSetAgainstDict = AnyUpdates.TestCase
TestSetAgainstDict.settings = settings(stateful_step_count=12)
