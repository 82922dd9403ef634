"""Whatever bytes come as gossip or as a message: a value or a refusal, and at a bounded price."""

import tracemalloc
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.frames import decode_frame, encode_frame
from discovery.messages import Gossip, StreamMessage
from discovery.refusals import Refusal, Refused
from discovery.wire import decode_gossip, encode_gossip, read_message, write_message
from tests.discovery.message_strategies import (
    GOSSIP,
    GOSSIP_SAMPLES,
    STREAM_MESSAGES,
    STREAM_SAMPLES,
    unpacked_array,
)
from tests.discovery.strategies import (
    HOSTILE_BYTES,
    VALUES,
    Value,
    mutated,
    mutations,
    nested,
    packed_value,
)

MOST = 1 << 20
KEY, ROOT = b"s/paris", b"R" * 32
NO_KEYS: list[Value] = [b"", b"x" * 161, "s/paris", None, 1]
NO_ROOTS: list[Value] = [b"R" * 31, b"R" * 33, "R" * 32, None, 0]
NO_NUMBERS: list[Value] = [True, False, -1, 1.0, "1", None, 1 << 63, []]


def refusal(read: Callable[[], object]) -> Refusal:
    with pytest.raises(Refused) as raised:
        read()
    assert raised.value.what
    return raised.value.reason


def refused_message(value: Value) -> Refusal:
    return refusal(lambda: read_message(packed_value(value), MOST))


def refused_gossip(value: Value) -> Refusal:
    return refusal(lambda: decode_gossip(packed_value(value)))


# --- kinds ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [0, 4, 16, 32, 255, -1, 1 << 63, -(1 << 63)])
def test_kinds_that_are_not_known_are_unexpected_in_gossip(kind: int) -> None:
    assert refused_gossip([kind, b"m", b""]) is Refusal.UNEXPECTED


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 21, 32, 33, 255, -1, 1 << 63, -(1 << 63)])
def test_kinds_that_are_not_known_are_unexpected_in_a_stream(kind: int) -> None:
    assert refused_message([kind, b"m", b""]) is Refusal.UNEXPECTED


@pytest.mark.parametrize("kind", [0, 1, 2, 16, 19, 37, 255, -1])
def test_kinds_that_are_not_known_are_unexpected_as_answers(kind: int) -> None:
    assert refused_message([19, [[kind, KEY, b""]]]) is Refusal.UNEXPECTED


@pytest.mark.parametrize(
    "value",
    [
        None, 1, True, b"x", "x", {}, {"a": 1}, [], [True, b"m", b""], [1.0, b"m", b""],
        ["1", b"m", b""], [[1], b"m"], [None], [False],
    ],
    ids=repr,
)  # fmt: skip
def test_what_does_not_begin_with_a_kind_is_malformed(value: Value) -> None:
    assert refused_gossip(value) is Refusal.MALFORMED
    assert refused_message(value) is Refusal.MALFORMED
    assert refused_message([19, [value]]) is Refusal.MALFORMED


def test_two_messages_are_none() -> None:
    data = write_message(STREAM_SAMPLES["busy"])
    assert refusal(lambda: read_message(data + data, MOST)) is Refusal.MALFORMED
    gossip = encode_gossip(GOSSIP_SAMPLES["hint"])
    assert refusal(lambda: decode_gossip(gossip + gossip)) is Refusal.MALFORMED
    assert refusal(lambda: decode_gossip(b"")) is Refusal.MALFORMED
    assert refusal(lambda: read_message(b"", MOST)) is Refusal.MALFORMED


# --- fields ----------------------------------------------------------------------------------


def with_field(fields: list[Value], at: int, values: list[Value]) -> list[list[Value]]:
    """The fields of a message, with each of these in place of the one at `at`."""
    return [[*fields[:at], value, *fields[at + 1 :]] for value in values]


