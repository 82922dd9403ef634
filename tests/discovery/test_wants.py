"""What is lacking is remembered within bounds, and nothing partial counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.recordset import EMPTY, RecordSet, bucket_of
from discovery.refusals import Refusal, Refused
from discovery.wants import BUCKETS, PROVIDERS_MAX, Staging, Wants
from tests.discovery.lone import member_of, signed, some_records

KEY = b"s/alpha"
RECORDS = some_records(40)
WHOLE = RecordSet.of(RECORDS)
SET = signed(WHOLE)


def between(first: int, until: int) -> dict[bytes, bytes]:
    return {key: value for key, value in RECORDS.items() if first <= bucket_of(key) < until}


def staged() -> Staging:
    return Staging(SET.manifest, EMPTY)


# --- parts --------------------------------------------------------------------------------


def test_a_set_that_comes_in_parts_is_whole_with_the_last_of_them() -> None:
    staging = staged()
    assert not staging.take_part(0, 1_000, between(0, 1_000))
    assert staging.next_bucket == 1_000
    assert not staging.take_part(1_000, 3_000, between(1_000, 3_000))
    assert staging.take_part(3_000, BUCKETS, between(3_000, BUCKETS))
    assert staging.records == WHOLE


def test_a_part_that_has_come_already_or_comes_too_early_changes_nothing() -> None:
    staging = staged()
    staging.take_part(0, 1_000, between(0, 1_000))
    before = staging.records
    assert not staging.take_part(0, 1_000, between(0, 1_000))
    assert not staging.take_part(2_000, BUCKETS, between(2_000, BUCKETS))
    assert (staging.records, staging.next_bucket) == (before, 1_000)


@pytest.mark.parametrize("until", [0, 500, 1_000])
def test_a_part_that_ends_before_it_begins_is_refused(until: int) -> None:
    staging = staged()
    staging.take_part(0, 1_000, {})
    with pytest.raises(Refused) as refused:
        staging.take_part(1_000, until, {})
    assert refused.value.reason is Refusal.MALFORMED
    assert staging.next_bucket == 1_000


def test_a_part_with_a_record_of_another_bucket_is_refused() -> None:
    staging = staged()
    [stray, *_] = between(2_000, BUCKETS)
    with pytest.raises(Refused) as refused:
        staging.take_part(0, 2_000, between(0, 2_000) | {stray: b"x"})
    assert refused.value.reason is Refusal.MALFORMED
    assert (staging.records, staging.next_bucket) == (EMPTY, 0)


def test_more_than_the_manifest_says_is_refused() -> None:
    staging = Staging(signed({b"a": b"1"}).manifest, EMPTY)
    with pytest.raises(Refused) as refused:
        staging.take_part(0, BUCKETS, RECORDS)
    assert refused.value.reason is Refusal.ROOT
    assert staging.records == EMPTY


def test_whole_buckets_replace_what_was_had_of_them() -> None:
    [key, other, *_] = RECORDS
    ours = WHOLE.updated({key: b"old", b"gone": b"1"}, [other])
    pending = tuple(sorted({bucket_of(key), bucket_of(other), bucket_of(b"gone")}))
    staging = Staging(SET.manifest, ours, pending=pending)
    for bucket in pending[:-1]:
        assert not staging.take_buckets(frozenset({bucket}), dict(WHOLE.bucket(bucket)))
    assert staging.pending == pending[-1:]
    assert staging.take_buckets(frozenset(pending[-1:]), dict(WHOLE.bucket(pending[-1])))
    assert staging.records == WHOLE


def test_a_bucket_with_a_record_of_another_is_refused() -> None:
    [key, *_] = RECORDS
    bucket = (bucket_of(key) + 1) % BUCKETS
    staging = Staging(SET.manifest, WHOLE, pending=(bucket,))
    with pytest.raises(Refused) as refused:
        staging.take_buckets(frozenset({bucket}), {key: b"x"})
    assert refused.value.reason is Refusal.MALFORMED
    assert (staging.records, staging.pending) == (WHOLE, (bucket,))


@given(st.lists(st.integers(1, BUCKETS - 1), unique=True, max_size=8))
def test_wherever_it_is_cut_the_parts_give_the_same_set(cuts: list[int]) -> None:
    staging, ends = staged(), [*sorted(cuts), BUCKETS]
    for first, until in zip([0, *ends], ends, strict=False):
        is_whole = staging.take_part(first, until, between(first, until))
        assert is_whole == (until == BUCKETS)
    assert staging.records == WHOLE


# --- wants -----------------------------------------------------------------------------------


def test_what_is_noted_again_has_the_higher_rank_and_one_more_provider() -> None:
    wants = Wants(8)
    first = wants.note(KEY, (1, 5), member_of(1))
    again = wants.note(KEY, (1, 3), member_of(2))
    assert again is first is not None
    assert wants.note(KEY, (1, 7), member_of(1)) is first
    assert (first.rank, list(first.providers)) == ((1, 7), [member_of(1), member_of(2)])
    assert (len(wants), wants.changes) == (1, 2)


def test_no_more_is_remembered_than_there_may_be() -> None:
    wants = Wants(8)
    noted = [wants.note(b"s/%d" % at, (1,), member_of(at)) for at in range(10)]
    assert [each is not None for each in noted] == [True] * 8 + [False] * 2
    assert (len(wants), wants.dropped) == (8, 2)
    wants.check_invariants()


def test_one_provider_fills_no_more_than_a_quarter() -> None:
    wants = Wants(8)
    noted = [wants.note(b"s/%d" % at, (1,), member_of(1)) for at in range(4)]
    assert [each is not None for each in noted] == [True, True, False, False]
    assert wants.note(b"s/9", (1,), member_of(2)) is not None
    wants.drop(b"s/0")
    assert wants.note(b"s/8", (1,), member_of(1)) is not None
    wants.check_invariants()


def test_one_want_has_a_few_providers() -> None:
    wants = Wants(8)
    for number in range(PROVIDERS_MAX + 3):
        wants.note(KEY, (1,), member_of(number))
    want = wants.get(KEY)
    assert want is not None
    assert len(want.providers) == PROVIDERS_MAX
    wants.check_invariants()


def test_what_nobody_has_is_wanted_no_more() -> None:
    wants = Wants(8)
    want = wants.note(KEY, (1,), member_of(1))
    assert want is not None
    wants.note(KEY, (1,), member_of(2))
    wants.without(want, member_of(3))
    wants.without(want, member_of(1))
    assert wants.get(KEY) is want
    wants.without(want, member_of(2))
    assert wants.get(KEY) is None
    wants.check_invariants()


def test_only_the_wanted_rank_ends_a_want() -> None:
    wants = Wants(8)
    want = wants.note(KEY, (1, 5), member_of(1))
    assert wants.satisfied(b"s/other", (9,)) is None
    assert wants.satisfied(KEY, (1, 4)) is None
    assert wants.get(KEY) is want
    assert wants.satisfied(KEY, (1, 5)) is want
    assert len(wants) == 0
    wants.check_invariants()


def test_a_provider_that_is_gone_is_asked_for_nothing() -> None:
    wants = Wants(8)
    for at in range(2):
        wants.note(b"s/%d" % at, (1,), member_of(1))
    wants.note(b"s/0", (1,), member_of(2))
    before = wants.changes
    wants.forget_provider(member_of(1))
    assert [each.key for each in wants] == [b"s/0"]
    assert wants.changes > before
    wants.check_invariants()


def test_all_who_are_said_to_have_any_of_it_are_known() -> None:
    wants = Wants(8)
    for at, number in enumerate((2, 1, 2)):
        wants.note(b"s/%d" % at, (1,), member_of(number))
    assert list(wants.providers()) == [member_of(2), member_of(1)]
    wants.drop(b"s/1")
    assert list(wants.providers()) == [member_of(2)]


def test_the_bytes_of_all_that_has_come_in_part_are_counted() -> None:
    wants = Wants(8)
    for at in range(2):
        want = wants.note(b"s/%d" % at, (1,), member_of(1))
        assert want is not None
        want.staging = staged()
        want.staging.take_part(0, 2_000, between(0, 2_000))
    part = RecordSet.of(between(0, 2_000)).size_bytes
    assert wants.staged_bytes == 2 * part
    wants.drop(b"s/0")
    assert wants.staged_bytes == part


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["note", "drop", "without", "satisfied", "gone"]),
            st.integers(0, 12),
            st.integers(0, 3),
        ),
        max_size=60,
    )
)
def test_in_any_order_the_counts_are_right_and_the_bounds_hold(
    steps: list[tuple[str, int, int]],
) -> None:
    wants = Wants(8)
    for what, at, number in steps:
        key, member = b"s/%d" % at, member_of(number)
        want = wants.get(key)
        match what:
            case "note":
                wants.note(key, (number,), member)
            case "drop":
                wants.drop(key)
            case "without" if want is not None:
                wants.without(want, member)
            case "satisfied":
                wants.satisfied(key, (number,))
            case "gone":
                wants.forget_provider(member)
            case _:
                wants.postpone(key)
        wants.check_invariants()
