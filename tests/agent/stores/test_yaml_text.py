"""What is written is read as it was, by readers of YAML 1.1 and 1.2; what is wrong has a line."""

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import given

from agent.objects import Document
from agent.stores.faults import FaultReason
from agent.stores.yaml_text import read_documents, read_json, to_yaml

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "no",
        "y",
        "12:30",
        "1e3",
        "0o7",
        "0x1",
        "~",
        "null",
        "<<",
        "=",
        "2020-01-01",
        ".5",
        "a: b",
        "- a",
        "#",
    ]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(texts, below, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(texts, values, min_size=1, max_size=4)


@given(documents)
def test_what_is_written_is_read_as_it_was(document: Document) -> None:
    reading = read_documents(to_yaml(document), "x.yaml")
    assert reading.faults == ()
    assert [each.document for each in reading.documents] == [document]


@given(documents)
def test_a_reader_of_yaml_1_1_reads_the_same(document: Document) -> None:
    assert yaml.load(to_yaml(document), yaml.CSafeLoader) == document


def test_many_documents_and_lists_are_read_each_by_itself() -> None:
    text = "a: 1\n---\n---\nkind: ServiceList\nitems:\n- b: 2\n- c: 3\n---\n# nothing\n"
    reading = read_documents(text, "x.yaml")
    assert [each.document for each in reading.documents] == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert [each.line("b") for each in reading.documents[1:]] == [6, 7]


def test_the_line_of_a_field_is_known_or_of_what_is_above_it() -> None:
    text = "a: 1\n---\nmetadata:\n  name: x\n  labels:\n    b: c\nlist:\n- one\n- two\n"
    read = read_documents(text, "x.yaml").documents[1]
    assert read.line("metadata", "labels", "b") == 6
    assert read.line("metadata", "labels", "none") == 5
    assert read.line("list", 1) == 9
    assert read.line("nothing") == 3


@pytest.mark.parametrize(
    ("text", "reason", "line", "field"),
    [
        ("a: [\n", FaultReason.SYNTAX, 2, ""),
        ("a:\n\t b: 1\n", FaultReason.SYNTAX, 2, ""),
        ("a: \x01\n", FaultReason.SYNTAX, 1, ""),
        ("a: *b\n", FaultReason.SYNTAX, 1, ""),
        ("a:\n  b: 1\n  b: 2\n", FaultReason.DUPLICATE_KEY, 3, "a"),
        ("a: 1\nyes: 2\n", FaultReason.AMBIGUOUS_KEY, 2, ""),
        ("a: 1\n12:30: 2\n", FaultReason.AMBIGUOUS_KEY, 2, ""),
        ("a: 1\n~: 2\n", FaultReason.AMBIGUOUS_KEY, 2, ""),
        ("a: 1\n80: 2\n", FaultReason.AMBIGUOUS_KEY, 2, ""),
        ("? {a: b}\n: 2\n", FaultReason.AMBIGUOUS_KEY, 1, ""),
        ("a: .inf\n", FaultReason.VALUE, 1, "a"),
        ("a: !x b\n", FaultReason.VALUE, 1, "a"),
        ("a: 1\nb: 99999999999999999999\n", FaultReason.VALUE, 2, "b"),
        ("a: &a [*a]\n", FaultReason.VALUE, 1, "a"),
        ("- a\n", FaultReason.INVALID, 1, ""),
        ("kind: List\nitems:\n- 7\n", FaultReason.INVALID, 3, ""),
    ],
)
def test_what_is_wrong_has_its_line_and_field(
    text: str, reason: FaultReason, line: int, field: str
) -> None:
    reading = read_documents(text, "x.yaml")
    (fault,) = reading.faults
    assert (fault.where, fault.reason, fault.line, fault.field) == ("x.yaml", reason, line, field)
    assert reading.documents == ()
    assert fault.remedy in str(fault)


def test_a_bad_document_leaves_the_others() -> None:
    reading = read_documents("a: 1\n---\nno: 2\n---\nb: 3\n", "x.yaml")
    assert [each.document for each in reading.documents] == [{"a": 1}, {"b": 3}]
    assert [fault.line for fault in reading.faults] == [3]


def test_aliases_that_stand_for_a_thousand_million_values_are_refused_in_time() -> None:
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    (fault,) = read_documents("\n".join(lines), "x.yaml").faults
    assert fault.reason is FaultReason.TOO_LARGE


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ('{"a": 1,\n "b"}', FaultReason.SYNTAX, 2),
        ('{"a": 1, "a": 2}', FaultReason.DUPLICATE_KEY, 0),
        ('{"a": NaN}', FaultReason.VALUE, 0),
        ('{"a": 1e999}', FaultReason.VALUE, 0),
        ("[1]", FaultReason.INVALID, 1),
        ("[" * 100_000, FaultReason.SYNTAX, 0),
    ],
)
def test_what_is_wrong_with_json_is_said_too(text: str, reason: FaultReason, line: int) -> None:
    (fault,) = read_json(text, "x.json").faults
    assert (fault.reason, fault.line) == (reason, line)


def test_json_is_read_with_its_lists() -> None:
    reading = read_json('{"kind": "List", "items": [{"a": 1}, {"b": 2}]}', "x.json")
    assert [each.document for each in reading.documents] == [{"a": 1}, {"b": 2}]
    assert reading.documents[0].line("a") == 0, "nobody knows"


def test_what_no_yaml_can_say_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        to_yaml({"a": "\ud800"})
    with pytest.raises(ValueError, match="no YAML"):
        to_yaml({"a": {1, 2}, "b": object()})
