"""Who a member is: a public key, and what its cluster certified about it.

The detector knows nothing of cryptography. It is given an `Authority` that signs in
this process's name, verifies what others signed, and reads certificates.
"""

from dataclasses import dataclass
from typing import NewType, Protocol

MemberId = NewType("MemberId", bytes)
"""32 bytes: the public key that a process made when it started. Unique for all time."""

ShortId = NewType("ShortId", bytes)
"""The first 8 bytes of a `MemberId`: names a member that both ends know already."""

Address = NewType("Address", str)
"""`host:port`, for datagrams and streams alike. Opaque here; the driver reads it."""

NodeName = NewType("NodeName", str)
"""The Kubernetes node that a member runs on."""

MEMBER_ID_BYTES = 32
SHORT_ID_BYTES = 8
SIGNATURE_BYTES = 64


def short_id(member: MemberId) -> ShortId:
    """Return the 8 bytes by which `member` is named on the wire among those who know it."""
    return ShortId(member[:SHORT_ID_BYTES])


@dataclass(frozen=True, slots=True)
class Identity:
    """What a certificate says of one member (design, section 3).

    `start` is the start number: of two members of one node, the higher one is the
    process that runs now. `group` is the cluster. `node_address` is where the node
    itself answers (the kubelet's port), or None where nothing is known.
    """

    member: MemberId
    node: NodeName
    start: int
    address: Address
    group: str
    node_address: Address | None = None


class Authority(Protocol):
    """Signs and verifies bytes; the only door to cryptography.

    Implementations verify in constant state: no answer may depend on earlier calls,
    apart from caching.
    """

    def sign(self, message: bytes) -> bytes:
        """Return this member's 64-byte signature of `message`."""
        ...

    def verify(self, member: MemberId, message: bytes, signature: bytes) -> bool:
        """Tell whether `signature` over `message` was made by `member`'s key."""
        ...

    def identify(self, certificate: bytes) -> Identity | None:
        """Return what a valid certificate says, or None where it is not to be believed."""
        ...
