"""Ed25519 through libsodium, and what is sealed with the same keys: the one module that knows NaCl.

Rule 1: bytes are signed, under a domain, never objects. Rule 2: a seed is given; no entropy is
drawn here, but for the header of a sealed stream, which libsodium draws itself. Rule 3: any bytes
get an answer, malformed keys, signatures and seals a no. Rule 4: a private key, and what is derived
from it, never leaves this module.

A signing key agrees on secrets too: libsodium converts it to X25519. Datagrams are sealed by
`crypto_box`, streams by `crypto_secretstream_xchacha20poly1305` under keys of `crypto_kx`; the two
derive their keys by different functions, so neither is worth anything as the other.
"""

from collections import OrderedDict
from hashlib import blake2b

from nacl.bindings import (
    crypto_box_beforenm,
    crypto_box_easy_afternm,
    crypto_box_open_easy_afternm,
    crypto_kx_client_session_keys,
    crypto_kx_server_session_keys,
    crypto_secretstream_xchacha20poly1305_ABYTES,
    crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    crypto_secretstream_xchacha20poly1305_init_pull,
    crypto_secretstream_xchacha20poly1305_init_push,
    crypto_secretstream_xchacha20poly1305_pull,
    crypto_secretstream_xchacha20poly1305_push,
    crypto_secretstream_xchacha20poly1305_state,
    crypto_secretstream_xchacha20poly1305_TAG_FINAL,
    crypto_secretstream_xchacha20poly1305_TAG_MESSAGE,
    crypto_sign_ed25519_pk_to_curve25519,
)
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.signing import SigningKey as _NaclKey
from nacl.signing import VerifyKey

from discovery.authority import SIGNATURE_BYTES, Domain, message
from discovery.names import PUBLIC_KEY_BYTES, PublicKey

SEED_BYTES = 32
REMEMBERED_MAX = 4_096
"""Good signatures that a verifier remembers, 150 bytes or so each; bad ones it does not, or
whoever forges could drive out the good."""


SEAL_BYTES = 16
"""What a box adds to what it seals."""

STREAM_HEAD_BYTES = crypto_secretstream_xchacha20poly1305_HEADERBYTES
STREAM_SEAL_BYTES = crypto_secretstream_xchacha20poly1305_ABYTES
"""What a sealed stream begins with, and what it adds to each chunk."""

_LAST = crypto_secretstream_xchacha20poly1305_TAG_FINAL
_TAGS = {False: crypto_secretstream_xchacha20poly1305_TAG_MESSAGE, True: _LAST}


class NaclBox:
    """What two keys share for datagrams: `crypto_box`, its shared key computed once."""

    __slots__ = ("_shared",)

    def __init__(self, shared: bytes) -> None:
        """Wrap the 32 bytes of `crypto_box_beforenm`; `SigningKey.box` is the way in."""
        self._shared = shared

    def seal(self, nonce: bytes, data: bytes) -> bytes:
        """Return `data` sealed, 16 bytes longer. No two calls may have one nonce of 24 bytes."""
        return crypto_box_easy_afternm(data, nonce, self._shared)

    def open(self, nonce: bytes, sealed: bytes) -> bytes | None:
        """Return what the other end sealed under this nonce, None for all other bytes."""
        if len(sealed) < SEAL_BYTES:
            return None
        try:
            return crypto_box_open_easy_afternm(sealed, nonce, self._shared)
        except CryptoError:
            return None


class NaclPush:
    """One way of a sealed stream, where it begins."""

    __slots__ = ("_state", "head")

    def __init__(self, key: bytes) -> None:
        """Begin a stream under a key of 32 bytes; `SigningKey.call` and `.answer` are the way in.

        `head` is what the other end needs first: `STREAM_HEAD_BYTES`, random.
        """
        self._state = crypto_secretstream_xchacha20poly1305_state()
        self.head = crypto_secretstream_xchacha20poly1305_init_push(self._state, key)

    def push(self, chunk: bytes, *, is_last: bool = False) -> bytes:
        """Return the next chunk sealed, `STREAM_SEAL_BYTES` longer; after the last, no other."""
        return crypto_secretstream_xchacha20poly1305_push(self._state, chunk, None, _TAGS[is_last])


class NaclPull:
    """One way of a sealed stream, where it ends."""

    __slots__ = ("_key", "_state")

    def __init__(self, key: bytes) -> None:
        """Await the head of the stream."""
        self._key = key
        self._state: crypto_secretstream_xchacha20poly1305_state | None = None

    def begin(self, head: bytes) -> None:
        """Take in the `STREAM_HEAD_BYTES` that the stream begins with; ValueError for others."""
        if len(head) != STREAM_HEAD_BYTES:
            raise ValueError(f"head: must be {STREAM_HEAD_BYTES} bytes, is {len(head)}")
        state = crypto_secretstream_xchacha20poly1305_state()
        crypto_secretstream_xchacha20poly1305_init_pull(state, head, self._key)
        self._state = state

    def pull(self, sealed: bytes) -> tuple[bytes, bool] | None:
        """Return the next chunk, and whether it is the last; None for all other bytes."""
        if self._state is None or len(sealed) < STREAM_SEAL_BYTES:
            return None
        try:
            chunk, tag = crypto_secretstream_xchacha20poly1305_pull(self._state, sealed)
        except CryptoError:
            return None
        return chunk, tag == _LAST


class SigningKey:
    """A private key of a fleet, a cluster or an agent: a `discovery.authority.Signer`.

    An agent's seals as well, with whoever holds another such key.
    """

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

    def box(self, peer: PublicKey) -> NaclBox | None:
        """Return the box that this key and `peer` share; None where `peer` is no key at all."""
        other = _converted(peer)
        return None if other is None else NaclBox(crypto_box_beforenm(other, self._secret()))

    def call(self, peer: PublicKey) -> tuple[NaclPull, NaclPush] | None:
        """Return both ways of a stream that this end opens; None where `peer` is no key at all."""
        other = _converted(peer)
        if other is None:
            return None
        pull, push = crypto_kx_client_session_keys(self._point(), self._secret(), other)
        return NaclPull(pull), NaclPush(push)

    def answer(self, peer: PublicKey) -> tuple[NaclPull, NaclPush] | None:
        """Return both ways of a stream that `peer` opened; None where `peer` is no key at all."""
        other = _converted(peer)
        if other is None:
            return None
        pull, push = crypto_kx_server_session_keys(self._point(), self._secret(), other)
        return NaclPull(pull), NaclPush(push)

    def _secret(self) -> bytes:
        return bytes(self._key.to_curve25519_private_key())

    def _point(self) -> bytes:
        return bytes(self._key.verify_key.to_curve25519_public_key())

    def __repr__(self) -> str:
        return f"SigningKey(public={self._public.hex()})"


def _converted(peer: PublicKey) -> bytes | None:
    """Return the X25519 point of an Ed25519 key; None for a point of small order, or none."""
    if len(peer) != PUBLIC_KEY_BYTES:
        return None
    try:
        return crypto_sign_ed25519_pk_to_curve25519(peer)
    except CryptoError:
        return None


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
