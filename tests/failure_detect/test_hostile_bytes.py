"""Whatever arrives is a packet or one error, and never another exception."""

import tracemalloc
from functools import partial
from random import Random

import pytest
from hypothesis import given

from failure_detect.messages import Claims, Nack, Packet, Ping
from failure_detect.packing import MalformedMessage
from failure_detect.wire import decode, encode, encode_payload
from tests.failure_detect.dear_values import bound, peak_bytes, shapes
from tests.failure_detect.samples import (
    EVERY_ITEM,
    EVERY_MESSAGE,
    MOST,
    NONCE,
    SHORT,
    SIGNATURE,
    flipped,
)
from tests.failure_detect.strategies import (
    HOSTILE_BYTES,
    PACKETS,
    Value,
    encoded,
    extension,
    packed,
)


def refuse(data: bytes, why: str) -> None:
    with pytest.raises(MalformedMessage, match=why):
        decode(data, MOST)


NO_ARRAYS: tuple[Value, ...] = (None, True, 1, 1.0, "x", b"x", {}, {"a": 1}, extension(7, b"x" * 8))
NO_KINDS: tuple[Value, ...] = ([], [[1]], [True, 1], [1.0, 1], ["1", 1], [None], [b"\x01"])


@pytest.mark.parametrize(
    "value",
    [*NO_ARRAYS, *NO_KINDS],
    ids=repr,
)
def test_what_is_no_array_that_begins_with_a_kind_is_refused(value: Value) -> None:
    refuse(packed(value), "begins with its kind")


@pytest.mark.parametrize("kind", [0, -1, -(1 << 63)])
def test_kinds_below_one_will_never_be(kind: int) -> None:
    refuse(packed([kind]), f"kind {kind} has no place here")


def test_a_second_message_has_no_place_in_a_packet() -> None:
    refuse(encode(Nack(1)) + encode(Nack(2)), "kind 5 has no place here")
    refuse(encode_payload(b"k", b"").raw + encode(Nack(2)), "kind 5 has no place here")


def test_a_packet_has_a_size_that_it_may_not_exceed() -> None:
    data = encode(Nack(1))
    assert decode(data, len(data)).message == Nack(1)
    with pytest.raises(MalformedMessage, match="size"):
        decode(data, len(data) - 1)
    with pytest.raises(MalformedMessage, match="size"):
        decode(b"", MOST)


NO_NUMBERS: tuple[Value, ...] = (
    None, True, False, 1.0, float("nan"), float("inf"), float("-inf"), "1", b"1", [], {}, -1,
    extension(1, b"x"),
)  # fmt: skip
NO_BYTES: tuple[Value, ...] = (
    None,
    True,
    1,
    1.0,
    "x" * 8,
    "x" * 64,
    [],
    {},
    extension(1, b"x" * 8),
)

APP_WRONG = (*NO_BYTES, b"x" * 17)
SHORT_WRONG = (*NO_BYTES, b"", b"x" * 7, b"x" * 9)
SIGNATURE_WRONG = (*NO_BYTES, b"", b"x" * 63, b"x" * 65)
NONCE_WRONG = (*NO_BYTES, b"", b"x" * 7, b"x" * 9)
PAIR = [SHORT, SIGNATURE]
ENTRY = [SHORT, 0, 1]

