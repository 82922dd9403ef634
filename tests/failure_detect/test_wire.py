"""Whatever is said is understood as it was said, today and by those who come later."""

from dataclasses import replace

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from failure_detect.claims import INCARNATION_MAX, AliveClaim, Item, Refutation
from failure_detect.identity import NodeName
from failure_detect.messages import (
    Accused,
    Ack,
    Claims,
    Compare,
    Differ,
    Gossip,
    Message,
    Nack,
    Packet,
    Ping,
    PingReq,
    Receipt,
    Relayed,
)
from failure_detect.wire import (
    decode,
    encode,
    encode_accusations,
    encode_alive,
    encode_left,
    encode_node_report,
    encode_payload,
    encode_refutation,
)
from tests.failure_detect.samples import (
    EVERY_ITEM,
    EVERY_MESSAGE,
    MOST,
    NONCE,
    OTHER,
    SHORT,
    SIGNATURE,
)
from tests.failure_detect.strategies import (
    ITEMS,
    LATER_VALUES,
    MESSAGES,
    PACKETS,
    Value,
    encoded,
    packed,
)


def named(value: object) -> str:
    return type(value).__name__


# --- what is said --------------------------------------------------------------------------


@pytest.mark.parametrize("message", EVERY_MESSAGE, ids=named)
def test_a_message_is_understood_as_it_was_said(message: Message) -> None:
    assert decode(encode(message), MOST) == Packet(message, ())


@pytest.mark.parametrize("item", EVERY_ITEM, ids=named)
def test_a_claim_is_understood_with_the_bytes_that_it_came_in(item: Item) -> None:
    assert decode(item.raw, MOST) == Packet(None, (item,))


@given(MESSAGES)
def test_any_message_survives_the_way(message: Message) -> None:
    assert decode(encode(message), MOST) == Packet(message, ())


@given(PACKETS)
def test_any_packet_survives_the_way(packet: Packet) -> None:
    assert decode(encoded(packet), MOST) == packet


@given(ITEMS)
def test_any_claim_is_passed_on_as_the_same_bytes(item: Item) -> None:
    assert [found.raw for found in decode(item.raw, MOST).items] == [item.raw]


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (Ping(1, 2, 3, b"a"), "95 01 01 02 03 c40161"),
        (Ping(1, 2, 3, b"", Accused.DEAD, 4, NONCE), "98 01 01 02 03 c400 03 04 c408" + "04" * 8),
        (Ack(1, 2, b"a"), "94 02 01 02 c40161"),
        (PingReq(1, SHORT, 2), "94 03 01 c408" + "01" * 8 + "02"),
        (Relayed(1), "92 04 01"),
        (Nack(1), "92 05 01"),
        (Receipt(SHORT), "92 07 c408" + "01" * 8),
        (Gossip(), "91 0a"),
        (Compare((1, 2)), "92 0b 92 01 02"),
        (Differ((1,), ((SHORT, 2, 3),), 4), "94 0c 91 01 91 93 c408" + "01" * 8 + "02 03 04"),
        (Claims(), "91 0e"),
    ],
    ids=named,
)
def test_the_bytes_of_messages_are_settled(message: Message, data: str) -> None:
    assert encode(message) == bytes.fromhex(data)


@pytest.mark.parametrize(
    ("item", "head"),
    [
        (encode_alive(b"c", 1, SIGNATURE), "94 20 c40163 01 c440"),
        (
            encode_refutation(SHORT, encode_alive(b"c", 1, SIGNATURE)),
            "95 25 c408" + "01" * 8 + "01 c404 a36beb89 c440",
        ),
        (encode_left(SHORT, 1, SIGNATURE), "94 21 c408" + "01" * 8 + "01 c440"),
        (encode_accusations(SHORT, 1, ((OTHER, SIGNATURE),)), "94 22 c408" + "01" * 8 + "01 91 92"),
        (
            encode_node_report(NodeName("n"), SHORT, 1, SIGNATURE, silent=True),
            "96 23 a16e c408" + "01" * 8 + "01 c3 c440",
        ),
        (encode_payload(b"k", b"v"), "93 24 c4016b c40176"),
    ],
    ids=named,
)
def test_the_bytes_of_claims_are_settled(item: Item, head: str) -> None:
    assert item.raw.startswith(bytes.fromhex(head))


WEEK = 7 * 86_400 * 100
YEAR = 365 * 86_400 * 100
HASH = (1 << 64) - 1
APP = b"\xff" * 8


@pytest.mark.parametrize(
    ("message", "size"),
    [
        (Ping(1, 0, HASH, APP), 23),
        (Ping(0xFFFF, WEEK, HASH, APP), 29),
        (Ping(0xFFFF, YEAR, HASH, APP), 29),
        (Ack(1, HASH, APP), 22),
        (Ack(0xFFFF, HASH, APP), 24),
        (Gossip(), 2),
    ],
    ids=named,
)
def test_what_flows_when_nothing_happens_is_small(message: Message, size: int) -> None:
    assert len(encode(message)) == size <= 32


# --- later versions ------------------------------------------------------------------------

LATER_FIELDS = st.lists(LATER_VALUES, min_size=1, max_size=3)


def unpacked(data: bytes) -> list[Value]:
    fields: list[Value] = msgpack.unpackb(data)
    return fields


@given(st.sampled_from(EVERY_MESSAGE), LATER_FIELDS)
def test_fields_of_a_later_version_are_ignored(message: Message, later: list[Value]) -> None:
    match message:
        case Ping(accused=None):
            optional = 3
        case Ack(proof=b""):
            optional = 1
        case _:
            optional = 0
    fields = [*unpacked(encode(message)), *[None] * optional, *later]
    assert decode(packed(fields), MOST) == Packet(message, ())


@given(st.sampled_from(EVERY_ITEM), LATER_FIELDS)
def test_a_claim_of_a_later_version_keeps_its_bytes(item: Item, later: list[Value]) -> None:
    fields = unpacked(item.raw)
    if isinstance(item, AliveClaim | Refutation) and item.voucher is None:
        fields += [None, None]
    data = packed(fields + later)
    assert decode(data, MOST) == Packet(None, (replace(item, raw=data),))


@given(st.sampled_from([15, 31, 38, 1_000, INCARNATION_MAX]), st.lists(LATER_VALUES, max_size=3))
def test_kinds_of_a_later_version_are_skipped_and_counted(kind: int, later: list[Value]) -> None:
    known = encode_left(SHORT, 1, SIGNATURE)
    strange = packed([kind, *later])
    assert decode(strange, MOST) == Packet(None, (), 1)
    assert decode(strange + known.raw + strange, MOST) == Packet(None, (known,), 2)
    assert decode(encode(Nack(1)) + strange, MOST) == Packet(Nack(1), (), 1)
