"""What is sent how often, and in which order."""

from simulations.baseline.broadcasts import Broadcasts

ROOM = 1_400


def claim(letter: str, size: int = 40) -> bytes:
    return letter.encode() * size


def test_a_claim_is_sent_as_often_as_the_pool_asks_for() -> None:
    broadcasts = Broadcasts(4)
    broadcasts.put(b"n1", claim("a"))
    sent = [broadcasts.take(ROOM, 2, members=128) for _ in range(13)]
    assert sent == [[claim("a")]] * 12 + [[]]


def test_a_newer_claim_about_the_same_member_replaces_the_older() -> None:
    broadcasts = Broadcasts(4)
    broadcasts.put(b"n1", claim("a"))
    broadcasts.put(b"n1", claim("b"))
    assert broadcasts.subjects() == [b"n1"]
    assert broadcasts.take(ROOM, 2, members=8) == [claim("b")]


def test_the_least_sent_goes_first_then_the_longest_then_the_newest() -> None:
    broadcasts = Broadcasts(4)
    broadcasts.put(b"old", claim("o"))
    assert broadcasts.take(ROOM, 2, members=8)
    broadcasts.put(b"short", claim("s"))
    broadcasts.put(b"long", claim("l", 50))
    broadcasts.put(b"new", claim("n"))
    assert [each[:1] for each in broadcasts.take(ROOM, 2, members=8)] == [b"l", b"n", b"s", b"o"]


def test_what_does_not_fit_waits_and_what_does_goes() -> None:
    broadcasts = Broadcasts(4)
    broadcasts.put(b"long", claim("l", 90))
    broadcasts.put(b"short", claim("s", 40))
    assert broadcasts.take(60, 2, members=8) == [claim("s", 40)]
    assert broadcasts.take(92, 2, members=8) == [claim("l", 90)]


def test_room_for_no_claim_at_all_takes_none() -> None:
    broadcasts = Broadcasts(4)
    broadcasts.put(b"n1", claim("a"))
    assert broadcasts.take(20, 2, members=8) == []
    assert len(broadcasts) == 1


def test_nothing_to_say_is_nothing() -> None:
    assert Broadcasts(4).take(ROOM, 2, members=8) == []