NO_BYTES: list[Value] = [None, 1, True, "text", [], {}]
NO_ARRAYS: list[Value] = [None, 1, True, "text", b"bytes", {}]
LONG_MANIFEST: list[Value] = [bytes(1_537), *NO_BYTES]
NO_PAIRS: list[Value] = [[b"a"], [b"a", b"1", b"a", b"2"], [1, 2], *NO_ARRAYS]
NO_DIGESTS: list[Value] = [bytes(511), bytes(513), b"12345678", "x" * 512, None]
NO_BUCKETS: list[Value] = [[1, 1], [4_096], [-1], [True], ["1"], bytes(511), bytes(513), None, 7]
TOO_MANY: list[Value] = [[b"k", b"", b""]] * 129

RUMOUR: list[Value] = [1, b"m", ROOT, b""]
WANTED: list[Value] = [KEY, ROOT, bytes(512), ROOT, 0, [1]]
PART: list[Value] = [34, KEY, b"m", ROOT, 0, 4_096, [b"a", b"1"]]
CHANGES: list[Value] = [33, KEY, b"m", ROOT, [b"a", b"1"], [b"b"]]
DIGESTS: list[Value] = [35, KEY, b"m", [[0, bytes(512)]]]
BUCKETS: list[Value] = [36, KEY, b"m", ROOT, b"\0\1", [1], [b"a", b"1"]]
DIFFER: list[Value] = [18, bytes(8), b"\0\1", [[KEY, [1]]]]

MALFORMED_GOSSIP = [
    *with_field(RUMOUR, 1, LONG_MANIFEST),
    *with_field(RUMOUR, 2, [*NO_ROOTS, *NO_BYTES]),
    *with_field(RUMOUR, 3, [b"not zlib", 1, True, "text", []]),
    *([1], [1, b"m"], [2], [2, KEY], [3], [3, KEY], [3, KEY, b""]),
    *with_field([2, KEY, [1]], 1, NO_KEYS),
    *with_field([2, KEY, [1]], 2, [[], [1] * 5, [True], [-1], [1.0], ["1"], [[1]], *NO_ARRAYS]),
    *with_field([3, KEY, b"", 1], 1, NO_KEYS),
    *with_field([3, KEY, b"", 1], 2, [bytes(131_073), *NO_BYTES]),
    *with_field([3, KEY, b"", 1], 3, [(1 << 48) + 1, *NO_NUMBERS]),
]
MALFORMED_ANSWERS = [
    *with_field([3, KEY, b"", 1], 2, [bytes(131_073), *NO_BYTES]),
    *([32], [33], [34], [35], [36], [33, KEY], [34, KEY], [35, KEY], [36, KEY], PART[:-1]),
    *(CHANGES[:-1], DIGESTS[:-1], BUCKETS[:-1]),
    *[one for each in (PART, CHANGES, DIGESTS, BUCKETS) for one in with_field(each, 1, NO_KEYS)],
    *with_field([32, KEY], 1, NO_KEYS),
    *[
        one
        for each in (PART, CHANGES, DIGESTS, BUCKETS)
        for one in with_field(each, 2, LONG_MANIFEST)
    ],
    *[one for each in (PART, CHANGES, BUCKETS) for one in with_field(each, 3, NO_ROOTS)],
    *with_field(PART, 4, [4_097, *NO_NUMBERS]),
    *with_field(PART, 5, [4_097, *NO_NUMBERS]),
    *with_field(PART, 6, NO_PAIRS),
    *with_field(CHANGES, 4, NO_PAIRS),
    *with_field(CHANGES, 5, [[b"a"], [b"b", b"b"], ["b"], [b""], *NO_ARRAYS]),
    *with_field(DIGESTS, 3, [[[64, bytes(512)]], [[True, bytes(512)]], [[0]], [0], *NO_ARRAYS]),
    *with_field(DIGESTS, 3, [[[0, each]] for each in [b"", *NO_DIGESTS]]),
    *with_field(DIGESTS, 3, [[[0, bytes(512)]] * 2, [[each, bytes(512)] for each in range(65)]]),
    *with_field(BUCKETS, 4, [b"\x40", b"\0\0", bytes(range(64)) + b"\0", *NO_BYTES]),
    *with_field(BUCKETS, 5, NO_BUCKETS),
    *with_field(BUCKETS, 6, NO_PAIRS),
]
MALFORMED_MESSAGES: list[Value] = [
    *([16], [17], [17, []], [18], [18, bytes(8)], [18, bytes(8), b""], [19], [20]),
    *with_field([16, bytes(512)], 1, [bytes(511), bytes(513), b"", *NO_BYTES]),
    *with_field([17, [], 1], 1, [TOO_MANY, *NO_ARRAYS]),
    *with_field([17, [], 1], 2, [(1 << 30) + 1, *NO_NUMBERS]),
    *[[17, [each], 1] for each in with_field(WANTED, 0, NO_KEYS)],
    *[[17, [each], 1] for at in (1, 3) for each in with_field(WANTED, at, NO_ROOTS)],
    *[[17, [each], 1] for each in with_field(WANTED, 2, NO_DIGESTS)],
    *[[17, [each], 1] for each in with_field(WANTED, 4, [4_097, *NO_NUMBERS])],
    *[[17, [each], 1] for each in with_field(WANTED, 5, NO_BUCKETS)],
    *[[17, [WANTED[:size]], 1] for size in (0, 1, 2, 4, 5)],
    *[[17, [each], 1] for each in NO_ARRAYS],
    *with_field(DIFFER, 1, [bytes(7), bytes(9), *NO_BYTES]),
    *with_field(DIFFER, 2, [b"\x40", b"\0\0", *NO_BYTES]),
    *with_field(DIFFER, 3, [[[KEY, [1]]] * 8_193, [[KEY]], [[KEY, []]], [KEY], *NO_ARRAYS]),
    *with_field([19, []], 1, [[[32, KEY]] * 129, *NO_ARRAYS]),
    *with_field([20, 1], 1, [(1 << 48) + 1, *NO_NUMBERS]),
    *[[19, [each]] for each in MALFORMED_ANSWERS],
]
BAD = {Refusal.MALFORMED, Refusal.OVERSIZED}


