"""Whatever the bytes, they give a record of endpoints or a refusal, and cost what they weigh."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.endpoints import (
    EndpointCounts,
    EndpointRecord,
    count_endpoints,
    decode_endpoints,
    encode_endpoints,
)
from discovery.refusals import Refused
from tests.discovery.strategies import (
    ENDPOINT_RECORDS,
    HOSTILE_BYTES,
    VALUES,
    Value,
    counts_of,
    mutated,
    nested,
    packed_value,
)

ADDRESS = bytes((10, 0, 0, 1))
PLAIN: tuple[Value, ...] = (ADDRESS, 3, "n1", 0)


def record(entry: Value) -> bytes:
    """A packed record with one endpoint."""
    return packed_value({"z": ["a"], "e": [entry]})


def read(data: bytes) -> EndpointRecord | None:
    """The record, or None where it is refused; counting agrees with it."""
    try:
        counts: EndpointCounts | None = count_endpoints(data, "record")
    except Refused:
        counts = None
    try:
        found = decode_endpoints(data, "record")
    except Refused:
        return None
    assert counts == counts_of(found)
    assert decode_endpoints(encode_endpoints(found), "record") == found
    return found


@given(HOSTILE_BYTES)
def test_any_bytes_give_a_record_or_a_refusal(data: bytes) -> None:
    read(data)


@given(mutated(ENDPOINT_RECORDS.map(encode_endpoints)))
def test_mutated_records_give_a_record_or_a_refusal(data: bytes) -> None:
    read(data)


@given(st.lists(st.lists(VALUES, max_size=6), max_size=3), st.lists(VALUES, max_size=3))
def test_any_entries_give_a_record_or_a_refusal(entries: Value, zones: Value) -> None:
    read(packed_value({"e": entries, "z": zones, "p": entries}))


@given(st.integers(0, 4), VALUES)
def test_any_value_in_place_of_a_right_one_gives_a_record_or_a_refusal(
    at: int, value: Value
) -> None:
    entry = [*PLAIN, "web-0"]
    entry[at] = value
    read(record(entry))


@pytest.mark.parametrize("depth", [100, 900])
@pytest.mark.parametrize("at", range(5))
def test_a_deep_value_in_place_of_a_right_one_is_refused(depth: int, at: int) -> None:
    entry = [packed_value(value) for value in (*PLAIN, "web-0")]
    entry[at] = b"\x91" * depth + b"\x01"
    data = b"\x82\xa1z\x91\xa1a\xa1e\x91\x95" + b"".join(entry)
    with pytest.raises(Refused, match=r"record\.e: "):
        decode_endpoints(data, "record")


@pytest.mark.parametrize(
    "data",
    [
        nested(900),
        b"\x81\xa1e" + b"\xdc\xff\x00" * 900,
        b"\x81\xa1e\xdc\x1b\x58" + b"\x90" * 7_000,
        b"\x81\xa1p\xdd\xff\xff\xff\xff" + b"\x90" * 7_000,
    ],
)
def test_reading_takes_no_more_memory_than_the_size_justifies(data: bytes) -> None:
    read(data)  # What is made once is made.
    tracemalloc.start()
    try:
        assert read(data) is None or data == nested(900)
        assert tracemalloc.get_traced_memory()[1] < 100_000 + 200 * len(data)
    finally:
        tracemalloc.stop()


def test_names_that_are_refused_are_not_kept() -> None:
    tracemalloc.start()
    try:
        for number in range(300):
            name = f"{number}" + "N" * 7_500
            assert read(record((ADDRESS, 3, name, None))) is None
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
