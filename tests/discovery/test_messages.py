"""Messages are values: equal by what they say, and nobody changes one that was made."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import get_args

import pytest

from discovery.deltas import Delta
from discovery.index import Entry
from discovery.messages import (
    Answer,
    Buckets,
    Gossip,
    Hint,
    Item,
    Part,
    Request,
    Response,
    Rumour,
    StreamMessage,
    Wanted,
)

EVERY_CLASS = [*get_args(Gossip), *get_args(StreamMessage), *get_args(Answer), Wanted]


def test_a_stream_carries_requests_and_responses() -> None:
    assert set(get_args(StreamMessage)) == set(get_args(Request)) | set(get_args(Response))
    assert Item in get_args(Answer)
    assert Item in get_args(Gossip)


@pytest.mark.parametrize("kind", EVERY_CLASS, ids=lambda kind: kind.__name__)
def test_each_is_frozen_and_has_no_room_for_more(kind: type[object]) -> None:
    assert is_dataclass(kind)
    made = object.__new__(kind)
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(kind)[0].name, None)
    assert not hasattr(made, "__dict__")


def test_what_is_left_out_is_nothing() -> None:
    assert Rumour(b"m") == Rumour(b"m", b"", None)
    assert Item(b"k", b"raw") == Item(b"k", b"raw", 0)
    assert Wanted(key=b"k") == Wanted(
        key=b"k", have=b"", branches=(), target=b"", first=0, buckets=()
    )
    assert Part(b"k", b"m", b"r", 0, 1) == Part(b"k", b"m", b"r", 0, 1, {})
    assert Buckets(b"k", b"m", b"r") == Buckets(b"k", b"m", b"r", (), (), {})


def test_two_that_say_the_same_are_equal() -> None:
    one = Rumour(b"m", b"", Delta({b"a": b"1", b"b": b"2"}, (b"c",)))
    assert one == Rumour(b"m", b"", Delta({b"b": b"2", b"a": b"1"}, (b"c",)))
    assert one != Rumour(b"m", b"", Delta({b"b": b"2", b"a": b"1"}, ()))
    assert Hint(Entry(b"k", (1, 2))) == Hint(Entry(b"k", (1, 2)))
