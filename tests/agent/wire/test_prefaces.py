"""What a stream begins with: read as it was written, piece by piece, and nothing else is read."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.header import Pool
from agent.wire.prefaces import (
    CALLED_BYTES,
    Called,
    Preface,
    digest_of,
    hopped_call,
    read_answer,
    read_call,
    read_called,
    write_answer,
    write_call,
)
from agent.wire.reasons import Reason, WireRefused
from failure_detect.identity import MemberId

MEMBERS = st.none() | st.binary(min_size=32, max_size=32).filter(any).map(MemberId)
CHALLENGE = bytes(range(32))
POOLS = st.sampled_from(Pool)


@given(POOLS, MEMBERS, st.binary(min_size=1, max_size=512), st.binary(max_size=9))
def test_a_call_is_read_as_written(
    pool: Pool, to: MemberId | None, certificate: bytes, rest: bytes
) -> None:
    data = write_call(pool, to, CHALLENGE, certificate)
    assert read_called(data + rest) == Called(pool, to, is_hop=False)
    assert read_called(hopped_call(data)) == Called(pool, to, is_hop=True)
    assert read_call(data + rest) == Preface(CHALLENGE, certificate, len(data))
    assert read_called(data[: CALLED_BYTES - 1]) is None
    assert read_call(data[:-1]) is None


@given(POOLS, st.binary(min_size=1, max_size=512), st.binary(max_size=9))
def test_an_answer_is_read_as_written(pool: Pool, certificate: bytes, rest: bytes) -> None:
    data = write_answer(pool, CHALLENGE, certificate)
    assert read_answer(data + rest, pool) == Preface(CHALLENGE, certificate, len(data))
    assert [read_answer(data[:length], pool) for length in (0, 1, len(data) - 1)] == [None] * 3


@given(st.binary(max_size=700))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for shaped in (data, b"\1\0" + data):
        with suppress(WireRefused):
            read_called(shaped)
        with suppress(WireRefused):
            read_call(shaped)
        with suppress(WireRefused):
            read_answer(shaped, Pool.LAN)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"G", Reason.VERSION),
        (b"\0", Reason.VERSION),
        (b"\1\4", Reason.MALFORMED),
    ],
)
def test_what_is_no_stream_of_ours_is_refused_at_its_first_bytes(
    data: bytes, reason: Reason
) -> None:
    with pytest.raises(WireRefused) as caught:
        read_called(data)
    assert caught.value.reason == reason


def test_an_answer_is_of_the_pool_that_was_called_and_was_not_passed_on() -> None:
    data = write_answer(Pool.WAN, CHALLENGE, b"certificate")
    with pytest.raises(WireRefused) as caught:
        read_answer(data, Pool.LAN)
    assert caught.value.reason == Reason.NO_POOL
    with pytest.raises(WireRefused) as caught:
        read_answer(b"\1\3" + data[2:], Pool.WAN)
    assert caught.value.reason == Reason.MALFORMED


@pytest.mark.parametrize("length", [0, 513])
def test_a_certificate_has_a_length_within_bounds(length: int) -> None:
    data = write_call(Pool.LAN, None, CHALLENGE, bytes(length))
    with pytest.raises(WireRefused, match="certificate"):
        read_call(data)


def test_the_digest_is_of_everything_in_clear_but_the_hop_bit() -> None:
    call = write_call(Pool.LAN, None, CHALLENGE, b"certificate")
    answer = write_answer(Pool.LAN, CHALLENGE, b"certificate")
    digest = digest_of(call, answer)
    assert digest_of(hopped_call(call), answer) == digest
    for place in range(len(call)):
        altered = call[:place] + bytes((call[place] ^ 1,)) + call[place + 1 :]
        assert digest_of(altered, answer) != digest
    assert digest_of(call, answer[:-1]) != digest