WRONG: tuple[tuple[list[Value], int, tuple[Value, ...]], ...] = (
    ([1, 1, 2, 3, b""], 1, (*NO_NUMBERS, 0x10000)),
    ([1, 1, 2, 3, b""], 2, NO_NUMBERS),
    ([1, 1, 2, 3, b""], 3, NO_NUMBERS),
    ([1, 1, 2, 3, b""], 4, APP_WRONG),
    ([1, 1, 2, 3, b"", 1, 1, b""], 5, (*NO_NUMBERS[1:], 0, 4, 255, 256)),
    ([1, 1, 2, 3, b"", 1, 1, b""], 6, NO_NUMBERS),
    ([1, 1, 2, 3, b"", 1, 1, b""], 7, (*NO_BYTES, b"x", b"x" * 7, b"x" * 9)),
    ([2, 1, 2, b""], 1, (*NO_NUMBERS, 0x10000)),
    ([2, 1, 2, b""], 2, NO_NUMBERS),
    ([2, 1, 2, b""], 3, APP_WRONG),
    ([2, 1, 2, b"", SIGNATURE], 4, SIGNATURE_WRONG[1:]),
    ([3, 1, SHORT, 1], 1, (*NO_NUMBERS, 0x10000)),
    ([3, 1, SHORT, 1], 2, SHORT_WRONG),
    ([3, 1, SHORT, 1], 3, (*NO_NUMBERS, 10_000_001)),
    ([4, 1], 1, (*NO_NUMBERS, 0x10000)),
    ([5, 1], 1, (*NO_NUMBERS, 0x10000)),
    ([6, SHORT, 1, SIGNATURE, NONCE], 1, SHORT_WRONG),
    ([6, SHORT, 1, SIGNATURE, NONCE], 2, NO_NUMBERS),
    ([6, SHORT, 1, SIGNATURE, NONCE], 3, SIGNATURE_WRONG),
    ([6, SHORT, 1, SIGNATURE, NONCE], 4, NONCE_WRONG),
    ([7, SHORT], 1, SHORT_WRONG),
    ([8, SHORT, NONCE, SIGNATURE], 1, SHORT_WRONG),
    ([8, SHORT, NONCE, SIGNATURE], 2, NONCE_WRONG),
    ([8, SHORT, NONCE, SIGNATURE], 3, SIGNATURE_WRONG),
    ([9, SHORT, 1, SIGNATURE], 1, SHORT_WRONG),
    ([9, SHORT, 1, SIGNATURE], 2, NO_NUMBERS),
    ([9, SHORT, 1, SIGNATURE], 3, SIGNATURE_WRONG),
    ([11, []], 1, (*NO_ARRAYS, [1] * 257, [-1], [1.0], [None])),
    ([12, [], [], 1], 1, (*NO_ARRAYS, [0] * 257, [256], [True])),
    ([12, [], [], 1], 2, (*NO_ARRAYS, [1], [[]], [ENTRY[:2]], [[SHORT, 256, 1]], [[1, 0, 1]])),
    ([12, [], [], 1], 3, NO_NUMBERS),
    ([13, []], 1, (*NO_ARRAYS, [1], [b"x"], ["x" * 8], [[]])),
    ([32, b"c", 1, SIGNATURE], 1, (*NO_BYTES, b"")),
    ([32, b"c", 1, SIGNATURE], 2, NO_NUMBERS),
    ([32, b"c", 1, SIGNATURE], 3, SIGNATURE_WRONG),
    ([32, b"c", 1, SIGNATURE, SHORT, SIGNATURE], 4, SHORT_WRONG[1:]),
    ([32, b"c", 1, SIGNATURE, SHORT, SIGNATURE], 5, SIGNATURE_WRONG),
    ([33, SHORT, 1, SIGNATURE], 1, SHORT_WRONG),
    ([33, SHORT, 1, SIGNATURE], 2, NO_NUMBERS),
    ([33, SHORT, 1, SIGNATURE], 3, SIGNATURE_WRONG),
    ([34, SHORT, 1, [PAIR]], 1, SHORT_WRONG),
    ([34, SHORT, 1, [PAIR]], 2, NO_NUMBERS),
    ([34, SHORT, 1, [PAIR]], 3, (*NO_ARRAYS, [], [1], [[]], [PAIR[:1]], [PAIR[::-1]], [PAIR] * 9)),
    ([35, "n", SHORT, 1, True, SIGNATURE], 1, (None, 1, b"n", "", "n" * 254, [], 1.0, True)),
    ([35, "n", SHORT, 1, True, SIGNATURE], 2, SHORT_WRONG),
    ([35, "n", SHORT, 1, True, SIGNATURE], 3, NO_NUMBERS),
    ([35, "n", SHORT, 1, True, SIGNATURE], 4, (None, 0, 1, "", b"\x01", 1.0)),
    ([35, "n", SHORT, 1, True, SIGNATURE], 5, SIGNATURE_WRONG),
    ([36, b"k", b""], 1, (*NO_BYTES, b"", b"k" * 65)),
    ([36, b"k", b""], 2, NO_BYTES),
)  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "index", "values"), WRONG, ids=[f"{case[0][0]}-{case[1]}" for case in WRONG]
)
def test_a_field_of_the_wrong_kind_or_size_is_refused(
    fields: list[Value], index: int, values: tuple[Value, ...]
) -> None:
    assert decode(packed(fields), MOST).skipped == 0
    for value in values:
        wrong = [*fields[:index], value, *fields[index + 1 :]]
        refuse(packed(wrong), "field")


