"""A packed map is read strictly in what is known, and let be in what is not."""

import re
import tracemalloc
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.fields import INTEGER_MAX, TEXT_CHARACTERS_MAX, Fields, packed, proven
from discovery.refusals import Refusal, Refused
from tests.discovery.strategies import HOSTILE_BYTES, VALUES, Value, nested, packed_value

SIZE_MAX = 4_096


def fields(values: dict[str, Value]) -> Fields:
    return Fields("thing", packed_value(values), SIZE_MAX)


def refusal(act: Callable[[], object], reason: Refusal = Refusal.MALFORMED) -> str:
    with pytest.raises(Refused) as raised:
        act()
    assert raised.value.reason is reason
    return raised.value.what


# --- the whole map -----------------------------------------------------------------------


def test_what_is_none_is_left_out() -> None:
    assert packed({"a": 1, "b": None, "c": b""}) == bytes.fromhex("82a16101a163c400")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1 << 64, "cannot be packed: Integer value out of range"),
        (-(1 << 63) - 1, "cannot be packed: Integer value out of range"),
        ("\ud800", "cannot be packed: 'utf-8' codec can't encode"),
    ],
)
def test_what_has_no_bytes_is_a_value_error(value: int | str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as raised:
        packed({"a": value})
    assert not isinstance(raised.value, Refused | UnicodeError)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "thing: size: 0 bytes"),
        ("90", "thing: must be one map"),
        ("01", "thing: must be one map"),
        ("80 80", "thing: one value of 1 bytes, and 1 behind it"),
        ("c0", "thing: must be one map"),
        ("81 a1 61", "thing: not msgpack: OutOfData"),
        ("81 01 01", "thing: not msgpack: ValueError"),
        ("81 d6 ff 00 00 00 01 01", "thing: not msgpack: ValueError"),
        ("81 a1 61 a3 ed a0 80", "thing: not msgpack: UnicodeDecodeError"),
        ("82 a1 61 01 a1 61 02", "thing: must not have one name twice"),
        ("de 00 02 a1 61 01 a1 61 02", "thing: must not have one name twice"),
        ("df 00 00 00 02 a1 61 01 a1 61 02", "thing: must not have one name twice"),
    ],
)
def test_what_is_no_map_of_names_is_refused(data: str, words: str) -> None:
    said = refusal(lambda: Fields("thing", bytes.fromhex(data), SIZE_MAX))
    assert said.startswith(words)


@pytest.mark.parametrize(
    "data", ["81 a1 61 01", "de 00 01 a1 61 01", "df 00 00 00 01 a1 61 01", "81 d9 01 61 01"]
)
def test_a_map_may_be_spelt_as_msgpack_allows(data: str) -> None:
    assert Fields("thing", bytes.fromhex(data), SIZE_MAX).integer("a") == 1


def test_as_many_bytes_as_are_allowed_are_taken_and_no_more() -> None:
    data = packed_value({"a": bytes(20)})
    assert Fields("thing", data, len(data)).octets("a") == bytes(20)
    said = refusal(lambda: Fields("thing", data, len(data) - 1), Refusal.OVERSIZED)
    assert said == f"thing: {len(data)} bytes, at most {len(data) - 1}"


def test_names_that_are_bytes_are_somebody_elses() -> None:
    read = Fields("thing", packed_value({"a": 1, b"a": 2, b"z": 3, "B": 4}), SIZE_MAX)
    assert read.names() == ("B", "a")
    assert read.integer("a") == 1
    assert not read.has("z")


def test_presence_and_values_can_be_asked_for() -> None:
    read = fields({"a": None, "b": [1]})
    assert (read.has("a"), read.has("b"), read.has("c")) == (True, True, False)
    assert (read.value("a"), read.value("b"), read.value("c")) == (None, (1,), None)


# --- each type ---------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 1, 255, INTEGER_MAX])
def test_whole_numbers_are_read(value: int) -> None:
    assert fields({"a": value}).integer("a") == value


@pytest.mark.parametrize("value", [-1, True, False, 1.0, float("nan"), None, "1", b"1", [1], {}])
def test_what_is_no_whole_number_is_refused(value: Value) -> None:
    said = refusal(lambda: fields({"a": value}).integer("a"))
    assert said == f"thing.a: must be a whole number from 0 to {INTEGER_MAX}"


def test_bounds_of_a_number_belong_to_it() -> None:
    assert [fields({"a": n}).integer("a", least=2, most=3) for n in (2, 3)] == [2, 3]
    for value in (1, 4):
        said = refusal(partial(fields({"a": value}).integer, "a", least=2, most=3))
        assert said == "thing.a: must be a whole number from 2 to 3"


@pytest.mark.parametrize("value", ["", "ä" * 3, "a\0b", "\ud7ff"])
def test_texts_are_read(value: str) -> None:
    assert fields({"a": value}).text("a", most=3) == value


@pytest.mark.parametrize("value", ["abcd", b"a", 1, None, ["a"], True])
def test_what_is_no_text_of_that_length_is_refused(value: Value) -> None:
    said = refusal(lambda: fields({"a": value}).text("a", most=3))
    assert said == "thing.a: must be a text of at most 3 characters"


def test_bytes_are_read_and_bounded() -> None:
    read = fields({"a": b"abc"})
    assert read.octets("a") == read.octets("a", exactly=3) == read.octets("a", most=3) == b"abc"
    assert fields({"a": b""}).octets("a", exactly=0) == b""
    for length in (0, 2, 4):
        said = refusal(partial(read.octets, "a", exactly=length))
        assert said == f"thing.a: must be {length} bytes"
    assert refusal(lambda: read.octets("a", most=2)) == "thing.a: must be at most 2 bytes"


