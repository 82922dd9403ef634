"""One name is one cluster, until an object or its fleet says that it is another."""

from dataclasses import replace

import pytest

from discovery.pins import Pin, Pins
from discovery.refusals import Refusal, Refused
from discovery.vouching import Vouch
from tests.discovery.trusted import EAST, HOME, key

OBJECT = Vouch(origin=EAST, generation=2, key=key(EAST, 2).public, subject="an object")
FLEET = replace(OBJECT, subject="a fleet", fleet=key("fleet", "prod").public)


@pytest.mark.parametrize(
    ("pin", "vouch", "uid", "is_refused"),
    [
        (None, OBJECT, "any", False),
        (None, OBJECT, "", False),
        (Pin("one", 2), OBJECT, "one", False),
        (Pin("one", 2), OBJECT, "two", True),
        (Pin("one", 2), OBJECT, "", True),
        (Pin("one", 1), OBJECT, "two", True),
        (Pin("one", 2), replace(OBJECT, uid="two"), "two", False),
        (Pin("one", 2), replace(OBJECT, uid="two"), "one", True),
        (None, replace(FLEET, uid="two"), "one", True),
        (None, replace(FLEET, uid="two"), "two", False),
        (Pin("one", 1), replace(FLEET, uid="two"), "two", False),
        (Pin("one", 2), replace(FLEET, uid="two"), "two", True),
        (Pin("one", 1), FLEET, "two", True),
    ],
)
def test_a_uid_is_checked_against_what_is_stated_and_what_was_seen(
    pin: Pin | None, vouch: Vouch, uid: str, is_refused: bool
) -> None:
    pins = Pins()
    pins.restore({} if pin is None else {EAST: pin})
    if not is_refused:
        pins.check(uid, vouch, "it")
        assert pins.rivals() == {}
        return
    with pytest.raises(Refused) as caught:
        pins.check(uid, vouch, "it")
    assert caught.value.reason is Refusal.UID
    assert pins.rivals() == {EAST: uid}


def test_what_was_believed_is_pinned_with_its_highest_generation() -> None:
    pins = Pins()
    pins.remember("", OBJECT)
    assert pins.all() == {}
    pins.remember("one", OBJECT)
    pins.remember("one", replace(OBJECT, generation=1))
    assert pins.all() == {EAST: Pin("one", 2)}
    pins.remember("one", replace(OBJECT, generation=3))
    assert pins.all() == {EAST: Pin("one", 3)}


def test_what_is_restored_does_not_overrule_what_was_seen() -> None:
    pins = Pins()
    pins.remember("seen", OBJECT)
    pins.restore({EAST: Pin("old", 9), HOME: Pin("mine", 1)})
    assert pins.all() == {EAST: Pin("seen", 2), HOME: Pin("mine", 1)}
    pins.forget(EAST)
    pins.forget(EAST)
    assert pins.all() == {HOME: Pin("mine", 1)}
