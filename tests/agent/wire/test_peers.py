"""Peers hold tags that are never given twice, and counters that outlive them."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.header import COUNTER_MAX, HEAD_BYTES, Kind, Pool, read_head
from agent.wire.nonces import Counters
from agent.wire.peers import OVERHEAD_BYTES, TAGS_MAX, Peer, Peers
from agent.wire.reasons import Reason, WireRefused
from agent.wire.replay import ReplayWindow
from failure_detect.identity import MemberId
from tests.agent.wire.ends import key_of
from tests.discovery.trusted import HOME


def peer_of(own: str, other: str, pool: Pool = Pool.LAN, sent: int = 0) -> Peer:
    key, peer = key_of(HOME, own), key_of(HOME, other)
    box = key.box(peer.public)
    assert box is not None
    own_id, member = MemberId(key.public), MemberId(peer.public)
    return Peer(own_id, member, box, pool, ReplayWindow(), sent, 0, version=1)


def peers_of(most: int = 8) -> Peers:
    return Peers(Counters(), Random(1).randbytes, most)


def test_what_one_seals_the_other_opens_once() -> None:
    one, two = peer_of("one", "two"), peer_of("two", "one")
    data = one.seal(Kind.DATA, b"word")
    assert len(data) == OVERHEAD_BYTES + 4
    head = read_head(data)
    assert two.open(head, data[:HEAD_BYTES], data[HEAD_BYTES:]) == b"word"
    with pytest.raises(WireRefused) as caught:
        two.open(head, data[:HEAD_BYTES], data[HEAD_BYTES:])
    assert caught.value.reason == Reason.REPLAY


def test_what_does_not_open_marks_nothing() -> None:
    one, two = peer_of("one", "two"), peer_of("two", "one")
    data = one.seal(Kind.DATA, b"word")
    head = read_head(data)
    with pytest.raises(WireRefused) as caught:
        two.open(head, data[:HEAD_BYTES], data[HEAD_BYTES:-1] + b"x")
    assert caught.value.reason == Reason.SEAL
    assert two.open(head, data[:HEAD_BYTES], data[HEAD_BYTES:]) == b"word"


def test_what_stands_in_clear_is_the_same_inside() -> None:
    one, two = peer_of("one", "two"), peer_of("two", "one")
    data = one.seal(Kind.DATA, b"word")
    other = bytes((data[0], Kind.ACCEPT << 2)) + data[2:HEAD_BYTES]
    with pytest.raises(WireRefused) as caught:
        two.open(read_head(other), other, data[HEAD_BYTES:])
    assert caught.value.reason == Reason.SEAL


def test_a_key_whose_counter_has_come_to_its_end_seals_nothing() -> None:
    one = peer_of("one", "two", sent=COUNTER_MAX - 1)
    one.seal(Kind.DATA, b"last")
    with pytest.raises(WireRefused) as caught:
        one.seal(Kind.DATA, b"one more")
    assert caught.value.reason == Reason.EXHAUSTED


@given(st.lists(st.sampled_from(["give", "remove", "add", "send"]), max_size=60))
def test_no_tag_is_given_twice_and_no_counter_goes_back(steps: list[str]) -> None:
    peers, given_tags, floor = peers_of(), list[int](), 0
    for step in steps:
        peer = peers.get(MemberId(key_of(HOME, "two").public))
        if peer is None:
            peer = peer_of("one", "two", sent=peers.first_counter)
            assert peer.sent >= floor
            peers.add(peer)
        if step == "give":
            given_tags.append(peers.give_tag(peer))
            assert peers.by_tag(given_tags[-1]) is peer
        elif step == "send":
            peers.send_under(peer, len(given_tags))
            peer.seal(Kind.DATA, b"")
            floor = peer.sent
            assert peers.by_theirs(len(given_tags)) is peer
        elif step == "remove":
            peers.remove(peer)
            assert all(peers.by_tag(tag) is None for tag in given_tags)
        peers.check_invariants()
    assert len(set(given_tags)) == len(given_tags)


def test_a_member_holds_few_tags_and_the_oldest_goes() -> None:
    peers, peer = peers_of(), peer_of("one", "two")
    peers.add(peer)
    tags = [peers.give_tag(peer) for _ in range(TAGS_MAX + 1)]
    assert peers.by_tag(tags[0]) is None
    assert peers.by_tag(tags[1]) is peer
    peers.check_invariants()


def test_tags_go_round_and_leave_out_nought_and_what_is_taken() -> None:
    peers = Peers(Counters(), lambda size: b"\xff" * size, 8)
    peer = peer_of("one", "two")
    peers.add(peer)
    assert [peers.give_tag(peer) for _ in range(2)] == [0xFFFFFFFF, 1]


def test_who_was_used_least_lately_gives_way() -> None:
    peers = peers_of(most=2)
    first, second, third = (peer_of("one", name) for name in ("two", "three", "four"))
    peers.add(first)
    peers.add(second)
    peers.touch(first, 5)
    peers.add(third)
    assert [peer.member for peer in peers] == [first.member, third.member]
    assert peers.oldest is first
    with pytest.raises(AssertionError):
        peers.add(peer_of("one", "two"))
    peers.clear()
    assert (len(peers), list(peers)) == (0, [])
