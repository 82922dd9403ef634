"""Ed25519 is deterministic, says no to everything else, and shows no secret."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.authority import Domain, Signer, Verifier
from discovery.names import PublicKey
from discovery.signing import (
    SEAL_BYTES,
    STREAM_SEAL_BYTES,
    NaclBox,
    NaclPull,
    NaclPush,
    NaclVerifier,
    SigningKey,
)

SEED = bytes(range(32))
KEY: Signer = SigningKey.from_seed(SEED)
VERIFIER: Verifier = NaclVerifier()
DOMAINS = st.sampled_from(list(Domain))


def test_the_first_vector_of_rfc_8032_gives_its_public_key() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert SigningKey.from_seed(seed).public.hex() == public


def test_what_is_signed_stays_the_same_over_versions() -> None:
    signature = KEY.sign(Domain.MANIFEST, b"body")
    assert signature.hex()[:32] == "cdf29e0360cd73cde2ee63dff345363d"


@given(st.binary(max_size=200), DOMAINS)
def test_a_signature_is_worth_one_body_in_one_domain(body: bytes, domain: Domain) -> None:
    signature = KEY.sign(domain, body)
    assert signature == SigningKey.from_seed(SEED).sign(domain, body)
    assert VERIFIER.verify(KEY.public, domain, body, signature)
    assert not VERIFIER.verify(KEY.public, domain, body + b"\0", signature)
    assert [d for d in Domain if VERIFIER.verify(KEY.public, d, body, signature)] == [domain]
    stranger = SigningKey.from_seed(bytes(32)).public
    assert not VERIFIER.verify(stranger, domain, body, signature)


@given(st.binary(max_size=70), DOMAINS, st.binary(max_size=40), st.binary(max_size=70))
def test_any_bytes_get_an_answer(key: bytes, domain: Domain, body: bytes, signature: bytes) -> None:
    assert not VERIFIER.verify(PublicKey(key), domain, body, signature)


@given(st.integers(0, 511), st.binary(max_size=64))
def test_one_bit_of_a_signature_matters(bit: int, body: bytes) -> None:
    number = int.from_bytes(KEY.sign(Domain.CLAIM, body)) ^ (1 << bit)
    assert not VERIFIER.verify(KEY.public, Domain.CLAIM, body, number.to_bytes(64))


@pytest.mark.parametrize("key", [bytes(32), b"\1" + bytes(31), b"\xff" * 32])
def test_a_key_of_small_order_verifies_nothing(key: bytes) -> None:
    signature = b"\1" + bytes(63)
    assert not VERIFIER.verify(PublicKey(key), Domain.CLAIM, b"", signature)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_has_32_bytes_and_a_fault_does_not_show_it(length: int) -> None:
    with pytest.raises(ValueError, match=f"^seed: must be 32 bytes, is {length}$"):
        SigningKey.from_seed(b"s" * length)


def test_neither_text_of_a_key_shows_its_secret() -> None:
    key = SigningKey.from_seed(SEED)
    assert repr(key) == str(key) == f"SigningKey(public={key.public.hex()})"
    assert SEED.hex() not in repr(copy.copy(key))


def test_what_was_good_is_remembered_and_what_was_bad_is_not_taken_for_it() -> None:
    verifier = NaclVerifier()
    signature = KEY.sign(Domain.CLAIM, b"0")
    for _ in range(2):
        assert verifier.verify(KEY.public, Domain.CLAIM, b"0", signature)
        assert not verifier.verify(KEY.public, Domain.CLAIM, b"1", signature)


def test_forgetting_the_oldest_changes_no_answer() -> None:
    verifier = NaclVerifier(most=2)
    bodies = [number.to_bytes(4) for number in range(4)]
    signatures = [KEY.sign(Domain.CLAIM, body) for body in bodies]
    for _ in range(2):
        for body, signature in zip(bodies, signatures, strict=True):
            assert verifier.verify(KEY.public, Domain.CLAIM, body, signature)
            assert not verifier.verify(KEY.public, Domain.CLAIM, b"", signature)


OTHER = SigningKey.from_seed(bytes(range(1, 33)))
MINE = SigningKey.from_seed(SEED)
NO_KEYS = [b"", bytes(31), bytes(32), b"\1" + bytes(31), b"\xff" * 32]


def boxes() -> tuple[NaclBox, NaclBox]:
    here, there = MINE.box(OTHER.public), OTHER.box(MINE.public)
    assert here is not None
    assert there is not None
    return here, there


@given(st.binary(max_size=300), st.binary(min_size=24, max_size=24))
def test_what_one_end_seals_the_other_opens(data: bytes, nonce: bytes) -> None:
    here, there = boxes()
    sealed = here.seal(nonce, data)
    assert len(sealed) == len(data) + SEAL_BYTES
    assert there.open(nonce, sealed) == data


def test_a_box_that_is_sealed_stays_the_same_over_versions() -> None:
    assert boxes()[0].seal(bytes(24), b"data").hex() == "69d7d3918a2d849f9fea06b4762db433834a7b15"


@given(st.integers(0, 8 * 20 - 1))
def test_one_bit_of_a_box_matters(bit: int) -> None:
    here, there = boxes()
    sealed = int.from_bytes(here.seal(bytes(24), b"data")) ^ (1 << bit)
    assert there.open(bytes(24), sealed.to_bytes(20)) is None


@given(st.binary(max_size=80))
def test_any_bytes_get_an_answer_from_a_box(sealed: bytes) -> None:
    assert boxes()[0].open(bytes(24), sealed) is None


@pytest.mark.parametrize("key", NO_KEYS)
def test_nothing_is_shared_with_what_is_no_key(key: bytes) -> None:
    peer = PublicKey(key)
    assert (MINE.box(peer), MINE.call(peer), MINE.answer(peer)) == (None, None, None)


def ways() -> tuple[NaclPush, NaclPull, NaclPush, NaclPull]:
    called, answered = MINE.call(OTHER.public), OTHER.answer(MINE.public)
    assert called is not None
    assert answered is not None
    answered[0].begin(called[1].head)
    called[0].begin(answered[1].head)
    return called[1], answered[0], answered[1], called[0]


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=5))
def test_a_stream_brings_chunks_in_order_and_says_which_is_the_last(chunks: list[bytes]) -> None:
    out, there, back, here = ways()
    for push, pull in ((out, there), (back, here)):
        for place, chunk in enumerate(chunks, start=1):
            is_last = place == len(chunks)
            sealed = push.push(chunk, is_last=is_last)
            assert len(sealed) == len(chunk) + STREAM_SEAL_BYTES
            assert pull.pull(sealed) == (chunk, is_last)


def test_a_chunk_that_is_lost_repeated_or_of_the_other_way_is_none() -> None:
    out, there, back, _ = ways()
    first, second = out.push(b"1"), out.push(b"2")
    assert there.pull(second) is None
    assert there.pull(back.push(b"1")) is None
    assert there.pull(first) == (b"1", False)
    assert there.pull(first) is None
    assert there.pull(b"") is None
    assert there.pull(second) == (b"2", False)


def test_who_opens_a_stream_and_who_answers_it_have_different_keys() -> None:
    out, *_ = ways()
    mirrored = MINE.answer(OTHER.public)
    assert mirrored is not None
    mirrored[0].begin(out.head)
    assert mirrored[0].pull(out.push(b"1")) is None


def test_a_stream_without_its_head_brings_nothing() -> None:
    called = MINE.call(OTHER.public)
    assert called is not None
    assert called[0].pull(bytes(40)) is None
    with pytest.raises(ValueError, match=r"^head: must be 24 bytes, is 3$"):
        called[0].begin(b"abc")
