"""What signs and verifies, as a contract: the protocols here know no cryptography.

Bytes are signed, never objects, and always under a domain, so that what was signed as one thing is
worth nothing as another. `discovery.signing` has the one implementation that production uses;
simulations may hand in a stand-in of the same sizes.
"""

from enum import Enum
from typing import Protocol

from discovery.names import PublicKey

SIGNATURE_BYTES = 64


class Domain(Enum):
    """What a signature is about; its value stands before the signed bytes."""

    CLUSTER = b"isthmus-cluster-1"
    """A fleet's word on a cluster's key."""
    REVOCATION = b"isthmus-revoked-1"
    """A fleet's numbered list of keys that are worth nothing any more."""
    AGENT = b"isthmus-agent-1"
    """A cluster's word on an agent's key."""
    CLAIM = b"isthmus-claim-1"
    """An agent's word in the failure detector, which has its own kinds inside."""
    MANIFEST = b"isthmus-manifest-1"
    """A cluster's word on its whole set of records."""
    OVERLAY = b"isthmus-overlay-1"
    """A bridge's word on nodes of its own cluster that are down."""
    DUTY = b"isthmus-duty-1"
    """An agent's word, within its own cluster, on whether it is a bridge or could be one."""


def message(domain: Domain, body: bytes) -> bytes:
    """Return what is signed for `body` in `domain`: no two pairs give the same bytes."""
    return b"\0".join((domain.value, body))


class Signer(Protocol):
    """Holds one private key and gives it to nobody."""

    @property
    def public(self) -> PublicKey:
        """The 32-byte public key that verifies what this signs."""
        ...

    def sign(self, domain: Domain, body: bytes) -> bytes:
        """Return the 64-byte signature of `body` in `domain`; equal inputs give equal bytes."""
        ...


class Verifier(Protocol):
    """Verifies what anybody signed. Any bytes give an answer, never an exception."""

    def verify(self, key: PublicKey, domain: Domain, body: bytes, signature: bytes) -> bool:
        """Tell whether `signature` over `body` in `domain` was made with `key`."""
        ...
