"""Whatever a peer says, in whatever bytes, nothing is changed by it but counts."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.events import Event
from discovery.frames import encode_frame
from discovery.index import Entry, set_key, set_rank
from discovery.messages import Busy, Differ, Hint, Nothing, Part, Pull, Pulled, StreamMessage
from discovery.wire import BUCKETS, encode_gossip
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import (
    BroadcastReceived,
    BroadcastRequested,
    FingerprintSeen,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendRequest,
    SendResponse,
)
from tests.discovery.answers import FIRST, KEY, NEXT
from tests.discovery.circle import Hostile, circle_of
from tests.discovery.lone import ALPHA, Lone, forged, member_of, requests, signed, some_records
from tests.discovery.message_strategies import ANSWERS, HINTS, ITEMS, RUMOURS, STREAM_MESSAGES

MEMBERS = st.integers(0, 4).map(member_of)
BYTES = st.one_of(
    st.binary(max_size=80),
    STREAM_MESSAGES.map(encode_frame),
    st.one_of(RUMOURS, HINTS, ITEMS).map(encode_gossip),
    st.lists(ANSWERS, max_size=3).map(lambda found: encode_frame(Pulled(tuple(found)))),
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(BroadcastReceived, MEMBERS, st.binary(max_size=12), BYTES),
    st.builds(RequestReceived, st.integers(0, 9), MEMBERS, BYTES),
    st.builds(ResponseReceived, st.integers(0, 9), MEMBERS, BYTES),
    st.builds(RequestFailed, st.integers(0, 9)),
    st.builds(FingerprintSeen, MEMBERS, st.binary(max_size=12)),
)


@given(st.lists(st.tuples(EVENTS, st.integers(0, 3_000)), max_size=30))
def test_nothing_that_peers_say_raises_or_is_held(events: list[tuple[Event, int]]) -> None:
    lone = Lone(peers=3)
    lone.publish(FIRST)
    lone.hear(encode_gossip(Hint(Entry(KEY, set_rank(NEXT.manifest)))))
    before, raw = lone.replicator.fingerprint, [held.manifest.raw for held in lone.catalog]
    lone.said.clear()
    for event, milliseconds in events:
        lone.tell(event)
        lone.wait(milliseconds * MILLISECOND)
    assert lone.replicator.fingerprint == before
    assert [held.manifest.raw for held in lone.catalog] == raw
    assert not [each for each in lone.said if isinstance(each, BroadcastRequested)]
    assert lone.replicator.statistics().under_way <= 3


@given(st.lists(EVENTS, max_size=12))
def test_the_same_events_have_the_same_effects(events: list[Event]) -> None:
    one, two = Lone(peers=3), Lone(peers=3)
    for event in events:
        assert one.tell(event) == two.tell(event)
    assert one.replicator.statistics() == two.replicator.statistics()


def garbage(rng: Random) -> Hostile:
    return lambda _message: rng.randbytes(200)


def silence(_rng: Random) -> Hostile:
    return lambda _message: None


def busy(_rng: Random) -> Hostile:
    return lambda _message: encode_frame(Busy(0))


def forgeries(_rng: Random) -> Hostile:
    """Names what it does not have, and gives what nobody signed."""
    false = forged(signed(some_records(30), version=99))
    entry = Entry(KEY, set_rank(false.manifest))

    def say(message: StreamMessage) -> bytes:
        if not isinstance(message, Pull):
            return encode_frame(Differ(b"\3" * 8, (1,), (entry,)))
        whole = Part(KEY, false.manifest.raw, false.records.root, 0, BUCKETS, dict(false.records))
        return encode_frame(Pulled((whole,)))

    return say


def emptiness(_rng: Random) -> Hostile:
    """Names everything, and has nothing."""

    def say(message: StreamMessage) -> bytes:
        if not isinstance(message, Pull):
            entries = tuple(Entry(b"o/%d" % at, (1 << 60,)) for at in range(3_000))
            return encode_frame(Differ(b"\3" * 8, (1,), entries))
        return encode_frame(Pulled(tuple(Nothing(each.key) for each in message.wanted)))

    return say


@pytest.mark.parametrize("kind", [garbage, silence, busy, forgeries, emptiness])
def test_a_hostile_peer_delays_nobody_else(kind: object) -> None:
    assert callable(kind)
    circle = circle_of(4)
    circle.hostile[3] = kind(Random(1))
    circle.cut = {(0, 1), (0, 2)}
    circle.publish(0, FIRST)
    circle.cut = {(0, 3), (1, 3), (2, 3)}  # Its own replicator takes no part.
    for _ in range(8):
        circle.probe()
        for who in range(3):
            circle.tell(who, FingerprintSeen(member_of(3), Random(circle.now).randbytes(8)))
        circle.wait(SECOND)
    assert {each.fingerprint for each in circle.replicators[:3]} == {
        circle.replicators[0].fingerprint
    }
    assert all(each.catalog.get(ALPHA) for each in circle.replicators[:3])


@pytest.mark.parametrize("kind", [garbage, silence, busy, forgeries, emptiness])
def test_a_hostile_peer_is_asked_no_more_often_than_a_few_times_a_second(kind: object) -> None:
    assert callable(kind)
    circle = circle_of(2)
    circle.publish(0, FIRST)
    circle.settle()
    circle.hostile[1] = kind(Random(1))
    circle.traffic.clear()
    for at in range(60):
        payload = encode_gossip(Hint(Entry(KEY, (1, 1, 100 + at, 0))))
        circle.tell(0, BroadcastReceived(member_of(1), b"k" * 8, payload))
        circle.tell(0, FingerprintSeen(member_of(1), Random(at).randbytes(8)))
        circle.wait(SECOND)
    assert circle.traffic["round trips"] <= 10 * 60


def test_whoever_names_what_it_has_not_is_asked_once_for_each() -> None:
    lone = Lone()
    [order] = requests(lone.see(b"\1" * 8))
    entries = tuple(Entry(b"o/%d" % at, (7,)) for at in range(3))
    [order] = requests(lone.answer(order, Differ(b"\1" * 8, (1,), entries)))
    assert lone.give(order, *(Nothing(each.key) for each in entries)) == []
    lone.now += 60 * SECOND
    [order] = requests(lone.see(b"\1" * 8))
    assert lone.answer(order, Differ(b"\1" * 8, (1,), entries)) == []
    lone.now += 60 * SECOND
    assert lone.see(b"\1" * 8) == []


def test_a_request_that_is_refused_has_no_answer_and_one_that_is_none_is_counted() -> None:
    lone = Lone()
    for data in (b"", b"\2\2\0", b"\7" * 40, encode_frame(Busy(3))):
        effects = lone.tell(RequestReceived(1, member_of(1), data))
        assert not [each for each in effects if isinstance(each, SendRequest | SendResponse)]
    assert sum(lone.refused().values()) == 4


def test_the_key_of_a_set_is_its_origins_name() -> None:
    assert set_key(ALPHA) == KEY
