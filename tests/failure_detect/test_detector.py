"""The machine as a whole: its surface, the layer above, what it refuses, what it counts."""

from dataclasses import FrozenInstanceError, fields

import pytest

from failure_detect.claims import Payload
from failure_detect.clock import MILLISECOND, MINUTE, SECOND
from failure_detect.detector import Statistics
from failure_detect.events import (
    BroadcastReceived,
    BroadcastRequested,
    DatagramReceived,
    FingerprintChanged,
    IsolationChanged,
    LeaveRequested,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberReturned,
    RequestReceived,
)
from failure_detect.members import Status
from failure_detect.messages import Ack, Gossip, Ping
from failure_detect.wire import FINGERPRINT_BYTES_MAX, encode, encode_payload
from tests.failure_detect.circle import SEED, Circle
from tests.failure_detect.harness import Stage
from tests.failure_detect.peers import LAN

# --- time --------------------------------------------------------------------------------


def test_an_advance_before_the_deadline_does_nothing() -> None:
    stage = Stage(peers=3)
    before = stage.detector.statistics()
    assert stage.detector.deadline > stage.now
    assert stage.detector.advance(stage.now) == []
    assert stage.detector.statistics() == before


def test_the_deadline_always_lies_ahead() -> None:
    stage = Stage(peers=3)
    for late in (0, 1, LAN.probe.stall, LAN.probe.stall + 1, 10 * SECOND, MINUTE):
        stage.now = stage.detector.deadline
        stage.sleep(late)
        assert stage.detector.deadline >= stage.now


def test_being_very_late_does_not_burst() -> None:
    stage = Stage(peers=5)
    stage.run(SECOND)
    sent = len(stage.log)
    stage.sleep(60 * MINUTE)
    assert len(stage.log) - sent < 10


# --- the layer above ---------------------------------------------------------------------


def test_a_broadcast_reaches_all_where_each_says_to_spread_it_on() -> None:
    circle = Circle(5)
    for i in range(1, 5):
        circle.tell(i, SEED)
    circle.run(3 * SECOND)
    word, spreading = BroadcastRequested(b"key", b"payload"), {1}
    circle.tell(1, word)
    for _ in range(20):
        circle.run(100 * MILLISECOND)
        got = {i for _, i, fact in circle.facts if isinstance(fact, BroadcastReceived)}
        for i in got - spreading:
            circle.tell(i, word)
        spreading |= got
    assert spreading == {0, 1, 2, 3, 4}


def test_a_later_broadcast_replaces_what_still_waits_under_its_key() -> None:
    stage = Stage(peers=3)
    stage.tell(BroadcastRequested(b"key", b"first"))
    stage.tell(BroadcastRequested(b"other", b"second"))
    stage.tell(BroadcastRequested(b"key", b"third"))
    stage.run(5 * SECOND)
    told = {(item.key, item.payload) for item in stage.items(Payload)}
    assert told == {(b"key", b"third"), (b"other", b"second")}
    assert stage.detector.statistics().queued == 0


@pytest.mark.parametrize(
    ("key", "payload"),
    [
        (b"", b"x"),
        (b"k" * 65, b"x"),
        (b"k", bytes(LAN.limit.broadcast_bytes)),
    ],
    ids=["no key", "a long key", "too much"],
)
def test_a_broadcast_of_the_wrong_size_is_an_error_of_ours(key: bytes, payload: bytes) -> None:
    stage = Stage(peers=1)
    with pytest.raises(ValueError, match="broadcast"):
        stage.tell(BroadcastRequested(key, payload))
    assert stage.detector.statistics().queued == 0


def test_the_largest_broadcast_fits_a_datagram() -> None:
    stage = Stage(peers=1)
    stage.tell(BroadcastRequested(b"k" * 64, bytes(LAN.limit.broadcast_bytes - 64)))
    stage.run(SECOND)
    assert len(stage.items(Payload)) >= 1


def test_the_fingerprint_of_the_layer_above_rides_in_every_ping_and_answer() -> None:
    stage = Stage(peers=3)
    stage.tell(FingerprintChanged(b"f" * FINGERPRINT_BYTES_MAX))
    stage.run(5 * SECOND)
    stage.ping(stage.peers[0])
    prints = {ping.message.app for ping in stage.sent(Ping)}
    prints |= {ack.message.app for ack in stage.sent(Ack)}
    assert prints == {b"f" * FINGERPRINT_BYTES_MAX}
    with pytest.raises(ValueError, match="fingerprint"):
        stage.tell(FingerprintChanged(b"f" * (FINGERPRINT_BYTES_MAX + 1)))


# --- refused input -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b"\xc1", b"x" * 1_300, bytes(1_200)], ids=["empty", "broken", "long", "zeros"]
)
def test_bytes_that_are_no_message_change_nothing_and_are_counted(data: bytes) -> None:
    stage = Stage(peers=3)
    before = list(stage.detector.members())
    assert stage.tell(DatagramReceived(stage.peers[0].key, data)) == []
    assert stage.tell(RequestReceived(1, stage.peers[0].key, data)) == []
    assert stage.refused() == {"malformed": 2}
    assert list(stage.detector.members()) == before


