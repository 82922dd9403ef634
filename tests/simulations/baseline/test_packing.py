"""Compounds, checksums and compression."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations.baseline.packing import (
    checked,
    compound,
    lzw_length,
    open_datagram,
    open_stream,
    shrunk_datagram,
    shrunk_stream,
)
from simulations.baseline.wire import Ack, PushPull, Suspect, WireError, pack_compressed

CLAIMS = [Suspect(1, b"n%d" % number, b"n99") for number in range(30)]


def test_a_compound_is_read_in_order() -> None:
    data = compound([claim.encode() for claim in CLAIMS])
    assert open_datagram(data) == CLAIMS


def test_short_datagrams_stay_as_they_are() -> None:
    data = compound([claim.encode() for claim in CLAIMS[:3]])
    assert shrunk_datagram(data) is data


def test_long_datagrams_get_the_length_that_lzw_would_give() -> None:
    data = compound([claim.encode() for claim in CLAIMS])
    shrunk = shrunk_datagram(data)
    assert abs(len(shrunk) - lzw_length(len(data))) <= 3
    assert open_datagram(shrunk) == CLAIMS


def test_a_checksum_covers_all_that_follows() -> None:
    data = checked(shrunk_datagram(compound([claim.encode() for claim in CLAIMS])))
    assert open_datagram(data) == CLAIMS
    with pytest.raises(WireError):
        open_datagram(data[:-1] + bytes((data[-1] ^ 1,)))


def test_a_stream_carries_one_message() -> None:
    assert open_stream(shrunk_stream(PushPull(join=True, entries=()).encode())) == PushPull(
        join=True, entries=()
    )
    with pytest.raises(WireError):
        open_stream(compound([Ack(1).encode(), Ack(2).encode()]))


def bomb() -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return pack_compressed(deflate.compress(bytes(5 << 20)) + deflate.flush())


def nested(depth: int) -> bytes:
    data = Ack(1).encode()
    for _ in range(depth):
        data = compound([data])
    return data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x07",
        b"\x07\x02\x00\x01\x00",
        b"\x07\x01\x00\x05\x00",
        b"\x07\x01\x00\x00",
        pack_compressed(b"\xff\xff"),
        pack_compressed(b""),
        bomb(),
        nested(5),
    ],
)
def test_what_is_wrong_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        open_datagram(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_messages_or_one_kind_of_error(data: bytes) -> None:
    for each in (data, b"\x07" + data, b"\x09" + data, checked(data), pack_compressed(data)):
        try:
            open_datagram(each)
        except WireError:
            continue
