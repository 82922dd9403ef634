"""A getter gives its type or a fault with a path, whatever a person wrote."""

from base64 import b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.spec_fields import FAULTS_MAX, SpecFault, SpecFields, read_key

KEY = bytes(range(32))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
GETTERS: list[Callable[[SpecFields], object]] = [
    lambda fields: fields.part("x"),
    lambda fields: fields.parts("x", least=1, most=2),
    lambda fields: fields.texts("x", least=1, most=2),
    lambda fields: fields.text("x"),
    lambda fields: fields.integer("x", least=1, most=9),
    lambda fields: fields.truth("x"),
    lambda fields: fields.time("x"),
    read_key,
]


def told(fields: SpecFields) -> list[str]:
    return [str(fault) for fault in fields.faults]


@given(ANYTHING, st.sampled_from(GETTERS))
def test_anything_is_read_or_is_a_fault(
    value: object, read: Callable[[SpecFields], object]
) -> None:
    fields = SpecFields({"x": value, "key": value}, "spec")
    read(fields)
    assert all(fault.field.startswith("spec.") for fault in fields.faults)


def test_good_fields_leave_no_fault() -> None:
    fields = SpecFields(
        {
            "text": "t",
            "number": 5,
            "truth": True,
            "time": "1970-01-01T00:00:01Z",
            "texts": ["a", "b"],
            "part": {"text": "inner"},
            "parts": [{"text": "each"}],
            "key": b64encode(KEY).decode(),
        }
    )
    assert fields.text("text") == "t"
    assert fields.integer("number", least=5, most=5) == 5
    assert fields.truth("truth")
    assert fields.time("time") == 1_000
    assert fields.texts("texts", least=2, most=2) == ("a", "b")
    assert fields.part("part").text("text") == "inner"
    assert [each.text("text") for each in fields.parts("parts", least=1, most=1)] == ["each"]
    assert read_key(fields) == KEY
    assert read_key(SpecFields({"key": KEY.hex().upper()})) == KEY
    assert fields.faults == []


def test_what_is_absent_has_its_default() -> None:
    fields = SpecFields({})
    assert fields.text("a", default="d") == "d"
    assert fields.integer("a", least=0, most=9, default=3) == 3
    assert not fields.truth("a")
    assert fields.time("a") == 0
    assert fields.texts("a", least=0, most=1) == ()
    assert fields.part("a", default={"b": "c"}).text("b") == "c"
    assert fields.faults == []
    assert fields.text("a") == ""
    assert told(fields) == ["a: must be a text"]


def test_faults_of_all_parts_come_together_with_their_paths() -> None:
    fields = SpecFields({"outer": {"list": [{"x": 1, "y": 2}, 3], "more": []}, "7": ""})
    fields.only("outer")
    outer = fields.part("outer")
    for each in outer.parts("list", least=1, most=2):
        each.only("x")
        each.text("x")
    outer.texts("more", least=1, most=2)
    outer.text("none")
    assert told(fields) == [
        "7: is not known; known are outer",
        "outer.list[1]: must be a mapping",
        "outer.list[0].y: is not known; known are x",
        "outer.list[0].x: must be a text",
        "outer.list[1].x: must be a text",
        "outer.more: must be a list of 1 to 2",
        "outer.none: must be a text",
    ]


def test_a_hostile_object_makes_a_bounded_report() -> None:
    fields = SpecFields({"x" * 9_999 + str(number): 0 for number in range(99)})
    fields.only()
    assert len(fields.faults) == FAULTS_MAX
    assert all(len(str(fault)) < 100 for fault in fields.faults)


@pytest.mark.parametrize(
    "key",
    [
        None,
        KEY,
        KEY.hex()[1:],
        "0" * 64,
        b64encode(KEY).decode()[:-1],
        b64encode(KEY).decode()[:-2] + "9=",
        b64encode(KEY[1:]).decode(),
        b64encode(KEY + b"x").decode(),
        "é" * 44,
        "-" * 44,
    ],
)
def test_what_is_no_key_is_none(key: object) -> None:
    fields = SpecFields({"key": key})
    assert read_key(fields) == b""
    assert told(fields) == ["key: must be the 32 bytes of a public key as base64 or hex"]


def test_a_list_of_texts_has_nothing_else_in_it() -> None:
    fields = SpecFields({"t": ["a", 7]}, "spec")
    assert fields.texts("t", least=0, most=2) == ("a", "")
    assert told(fields) == ["spec.t[1]: must be a text"]


@pytest.mark.parametrize("time", [None, 0, "2027-01-31", "1970-01-01T00:00:00Z"])
def test_a_time_that_says_nothing_is_a_fault(time: object) -> None:
    fields = SpecFields({"t": time})
    assert fields.time("t") == 0
    assert len(fields.faults) == 1


def test_what_is_wanted_and_does_not_hold_is_a_fault() -> None:
    fields = SpecFields({}, "spec")
    fields.want("a", holds=True, must="must be so")
    fields.want("b", holds=[], must="must be so too")
    assert fields.faults == [SpecFault("spec.b", "must be so too")]
