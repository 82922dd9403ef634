"""A cheap stand-in for signing keys, of true sizes: keyed BLAKE2b in place of Ed25519.

Only the ring knows the key of each name, and hands out signers one by one; so nobody signs in
another's name, and a signature fits one body in one domain of one signer.
"""

from dataclasses import dataclass
from hashlib import blake2b

from discovery.authority import SIGNATURE_BYTES, Domain, message
from discovery.names import PUBLIC_KEY_BYTES, PublicKey


@dataclass(frozen=True, slots=True)
class Keyring:
    """Knows every key: gives out signers by name, and verifies for all."""

    seed: int = 1

    def public(self, name: str) -> PublicKey:
        """The public key of the signer `name`."""
        digest = blake2b(name.encode(), key=self.seed.to_bytes(8), digest_size=PUBLIC_KEY_BYTES)
        return PublicKey(digest.digest())

    def signer(self, name: str) -> "RingSigner":
        """What holds the private key of `name`."""
        return RingSigner(self, self.public(name))

    def verify(self, key: PublicKey, domain: Domain, body: bytes, signature: bytes) -> bool:
        """Whether the signer of this public key signed `body` in `domain`."""
        return self.signature(key, domain, body) == signature

    def signature(self, key: PublicKey, domain: Domain, body: bytes) -> bytes:
        """The 64 bytes that only the signer of this public key may make."""
        private = blake2b(
            key, key=self.seed.to_bytes(8), digest_size=32, person=b"private"
        ).digest()
        signed = message(domain, body)
        return blake2b(signed, key=private, digest_size=SIGNATURE_BYTES).digest()


@dataclass(frozen=True, slots=True)
class RingSigner:
    """Signs in one name."""

    ring: Keyring
    public: PublicKey

    def sign(self, domain: Domain, body: bytes) -> bytes:
        """The signature of `body` in `domain`."""
        return self.ring.signature(self.public, domain, body)
