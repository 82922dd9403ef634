"""Whose field is whose, and what becomes of a field that somebody applies or drops."""

import hypothesis.strategies as st
from hypothesis import given

from agent.objects import NODE, SERVICE, Document, at
from agent.stores.fields import (
    Owners,
    applied,
    conflicts,
    owned_by_applying,
    repeated_item,
    shown_path,
)

NOBODY: Owners = {}

values = st.recursive(
    st.integers(0, 2) | st.sampled_from(["a", "b"]),
    lambda below: (
        st.lists(below, max_size=2) | st.dictionaries(st.sampled_from("xyz"), below, max_size=2)
    ),
    max_leaves=4,
)
ports = st.lists(
    st.fixed_dictionaries({"port": st.integers(80, 82)}, optional={"name": st.sampled_from("ab")}),
    max_size=2,
    unique_by=lambda port: port["port"],
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "data": st.dictionaries(st.sampled_from("xyz"), values, max_size=3),
        "spec": st.fixed_dictionaries({}, optional={"ports": ports, "type": st.just("x")}),
    },
)


def after(*applying: tuple[str, Document]) -> tuple[Document, Owners]:
    live: Document = {}
    owners = NOBODY
    for manager, wanted in applying:
        live, owners = applied(SERVICE, live, owners, manager, wanted)
    return live, owners


@given(documents)
def test_what_one_applies_alone_is_what_is_there(wanted: Document) -> None:
    live, owners = after(("a", wanted))
    assert live == wanted
    assert owners == ({"a": owned_by_applying(SERVICE, wanted)} if wanted else {})


@given(documents, documents)
def test_the_last_that_one_applied_is_all_that_is_there(one: Document, two: Document) -> None:
    live, _ = after(("a", one), ("a", two))
    assert normal(live) == normal(two)


@given(documents, documents)
def test_to_apply_again_changes_nothing(one: Document, two: Document) -> None:
    assert after(("a", one), ("b", two)) == after(("a", one), ("b", two), ("b", two))


@given(documents, documents)
def test_what_was_applied_without_conflict_leaves_the_others_fields(
    one: Document, two: Document
) -> None:
    live, owners = after(("a", one))
    if conflicts(SERVICE, live, owners, "b", two):
        return
    live, owners = applied(SERVICE, live, owners, "b", two)
    assert owners.get("a", frozenset()) == owned_by_applying(SERVICE, one)
    live, owners = applied(SERVICE, live, owners, "b", {})
    assert normal(live) == normal(one)


@given(documents, documents)
def test_by_force_one_has_every_field_that_one_applied(one: Document, two: Document) -> None:
    live, owners = after(("a", one), ("b", two))
    assert not conflicts(SERVICE, live, owners, "b", two)
    assert owners.get("b", frozenset()) == owned_by_applying(SERVICE, two)


def normal(value: object) -> object:
    """A document whose empty containers and order of ports say nothing."""
    if isinstance(value, dict):
        parts = {key: normal(each) for key, each in value.items()}
        return {key: each for key, each in parts.items() if each not in ({}, [])}
    if isinstance(value, list):
        return sorted((normal(each) for each in value), key=repr)
    return value


def test_a_conflict_names_the_field_and_the_owner() -> None:
    live, owners = after(("kubectl", {"spec": {"ports": [{"port": 80, "name": "a"}]}}))
    (found,) = conflicts(
        SERVICE, live, owners, "isthmus", {"spec": {"ports": [{"port": 80, "name": "b"}]}}
    )
    assert str(found) == '.spec.ports[port=80,protocol="TCP"].name is owned by kubectl'


def test_a_list_without_a_key_is_one_value() -> None:
    live, owners = after(("a", {"data": {"x": [1]}}))
    assert conflicts(SERVICE, live, owners, "b", {"data": {"x": [1, 2]}})
    assert not conflicts(SERVICE, live, owners, "b", {"data": {"x": [1]}})


def test_a_selector_is_one_value() -> None:
    live, _ = after(
        ("a", {"spec": {"selector": {"x": "1"}}}), ("a", {"spec": {"selector": {"y": "1"}}})
    )
    assert at(live, "spec", "selector") == {"y": "1"}


def test_conditions_and_finalizers_are_told_apart_in_objects_of_any_kind() -> None:
    one = {"metadata": {"finalizers": ["a/x"]}, "status": {"conditions": [{"type": "A"}]}}
    two = {"metadata": {"finalizers": ["b/y"]}, "status": {"conditions": [{"type": "B"}]}}
    live, owners = applied(NODE, {}, NOBODY, "one", one)
    live, owners = applied(NODE, live, owners, "two", two)
    assert at(live, "metadata", "finalizers") == ["a/x", "b/y"]
    live, owners = applied(NODE, live, owners, "one", {})
    assert live == two


def test_a_value_that_replaces_what_others_have_below_it_is_a_conflict() -> None:
    live, owners = after(("a", {"data": {"x": {"y": 1}}}))
    assert conflicts(SERVICE, live, owners, "b", {"data": {"x": "text"}})
    live, owners = after(("a", {"data": {"x": "text"}}))
    assert conflicts(SERVICE, live, owners, "b", {"data": {"x": {"y": 1}}})
    assert not conflicts(SERVICE, live, owners, "b", {"data": {}}), "it says that it is there"


def test_an_item_that_a_list_has_twice_is_found() -> None:
    twice = {"spec": {"ports": [{"port": 80}, {"port": 80, "protocol": "TCP"}]}}
    found = repeated_item(SERVICE, twice)
    assert found is not None
    assert shown_path(found) == '.spec.ports[port=80,protocol="TCP"]'
    assert repeated_item(SERVICE, {"spec": {"ports": [{"name": "a"}]}}) is not None, "no key"
    assert repeated_item(SERVICE, {"metadata": {"finalizers": ["a", "a"]}}) is not None
    assert repeated_item(SERVICE, {"spec": {"ports": [{"port": 80}, {"port": 81}]}}) is None