def test_each_field_of_gossip_is_read_strictly() -> None:
    for value in MALFORMED_GOSSIP:
        assert refused_gossip(value) in BAD, value


def test_each_field_of_a_message_is_read_strictly() -> None:
    for value in MALFORMED_MESSAGES:
        assert refused_message(value) in BAD, value


def test_what_these_were_made_of_is_good() -> None:
    assert refused_gossip(RUMOUR) is Refusal.MALFORMED  # Its delta alone is none.
    decode_gossip(packed_value(RUMOUR[:3]))
    decode_gossip(packed_value([2, KEY, [1]]))
    decode_gossip(packed_value([3, KEY, b"", 1]))
    for answer in (PART, CHANGES, DIGESTS, BUCKETS, [32, KEY]):
        read_message(packed_value([19, [answer]]), MOST)
    for value in ([16, bytes(512)], [17, [WANTED], 1], DIFFER, [20, 1]):
        read_message(packed_value(value), MOST)


# --- any bytes ---------------------------------------------------------------------------------


def answers_or_refuses(data: bytes) -> tuple[Gossip | None, StreamMessage | None]:
    """What the bytes say, as gossip and as a message; what is understood comes back as it was."""
    gossip: Gossip | None = None
    message: StreamMessage | None = None
    try:
        gossip = decode_gossip(data)
    except Refused as refused:
        assert refused.what  # noqa: PT017 - it may as well be gossip.
    try:
        message = read_message(data, MOST)
    except Refused as refused:
        assert refused.what  # noqa: PT017 - it may as well be a message.
    if gossip is not None:
        assert decode_gossip(encode_gossip(gossip)) == gossip
    if message is not None:
        assert read_message(write_message(message), MOST) == message
    return gossip, message


@given(data=HOSTILE_BYTES)
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    answers_or_refuses(data)


@given(kind=st.integers(0, 40), fields=st.lists(VALUES, max_size=7))
def test_any_values_behind_a_kind_are_a_message_or_refused(kind: int, fields: list[Value]) -> None:
    answers_or_refuses(packed_value([kind, *fields]))
    answers_or_refuses(packed_value([19, [[kind, KEY, *fields]]]))


