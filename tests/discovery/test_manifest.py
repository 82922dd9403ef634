"""One signature over a set: what is altered does not verify, what is right comes back."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.authority import SIGNATURE_BYTES
from discovery.manifest import (
    AUDIENCE_MAX,
    DEFAULT_LIFETIME_S,
    INTENTS_MAX,
    LIFETIME_S_MAX,
    MANIFEST_BYTES_MAX,
    NUMBER_MAX,
    Body,
    Intent,
    IntentKind,
    Manifest,
    Order,
    decode_manifest,
    sign_manifest,
    with_intent,
)
from discovery.names import Origin
from discovery.recordset import EMPTY
from discovery.refusals import Refusal, Refused
from tests.discovery.strategies import (
    BODIES,
    CERTIFICATES,
    DEPARTURES,
    MANIFESTS,
    NUMBERS,
    RING,
    VALUES,
    Value,
    blobs,
    packed_value,
    signed,
    with_fields,
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


def raw(*more: Value, **fields: Value) -> bytes:
    """A manifest of such a body, and what stands behind the signature."""
    return packed_value([packed_value({**RIGHT, **fields}), SIGNATURE, *more])


def refusal(data: bytes, reason: Refusal = Refusal.MALFORMED) -> str:
    with pytest.raises(Refused) as raised:
        decode_manifest(data)
    assert raised.value.reason is reason
    return raised.value.what


# --- there and back ----------------------------------------------------------------------


@given(st.one_of(BODIES, DEPARTURES).map(lambda body: replace(body, intents=())), CERTIFICATES)
def test_what_is_signed_comes_back(body: Body, certificate: bytes) -> None:
    manifest = sign_manifest(body, RING.signer("key"), certificate)
    assert manifest.body == body
    assert manifest.certificate == certificate
    assert (manifest.origin, manifest.order) == (body.origin, body.order)
    assert decode_manifest(manifest.raw) == manifest
    assert sign_manifest(body, RING.signer("key"), certificate) == manifest


@given(MANIFESTS)
def test_a_manifest_is_its_bytes(manifest: Manifest) -> None:
    assert decode_manifest(manifest.raw) == manifest
    assert len(manifest.raw) <= MANIFEST_BYTES_MAX
    assert manifest.is_signed_by(RING.public(manifest.origin), RING)


def test_a_body_that_says_little_has_its_defaults() -> None:
    body = decode_manifest(raw()).body
    assert body == replace(BODY, uid="")
    assert (body.lifetime_s, body.signed_at_ms) == (DEFAULT_LIFETIME_S, 0) == (3_600, 0)
    assert (body.audience, body.intents, body.departs) == ((), (), False)


# --- order -------------------------------------------------------------------------------

ORDERS = st.tuples(NUMBERS, NUMBERS, NUMBERS, blobs(32))


@given(ORDERS, ORDERS)
def test_generation_counts_before_epoch_before_version_before_root(
    one: tuple[int, int, int, bytes], other: tuple[int, int, int, bytes]
) -> None:
    assert (Order(*one) < Order(*other)) == (one < other)
    generation, epoch, version, root = one
    body = replace(BODY, generation=generation, epoch=epoch, version=version, root=root)
    assert body.order == Order(*one) == one


# --- audience ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "answer"),
    [
        ((), True),
        (("*",), True),
        (("rome",), True),
        (("r*", "paris"), True),
        (("paris", "*me"), True),
        (("paris",), False),
        (("rom",), False),
        (("rome*x",), False),
    ],
)
def test_a_manifest_is_for_its_audience(audience: tuple[str, ...], answer: bool) -> None:
    assert signed(replace(BODY, audience=audience)).is_for(Origin("rome")) is answer


def test_an_audience_may_have_32_names() -> None:
    audience = tuple(f"cluster-{number}-*" for number in range(AUDIENCE_MAX))
    assert signed(replace(BODY, audience=audience)).body.audience == audience


# --- later versions ----------------------------------------------------------------------


@given(MANIFESTS, VALUES)
def test_what_later_versions_add_is_let_be(manifest: Manifest, value: Value) -> None:
    body = with_fields(manifest.signed, {"later": value})
    certificate = [manifest.certificate] if manifest.certificate else []
    data = packed_value([body, SIGNATURE, *certificate])
    if len(data) <= MANIFEST_BYTES_MAX:
        found = decode_manifest(data)
        assert found.body == manifest.body
        assert (found.raw, found.signed, found.certificate) == (data, body, manifest.certificate)


@given(VALUES)
def test_what_later_versions_append_to_an_intent_is_let_be(value: Value) -> None:
    assert decode_manifest(raw(i=[(*INTENT, value)])).body.intents == (
        Intent(1, 2, IntentKind.DRAIN, "shop/cart", 3),
    )


def test_intents_of_later_versions_are_left_out() -> None:
    found = decode_manifest(raw(i=[(1, 2, "eclipse", "moon", 3), INTENT])).body.intents
    assert found == (Intent(1, 2, IntentKind.DRAIN, "shop/cart", 3),)


# --- what is refused ---------------------------------------------------------------------

NUMBER = f"must be a whole number from 0 to {NUMBER_MAX}"
ENTRIES = "manifest.i: must be arrays of epoch, version, kind, subject, amount"
REFUSED: list[tuple[dict[str, Value], str]] = [
    ({"o": "Paris"}, "manifest.o: must be the name of a cluster, an RFC 1123 label"),
    ({"o": ""}, "manifest.o: must be the name of a cluster"),
    ({"o": "x" * 64}, "manifest.o: must be a text of at most 63 characters"),
    ({"o": b"paris"}, "manifest.o: must be a text of at most 63 characters"),
    ({"u": "x" * 65}, "manifest.u: must be a text of at most 64 characters"),
    ({"g": -1}, f"manifest.g: {NUMBER}"),
    ({"g": True}, f"manifest.g: {NUMBER}"),
    ({"e": NUMBER_MAX + 1}, f"manifest.e: {NUMBER}"),
    ({"v": 1.0}, f"manifest.v: {NUMBER}"),
    ({"v": None}, f"manifest.v: {NUMBER}"),
    ({"n": float("nan")}, f"manifest.n: {NUMBER}"),
    ({"s": "5"}, f"manifest.s: {NUMBER}"),
    ({"w": NUMBER_MAX + 1}, f"manifest.w: {NUMBER}"),
    ({"r": bytes(31)}, "manifest.r: must be 32 bytes"),
    ({"r": "x" * 32}, "manifest.r: must be bytes"),
    ({"l": 0}, "manifest.l: must be a whole number from 1 to 604800"),
    ({"l": LIFETIME_S_MAX + 1}, "manifest.l: must be a whole number from 1 to 604800"),
    ({"a": ["a"] * (AUDIENCE_MAX + 1)}, "manifest.a: must be an array of at most 32"),
    ({"a": "paris"}, "manifest.a: must be an array of at most 32"),
    ({"a": [b"paris"]}, "manifest.a: must be an array of texts"),
    ({"a": [""]}, "manifest.a: must be names of clusters, or patterns with *"),
    ({"a": ["[a-z]"]}, "manifest.a: must be names of clusters, or patterns with *"),
    ({"a": ["x" * 64]}, "manifest.a: must be names of clusters, or patterns with *"),
    ({"i": [INTENT] * (INTENTS_MAX + 1)}, "manifest.i: must be an array of at most 8"),
    ({"i": {}}, "manifest.i: must be an array of at most 8"),
    ({"i": [INTENT[:4]]}, ENTRIES),
    ({"i": ["drain"]}, ENTRIES),
    ({"i": [(1, 2, b"drain", "", 3)]}, ENTRIES),
    ({"i": [(1, 2, "drain", None, 3)]}, ENTRIES),
    ({"i": [(1, 2, "drain", "", 3.0)]}, ENTRIES),
    ({"i": [(True, 2, "drain", "", 3)]}, "manifest.i: has numbers that are not from 0 to"),
    ({"i": [(1, -1, "drain", "", 3)]}, "manifest.i: has numbers that are not from 0 to"),
    ({"i": [(1, 2, "drain", "", 1 << 63)]}, "manifest.i: has numbers that are not from 0 to"),
    ({"i": [(1, 2, "drain", "x" * 128, 3)]}, "manifest.i: has a subject of more than 127"),
    ({"d": 2}, "manifest.d: must be a whole number from 0 to 1"),
    ({"d": True}, "manifest.d: must be a whole number from 0 to 1"),
    ({"d": 1}, "manifest.d: a cluster that departs has no records"),
    ({"d": 1, "n": 0, "s": 0}, "manifest.d: a cluster that departs has no records"),
    ({"d": 1, "r": EMPTY.root, "s": 0}, "manifest.d: a cluster that departs has no records"),
    ({"d": 1, "r": EMPTY.root, "n": 0}, "manifest.d: a cluster that departs has no records"),
]


@pytest.mark.parametrize(("fields", "words"), REFUSED)
def test_what_is_wrong_is_named(fields: dict[str, Value], words: str) -> None:
    assert refusal(raw(**fields)).startswith(words)


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_needed_is_missed(name: str) -> None:
    fields = {key: value for key, value in RIGHT.items() if key != name}
    said = refusal(packed_value([packed_value(fields), SIGNATURE]))
    assert said.startswith(f"manifest.{name}: must be ")


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        [b""],
        {"a": 1},
        ["", SIGNATURE],
        [packed_value(RIGHT), "x" * 64],
        [packed_value(RIGHT), SIGNATURE, None],
        [packed_value(RIGHT), SIGNATURE, "certificate"],
    ],
)
def test_what_is_no_body_and_signature_is_refused(value: Value) -> None:
    assert refusal(packed_value(value)) == "manifest: must be a body and a signature"


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_has_its_length(length: int) -> None:
    data = packed_value([packed_value(RIGHT), bytes(length)])
    assert refusal(data) == "manifest: a signature has 64 bytes"


def test_a_name_that_comes_twice_in_a_body_is_refused() -> None:
    body = packed_value(RIGHT)
    twice = bytes([body[0] + 1]) + body[1:] + b"\xa1v\x04"
    assert refusal(packed_value([twice, SIGNATURE])) == "manifest: must not have one name twice"


def test_two_manifests_are_none() -> None:
    assert refusal(raw() + raw()) == "manifest: one value of 129 bytes, and 129 behind it"


def test_as_many_bytes_as_are_allowed_are_taken_and_no_more() -> None:
    spare = MANIFEST_BYTES_MAX - len(signed(BODY, b"x" * 300).raw)
    manifest = signed(BODY, b"x" * (300 + spare))
    assert len(manifest.raw) == MANIFEST_BYTES_MAX
    assert decode_manifest(manifest.raw) == manifest
    longer = packed_value([manifest.signed, SIGNATURE, b"x" * (301 + spare)])
    assert refusal(longer, Refusal.OVERSIZED) == "manifest: at most 1536 bytes"
    with pytest.raises(ValueError, match="at most 1536 bytes"):
        signed(BODY, b"x" * (301 + spare))


# --- the certificate that comes along ----------------------------------------------------


def test_a_certificate_is_named_by_the_body_that_it_comes_with() -> None:
    one, other, none = signed(BODY, b"one"), signed(BODY, b"other"), signed(BODY)
    assert one.body == other.body == none.body == BODY
    said = "manifest.c: must be the hash of the certificate that comes along"
    for body in (other, none):
        assert refusal(packed_value([body.signed, SIGNATURE, b"one"])) == said
    assert refusal(packed_value([one.signed, SIGNATURE])) == said


@pytest.mark.parametrize("mark", [None, b"", bytes(15), bytes(17), "x" * 16, 1, True])
def test_a_certificate_is_named_by_sixteen_bytes(mark: Value) -> None:
    assert refusal(raw(c=mark)).startswith("manifest.c: must be ")


@pytest.mark.parametrize(
    "data",
    [
        raw(b""),
        raw(b"", None),
        raw(b"certificate", None),
        b"\xdc\x00\x02" + raw()[1:],
        b"\x92\xc5\x00" + raw()[2:],
    ],
)
def test_a_manifest_is_packed_in_one_way(data: bytes) -> None:
    assert refusal(data) in (
        "manifest: must be packed as short as can be",
        "manifest: must be a body and a signature",
    )


# --- what is not signed ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"origin": "Paris"}, "manifest: manifest.o: must be the name of a cluster"),
        ({"uid": "x" * 65}, "manifest: manifest.u: must be a text of at most 64"),
        ({"uid": "\ud800"}, "cannot be packed: "),
        ({"version": NUMBER_MAX + 1}, "manifest: manifest.v: must be a whole number"),
        ({"version": 1 << 64}, "cannot be packed: "),
        ({"root": b""}, "manifest: manifest.r: must be 32 bytes"),
        ({"lifetime_s": 0}, "manifest: manifest.l: must be a whole number from 1"),
        ({"audience": ("a.b",)}, "manifest: manifest.a: must be names of clusters"),
        ({"audience": ("x" * 63,) * 32}, "manifest: manifest: at most 1536 bytes"),
        ({"departs": True}, "manifest: manifest.d: a cluster that departs has no records"),
    ],
)
def test_what_would_be_refused_is_not_signed(changes: dict[str, Value], words: str) -> None:
    body = replace(BODY, **changes)  # type: ignore[arg-type]  # Wrong on purpose.
    with pytest.raises(ValueError, match=f"^{re.escape(words)}") as raised:
        sign_manifest(body, RING.signer("paris"))
    assert not isinstance(raised.value, Refused)


# --- intents -----------------------------------------------------------------------------


def intent(version: int, subject: str = "") -> Intent:
    return Intent(1, version, IntentKind.SCALE_DOWN, subject)


def test_the_oldest_intents_make_room_for_the_latest() -> None:
    intents: tuple[Intent, ...] = ()
    for version in range(11):
        intents = with_intent(intents, intent(version))
    assert intents == tuple(map(intent, range(3, 11)))


def test_intents_that_are_too_long_together_cost_the_oldest_and_not_the_manifest() -> None:
    subject = f"{'n' * 63}/{'s' * 63}"
    long = tuple(Intent(NUMBER_MAX, n, IntentKind.SCALE_DOWN, subject) for n in range(INTENTS_MAX))
    manifest = signed(replace(BODY, intents=long), bytes(300))
    kept = manifest.body.intents
    assert kept == long[-len(kept) :]
    assert 0 < len(kept) < INTENTS_MAX
    more = replace(BODY, intents=long[-len(kept) - 1 :])
    assert len(signed(more).raw) + 303 > MANIFEST_BYTES_MAX, "one more would not have fitted"
    assert len(signed(replace(BODY, intents=long[1:])).body.intents) == INTENTS_MAX - 1
