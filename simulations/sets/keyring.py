"""A cheap stand-in for the keys of clusters and agents, with signatures of true sizes.

As with `simulations.authority`: what is studied is who believes what, not whether Ed25519 holds.
Only the keyring knows the private halves, and it hands out signers one by one.
"""

from dataclasses import dataclass
from hashlib import blake2b

from discovery.authority import SIGNATURE_BYTES, Domain, message
from discovery.names import PUBLIC_KEY_BYTES, PublicKey
from simulations.randomness import derive


class Keyring:
    """Every key of a world: hands out signers, and verifies for all."""

    def __init__(self, seed: int) -> None:
        """Make keys that are this world's own."""
        self._root = derive(seed, "keyring").to_bytes(8, "big")

    def signer(self, *names: str | int) -> "KeyringSigner":
        """Return the signer of the one who goes by `names`; equal names have equal keys."""
        text = "\0".join(map(str, names)).encode()
        public = PublicKey(blake2b(text, key=self._root, digest_size=PUBLIC_KEY_BYTES).digest())
        return KeyringSigner(self, public)

    def signature(self, key: PublicKey, domain: Domain, body: bytes) -> bytes:
        """Return the 64 bytes that the holder of `key` makes of `body` in `domain`."""
        private = blake2b(key, key=self._root, digest_size=32).digest()
        signed = message(domain, body)
        return blake2b(signed, key=private, digest_size=SIGNATURE_BYTES).digest()

    def verify(self, key: PublicKey, domain: Domain, body: bytes, signature: bytes) -> bool:
        """Tell whether `signature` over `body` in `domain` was made with `key`."""
        return self.signature(key, domain, body) == signature


@dataclass(frozen=True, slots=True)
class KeyringSigner:
    """Signs with one key of a keyring."""

    keyring: Keyring
    public: PublicKey

    def sign(self, domain: Domain, body: bytes) -> bytes:
        """Return the 64-byte signature of `body` in `domain`."""
        return self.keyring.signature(self.public, domain, body)
