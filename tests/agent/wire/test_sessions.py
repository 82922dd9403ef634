"""Two sessions find to each other over a line that loses, and each word is delivered once."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.effects import Delivered, Refused
from agent.wire.handshake import HELLO_BYTES
from agent.wire.header import Kind, Pool
from agent.wire.limits import WireLimits
from agent.wire.reasons import Reason
from agent.wire.sessions import Sessions
from failure_detect.clock import SECOND
from tests.agent.wire.ends import End, Line, Sent, entropy_of
from tests.agent.wire.pairs import STRANGER, kinds, met, pair


def test_the_first_datagram_is_delivered_after_a_handshake_and_the_next_at_once() -> None:
    line, one, two = met()
    hello, welcome, proof, accept, data, answer = line.seen
    assert kinds(line) == [
        Kind.HELLO,
        Kind.WELCOME,
        Kind.PROOF,
        Kind.ACCEPT,
        Kind.DATA,
        Kind.DATA,
    ]
    assert len(hello.data) == HELLO_BYTES > len(welcome.data)
    assert two.delivered == [Delivered(Pool.LAN, one.member, b"first")]
    assert len(data.data) == len(b"first") + 42
    assert {each.refused == [] for each in (one, two)} == {True}
    assert (proof.to, accept.to, answer.to) == (two.address, one.address, one.address)


def test_what_waits_for_a_handshake_is_sent_in_order() -> None:
    line, one, two = pair()
    for word in (b"1", b"2", b"3"):
        line.send(one, two, word)
    line.settle()
    assert two.said == [b"1", b"2", b"3"]


def test_the_oldest_gives_way_where_too_much_waits() -> None:
    line, one, two = pair(WireLimits(queue=2))
    for word in (b"1", b"2", b"3"):
        line.send(one, two, word)
    assert one.reasons == [Reason.QUEUE]
    line.settle()
    assert two.said == [b"2", b"3"]


def test_both_may_begin_at_once() -> None:
    line, one, two = pair()
    line.send(one, two, b"to two")
    line.send(two, one, b"to one")
    line.settle()
    assert (one.said, two.said) == ([b"to one"], [b"to two"])
    line.send(one, two, b"more")
    line.send(two, one, b"more")
    line.settle()
    assert (one.said[-1], two.said[-1], one.refused, two.refused) == (b"more", b"more", [], [])


@given(st.integers(0, 2**32), st.integers(0, 60))
def test_a_lossy_line_is_overcome(seed: int, percent: int) -> None:
    line, one, two = pair()
    dice = Random(seed)
    line.is_lost = lambda sent: dice.randrange(100) < percent
    for number in range(60):
        line.send(one, two, b"%d" % number)
        line.send(two, one, b"%d" % number)
        line.run(SECOND // 2)
    line.is_lost = lambda sent: False
    line.run(20 * SECOND)
    line.send(one, two, b"last")
    line.send(two, one, b"last")
    line.settle()
    assert (one.said[-1], two.said[-1]) == (b"last", b"last")
    assert len(set(one.said)) == len(one.said)
    assert len(set(two.said)) == len(two.said)


def test_a_member_that_never_answers_is_given_up_and_what_waited_is_counted() -> None:
    line, one, two = pair()
    line.is_lost = lambda sent: True
    line.send(one, two, b"lost")
    line.run(30 * SECOND)
    assert one.refused == [Refused(Reason.NO_ANSWER, two.address, "1 datagrams were dropped")]
    assert kinds(line) == [Kind.HELLO] * 4
    assert one.sessions.statistics().attempts == {Pool.LAN: 0, Pool.WAN: 0}


def test_each_datagram_is_delivered_once_and_reordering_within_the_window_is_borne() -> None:
    line, one, two = met()
    for number in range(20):
        line.send(one, two, b"%d" % number)
    sent = list(line.queue)
    line.queue.clear()
    Random(1).shuffle(sent)
    for each in sent:
        line.inject(two, each.data, each.source)
    assert sorted(two.said[1:], key=int) == [b"%d" % number for number in range(20)]
    for each in sent:
        effects = line.inject(two, each.data, each.source)
        assert effects == [Refused(Reason.REPLAY, one.address, "came before, or too late to tell")]


def test_what_is_older_than_the_window_is_refused() -> None:
    line, one, two = met(WireLimits(window=64))
    line.send(one, two, b"late")
    late = line.queue.popleft()
    for _ in range(64):
        line.send(one, two, b"newer")
    line.settle()
    line.inject(two, late.data, late.source)
    assert two.reasons == [Reason.REPLAY]


def test_a_pool_that_is_not_open_takes_nothing() -> None:
    one, two = End("one"), End("two", pools=(Pool.LAN,))
    line = Line(one, two)
    line.send(one, two, b"word", Pool.WAN)
    line.send(two, one, b"word", Pool.WAN)
    line.settle()
    assert two.reasons == [Reason.NO_POOL, Reason.NO_POOL]
    two.sessions.open(Pool.WAN, two.credentials(Pool.WAN))
    line.run(SECOND)
    assert two.said == [b"word"]


def test_handshakes_under_way_are_bounded() -> None:
    one = End("one", limits=WireLimits(attempts=3))
    line = Line(one)
    for number in range(5):
        line.send(one, End(f"nobody-{number}"), b"word")
    assert one.reasons == [Reason.CROWDED] * 2


def test_what_is_too_long_is_neither_sent_nor_read() -> None:
    line, one, two = met()
    line.send(one, two, bytes(1_201))
    line.inject(two, bytes(1_300), one.address)
    assert (one.reasons, two.reasons) == ([Reason.OVERSIZED], [Reason.OVERSIZED])
    line.send(one, two, bytes(1_200))
    line.settle()
    assert two.said[-1] == bytes(1_200)


def test_nobody_sends_to_himself() -> None:
    line, one, _ = pair()
    line.send(one, one, b"word")
    assert one.reasons == [Reason.SELF]


def test_credentials_of_another_process_open_nothing() -> None:
    one, two = End("one"), End("two")
    sessions = Sessions(one.member, entropy=entropy_of("x"))
    with pytest.raises(ValueError, match="another process key"):
        sessions.open(Pool.LAN, two.credentials(Pool.LAN))


def test_what_happened_is_counted() -> None:
    line, _, two = met()
    line.inject(two, b"", STRANGER)
    statistics = two.sessions.statistics()
    assert statistics.delivered == {Pool.LAN: 1}
    assert statistics.refused == {Reason.MALFORMED: 1}
    assert statistics.transmitted == 3
    assert (statistics.peers, statistics.hosts) == ({Pool.LAN: 1, Pool.WAN: 0}, 2)
    assert replace(statistics, hosts=0) != statistics
    assert isinstance(line.seen[0], Sent)