@pytest.mark.parametrize("value", ["abc", 1, None, [b"a"], {}])
def test_what_is_no_bytes_is_refused(value: Value) -> None:
    assert refusal(lambda: fields({"a": value}).octets("a")) == "thing.a: must be bytes"


def test_arrays_are_read_and_bounded() -> None:
    read = fields({"a": [1, "x", [b""]]})
    assert read.sequence("a", most=3) == (1, "x", (b"",))
    assert refusal(lambda: read.sequence("a", most=2)) == "thing.a: must be an array of at most 2"
    assert read.sequence("b", most=2) == ()


@pytest.mark.parametrize("value", ["abc", b"abc", 1, None, {}])
def test_what_is_no_array_is_refused(value: Value) -> None:
    said = refusal(lambda: fields({"a": value}).sequence("a", most=9))
    assert said == "thing.a: must be an array of at most 9"


def test_arrays_of_texts_are_read_and_bounded() -> None:
    assert fields({"a": ["x", ""]}).texts("a", most=2) == ("x", "")
    assert fields({}).texts("a", most=2) == ()
    for values in ([b"x"], [1], [None], [["x"]], ["x", True]):
        said = refusal(partial(fields({"a": values}).texts, "a", most=2))
        assert said == "thing.a: must be an array of texts"
    long = ["x" * (TEXT_CHARACTERS_MAX + 1)]
    said = refusal(lambda: fields({"a": long}).texts("a", most=2))
    assert said == "thing.a: must have texts of at most 1024 characters"


def test_maps_of_texts_are_read_and_bounded() -> None:
    assert fields({"a": {"x": "y"}}).mapping("a", most=1) == {"x": "y"}
    assert fields({}).mapping("a", most=1) == {}
    wrong: list[tuple[Value, str]] = [
        ({"x": "y", "z": ""}, "must be a map of at most 1"),
        ([], "must be a map of at most 1"),
        (None, "must be a map of at most 1"),
        ({"x": 1}, "must be a map from text to text"),
        ({b"x": "y"}, "must be a map from text to text"),
        ({"x": "y" * 1_025}, "must have texts of at most 1024 characters"),
        ({"x" * 1_025: "y"}, "must have texts of at most 1024 characters"),
    ]
    for value, must in wrong:
        said = refusal(partial(fields({"a": value}).mapping, "a", most=1))
        assert said == f"thing.a: {must}"


def test_a_default_stands_in_for_what_is_absent_and_for_nothing_else() -> None:
    absent, nil = fields({}), fields({"a": None})
    assert absent.integer("a", default=7) == 7
    assert absent.text("a", default="x") == "x"
    assert absent.octets("a", default=b"x") == b"x"
    for read in (
        lambda: nil.integer("a", default=7),
        lambda: nil.text("a", default="x"),
        lambda: nil.octets("a", default=b"x"),
        lambda: absent.integer("a"),
        lambda: absent.text("a"),
        lambda: absent.octets("a"),
    ):
        assert refusal(read).startswith("thing.a: must be ")


# --- proofs ------------------------------------------------------------------------------


def test_what_a_peer_would_refuse_is_our_own_value_error() -> None:
    def decode(data: bytes, what: str) -> int:
        return Fields(what, data, SIZE_MAX).integer("a")

    good = packed({"a": 1})
    assert proven(good, decode, "thing") is good
    with pytest.raises(ValueError, match=re.escape("thing.a: must be a whole number")) as raised:
        proven(packed({"a": "1"}), decode, "thing")
    assert not isinstance(raised.value, Refused)


# --- hostile input -----------------------------------------------------------------------

GETTERS: list[Callable[[Fields, str], object]] = [
    lambda read, name: read.integer(name),
    lambda read, name: read.text(name, default=""),
    lambda read, name: read.octets(name, exactly=4),
    lambda read, name: read.sequence(name, most=3),
    lambda read, name: read.texts(name, most=3),
    lambda read, name: read.mapping(name, most=3),
]


def every_answer(data: bytes) -> list[str]:
    """Ask for everything in every way, and return what was said where it was refused."""
    try:
        read = Fields("thing", data, SIZE_MAX)
    except Refused as refused:
        return [refused.what]
    words: list[str] = []
    for name in ("a", "x", *read.names()):
        for get in GETTERS:
            try:
                get(read, name)
            except Refused as refused:
                words.append(refused.what)
    return words


@given(HOSTILE_BYTES)
def test_any_bytes_give_values_or_a_refusal(data: bytes) -> None:
    assert all(words.startswith("thing") for words in every_answer(data))


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=5))
def test_any_map_of_names_is_read(values: dict[str, Value]) -> None:
    data = packed_value(values)
    assert Fields("thing", data, len(data)).names() == tuple(sorted(values))


@pytest.mark.parametrize(
    "data",
    [
        nested(900),
        nested(4_000),
        b"\x81\xa1x" + b"\xdc\xff\x00" * 1_300,
        b"\xdf\xff\xff\xff\xff",
        b"\x81\xa1x\xc6\xff\xff\xff\xff",
        b"\x81\xa1x" + b"\x90" * 4_000,
        b"\x81\xa1x\xdc\x0f\xa0" + b"\x80" * 4_000,
    ],
)
def test_reading_takes_no_more_memory_than_the_size_justifies(data: bytes) -> None:
    tracemalloc.start()
    try:
        every_answer(data)
        assert tracemalloc.get_traced_memory()[1] < 100_000 + 200 * len(data)
    finally:
        tracemalloc.stop()
