"""Ed25519 is deterministic, says no to everything else, and shows no secret."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.authority import Domain, Signer, Verifier
from discovery.names import PublicKey
from discovery.signing import NaclVerifier, SigningKey

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
