"""Ed25519 through libsodium: the one module that knows NaCl.

Rule 1: bytes are signed, under a domain, never objects. Rule 2: a seed is given; no entropy is
drawn here. Rule 3: any bytes get an answer, malformed keys and signatures a no.
"""

from collections import OrderedDict
from hashlib import blake2b

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey as _NaclKey
from nacl.signing import VerifyKey

from discovery.authority import SIGNATURE_BYTES, Domain, message
from discovery.names import PUBLIC_KEY_BYTES, PublicKey

SEED_BYTES = 32
REMEMBERED_MAX = 4_096
"""Good signatures that a verifier remembers, 150 bytes or so each; bad ones it does not, or
whoever forges could drive out the good."""


class SigningKey:
    """A private key of a fleet, a cluster or an agent: a `discovery.authority.Signer`."""

    __slots__ = ("_key", "_public")

    def __init__(self, key: _NaclKey) -> None:
        """Wrap a key of libsodium; `from_seed` is the way in."""
        self._key = key
        self._public = PublicKey(bytes(key.verify_key))

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """Return the key of 32 secret random bytes, the same for the same seed.

        Raises ValueError, which does not show the seed, for any other length.
        """
        if len(seed) != SEED_BYTES:
            raise ValueError(f"seed: must be {SEED_BYTES} bytes, is {len(seed)}")
        return cls(_NaclKey(seed))

    @property
    def public(self) -> PublicKey:
        """The 32-byte public key that verifies what this signs."""
        return self._public

    def sign(self, domain: Domain, body: bytes) -> bytes:
        """Return the 64-byte signature of `body` in `domain`; equal inputs give equal bytes."""
        return self._key.sign(message(domain, body)).signature

    def __repr__(self) -> str:
        return f"SigningKey(public={self._public.hex()})"


class NaclVerifier:
    """Verifies Ed25519 signatures: a `discovery.authority.Verifier`."""

    __slots__ = ("_good", "_most")

    def __init__(self, most: int = REMEMBERED_MAX) -> None:
        """Remember at most so many good signatures."""
        self._good: OrderedDict[bytes, None] = OrderedDict()
        self._most = most

    def verify(self, key: PublicKey, domain: Domain, body: bytes, signature: bytes) -> bool:
        """Tell whether `signature` over `body` in `domain` was made with `key`."""
        if len(key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
            return False
        signed = message(domain, body)
        mark = blake2b(key + signature + signed, digest_size=32).digest()
        if mark in self._good:
            self._good.move_to_end(mark)
            return True
        try:
            VerifyKey(key).verify(signed, signature)
        except BadSignatureError:
            return False
        self._good[mark] = None
        if len(self._good) > self._most:
            self._good.popitem(last=False)
        return True
