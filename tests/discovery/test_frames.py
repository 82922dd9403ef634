"""Frames of both versions, between agents of both, and none that costs more than it may."""

import tracemalloc
import zlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.frames import VERSION_MAX, VERSION_MIN, Frame, decode_frame, encode_frame
from discovery.messages import Busy, Item, Pulled, StreamMessage
from discovery.refusals import Refusal, Refused
from discovery.wire import write_message
from tests.discovery.message_strategies import STREAM_MESSAGES
from tests.discovery.strategies import HOSTILE_BYTES

MEBIBYTE = 1 << 20
BUSY = Busy(1)
BUSY_BYTES = bytes.fromhex("92 14 01")
LONG = Pulled((Item(b"k", bytes(10_000)),))


def refusal(data: bytes, most: int = MEBIBYTE, speaks: int = VERSION_MAX) -> Refusal:
    with pytest.raises(Refused) as raised:
        decode_frame(data, most, speaks)
    assert raised.value.what.startswith("frame: ")
    return raised.value.reason


@given(message=STREAM_MESSAGES, version=st.integers(1, 2), speaks=st.integers(1, 2))
def test_any_message_comes_back_in_any_version(
    message: StreamMessage, version: int, speaks: int
) -> None:
    data = encode_frame(message, version, speaks)
    assert decode_frame(data, MEBIBYTE) == Frame(message, max(version, speaks))


@given(message=STREAM_MESSAGES)
def test_no_frame_is_longer_than_its_body_and_a_head(message: StreamMessage) -> None:
    body = write_message(message)
    assert len(encode_frame(message, 1)) == len(body) + 2
    assert len(encode_frame(message, 2)) <= len(body) + 3
    assert decode_frame(encode_frame(message, 2), len(body)).message == message


def test_frames_have_their_bytes() -> None:
    assert (VERSION_MIN, VERSION_MAX) == (1, 2)
    assert encode_frame(BUSY, 1) == b"\1\2" + BUSY_BYTES
    assert encode_frame(BUSY, 1, speaks=1) == b"\1\1" + BUSY_BYTES
    assert encode_frame(BUSY) == b"\2\2\0" + BUSY_BYTES
    body = write_message(LONG)
    assert encode_frame(LONG, 1) == b"\1\2" + body
    compressed = encode_frame(LONG, 2)
    assert compressed[:3] == b"\2\2\1"
    assert zlib.decompress(compressed[3:]) == body
    assert len(compressed) < 100


def test_what_does_not_get_smaller_goes_as_it_is() -> None:
    noise = Pulled((Item(b"k", Random(1).randbytes(1_000)),))
    assert encode_frame(noise, 2) == b"\2\2\0" + write_message(noise)
    short = Pulled((Item(b"k", bytes(100)),))
    assert encode_frame(short, 2) == b"\2\2\0" + write_message(short)


# --- an older and a newer agent ---------------------------------------------------------------


class Agent:
    """Speaks versions up to one, and learns from each frame how far the other goes."""

    def __init__(self, speaks: int) -> None:
        self.speaks = speaks
        self.theirs = VERSION_MIN

    def say(self, message: StreamMessage) -> bytes:
        return encode_frame(message, min(self.theirs, self.speaks), self.speaks)

    def hear(self, data: bytes) -> StreamMessage:
        frame = decode_frame(data, MEBIBYTE, self.speaks)
        self.theirs = frame.speaks
        return frame.message


@pytest.mark.parametrize(("ours", "theirs"), [(1, 1), (1, 2), (2, 1), (2, 2)])
@given(messages=st.lists(STREAM_MESSAGES | st.just(LONG), min_size=4, max_size=6))
def test_agents_of_any_versions_understand_each_other(
    ours: int, theirs: int, messages: list[StreamMessage]
) -> None:
    one, other = Agent(ours), Agent(theirs)
    for at, message in enumerate(messages):
        speaker, hearer = (one, other) if at % 2 == 0 else (other, one)
        data = speaker.say(message)
        assert hearer.hear(data) == message
        assert data[0] == (min(ours, theirs) if at > 0 else VERSION_MIN)


def test_a_later_version_that_speaks_ours_is_understood_and_known_as_such() -> None:
    assert decode_frame(b"\1\7" + BUSY_BYTES, MEBIBYTE) == Frame(BUSY, 7)
    assert decode_frame(b"\2\xff\0" + BUSY_BYTES, MEBIBYTE) == Frame(BUSY, 255)


def test_whoever_writes_a_version_speaks_it() -> None:
    assert decode_frame(b"\2\0\0" + BUSY_BYTES, MEBIBYTE) == Frame(BUSY, 2)


@pytest.mark.parametrize("version", [0, 3, 255])
def test_versions_that_are_not_spoken_are_unexpected(version: int) -> None:
    assert refusal(bytes([version, 9, 0]) + BUSY_BYTES) is Refusal.UNEXPECTED


def test_an_older_agent_refuses_the_newer_version() -> None:
    assert refusal(encode_frame(BUSY, 2), speaks=1) is Refusal.UNEXPECTED
    assert decode_frame(encode_frame(BUSY, 1), MEBIBYTE, 1) == Frame(BUSY, 2)


@pytest.mark.parametrize("number", [2, 3, 255])
def test_compressions_that_are_not_known_are_unexpected(number: int) -> None:
    assert refusal(bytes([2, 2, number]) + BUSY_BYTES) is Refusal.UNEXPECTED


# --- bounds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\1", b"\1\1", b"\2\2\0", b"\2\2\1", b"\1\1\xc1"])
def test_what_is_cut_short_is_malformed(data: bytes) -> None:
    assert refusal(data) is Refusal.MALFORMED


@pytest.mark.parametrize("version", [1, 2])
def test_the_bound_in_clear_is_exact(version: int) -> None:
    for message in (BUSY, LONG):
        data, size = encode_frame(message, version), len(write_message(message))
        assert decode_frame(data, size).message == message
        assert refusal(data, size - 1) is Refusal.OVERSIZED


def test_a_frame_that_is_longer_than_what_is_allowed_in_clear_is_not_expanded() -> None:
    # Empty blocks: zlib would read them for ever and give nothing.
    blocks = b"\x78\x9c" + b"\0\0\0\xff\xff" * 300
    assert refusal(b"\2\2\1" + blocks, 1_000) is Refusal.OVERSIZED
    assert refusal(b"\2\2\1" + blocks, 2_000) is Refusal.MALFORMED


def test_a_bomb_costs_no_more_than_what_is_allowed() -> None:
    squeezer = zlib.compressobj(9)
    pieces = [squeezer.compress(bytes(MEBIBYTE)) for _ in range(1_024)]
    bomb = b"\2\2\1" + b"".join(pieces) + squeezer.flush()
    assert len(bomb) < MEBIBYTE
    tracemalloc.start()
    assert refusal(bomb) is Refusal.OVERSIZED
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * MEBIBYTE


@given(data=HOSTILE_BYTES, head=st.sampled_from([b"", b"\1\1", b"\2\2\0", b"\2\2\1"]))
def test_any_bytes_are_a_frame_or_refused(data: bytes, head: bytes) -> None:
    for body in (data, zlib.compress(data)):
        try:
            decode_frame(head + body, MEBIBYTE)
        except Refused as refused:
            assert refused.what  # noqa: PT017 - it may as well be a frame.
