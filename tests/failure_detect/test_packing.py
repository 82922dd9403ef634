"""Values go in and come out with their own bytes; no declared length is believed."""

import tracemalloc

import pytest
from hypothesis import given

from failure_detect.packing import MalformedMessage, Packable, pack, unpack_all
from tests.failure_detect.strategies import VALUES, Value, packed

FRAME = 65_536


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ((1, 0xFFFF), "9201cdffff"),
        ((1 << 64) - 1, "cfffffffffffffffff"),
        (b"ab", "c4026162"),
        ("ab", "a26162"),
        (None, "c0"),
        ((True, False), "92c3c2"),
        ([1, [2]], "92019102"),
        ({"a": 1}, "81a16101"),
    ],
)
def test_values_have_the_bytes_of_the_format(value: Packable, data: str) -> None:
    assert pack(value) == bytes.fromhex(data)


def test_each_value_comes_with_the_bytes_that_it_came_from() -> None:
    first, second = pack((1, b"x")), pack(("two",))
    assert unpack_all(first + second, 100) == [((1, b"x"), first), (("two",), second)]


def test_a_longer_spelling_of_a_number_keeps_its_own_bytes() -> None:
    spelt = bytes.fromhex("91cd0001")
    assert unpack_all(spelt, 100) == [((1,), spelt)]


@pytest.mark.parametrize("size", [0, 11])
def test_nothing_and_too_much_are_refused_by_size(size: int) -> None:
    with pytest.raises(MalformedMessage, match=f"size: {size} bytes, at most 10 are taken"):
        unpack_all(b"\x01" * size, 10)


def test_as_much_as_is_taken_is_taken() -> None:
    assert len(unpack_all(b"\x01" * 10, 10)) == 10


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ("c1", "FormatError"),
        ("92 01", "OutOfData"),
        ("01 cd 00", "OutOfData"),
        ("a1 ff", "UnicodeDecodeError"),
        ("a3 ed a0 80", "UnicodeDecodeError"),  # A lone surrogate.
        ("81 01 02", "ValueError"),  # A number as a key.
        ("81 90 02", "ValueError"),  # An array as a key.
        ("81 80 02", "ValueError"),  # A map as a key.
        ("81 c0 02", "ValueError"),
        ("81 cb 7f f8 00 00 00 00 00 00 02", "ValueError"),  # NaN as a key.
        ("d4 ff 00", "ValueError"),  # A timestamp of one byte.
        ("c7 0c ff ff ff ff ff 00 00 00 00 00 00 00 00", "ValueError"),  # 4.3 s of nanoseconds.
    ],
)
def test_what_is_no_msgpack_is_refused_by_one_error(data: str, error: str) -> None:
    with pytest.raises(MalformedMessage, match=f"not msgpack: {error}"):
        unpack_all(bytes.fromhex(data), 100)


def test_a_key_that_comes_twice_counts_once() -> None:
    data = bytes.fromhex("82a16101a16102")
    assert unpack_all(data, 100) == [({"a": 2}, data)]


@given(VALUES)
def test_whatever_msgpack_can_say_is_taken_or_refused(value: Value) -> None:
    data = packed(value)
    try:
        found = unpack_all(data, len(data))
    except MalformedMessage:
        return
    assert [raw for _, raw in found] == [data]


def peak_bytes(data: bytes) -> int:
    """What decoding allocates at its height."""
    tracemalloc.start()
    try:
        unpack_all(data, FRAME)
    except MalformedMessage:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize(
    "head",
    [
        "dd ff ff ff ff",  # An array of 2^32 - 1.
        "df ff ff ff ff",  # A map.
        "c6 ff ff ff ff",  # Bytes.
        "db ff ff ff ff",  # Text.
        "c9 ff ff ff ff 01",  # An extension.
        "df ff ff ff ff a1 61",
    ],
)
@pytest.mark.parametrize("tail", [0, 1_000])
def test_a_huge_declared_length_is_given_no_room(head: str, tail: int) -> None:
    data = bytes.fromhex(head) + bytes(tail)
    with pytest.raises(MalformedMessage):
        unpack_all(data, FRAME)
    assert peak_bytes(data) < 100_000


@pytest.mark.parametrize("size", [1_200, FRAME])
@pytest.mark.parametrize(
    "pattern",
    [
        "91",  # Arrays in arrays.
        "81 a1 61",  # Maps in maps.
        "dc 04 00",  # Arrays in arrays, each of which promises a thousand.
        "dc ff 00",
        "dd 00 00 04 00",
        "de ff 00 a0",
        "90",  # Nothing but empty arrays.
        "80",
        "01",
        "d4 01 00",
    ],
)
def test_memory_is_no_more_than_the_size_justifies(size: int, pattern: str) -> None:
    data = (bytes.fromhex(pattern) * size)[:size]
    assert peak_bytes(data) < 100_000 + 200 * size


@pytest.mark.parametrize("depth", [1_100, 30_000])
@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1a"])
def test_deep_nesting_is_refused(depth: int, opening: bytes) -> None:
    with pytest.raises(MalformedMessage, match="StackError"):
        unpack_all(opening * depth + b"\x01", 1 << 20)
