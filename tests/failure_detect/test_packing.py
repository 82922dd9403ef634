"""Values go in and come out with their own bytes, at a memory that their size bounds."""

from collections.abc import Callable

import pytest
from hypothesis import given

from failure_detect.packing import (
    BYTES_PER_MAP,
    MAPS_MAX,
    UNCOUNTED_BYTES,
    MalformedMessage,
    Packable,
    pack,
    unpack_each,
    unpack_one,
)
from tests.failure_detect.dear_values import bound, peak_bytes, shapes
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
    assert list(unpack_each(first + second, 100)) == [((1, b"x"), first), (("two",), second)]


def test_a_longer_spelling_of_a_number_keeps_its_own_bytes() -> None:
    spelt = bytes.fromhex("91cd0001")
    assert list(unpack_each(spelt, 100)) == [((1,), spelt)]


def test_one_value_comes_without_them() -> None:
    assert unpack_one(pack((1, b"x")), 100) == (1, b"x")


def test_one_value_is_one() -> None:
    with pytest.raises(MalformedMessage, match="one value of 3 bytes, and 1 behind it"):
        unpack_one(pack((1, 2)) + b"\x01", 100)
    with pytest.raises(MalformedMessage, match="one value of 3 bytes, and 2 behind it"):
        unpack_one(pack((1, 2)) + b"\xc1\xff", 100)


Unpack = Callable[[bytes, int], object]


def each_of(data: bytes, most_bytes: int) -> object:
    return list(unpack_each(data, most_bytes))


BOTH = pytest.mark.parametrize("unpack", [unpack_one, each_of])


@BOTH
@pytest.mark.parametrize("size", [0, 11])
def test_nothing_and_too_much_are_refused_by_size(unpack: Unpack, size: int) -> None:
    with pytest.raises(MalformedMessage, match=f"size: {size} bytes, at most 10 are taken"):
        unpack(b"\x01" * size, 10)


def test_as_much_as_is_taken_is_taken() -> None:
    assert len(list(unpack_each(b"\x01" * 10, 10))) == 10
    assert unpack_one(pack(b"12345678"), 10) == b"12345678"


def test_of_a_large_frame_each_value_is_made_when_it_is_asked_for() -> None:
    values = iter(unpack_each(pack(bytes(UNCOUNTED_BYTES)) + b"\xc1", FRAME))
    assert next(values)[0] == bytes(UNCOUNTED_BYTES)
    with pytest.raises(MalformedMessage, match="not msgpack: FormatError"):
        next(values)


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
        each_of(bytes.fromhex(data), 100)
    if not data.startswith("01"):
        with pytest.raises(MalformedMessage, match=f"not msgpack: {error}"):
            unpack_one(bytes.fromhex(data), 100)


def test_a_key_that_comes_twice_counts_once() -> None:
    data = bytes.fromhex("82a16101a16102")
    assert unpack_one(data, 100) == {"a": 2}


@given(VALUES)
def test_whatever_msgpack_can_say_is_taken_or_refused(value: Value) -> None:
    data = packed(value)
    try:
        found = list(unpack_each(data, len(data)))
    except MalformedMessage:
        return
    assert [raw for _, raw in found] == [data]
    assert repr([unpack_one(data, len(data))]) == repr([value for value, _ in found])


# --- memory ------------------------------------------------------------------------------------


def peak_of(unpack: Unpack, data: bytes) -> int:
    return peak_bytes(lambda: unpack(data, FRAME), MalformedMessage)


def drained(data: bytes, most_bytes: int) -> object:
    """Take each value, and keep none."""
    return sum(1 for _ in unpack_each(data, most_bytes))


@BOTH
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
def test_a_huge_declared_length_is_given_no_room(unpack: Unpack, head: str, tail: int) -> None:
    data = bytes.fromhex(head) + bytes(tail)
    with pytest.raises(MalformedMessage):
        unpack(data, FRAME)
    assert peak_of(unpack, data) < 100_000


@pytest.mark.parametrize("size", [1_200, UNCOUNTED_BYTES, UNCOUNTED_BYTES + 1, 20_000])
def test_memory_is_no_more_than_the_size_justifies(size: int) -> None:
    for name, data in shapes(size).items():
        assert peak_of(unpack_one, data[:size]) < bound(size), name
        assert peak_of(unpack_one, data) < bound(len(data)), name


@pytest.mark.parametrize("size", [1_200, UNCOUNTED_BYTES, UNCOUNTED_BYTES + 3, FRAME])
@pytest.mark.parametrize("pattern", ["01", "80", "90", "91 c0", "81 a0 c0", "d4 01 00", "e0"])
def test_many_values_cost_little(size: int, pattern: str) -> None:
    octets = bytes.fromhex(pattern)
    data = octets * (size // len(octets))
    assert peak_of(unpack_one, data) < 80_000 + 2 * size
    assert peak_of(drained, data) < 350_000


def with_maps(count: int, size: int) -> bytes:
    """An array of so many empty maps and as much text as makes it so many bytes."""
    head = b"\xdd" + (count + 1).to_bytes(4) + b"\x80" * count
    left = size - len(head) - 5
    return head + b"\xdb" + left.to_bytes(4) + b"x" * left


@pytest.mark.parametrize("size", [UNCOUNTED_BYTES + 1, 4_000, FRAME])
def test_there_may_be_as_many_maps_as_the_size_justifies(size: int) -> None:
    most = MAPS_MAX + size // BYTES_PER_MAP
    value = unpack_one(with_maps(most, size), FRAME)
    assert isinstance(value, tuple)
    assert value[:-1] == ({},) * most
    assert next(iter(unpack_each(with_maps(most, size), FRAME)))[0] == value
    for unpack in (unpack_one, each_of):
        with pytest.raises(MalformedMessage, match=f"more than {most} maps in one value"):
            unpack(with_maps(most + 1, size), FRAME)


def test_in_a_small_value_maps_are_not_counted() -> None:
    data = with_maps(UNCOUNTED_BYTES - 11, UNCOUNTED_BYTES)
    assert len(data) == UNCOUNTED_BYTES
    value = unpack_one(data, FRAME)
    assert isinstance(value, tuple)
    assert len(value) == UNCOUNTED_BYTES - 10


@pytest.mark.parametrize("depth", [1_100, 30_000])
@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1a"])
@BOTH
def test_deep_nesting_is_refused(unpack: Unpack, depth: int, opening: bytes) -> None:
    with pytest.raises(MalformedMessage, match="StackError"):
        unpack(opening * depth + b"\x01", 1 << 20)
