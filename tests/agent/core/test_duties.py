"""Statements of duty: what is encoded is read, what is not signed by its member is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.duties import (
    DUTY_BYTES_MAX,
    NUMBER_MAX,
    Duty,
    decode_duty,
    duty_key,
    encode_duty,
    is_duty_key,
)
from discovery.authority import Domain
from discovery.refusals import Refusal, Refused
from failure_detect.identity import MemberId
from failure_detect.packing import pack
from tests.discovery.keyring import Keyring

RING = Keyring()
MEMBER = MemberId(RING.public("n1"))
SIGNER = RING.signer("n1")

DUTIES = st.builds(
    Duty,
    st.just(MEMBER),
    st.integers(0, NUMBER_MAX),
    is_bridge=st.booleans(),
    since_ms=st.integers(0, NUMBER_MAX),
    has_key=st.booleans(),
    is_reachable=st.none() | st.booleans(),
    has_api=st.booleans(),
)


@given(DUTIES)
def test_what_is_encoded_is_read_and_fits(duty: Duty) -> None:
    payload = encode_duty(duty, SIGNER)
    assert len(payload) <= DUTY_BYTES_MAX
    assert decode_duty(payload, RING) == duty


def signed(body: object, name: str = "n1") -> bytes:
    packed = pack(body)  # type: ignore[arg-type]  # whatever a test wants packed.
    return pack([packed, RING.signer(name).sign(Domain.DUTY, packed)])


def test_what_a_later_version_adds_is_let_be() -> None:
    assert decode_duty(signed([MEMBER, 1, 2 + 4 + 64, 0, "more"]), RING) == Duty(
        MEMBER, 1, has_key=True
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        pack([1, 2]),
        pack([b"", b""]),
        pack([pack([MEMBER, 1, 0, 0]), b"short"]),
        signed("no array"),
        signed([MEMBER, 1, 0]),
        signed([b"short", 1, 0, 0]),
        signed([MEMBER, -1, 0, 0]),
        signed([MEMBER, 1 << 63, 0, 0]),
        signed([MEMBER, True, 0, 0]),
        signed([MEMBER, 1, "0", 0]),
        signed([MEMBER, 1, 0, 0, "x" * 200]),
    ],
)
def test_what_is_no_statement_is_refused(payload: bytes) -> None:
    with pytest.raises(Refused) as caught:
        decode_duty(payload, RING)
    assert caught.value.reason is Refusal.MALFORMED


def test_nobody_speaks_for_another() -> None:
    for payload in (
        signed([MEMBER, 1, 0, 0], "n2"),
        encode_duty(Duty(MEMBER, 1), SIGNER)[:-1] + b"\0",
    ):
        with pytest.raises(Refused) as caught:
            decode_duty(payload, RING)
        assert caught.value.reason is Refusal.SIGNATURE


@given(st.binary(max_size=220))
def test_any_bytes_get_an_answer(payload: bytes) -> None:
    with pytest.raises(Refused):
        decode_duty(payload, RING)


def test_the_key_of_a_statement_is_its_members() -> None:
    assert duty_key(MEMBER) == b"duty/" + MEMBER[:8]
    assert is_duty_key(duty_key(MEMBER))
    assert not is_duty_key(b"duty/")
    assert not is_duty_key(b"set/" + MEMBER[:9])
