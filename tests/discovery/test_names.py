"""Names are those of Kubernetes; patterns know one sign."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.names import (
    LABEL_CHARACTERS_MAX,
    SUBDOMAIN_CHARACTERS_MAX,
    ServiceName,
    is_label,
    is_pattern,
    is_subdomain,
    matches,
    service_name,
)
from tests.discovery.strategies import LABELS, PATTERNS, SUBDOMAINS

NO_LABELS = ["", "-a", "a-", "A", "a.b", "a b", "ä", "a\n", "٣", "a_b", "a" * 64, "a\0"]
NO_SUBDOMAINS = ["", ".a", "a.", "a..b", "a.-b", "a-.b", "-a", "A.b", "a\n", "a/b", "a" * 254]


@pytest.mark.parametrize("text", ["a", "0", "a-b", "a--b", "x" * LABEL_CHARACTERS_MAX])
def test_labels_are_labels(text: str) -> None:
    assert is_label(text)


@pytest.mark.parametrize("text", NO_LABELS)
def test_what_is_no_label_is_none(text: str) -> None:
    assert not is_label(text)


@pytest.mark.parametrize("text", ["a", "a.b", "1.2.3.4", "a-b.c-d", "x" * SUBDOMAIN_CHARACTERS_MAX])
def test_subdomains_are_subdomains(text: str) -> None:
    assert is_subdomain(text)


@pytest.mark.parametrize("text", NO_SUBDOMAINS)
def test_what_is_no_subdomain_is_none(text: str) -> None:
    assert not is_subdomain(text)


@given(st.text(max_size=8))
def test_a_subdomain_is_labels_with_dots_between_them(text: str) -> None:
    assert is_subdomain(text) == all(map(is_label, text.split(".")))


@given(LABELS)
def test_a_label_is_a_subdomain_and_a_pattern(label: str) -> None:
    assert is_subdomain(label)
    assert is_pattern(label)


@given(SUBDOMAINS)
def test_the_strategy_of_subdomains_makes_them(text: str) -> None:
    assert is_subdomain(text)


@given(LABELS, LABELS)
def test_a_service_is_written_as_its_namespace_and_name(namespace: str, name: str) -> None:
    service = service_name(namespace, name)
    assert service == ServiceName(namespace, name)
    assert str(service) == f"{namespace}/{name}"


def test_services_sort_by_namespace_and_then_by_name() -> None:
    first, second, third = (ServiceName(*each) for each in (("a", "z"), ("b", "a"), ("b", "b")))
    assert sorted([third, first, second]) == [first, second, third]


@pytest.mark.parametrize(
    ("namespace", "name", "words"),
    [("A", "b", "namespace: 'A' is no"), ("a", "", "name: '' is no"), ("a", "b" * 99, "name: ")],
)
def test_no_service_has_a_name_that_is_none(namespace: str, name: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}") as raised:
        service_name(namespace, name)
    assert len(str(raised.value)) < 150


# --- patterns ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["*", "a", "prod-*", "*-eu-*", "**", "-", "a*b*c", "x" * 63])
def test_patterns_are_patterns(text: str) -> None:
    assert is_pattern(text)


@pytest.mark.parametrize("text", ["", "a?", "[a]", "A*", "a.b", "*\n", "x" * 64])
def test_what_is_no_pattern_is_none(text: str) -> None:
    assert not is_pattern(text)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("a", "a"),
        ("", ""),
        ("", "*"),
        ("abc", "*"),
        ("abc", "a*"),
        ("abc", "*c"),
        ("abc", "a*c"),
        ("abc", "abc*"),
        ("abc", "*abc"),
        ("abc", "*b*"),
        ("abab", "*ab"),
        ("a-b-c-d", "a*b*d"),
        ("aa", "a*a"),
    ],
)
def test_a_text_matches(text: str, pattern: str) -> None:
    assert matches(text, pattern)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("a", ""),
        ("", "a"),
        ("ab", "a"),
        ("a", "a*a"),
        ("abc", "b*"),
        ("abc", "*b"),
        ("abc", "a*b*b*c"),
        ("ab", "a?"),
        ("a", "[a]"),
        ("acb", "*b*c"),
    ],
)
def test_a_text_does_not_match(text: str, pattern: str) -> None:
    assert not matches(text, pattern)


@given(st.text("ab-", max_size=8), st.one_of(PATTERNS, st.text("ab*", max_size=8)))
def test_a_star_stands_for_any_characters_and_nothing_else_does(text: str, pattern: str) -> None:
    expected = ".*".join(map(re.escape, pattern.split("*")))
    assert matches(text, pattern) == (re.fullmatch(expected, text) is not None)


def test_a_hostile_pattern_takes_no_time_to_speak_of() -> None:
    started = time.process_time()
    assert not matches("a" * 253, "a*" * 126 + "b")
    assert time.process_time() - started < 0.1