def test_kinds_of_a_later_version_are_skipped_and_the_rest_is_taken() -> None:
    stage = Stage(peers=3)
    peer = stage.peers[0]
    news = stage.make("news")
    ping = encode(Ping(1, 0, stage.detector.fingerprint, b""))
    stage.tell(DatagramReceived(peer.key, ping + b"\x92\x7f\x01" + news.alive()))
    assert stage.facts() == [MemberJoined(news.identity, 1)]
    assert stage.refused() == {"unknown_kind": 1}
    assert len(stage.sent(Ack)) == 1
    stage.tell(DatagramReceived(peer.key, b"\x92\x7f\x01"))
    assert stage.refused() == {"unknown_kind": 2}


def test_who_is_gone_is_not_answered() -> None:
    stage = Stage(peers=3)
    peer = stage.peers[0]
    stage.hear(stage.peers[1], Gossip(), peer.left())
    stage.ping(peer)
    assert stage.sent(Ack) == []
    assert stage.refused() == {"gone": 1}


def test_a_claim_of_the_layer_above_is_no_claim_about_members() -> None:
    stage = Stage(peers=3)
    before = list(stage.detector.members())
    stage.hear(stage.peers[0], Gossip(), encode_payload(b"m" + stage.peers[1].short, b"x").raw)
    assert list(stage.detector.members()) == before


# --- what may be read --------------------------------------------------------------------


def test_views_and_statistics_are_copies() -> None:
    stage = Stage(peers=3)
    statistics = stage.detector.statistics()
    assert (statistics.members, statistics.alive, statistics.suspect, statistics.dead) == (
        4,
        4,
        0,
        0,
    )
    assert {field.name for field in fields(Statistics)} == set(statistics.__slots__)
    with pytest.raises(FrozenInstanceError):
        statistics.members = 5  # type: ignore[misc]  # It must not be allowed.
    view = stage.view(stage.peers[0])
    stage.hear(stage.peers[1], Gossip(), stage.peers[0].alive(2))
    assert (view.incarnation, stage.view(stage.peers[0]).incarnation) == (1, 2)
    assert stage.detector.member(stage.make("unknown").key) is None


def test_what_was_sent_is_counted_by_kind() -> None:
    stage = Stage(peers=3)
    stage.ping(stage.peers[0])
    before = dict(stage.detector.statistics().sent)
    stage.ping(stage.peers[0])
    after = dict(stage.detector.statistics().sent)
    assert {
        kind: n - before.get(kind, 0) for kind, n in after.items() if n != before.get(kind)
    } == {"Ack": 1}


def test_equal_lists_have_equal_fingerprints() -> None:
    first, second = Stage(peers=4), Stage(peers=4, seed=99, known=False)
    second.introduce(*reversed(second.peers))
    assert first.detector.fingerprint == second.detector.fingerprint
    second.hear(second.peers[0], Gossip(), second.peers[1].alive(2))
    assert first.detector.fingerprint != second.detector.fingerprint


# --- joined directly ---------------------------------------------------------------------


def joined(count: int) -> Circle:
    circle = Circle(count)
    for i in range(1, count):
        circle.tell(i, SEED)
    circle.run(4 * SECOND)
    assert {detector.statistics().alive for detector in circle.detectors} == {count}
    circle.facts.clear()
    return circle


@pytest.mark.parametrize("count", [2, 3, 6])
def test_a_member_that_falls_silent_is_found_by_all_and_comes_back(count: int) -> None:
    circle = joined(count)
    circle.isolate(count - 1)
    circle.run(8 * SECOND)
    lost = circle.key(count - 1)
    others = set(range(count - 1))
    died = {
        i for _, i, fact in circle.facts if isinstance(fact, MemberDied) and fact.member == lost
    }
    assert died == others
    if count > 2:
        assert (count - 1, IsolationChanged(isolated=True)) in {
            (i, fact) for _, i, fact in circle.facts
        }
        assert not {i for _, i, fact in circle.facts if isinstance(fact, MemberDied)} - others
    circle.cut.clear()
    circle.run(40 * SECOND)
    back = {i for _, i, fact in circle.facts if isinstance(fact, MemberReturned)}
    assert back >= others
    assert {detector.statistics().alive for detector in circle.detectors} == {count}


def test_a_parting_word_reaches_everybody_and_nobody_is_declared_dead() -> None:
    circle = joined(6)
    circle.tell(5, LeaveRequested())
    circle.run(SECOND)
    circle.isolate(5)
    circle.run(30 * SECOND)
    left = {i for _, i, fact in circle.facts if isinstance(fact, MemberLeft)}
    assert left == set(range(5))
    assert not [fact for _, _, fact in circle.facts if isinstance(fact, MemberDied)]


def test_a_quiet_pool_tells_the_layers_above_nothing() -> None:
    circle = joined(5)
    circle.run(MINUTE)
    assert circle.facts == []
    for detector in circle.detectors:
        detector.check_invariants()
        assert detector.statistics().refused == ()


def test_a_short_cut_of_all_links_kills_nobody() -> None:
    circle = joined(4)
    for i in range(4):
        circle.isolate(i)
    circle.run(2_500 * MILLISECOND)
    circle.cut.clear()
    circle.run(10 * SECOND)
    assert not [fact for _, _, fact in circle.facts if isinstance(fact, MemberDied)]
    assert {view.status for view in circle.detectors[0].members()} == {Status.ALIVE}
    assert len({detector.fingerprint for detector in circle.detectors}) == 1
