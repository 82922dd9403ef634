"""A frame comes whole, in whatever pieces its bytes come, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.chunks import CHUNK_BYTES, Incoming, frame, opening
from agent.wire.reasons import Reason, WireRefused
from agent.wire.sealing import STREAM_SEAL_BYTES, Pull, Push
from tests.agent.wire.ends import key_of
from tests.discovery.trusted import HOME

ECHO = b"echo" * 16


def way() -> tuple[Push, Pull]:
    one, two = key_of(HOME, "one"), key_of(HOME, "two")
    called, answered = one.call(two.public), two.answer(one.public)
    assert called is not None
    assert answered is not None
    return called[1], answered[0]


def fed(incoming: Incoming, data: bytes, step: int) -> bytes | None:
    buffer, found = bytearray(), None
    for start in range(0, len(data), step):
        assert found is None
        buffer += data[start : start + step]
        found = incoming.feed(buffer)
    return found


@given(st.integers(0, 3 * CHUNK_BYTES), st.integers(50, 40_000))
def test_a_frame_comes_whole_in_whatever_pieces(size: int, step: int) -> None:
    push, pull = way()
    data = bytes(size)
    sent = opening(push, ECHO) + frame(push, data)
    incoming = Incoming(pull, ECHO, size)
    assert fed(incoming, sent, step) == data
    assert incoming.is_proven


def test_one_byte_at_a_time_will_do() -> None:
    push, pull = way()
    assert fed(Incoming(pull, ECHO, 10), opening(push, ECHO) + frame(push, b"frame"), 1) == b"frame"


def refused(data: bytes, pull: Pull, most: int = 100) -> Reason:
    with pytest.raises(WireRefused) as caught:
        Incoming(pull, ECHO, most).feed(bytearray(data))
    return caught.value.reason


def test_each_fault_is_refused_by_its_reason() -> None:
    push, pull = way()
    assert refused(opening(push, b"other"), pull) == Reason.CHALLENGE
    push, pull = way()
    assert refused(push.head + frame(push, ECHO), pull) == Reason.CHALLENGE
    push, pull = way()
    assert refused(opening(push, ECHO) + frame(push, bytes(101)), pull) == Reason.OVERSIZED
    push, pull = way()
    assert refused(opening(push, ECHO) + frame(push, b"") + b"\0", pull) == Reason.MALFORMED
    push, pull = way()
    whole = opening(push, ECHO) + frame(push, b"word")
    assert refused(whole[:-1] + b"x", pull) == Reason.SEAL
    assert refused(way()[0].head + b"\xff\xff", way()[1]) == Reason.MALFORMED
    assert refused(way()[0].head + b"\0\1", way()[1]) == Reason.MALFORMED


@given(st.integers(0, 150), st.integers(1, 255))
def test_every_byte_matters(place: int, flip: int) -> None:
    push, pull = way()
    sent = bytearray(opening(push, ECHO) + frame(push, bytes(50)))
    sent[place] ^= flip
    incoming = Incoming(pull, ECHO, 1_000)
    try:
        found = incoming.feed(bytearray(sent))
    except WireRefused:
        found = None
    assert found is None


def test_what_was_cut_is_no_frame() -> None:
    push, pull = way()
    sent = opening(push, ECHO) + frame(push, bytes(20_000))
    assert Incoming(pull, ECHO, 30_000).feed(bytearray(sent[:-1])) is None
    push, pull = way()
    whole = opening(push, ECHO) + frame(push, bytes(CHUNK_BYTES + 1))
    last = 2 + 1 + STREAM_SEAL_BYTES
    buffer = bytearray(whole[:-last])
    assert Incoming(pull, ECHO, 30_000).feed(buffer) is None
    assert not buffer  # All chunks but the last were taken, and they are no frame.
