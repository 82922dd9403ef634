"""memberlist's messages as bytes."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.baseline.wire import (
    Ack,
    Alive,
    Code,
    Dead,
    Entry,
    Message,
    Nack,
    Ping,
    PingReq,
    PushPull,
    State,
    Suspect,
    WireError,
    decode_message,
    pack_compressed,
    unpack_compressed,
)

names = st.binary(min_size=1, max_size=40)
packed = st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16)
numbers = st.integers(0, (1 << 32) - 1)
ports = st.integers(0, 0xFFFF)
versions = st.binary(max_size=6)
entries = st.builds(Entry, names, packed, ports, numbers, st.sampled_from(State), versions)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Ping, numbers, names, packed, ports, names),
    st.builds(PingReq, numbers, packed, ports, names, st.booleans(), packed, ports, names),
    st.builds(Ack, numbers),
    st.builds(Nack, numbers),
    st.builds(Suspect, numbers, names, names),
    st.builds(Alive, numbers, names, packed, ports, versions),
    st.builds(Dead, numbers, names, names),
    st.builds(PushPull, st.booleans(), st.lists(entries, max_size=4).map(tuple)),
)


@given(messages)
def test_what_is_written_is_read(message: Message) -> None:
    assert decode_message(message.encode()) == message


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_are_a_message_or_one_kind_of_error(data: bytes) -> None:
    for first in (*Code, 255):
        try:
            decode_message(bytes((first,)) + data)
        except WireError:
            continue


@given(messages, st.data())
def test_a_flipped_byte_is_a_message_or_one_kind_of_error(
    message: Message, data: st.DataObject
) -> None:
    encoded = bytearray(message.encode())
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    try:
        decode_message(bytes(encoded))
    except WireError:
        return


def test_a_ping_and_an_ack_are_as_long_as_memberlists() -> None:
    ping = Ping(7, b"n17", bytes((127, 0, 0, 1)), 20_017, b"n99").encode()
    assert len(ping) == 63
    assert len(Ack(7).encode()) == 18


def encoded(code: Code, fields: object) -> bytes:
    data: bytes = msgpack.packb(fields, use_bin_type=False)
    return bytes((code,)) + data


@pytest.mark.parametrize(
    "data",
    [
        b"\xc8",
        encoded(Code.ACK, [1]),
        encoded(Code.ACK, {b"SeqNo": -1}),
        encoded(Code.ACK, {b"SeqNo": 1 << 32}),
        encoded(Code.ACK, {b"SeqNo": True}),
        encoded(Code.ACK, {7: 7}),
        encoded(Code.PING, {b"SourcePort": 1 << 16}),
        encoded(Code.PING, {b"Node": 5}),
        encoded(Code.PING_REQ, {b"Nack": 1}),
        encoded(Code.PUSH_PULL, {b"Nodes": (1 << 20) + 1}),
        encoded(Code.PUSH_PULL, {b"Nodes": 2}),
        encoded(Code.PUSH_PULL, {b"Nodes": 1}) + encoded(Code.PING, {b"State": 4})[1:],
        encoded(Code.ACK, {b"SeqNo": 1}) + b"\x00",
        encoded(Code.ACK, {b"SeqNo": 1})[:-1],
    ],
)
def test_what_is_wrong_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        decode_message(data)


def test_missing_fields_are_zero_and_unknown_ones_are_skipped() -> None:
    assert decode_message(encoded(Code.SUSPECT, {b"Node": b"n1", b"New": 5})) == Suspect(
        0, b"n1", b""
    )


def test_a_compressed_message_keeps_its_text() -> None:
    assert unpack_compressed(pack_compressed(b"text")) == b"text"