OPTIONAL = {(1, 5), (2, 4), (32, 4), (32, 5)}
"""(kind, how many values): here a message may end early."""


def test_a_message_that_lacks_a_field_is_refused() -> None:
    for fields, _, _ in WRONG:
        for length in range(1, len(fields)):
            if (fields[0], length) not in OPTIONAL:
                refuse(packed(fields[:length]), "is missing")


def test_a_number_beyond_64_bits_cannot_be_said() -> None:
    refuse(bytes.fromhex("92 04 d8 01" + "00" * 16), "field 0")


@pytest.mark.parametrize("text", ["a1 ff", "a2 c0 80", "a3 ed a0 80", "a4 f8 88 80 80"])
def test_a_node_whose_name_is_no_text_is_refused(text: str) -> None:
    data = packed([35, "n", SHORT, 1, True, SIGNATURE])
    refuse(data.replace(b"\xa1n", bytes.fromhex(text)), "UnicodeDecodeError")


@given(HOSTILE_BYTES)
def test_any_bytes_are_a_packet_or_one_error(data: bytes) -> None:
    try:
        packet = decode(data, MOST)
    except MalformedMessage:
        return
    assert len(packet.items) + packet.skipped + (packet.message is not None) >= 1


@given(PACKETS)
def test_a_packet_cut_short_says_less_or_nothing(packet: Packet) -> None:
    data = encoded(packet)
    for end in range(0, len(data), 1 + len(data) // 50):
        try:
            found = decode(data[:end], MOST)
        except MalformedMessage:
            continue
        assert found.message in (packet.message, None)
        assert found.items == packet.items[: len(found.items)]
        assert (found.message, found.items) != (packet.message, packet.items)


@pytest.mark.parametrize("size", [1_200, 20_000])
def test_no_packet_takes_more_memory_than_its_size_justifies(size: int) -> None:
    for name, data in shapes(size).items():
        whole = b"".join([encode(Claims()), data])
        among = b"".join([encode(Claims()), b"\x92\x30", data, encode_payload(b"k", b"").raw])
        field = b"\x93\x0d" + data + b"\xc0"
        for sent in (data, whole, among, field):
            peak = peak_bytes(partial(decode, sent, MOST), MalformedMessage)
            assert peak < bound(len(sent)), name


def test_nothing_of_large_frames_is_kept() -> None:
    tracemalloc.start()
    for number in range(60):
        decode(encode_payload(b"key", number.to_bytes(8) + bytes(60_000)).raw, MOST)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 500_000


def flip_and_decode(datagrams: int) -> int:
    """Decode so many damaged packets; return how many of them still made sense."""
    rng = Random(20_240_607)
    items = [item.raw for item in EVERY_ITEM]
    good = [encode(message) for message in EVERY_MESSAGE] + items
    good.append(encode(Ping(1, 2, 3, b"x" * 8)) + b"".join(items))
    understood = 0
    for _ in range(datagrams):
        try:
            decode(flipped(good, rng), MOST)
        except MalformedMessage:
            continue
        understood += 1
    return understood


def test_flipped_bits_are_a_packet_or_one_error() -> None:
    assert 0 < flip_and_decode(20_000) < 20_000


@pytest.mark.nightly
def test_a_million_flipped_datagrams_are_packets_or_one_error() -> None:
    assert 0 < flip_and_decode(1_000_000) < 1_000_000
