"""The head of every datagram: 16 bytes in clear.

    0       version of the protocol
    1       bit 0 pool, bit 1 hop, bits 2 to 4 kind, the rest nought
    2..5    the receiver's mark: the first bytes of its member id
    6..9    the tag that the receiver gave the sender; nought where it gave none yet
    10..15  the counter of the sender's key

All of it but the hop bit, which whoever passes the datagram on sets, is bound by the seal: version,
pool and counter through the nonce, and what stands before the counter once more inside.
"""

from enum import Enum, IntEnum
from typing import NamedTuple

from agent.wire.reasons import Reason, WireRefused
from failure_detect.identity import MemberId

HEAD_BYTES = 16
MARK_BYTES = 4
INNER_BYTES = 10
"""What of the head is repeated inside: everything before the counter."""

COUNTER_MAX = (1 << 48) - 1
TAG_MAX = (1 << 32) - 1
NO_MARK = bytes(MARK_BYTES)

VERSIONS = (1, 1)
"""The lowest and highest version of this protocol that is spoken here."""


class Pool(Enum):
    """Which pool of members a datagram or stream belongs to."""

    LAN = "lan"
    """All agents of one cluster."""
    WAN = "wan"
    """The bridges of all clusters."""


class Kind(IntEnum):
    """What a datagram is."""

    HELLO = 0
    """First contact: the sender's certificate, padded."""
    WELCOME = 1
    """The answer: the receiver's certificate, and a cookie."""
    PROOF = 2
    """The cookie's echo, and the first thing sealed."""
    ACCEPT = 3
    """Sealed: the tag under which the sender of the proof is known from now on."""
    AGAIN = 4
    """The tag of your datagram is not known here; say hello again."""
    DATA = 5
    """Sealed: what the layer above says."""


class Head(NamedTuple):
    """A head, taken apart."""

    kind: Kind
    pool: Pool
    mark: bytes
    """The receiver's, `MARK_BYTES`."""
    tag: int = 0
    counter: int = 0
    version: int = VERSIONS[1]
    is_hop: bool = False
    """Whether it was passed on already."""


_HOP = 2
_POOLS = (Pool.LAN, Pool.WAN)
_BITS = {pool: bit for bit, pool in enumerate(_POOLS)}
_KINDS = tuple(Kind)


def mark_of(member: MemberId) -> bytes:
    """Return the `MARK_BYTES` by which a receiver knows that a datagram is for it."""
    return member[:MARK_BYTES]


def write_head(head: Head) -> bytes:
    """Return a head as its 16 bytes."""
    bits = _BITS[head.pool] | _HOP * head.is_hop | head.kind << 2
    return b"".join(
        (
            bytes((head.version, bits)),
            head.mark,
            head.tag.to_bytes(4),
            head.counter.to_bytes(6),
        )
    )


def read_head(data: bytes) -> Head:
    """Return the head that `data` begins with.

    Raises `WireRefused`: MALFORMED for what has none, VERSION for one that is not spoken here.
    """
    if len(data) < HEAD_BYTES:
        raise WireRefused(Reason.MALFORMED, "shorter than a head")
    version, bits = data[0], data[1]
    if not VERSIONS[0] <= version <= VERSIONS[1]:
        raise WireRefused(Reason.VERSION, f"version {version} is not spoken here")
    kind = bits >> 2
    if kind >= len(_KINDS):
        raise WireRefused(Reason.MALFORMED, "of no kind that is known here")
    return Head(
        kind=_KINDS[kind],
        pool=_POOLS[bits & 1],
        mark=data[2:6],
        tag=int.from_bytes(data[6:10]),
        counter=int.from_bytes(data[10:16]),
        version=version,
        is_hop=bool(bits & _HOP),
    )


def inner(head: bytes) -> bytes:
    """Return what a sealed part begins with, from the bytes of its head."""
    return bytes((head[0], head[1] & ~_HOP)) + head[2:INNER_BYTES]


def hopped(data: bytes) -> bytes:
    """Return a datagram with its hop bit set."""
    return data[:1] + bytes((data[1] | _HOP,)) + data[2:]
