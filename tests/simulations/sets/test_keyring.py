"""Signatures hold for one key, one domain and one text, and have their true sizes."""

from discovery.authority import Domain, Signer, Verifier
from simulations.sets.keyring import Keyring


def test_a_signature_is_of_one_key_one_domain_and_one_text() -> None:
    keyring = Keyring(seed=1)
    verifier: Verifier = keyring
    signer: Signer = keyring.signer("cluster", 3)
    signature = signer.sign(Domain.MANIFEST, b"text")
    assert (len(signer.public), len(signature)) == (32, 64)
    assert verifier.verify(signer.public, Domain.MANIFEST, b"text", signature)
    assert not verifier.verify(signer.public, Domain.OVERLAY, b"text", signature)
    assert not verifier.verify(signer.public, Domain.MANIFEST, b"texts", signature)
    other = keyring.signer("cluster", 4)
    assert not verifier.verify(other.public, Domain.MANIFEST, b"text", signature)


def test_keys_go_by_their_names_and_differ_between_worlds() -> None:
    one, same, other = Keyring(1), Keyring(1), Keyring(2)
    assert one.signer("a", 1).public == same.signer("a", 1).public
    assert one.signer("a", 1).public != other.signer("a", 1).public
    assert one.signer("a", 1).public != one.signer("a", 2).public
