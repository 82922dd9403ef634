"""Messages are values, and each of them can be said."""

from dataclasses import FrozenInstanceError, replace
from typing import get_args

import pytest

from failure_detect.claims import Item
from failure_detect.messages import Accused, Gossip, Message, Nack, Packet, Ping
from tests.failure_detect.samples import EVERY_ITEM, EVERY_MESSAGE


def test_the_samples_hold_every_message_and_every_claim() -> None:
    assert {type(message) for message in EVERY_MESSAGE} == set(get_args(Message))
    assert {type(item) for item in EVERY_ITEM} == set(get_args(Item))


def test_what_is_held_against_a_receiver_travels_as_a_number() -> None:
    assert [(accused.name, int(accused)) for accused in Accused] == [
        ("QUIETLY", 1),
        ("OPENLY", 2),
        ("DEAD", 3),
    ]


def test_a_plain_ping_holds_nothing_against_anybody() -> None:
    ping = Ping(1, 2, 3, b"app")
    assert (ping.accused, ping.incarnation, ping.nonce) == (None, 0, b"")


@pytest.mark.parametrize("message", EVERY_MESSAGE, ids=lambda message: type(message).__name__)
def test_messages_are_values(message: Message) -> None:
    assert len({message, replace(message)}) == 1
    assert not hasattr(message, "__dict__")


def test_a_message_is_not_changed() -> None:
    nack = Nack(1)
    with pytest.raises(FrozenInstanceError):
        nack.seq = 2  # type: ignore[misc]  # what is frozen, mypy sees as well


def test_a_packet_skips_nothing_unless_it_says_so() -> None:
    assert Packet(Gossip(), ()).skipped == 0
