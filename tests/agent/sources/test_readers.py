"""A change concerns those who were read from the object, where it means anything to them."""

import pytest

from agent.objects import POD, Document, ObjectKey
from agent.sources.readers import Readers, account_of, meaning_of, zone_of
from discovery.names import ServiceName
from tests.agent.sources.written import key, namespace, node, pod, service

A, B = ServiceName("shop", "a"), ServiceName("shop", "b")
P = ObjectKey(POD, "shop", "p")
ONE, TWO = pod("p", "one"), pod("p", "two")


def test_zones_and_accounts_are_read_as_kubernetes_has_them() -> None:
    assert zone_of(node("n", "z")) == "z"
    assert zone_of(node("n", "no/zone")) == zone_of(node("n")) == zone_of(None) == ""
    assert (account_of(ONE), account_of(pod("p"))) == ("one", "default")


@pytest.mark.parametrize(
    ("document", "same", "other"),
    [
        (ONE, pod("p", "one", status={"phase": "Running"}), TWO),
        (ONE, pod("p", "one", labels={"a": "b"}), pod("p", "one", deletionTimestamp="t")),
        (node("n", "z"), node("n", "z", status={"conditions": []}), node("n", "y")),
        (namespace(), namespace(labels={"a": "b"}), namespace(status={"phase": "Terminating"})),
        (service(), service(), service(labels={"a": "b"})),
    ],
)
def test_an_object_means_what_services_read_of_it(
    document: Document, same: Document, other: Document
) -> None:
    at = key(document)
    assert meaning_of(at, document) == meaning_of(at, same) != meaning_of(at, other)
    assert meaning_of(at, None) != meaning_of(at, document)


def test_a_change_concerns_those_that_were_read_from_it_once() -> None:
    readers = Readers()
    assert readers.concerned(P, ONE) == []
    readers.remember(A, {P: ONE})
    readers.remember(B, {P: ONE})
    assert readers.concerned(P, pod("p", "one", status={})) == []
    assert readers.concerned(P, TWO) == [A, B]
    assert readers.concerned(P, TWO) == []
    assert readers.concerned(P, None) == [A, B]
    readers.remember(A, {})
    assert readers.concerned(P, ONE) == [B]
    readers.remember(B, {})
    assert list(readers.there(POD)) == []
    readers.check_invariants()


def test_what_was_there_is_known_and_what_was_not_is_none() -> None:
    readers = Readers()
    absent = ObjectKey(POD, "shop", "absent")
    readers.remember(A, {P: ONE, absent: None, key(node("n")): node("n")})
    assert list(readers.there(POD)) == [P]
    readers.concerned(P, None)
    assert list(readers.there(POD)) == []


def test_who_was_read_from_a_state_that_nobody_told_of_is_not_forgotten() -> None:
    readers = Readers()
    readers.remember(A, {P: ONE})
    readers.remember(B, {P: TWO})
    assert readers.concerned(P, ONE) == [A, B]
    readers.remember(A, {P: ONE})
    readers.remember(B, {P: ONE})
    assert readers.concerned(P, ONE) == []
    readers.check_invariants()
