"""Scalars read as Kubernetes reads them."""

import pytest

from agent.objects import Document
from agent.stores.yaml_nodes import (
    Builder,
    NodeLoader,
    WrongNodeError,
    finite,
    is_document,
    part_of,
)


def read(text: str) -> object:
    loader = NodeLoader(text)
    try:
        node = loader.get_single_node()
        assert node is not None
        return Builder().value(node)
    finally:
        loader.dispose()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12:30", "12:30"),
        ("2027-01-01", "2027-01-01"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("'no'", "no"),
        ("!!str 1", "1"),
        ("no", False),
        ("On", True),
        ("true", True),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-1_000", -1000),
        ("0644", 420),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", 3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1e", "1e"),
        ("0x", "0x"),
    ],
)
def test_a_scalar_is_what_kubernetes_takes_it_for(text: str, value: object) -> None:
    found = read(f"a: {text}\n")
    assert found == {"a": value}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(value)


def test_merge_keys_merge_and_what_stands_there_wins() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  c: 5\n"
    found = read(text)
    assert isinstance(found, dict)
    assert found["z"] == {"a": 1, "b": 2, "c": 5}
    with pytest.raises(WrongNodeError):
        read("a:\n  <<: [1]\n")


def test_a_part_is_found_by_its_path() -> None:
    loader = NodeLoader("a: [x, {b: c}]\n")
    node = loader.get_single_node()
    found = part_of(node, "a", 1, "b")
    assert found is not None
    assert found.value == "c"
    assert part_of(node, "a", 7) is None
    assert part_of(node, "z", 0) is None
    loader.dispose()


def test_a_document_has_texts_for_keys() -> None:
    document: Document = {"a": 1}
    assert is_document(document)
    assert not is_document({1: 2})
    assert not is_document([])


def test_a_number_that_is_too_large_is_none() -> None:
    assert finite("1e3") == 1000.0
    with pytest.raises(ValueError, match="too large"):
        finite("1e999")
