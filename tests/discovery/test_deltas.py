"""A delta makes one set of another; what comes as one is read strictly."""

import pytest
from hypothesis import given

from discovery.deltas import Delta, delta_of, flat, read_delta, read_keys, read_pairs
from discovery.keys import KEY_BYTES_MAX
from discovery.records import RECORD_BYTES_MAX
from discovery.recordset import EMPTY, RecordSet
from discovery.refusals import Refusal, Refused
from tests.discovery.strategies import RAW_MAPS, VALUES, Value

KEY, RECORD = bytes(KEY_BYTES_MAX), bytes(RECORD_BYTES_MAX)


@given(one=RAW_MAPS, two=RAW_MAPS)
def test_what_changed_makes_one_set_of_the_other(
    one: dict[bytes, bytes], two: dict[bytes, bytes]
) -> None:
    before, after = RecordSet.of(one), RecordSet.of(two)
    delta = delta_of(after.changes_since(before))
    assert dict(delta.put) == {k: v for k, v in two.items() if one.get(k) != v}
    assert sorted(delta.delete) == sorted(one.keys() - two.keys())
    assert delta.applied(before) == after
    assert delta.applied(after) == after
    assert Delta().applied(before) is before


@given(one=RAW_MAPS, two=RAW_MAPS)
def test_a_delta_is_read_as_it_was_written(
    one: dict[bytes, bytes], two: dict[bytes, bytes]
) -> None:
    delta = delta_of(RecordSet.of(two).changes_since(RecordSet.of(one)))
    assert read_delta(tuple(flat(delta.put)), delta.delete, "x") == delta


def test_a_delta_of_nothing_is_empty() -> None:
    assert delta_of([]) == Delta({}, ())
    assert delta_of(EMPTY.changes_since(EMPTY)) == Delta()
    assert read_delta((), (), "x") == Delta()


def test_pairs_are_keys_and_values_in_turn() -> None:
    assert flat({b"a": b"1", b"b": b""}) == [b"a", b"1", b"b", b""]
    assert read_pairs((b"a", b"1", b"b", b""), "x") == {b"a": b"1", b"b": b""}
    assert read_pairs((KEY, RECORD), "x") == {KEY: RECORD}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Refusal.MALFORMED),
        (b"ab", Refusal.MALFORMED),
        ([b"a", b"1"], Refusal.MALFORMED),
        ({b"a": b"1"}, Refusal.MALFORMED),
        ((b"a",), Refusal.MALFORMED),
        ((b"a", b"1", b"b"), Refusal.MALFORMED),
        (("a", b"1"), Refusal.MALFORMED),
        ((b"a", "1"), Refusal.MALFORMED),
        ((b"a", None), Refusal.MALFORMED),
        ((b"a", (b"1",)), Refusal.MALFORMED),
        ((1, b"1"), Refusal.MALFORMED),
        ((b"a", b"1", b"a", b"1"), Refusal.MALFORMED),
        ((b"a", b"1", b"b", b"", b"a", b"2"), Refusal.MALFORMED),
        ((b"", b"1"), Refusal.OVERSIZED),
        ((KEY + b"x", b"1"), Refusal.OVERSIZED),
        ((b"a", RECORD + b"x"), Refusal.OVERSIZED),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_pairs_is_refused(value: object, reason: Refusal) -> None:
    with pytest.raises(Refused, match=r"^[a-z]+: part: ") as raised:
        read_pairs(value, "part")
    assert raised.value.reason is reason


@pytest.mark.parametrize(
    "value",
    [None, b"a", [b"a"], ("a",), (b"",), (KEY + b"x",), (b"a", b"b", b"a"), ((b"a",),), (True,)],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_keys_is_refused(value: object) -> None:
    with pytest.raises(Refused, match="changes: must ") as raised:
        read_keys(value, "changes")
    assert raised.value.reason is Refusal.MALFORMED


def test_a_key_is_put_or_gone_and_not_both() -> None:
    with pytest.raises(Refused, match="changes: must not put a key that it deletes"):
        read_delta((b"a", b"1", b"b", b"2"), (b"c", b"b"), "changes")


@given(put=VALUES, delete=VALUES)
def test_any_values_are_a_delta_or_refused(put: Value, delete: Value) -> None:
    try:
        read_delta(put, delete, "x")
    except Refused as refused:
        assert refused.what.startswith("x: ")  # noqa: PT017 - they may as well be a delta.
