"""Signed words about members: who says what, over which bytes.

Rule 1: `alive` and `left` are worth something only from their subject, an accusation only
from its accuser, a vouch only from its voucher. Rule 2: what is signed is bytes, and they
name the pool, the kind, and whole member ids, never short ones. Rule 3: a claim keeps the
bytes that it came in, fields of later versions included, and is passed on as those.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias

from failure_detect.identity import MemberId, NodeName, ShortId

INCARNATION_MAX = (1 << 64) - 1
"""Incarnations have 64 bits and saturate: at this one no refutation is left, only a new start."""

MARK_BYTES = 4

_DOMAIN = b"isthmus-swim-1"
_ALIVE, _LEFT, _ACCUSE, _VOUCH, _PROOF, _NODE = (bytes([code]) for code in range(1, 7))


@dataclass(frozen=True, slots=True)
class AliveClaim:
    """The subject, named by its certificate, lives at `incarnation`: signed by the subject.

    `voucher` got several answers from a subject that had been dead, and signed so.
    """

    certificate: bytes
    incarnation: int
    signature: bytes
    voucher: ShortId | None
    vouch: bytes | None
    raw: bytes
    short: bytes = b""
    """The refutation that it was made of, if it came as one."""


@dataclass(frozen=True, slots=True)
class Refutation:
    """An `alive` claim for those who know the subject: a mark stands for its certificate."""

    subject: ShortId
    incarnation: int
    mark: bytes
    signature: bytes
    voucher: ShortId | None
    vouch: bytes | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class LeftClaim:
    """The subject stops, and says so itself."""

    subject: ShortId
    incarnation: int
    signature: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Accusations:
    """These members found the subject silent at `incarnation`; each signed for itself."""

    subject: ShortId
    incarnation: int
    signatures: tuple[tuple[ShortId, bytes], ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class NodeReport:
    """`checker` connected to the node's own address: its `serial`-th finding about it."""

    node: NodeName
    checker: ShortId
    serial: int
    silent: bool
    signature: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Payload:
    """Gossip of the layer above, opaque here."""

    key: bytes
    payload: bytes
    raw: bytes


Item: TypeAlias = AliveClaim | LeftClaim | Accusations | NodeReport | Payload | Refutation
"""What rides along behind a message."""


@lru_cache(maxsize=1 << 13)
def mark_of(certificate: bytes) -> bytes:
    """Return the 4 bytes that tell one certificate of a member from another of the same key."""
    return blake2b(certificate, digest_size=MARK_BYTES, person=b"isthmus-mark").digest()


def _message(pool: bytes, kind: bytes, *parts: bytes) -> bytes:
    return b"".join((_DOMAIN, bytes([len(pool)]), pool, kind, *parts))


def alive_message(pool: bytes, subject: MemberId, incarnation: int, certificate: bytes) -> bytes:
    """Return what the subject signs to say that it lives at `incarnation`."""
    return _message(pool, _ALIVE, subject, incarnation.to_bytes(8), certificate)


def left_message(pool: bytes, subject: MemberId, incarnation: int) -> bytes:
    """Return what the subject signs to say that it stops."""
    return _message(pool, _LEFT, subject, incarnation.to_bytes(8))


def accuse_message(pool: bytes, subject: MemberId, incarnation: int, accuser: MemberId) -> bytes:
    """Return what an accuser signs about the subject's silence at `incarnation`."""
    return _message(pool, _ACCUSE, subject, incarnation.to_bytes(8), accuser)


def vouch_message(pool: bytes, subject: MemberId, incarnation: int, voucher: MemberId) -> bytes:
    """Return what a voucher signs about the answers that it had at `incarnation`."""
    return _message(pool, _VOUCH, subject, incarnation.to_bytes(8), voucher)


def proof_message(pool: bytes, subject: MemberId, nonce: bytes) -> bytes:
    """Return what a suspect signs to prove that it lived after `nonce` (8 bytes) was made."""
    return _message(pool, _PROOF, subject, nonce)


def node_message(
    pool: bytes, node: NodeName, checker: MemberId, serial: int, *, silent: bool
) -> bytes:
    """Return what a checker signs about a node's own address."""
    return _message(
        pool, _NODE, checker, serial.to_bytes(8), b"\1" if silent else b"\0", node.encode()
    )
