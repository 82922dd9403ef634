"""One pool by itself: what it says first, and what it holds."""

import pytest

from agent.wire.budgets import Strangers
from agent.wire.cookies import CookieJar
from agent.wire.effects import Transmit
from agent.wire.handshake import HELLO_BYTES, read_hello
from agent.wire.header import Kind, Pool, mark_of, read_head
from agent.wire.limits import WireLimits
from agent.wire.nonces import Counters
from agent.wire.pool_sessions import PoolSessions, Shared
from agent.wire.reasons import Reason, WireRefused
from failure_detect.clock import NEVER
from tests.agent.wire.ends import START, End, entropy_of


def sessions_of(end: End) -> PoolSessions:
    limits, entropy = WireLimits(), entropy_of(end.node)
    shared = Shared(limits, entropy, Strangers(limits.strangers), CookieJar(entropy))
    return PoolSessions(Pool.LAN, end.credentials(Pool.LAN), shared, Counters())


def test_the_first_word_is_a_hello_with_our_certificate() -> None:
    one, two = End("one"), End("two")
    sessions = sessions_of(one)
    assert sessions.deadline == NEVER
    (effect,) = sessions.send(two.member, two.address, b"word", START)
    assert isinstance(effect, Transmit)
    assert (effect.address, len(effect.data)) == (two.address, HELLO_BYTES)
    head, hello = read_head(effect.data), read_hello(effect.data)
    assert (head.kind, head.pool, head.mark) == (Kind.HELLO, Pool.LAN, mark_of(two.member))
    assert (hello.certificate, hello.mark) == (one.certificate, mark_of(one.member))
    assert (sessions.attempts, sessions.peers) == (1, 0)
    assert sessions.deadline > START
    sessions.check_invariants()


def test_who_is_forgotten_is_waited_for_no_more() -> None:
    one, two = End("one"), End("two")
    sessions = sessions_of(one)
    sessions.send(two.member, two.address, b"word", START)
    sessions.forget(two.member)
    sessions.forget(two.member)
    assert sessions.attempts == 0
    assert sessions.advance(NEVER) == []
    assert sessions.deadline == NEVER


def test_what_cannot_be_sent_raises_and_changes_nothing() -> None:
    one = End("one")
    sessions = sessions_of(one)
    with pytest.raises(WireRefused) as caught:
        sessions.send(one.member, one.address, b"word", START)
    assert caught.value.reason == Reason.SELF
    assert (sessions.attempts, sessions.deadline) == (0, NEVER)
