"""YAML: read strictly, with places, and written so that it reads back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.objects import Document
from agent.yaml_text import DEPTH_MAX, YamlError, read_documents, to_yaml


def read(text: str) -> Document:
    ((document, _),) = read_documents(text, "a.yaml")
    return document


def refusal(text: str) -> str:
    with pytest.raises(YamlError) as caught:
        read_documents(text, "a.yaml")
    return str(caught.value)


def test_documents_come_in_order_and_empty_ones_are_left_out() -> None:
    text = "---\n# nothing\n---\na: 1\n---\n---\nb: [x, {c: null}]\n"
    assert [document for document, _ in read_documents(text, "a.yaml")] == [
        {"a": 1},
        {"b": ["x", {"c": None}]},
    ]
    assert read_documents("", "a.yaml") == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2027-01-31", "2027-01-31"),
        ("2027-01-31T00:00:00Z", "2027-01-31T00:00:00Z"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("17", 17),
        ("-3", -3),
        ("0644", 0o644),
        ("0x1F", 31),
        ("0899", "0899"),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", ".inf"),
        ("1e999", "1e999"),
        ("9" * 40, "9" * 40),
        ("'17'", "17"),
        ('"true"', "true"),
        ("!!str 17", "17"),
        ("=", "="),
        ("v1.2.3", "v1.2.3"),
        ("|\n  a\n  b", "a\nb"),
    ],
)
def test_a_scalar_means_what_the_api_server_would_make_of_it(written: str, meant: object) -> None:
    value = read(f"a: {written}")["a"]
    assert value == meant
    assert type(value) is type(meant)


def test_names_are_texts_whatever_they_look_like() -> None:
    assert read("no: 1\n8080: 2\n12:30: 3") == {"no": 1, "8080": 2, "12:30": 3}


def test_anchors_aliases_and_merges_work() -> None:
    text = "x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz: {<<: [*x, {c: 4}], c: 5}"
    assert read(text)["y"] == {"a": 1, "b": 3}
    assert read(text)["z"] == {"a": 1, "b": 2, "c": 5}


def test_a_name_that_comes_twice_is_refused_with_both_places() -> None:
    assert refusal("a:\n  b: 1\n  c: 2\n  b: 3\n") == (
        "a.yaml:4:3: the name 'b' is there twice; the first is in line 2: remove one"
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [1, 2", "a.yaml:2:1: did not find expected"),
        ("a: 1\n b: 2", "a.yaml:2:3: "),
        ("a: 'x", "a.yaml:1:6: "),
        ("a: *nowhere", "a.yaml:1:4: "),
        ("a: 1\n---\n- 1", "a.yaml:3:1: must be a mapping"),
        ("text", "a.yaml:1:1: must be a mapping"),
        ("a: !!binary aGVsbG8=", "a.yaml:1:4: the tag "),
        ("a: !mine x", "a.yaml:1:4: the tag !mine"),
        ("a: !!int '5'", "a.yaml:1:4: the tag "),
        ("a: !!set {b}", "a.yaml:1:4: the tag "),
        ("? [a, b]\n: 1", "a.yaml:1:3: a name must be a text"),
        ("a: {<<: 3}", "a.yaml:1:9: << must"),
        ("a: \x00", "a.yaml:1:1: "),
        ("a: &a [*a]", "a.yaml:1:4: is nested too deeply"),
        ("a: " + "[" * (DEPTH_MAX + 2) + "]" * (DEPTH_MAX + 2), "a.yaml:1:"),
        ("a: " + "[" * 200_000, "a.yaml:"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, place: str) -> None:
    assert refusal(text).startswith(place)


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    assert "grows too large" in refusal("a0: &a0 x\n" + levels)


def test_the_line_of_each_field_can_be_had() -> None:
    text = "# first\na: 1\n---\nspec:\n  keys:\n  - key: x\n  - generation: 1\n    key: y\n"
    _, (_, lines) = read_documents(text, "a.yaml")
    assert lines.first == 4
    assert lines.line("spec.keys[1].key") == 8
    assert lines.line("spec.keys[1].notAfter") == 7
    assert lines.line("spec.keys[7]") == 5
    assert lines.line("nothing.at.all") == 4
    assert lines.line("spec.keys[0].key.deeper") == 6


SCALARS = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=30)
LOOKALIKES = st.sampled_from(
    ["no", "1e3", "~", "012", "0x1", "=", "<<", "2027-01-31", "", " a", "-"]
)
BLOCKS = st.lists(st.text(alphabet="ab #:-\t'\"", max_size=6), max_size=4).map("\n".join)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | LOOKALIKES | BLOCKS | FLOATS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=8) | LOOKALIKES, VALUES, max_size=5))
def test_what_is_written_reads_back(document: dict[str, object]) -> None:
    try:
        text = to_yaml(document)
    except ValueError:
        return
    assert read(text) == document


def test_the_order_of_fields_is_kept_and_lines_stay_lines() -> None:
    text = to_yaml({"kind": "X", "apiVersion": "v1", "a": "one\ntwo\n", "n": "no", "t": (1, "1")})
    assert text == "kind: X\napiVersion: v1\na: |\n  one\n  two\nn: 'no'\nt:\n- 1\n- \"1\"\n"


@pytest.mark.parametrize("value", [b"x", float("inf"), object(), {1: 2}, {"a": {1}}])
def test_what_json_has_not_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        to_yaml({"a": value})