@given(data=st.data(), at=st.integers(0, 7), value=VALUES)
def test_any_value_in_the_place_of_a_field_is_a_message_or_refused(
    data: st.DataObject, at: int, value: Value
) -> None:
    name = data.draw(st.sampled_from(sorted(STREAM_SAMPLES)))
    fields = unpacked_array(write_message(STREAM_SAMPLES[name]))
    inner = fields[1]
    if isinstance(inner, list) and inner and isinstance(inner[0], list):
        inner[0][at % len(inner[0])] = value
    else:
        fields[at % len(fields)] = value
    answers_or_refuses(packed_value(fields))


@given(data=mutated(GOSSIP.map(encode_gossip)))
def test_damaged_gossip_is_gossip_or_refused(data: bytes) -> None:
    answers_or_refuses(data)


@given(data=mutated(STREAM_MESSAGES.map(write_message)))
def test_damaged_messages_are_messages_or_refused(data: bytes) -> None:
    answers_or_refuses(data)


@given(data=st.data(), message=STREAM_MESSAGES, version=st.integers(1, 2))
def test_damaged_frames_are_frames_or_refused(
    data: st.DataObject, message: StreamMessage, version: int
) -> None:
    frame = data.draw(mutations(encode_frame(message, version)))
    try:
        decode_frame(frame, MOST)
    except Refused as refused:
        assert refused.what  # noqa: PT017 - it may as well be a frame.


def flip_and_decode(count: int) -> int:
    """Decode so many damaged messages; return how many of them still made sense."""
    rng = Random(20_240_712)
    good = [encode_gossip(each) for each in GOSSIP_SAMPLES.values()]
    good += [write_message(each) for each in STREAM_SAMPLES.values()]
    understood = 0
    for _ in range(count):
        damaged = bytearray(good[int(rng.random() * len(good))])
        for _ in range(1 + int(rng.random() * 3)):
            damaged[int(rng.random() * len(damaged))] ^= 1 << int(rng.random() * 8)
        understood += answers_or_refuses(bytes(damaged)) != (None, None)
    return understood


def test_flipped_bits_are_a_message_or_refused() -> None:
    assert 0 < flip_and_decode(5_000) < 5_000


@pytest.mark.nightly
def test_a_million_damaged_messages_are_messages_or_refused() -> None:
    assert 0 < flip_and_decode(1_000_000) < 1_000_000


# --- what it costs -------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [10, 500, 5_000, 100_000])
def test_arrays_in_arrays_are_read_or_refused(depth: int) -> None:
    answers_or_refuses(nested(depth))
    answers_or_refuses(b"\x92\x13" + b"\x91" * depth + b"\x01")
    answers_or_refuses(b"\x93\x14\x01" + b"\x91" * depth + b"\x01")


def peak_of(read: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        read()
    except Refused as refused:
        assert refused.what  # noqa: PT017 - some of it is a message.
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize(
    "unit",
    [
        b"\x80",
        b"\x90",
        b"\xc0",
        b"\x91\x00",
        b"\xd4\x01\x00",
        b"\xd6\xff\x00\x00\x00\x01",
        b"\xa1x",
    ],
    ids=bytes.hex,
)
def test_a_small_frame_takes_no_more_than_a_hundred_times_what_is_allowed(unit: bytes) -> None:
    most = 1 << 17
    count = (most - 10) // len(unit)
    body = b"\x92\x13\xdd" + count.to_bytes(4) + unit * count
    assert peak_of(lambda: read_message(body, most)) < 100 * most


@pytest.mark.parametrize("lie", ["dd", "df", "c6", "db", "c9"])
def test_no_length_is_believed_that_nothing_stands_behind(lie: str) -> None:
    data = b"\x92\x13" + bytes.fromhex(lie) + b"\xff" * 4
    assert peak_of(lambda: read_message(data, MOST)) < 100_000
    many = b"\x92\x13\x9f" + (b"\xdd\xff\xff\xff\xff" * 15)
    assert peak_of(lambda: read_message(many, MOST)) < 100_000
