"""What the wire is given for cryptography, as contracts: nothing here knows NaCl.

`discovery.signing.SigningKey` is the one implementation that production uses; simulations may hand
in a stand-in of the same sizes. The authority of a pool says who is believed
(`failure_detect.identity.Authority`); the keys say what is sealed for whom.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from discovery.certificates import decode_agent_certificate
from discovery.names import PublicKey
from discovery.refusals import Refused
from failure_detect.identity import Authority, MemberId

SEAL_BYTES = 16
"""What a box adds."""

STREAM_HEAD_BYTES, STREAM_SEAL_BYTES = 24, 17
"""What a sealed stream begins with each way, and what it adds to each chunk."""

Entropy: TypeAlias = Callable[[int], bytes]
"""Returns so many bytes that nobody can foresee."""


class Box(Protocol):
    """What two members share for datagrams."""

    def seal(self, nonce: bytes, data: bytes) -> bytes:
        """Return `data` sealed, 16 bytes longer. No two calls may have one nonce of 24 bytes."""
        ...

    def open(self, nonce: bytes, sealed: bytes) -> bytes | None:
        """Return what the other end sealed under this nonce, None for all other bytes."""
        ...


class Push(Protocol):
    """One way of a sealed stream, where it begins."""

    head: bytes
    """What the other end needs first, `STREAM_HEAD_BYTES`."""

    def push(self, chunk: bytes, *, is_last: bool = False) -> bytes:
        """Return the next chunk sealed, `STREAM_SEAL_BYTES` longer; after the last, no other."""
        ...


class Pull(Protocol):
    """One way of a sealed stream, where it ends."""

    def begin(self, head: bytes) -> None:
        """Take in the head of the stream."""
        ...

    def pull(self, sealed: bytes) -> tuple[bytes, bool] | None:
        """Return the next chunk, and whether it is the last; None for all other bytes."""
        ...


class Keys(Protocol):
    """Holds one private key and gives it to nobody."""

    @property
    def public(self) -> PublicKey:
        """The public key, which is the member id of this process."""
        ...

    def box(self, peer: PublicKey) -> Box | None:
        """Return the box that this key and `peer` share; None where `peer` is no key at all."""
        ...

    def call(self, peer: PublicKey) -> tuple[Pull, Push] | None:
        """Return both ways of a stream that this end opens; None where `peer` is no key at all."""
        ...

    def answer(self, peer: PublicKey) -> tuple[Pull, Push] | None:
        """Return both ways of a stream that `peer` opened; None where `peer` is no key at all."""
        ...


def certified_versions(certificate: bytes) -> tuple[int, int]:
    """Return the lowest and highest version that a certificate names; (0, 0) for what is none."""
    try:
        return decode_agent_certificate(certificate).body.versions
    except Refused:
        return (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who this process is in one pool, and whom it believes there."""

    keys: Keys
    """The same in both pools."""
    certificate: bytes
    authority: Authority
    versions: Callable[[bytes], tuple[int, int]] = certified_versions
    """Reads the versions out of a certificate that the authority believes."""

    @property
    def member(self) -> MemberId:
        """The member id of this process."""
        return MemberId(self.keys.public)

    def renewed(self, certificate: bytes) -> "Credentials":
        """Return the same with another certificate of the same key."""
        return replace(self, certificate=certificate)
