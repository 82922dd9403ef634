"""Events and effects are values: complete, unchangeable, equal by what they say."""

from dataclasses import FrozenInstanceError, is_dataclass
from typing import get_args

import pytest

from failure_detect import events
from failure_detect.events import (
    DatagramReceived,
    Effect,
    Event,
    Fact,
    Order,
    SendDatagram,
)
from failure_detect.identity import Address, MemberId

KINDS = [kind for kind in vars(events).values() if is_dataclass(kind)]
VOCABULARY = [kind for kind in KINDS if kind.__module__ == events.__name__]


def test_every_kind_is_either_an_event_or_an_effect() -> None:
    assert set(get_args(Event)).isdisjoint(get_args(Effect))
    assert {*get_args(Event), *get_args(Effect)} == set(VOCABULARY)


def test_every_effect_is_either_an_order_or_a_fact() -> None:
    assert set(get_args(Order)).isdisjoint(get_args(Fact))
    assert {*get_args(Order), *get_args(Fact)} == set(get_args(Effect))


def test_orders_are_in_the_imperative_and_events_are_facts() -> None:
    assert all(kind.__name__.startswith(("Send", "Connect")) for kind in get_args(Order))
    assert not any(kind.__name__.startswith("Send") for kind in get_args(Event))


@pytest.mark.parametrize("kind", VOCABULARY, ids=lambda kind: kind.__name__)
def test_every_kind_has_slots_and_no_dictionary(kind: type) -> None:
    assert "__slots__" in vars(kind)
    assert "__dict__" not in vars(kind)


def test_values_are_equal_by_what_they_say_and_may_be_kept_in_sets() -> None:
    to, address = MemberId(b"m" * 32), Address("a:1")
    assert SendDatagram(to, address, b"x") == SendDatagram(to, address, b"x")
    assert len({SendDatagram(to, address, b"x"), SendDatagram(to, address, b"y")}) == 2


def test_what_was_said_is_not_changed() -> None:
    event = DatagramReceived(MemberId(b"m" * 32), b"x")
    with pytest.raises(FrozenInstanceError):
        event.data = b"y"  # type: ignore[misc]  # what is frozen, mypy sees as well
