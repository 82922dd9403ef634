"""A manifest that anybody altered, moved or made up is refused or does not verify."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.authority import SIGNATURE_BYTES, Domain
from discovery.manifest import Body, Manifest, decode_manifest, sign_manifest
from discovery.names import Origin
from discovery.refusals import Refused
from tests.discovery.strategies import (
    BODIES,
    DEPARTURES,
    HOSTILE_BYTES,
    MANIFESTS,
    ORIGINS,
    RING,
    VALUES,
    Value,
    mutated,
    packed_value,
    signed,
)

BODY = Body(
    origin=Origin("paris"),
    uid="uid",
    generation=1,
    epoch=2,
    version=3,
    root=bytes(32),
    count=4,
    size_bytes=5,
)
RIGHT: dict[str, Value] = {"o": "paris", "g": 1, "e": 2, "v": 3, "r": bytes(32), "n": 4, "s": 5}
SIGNATURE = bytes(SIGNATURE_BYTES)
INTENT: tuple[Value, ...] = (1, 2, "drain", "shop/cart", 3)


def raw(**fields: Value) -> bytes:
    """A manifest of such a body."""
    return packed_value([packed_value({**RIGHT, **fields}), SIGNATURE])


# --- signatures --------------------------------------------------------------------------


@given(st.one_of(BODIES, DEPARTURES), st.data())
def test_a_body_with_any_bit_altered_does_not_verify(body: Body, data: st.DataObject) -> None:
    manifest = signed(body)
    bit = data.draw(st.integers(0, 8 * len(manifest.signed) - 1))
    altered = bytearray(manifest.signed)
    altered[bit // 8] ^= 1 << bit % 8
    forged = packed_value([bytes(altered), manifest.signature])
    try:
        found = decode_manifest(forged)
    except Refused:
        return
    assert not found.is_signed_by(RING.public(body.origin), RING)


def test_every_bit_of_a_manifest_counts() -> None:
    manifest = signed(BODY, b"certificate")
    key = RING.public("paris")
    believed = 0
    for bit in range(8 * len(manifest.raw)):
        altered = bytearray(manifest.raw)
        altered[bit // 8] ^= 1 << bit % 8
        try:
            believed += decode_manifest(bytes(altered)).is_signed_by(key, RING)
        except Refused:
            continue
    assert believed == 0


@pytest.mark.parametrize("domain", [each for each in Domain if each is not Domain.MANIFEST])
def test_a_signature_of_another_domain_is_worth_nothing(domain: Domain) -> None:
    manifest = signed(BODY)
    signer = RING.signer("paris")
    signature = signer.sign(domain, manifest.signed)
    forged = decode_manifest(packed_value([manifest.signed, signature]))
    assert forged.body == BODY
    assert not forged.is_signed_by(signer.public, RING)
    assert not RING.verify(signer.public, domain, manifest.signed, manifest.signature)


@given(BODIES, ORIGINS)
def test_only_the_key_that_signed_is_believed(body: Body, other: Origin) -> None:
    manifest = signed(body)
    believed = manifest.is_signed_by(RING.public(other), RING)
    assert believed == (other == body.origin)


@given(BODIES, BODIES)
def test_a_signature_fits_one_body(one: Body, other: Body) -> None:
    first = sign_manifest(one, RING.signer("key"))
    second = sign_manifest(other, RING.signer("key"))
    moved = decode_manifest(packed_value([second.signed, first.signature]))
    assert moved.is_signed_by(RING.public("key"), RING) == (first.signed == second.signed)


# --- any bytes --------------------------------------------------------------------------


def read(data: bytes) -> Manifest | None:
    """The manifest, or None where it is refused; what is read can be signed anew."""
    try:
        manifest = decode_manifest(data)
    except Refused:
        return None
    manifest.is_for(Origin("rome"))
    assert not manifest.is_signed_by(RING.public("nobody"), RING)
    assert (
        sign_manifest(replace(manifest.body, intents=()), RING.signer("x")).order == manifest.order
    )
    return manifest


@given(HOSTILE_BYTES)
def test_any_bytes_give_a_manifest_or_a_refusal(data: bytes) -> None:
    read(data)
    read(packed_value([data, SIGNATURE]))


@given(mutated(MANIFESTS.map(lambda manifest: manifest.raw)))
def test_mutated_manifests_give_a_manifest_or_a_refusal(data: bytes) -> None:
    read(data)


@given(mutated(MANIFESTS.map(lambda manifest: manifest.signed)))
def test_mutated_bodies_give_a_manifest_or_a_refusal(body: bytes) -> None:
    read(packed_value([body, SIGNATURE]))


@given(st.sampled_from("ougevrnslwaid"), VALUES)
def test_any_value_in_place_of_a_right_one_gives_a_manifest_or_a_refusal(
    name: str, value: Value
) -> None:
    read(raw(**{name: value}))
    read(raw(**{name: [value]}))
    read(raw(i=[(*INTENT[:2], value, *INTENT[3:])]))
