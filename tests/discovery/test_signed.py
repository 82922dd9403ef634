"""One statement has one form, and its signature covers what later versions add."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.authority import Domain
from discovery.refusals import Refusal, Refused
from discovery.signed import read_signed, sign_fields
from failure_detect.packing import pack
from tests.discovery.keyring import Keyring

RING = Keyring()
SIGNER = RING.signer("one")


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 99) | st.binary(max_size=9), max_size=4))
def test_what_was_signed_is_read_as_it_was(fields: dict[str, int | bytes]) -> None:
    raw = sign_fields(fields, Domain.OVERLAY, SIGNER)
    signed = read_signed("thing", raw, len(raw))
    assert (signed.raw, signed.body) == (raw, pack(dict(fields)))
    assert signed.is_by(SIGNER.public, Domain.OVERLAY, RING)
    assert not signed.is_by(SIGNER.public, Domain.MANIFEST, RING)
    assert not signed.is_by(RING.signer("two").public, Domain.OVERLAY, RING)


@given(st.binary(max_size=120))
def test_any_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(Refused, match="thing: "):
        read_signed("thing", raw, 100)


@given(st.data())
def test_no_bit_can_be_changed_without_being_noticed(data: st.DataObject) -> None:
    raw = bytearray(sign_fields({"a": 1, "b": b"two"}, Domain.AGENT, SIGNER))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        signed = read_signed("thing", bytes(raw), 200)
    except Refused:
        return
    assert not signed.is_by(SIGNER.public, Domain.AGENT, RING)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (bytes(101), Refusal.OVERSIZED),
        (b"", Refusal.MALFORMED),
        (pack([b"body", bytes(63)]), Refusal.MALFORMED),
        (pack([b"body", bytes(64), b"more"]), Refusal.MALFORMED),
        (pack([b"body", bytes(64)]) + b"\xc0", Refusal.MALFORMED),
        (b"\x92\xc5\x00\x04body" + pack(bytes(64)), Refusal.MALFORMED),
    ],
)
def test_twins_and_other_shapes_are_refused(raw: bytes, reason: Refusal) -> None:
    with pytest.raises(Refused) as caught:
        read_signed("thing", raw, 100)
    assert caught.value.reason is reason
