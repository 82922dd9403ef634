"""What is said before a session: read as it was written, and nothing else is read."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.handshake import (
    CERTIFICATE_BYTES_MAX,
    HELLO_BYTES,
    PROOF_SEALED_BYTES,
    Hello,
    Proof,
    Welcome,
    cookie_of,
    has_via,
    read_hello,
    read_proof,
    read_via,
    read_welcome,
    with_via,
    write_hello,
    write_proof,
    write_welcome,
)
from agent.wire.header import HEAD_BYTES, Head, Kind, Pool, write_head
from agent.wire.reasons import WireRefused
from failure_detect.identity import Address

SIXTEEN = st.binary(min_size=16, max_size=16)
CERTIFICATES = st.binary(min_size=1, max_size=CERTIFICATE_BYTES_MAX)
SEALED = st.binary(min_size=PROOF_SEALED_BYTES, max_size=PROOF_SEALED_BYTES)
ADDRESSES = st.sampled_from(
    ["192.0.2.1:1", "[2001:db8::1]:65535", "[::1]:7400", "255.255.255.255:0"]
).map(Address)


def head(kind: Kind) -> Head:
    return Head(kind, Pool.LAN, b"mark")


@given(SIXTEEN, CERTIFICATES)
def test_a_hello_is_read_as_written_and_has_one_length(challenge: bytes, raw: bytes) -> None:
    hello = Hello(challenge, b"mine", raw)
    data = write_hello(head(Kind.HELLO), hello)
    assert len(data) == HELLO_BYTES
    assert read_hello(data) == hello


@given(SIXTEEN, SIXTEEN, CERTIFICATES)
def test_a_welcome_is_read_as_written_and_shorter_than_any_hello(
    challenge: bytes, cookie: bytes, raw: bytes
) -> None:
    welcome = Welcome(challenge, cookie, raw)
    data = write_welcome(head(Kind.WELCOME), welcome)
    assert len(data) < HELLO_BYTES
    assert read_welcome(data) == welcome


@given(SIXTEEN, SIXTEEN, CERTIFICATES, SEALED)
def test_a_proof_is_read_as_written(
    challenge: bytes, cookie: bytes, raw: bytes, sealed: bytes
) -> None:
    proof = Proof(challenge, cookie, raw, sealed)
    assert read_proof(write_proof(write_head(head(Kind.PROOF)), proof)) == proof


@given(
    st.binary(max_size=700),
    st.sampled_from([read_hello, read_welcome, read_proof, read_via, has_via]),
)
def test_any_bytes_are_read_or_refused(data: bytes, read: Callable[[bytes], object]) -> None:
    for shaped in (data, data.ljust(HELLO_BYTES, b"\0")[:HELLO_BYTES]):
        with suppress(WireRefused):
            read(shaped)


@pytest.mark.parametrize("length", [0, CERTIFICATE_BYTES_MAX + 1, 65_535])
def test_a_certificate_of_no_length_is_refused(length: int) -> None:
    data = bytearray(write_hello(head(Kind.HELLO), Hello(bytes(16), bytes(4), b"c")))
    data[54:56] = length.to_bytes(2)
    with pytest.raises(WireRefused, match="certificate"):
        read_hello(bytes(data))


@given(ADDRESSES)
def test_where_it_came_from_travels_and_nothing_grows(source: Address) -> None:
    hello = Hello(bytes(16), b"mine", b"certificate")
    data = write_hello(head(Kind.HELLO), hello)
    assert read_via(data) is None
    assert not has_via(data)
    assert has_via(data[:HEAD_BYTES] + b"\1" + data[HEAD_BYTES + 1 :])
    said = with_via(data, source)
    assert said is not None
    assert len(said) == len(data)
    assert read_via(said) == source
    assert read_hello(said).via == source


@pytest.mark.parametrize("source", ["", "name:1", "192.0.2.1", "192.0.2.1:x", "192.0.2.1:70000"])
def test_what_is_no_address_is_not_passed_on(source: str) -> None:
    data = write_hello(head(Kind.HELLO), Hello(bytes(16), b"mine", b"c"))
    assert with_via(data, Address(source)) is None


def test_a_cookie_is_bound_to_all_that_it_was_given_for() -> None:
    one = Address("192.0.2.1:1")
    cookies = {
        cookie_of(b"s", one, b"c", b"x"),
        cookie_of(b"t", one, b"c", b"x"),
        cookie_of(b"s", Address("192.0.2.1:12"), b"c", b"x"),
        cookie_of(b"s", one, b"d", b"x"),
        cookie_of(b"s", one, b"c", b"y"),
    }
    assert len(cookies) == 5
    assert {len(cookie) for cookie in cookies} == {16}
