"""What the failure detector is given for cryptography: one agent's key, and whom it lets in.

In `lan` only agents of the own cluster are members; in `wan` only bridges, of every cluster that
is trusted here: a certificate of one pool is worth nothing in the other.
"""

from enum import Enum

from discovery.authority import Domain, Signer, Verifier
from discovery.certificates import AgentCertificate, decode_agent_certificate, identity_of
from discovery.names import PublicKey
from discovery.refusals import Refusal, Refusals, Refused
from discovery.trust import TrustBook
from failure_detect.identity import Identity, MemberId


class Scope(Enum):
    """Who may be a member of a pool."""

    LAN = "lan"
    """All agents of the own cluster, and nobody else."""
    WAN = "wan"
    """Agents that may be bridges, of all trusted clusters and the own."""


class AgentAuthority:
    """Signs in one agent's name, verifies what others signed, reads their certificates."""

    __slots__ = ("_book", "_scope", "_signer", "_verifier", "refusals")

    def __init__(self, signer: Signer, book: TrustBook, verifier: Verifier, scope: Scope) -> None:
        """Sign with the key of this process; believe what `book` believes, within `scope`."""
        self._signer = signer
        self._book = book
        self._verifier = verifier
        self._scope = scope
        self.refusals = Refusals()
        """Certificates that were refused, by reason and the cluster that they name, if they name
        one; no answer depends on them."""

    def sign(self, message: bytes) -> bytes:
        """Return this member's 64-byte signature of `message`."""
        return self._signer.sign(Domain.CLAIM, message)

    def verify(self, member: MemberId, message: bytes, signature: bytes) -> bool:
        """Tell whether `signature` over `message` was made by `member`'s key."""
        return self._verifier.verify(PublicKey(member), Domain.CLAIM, message, signature)

    def identify(self, certificate: bytes) -> Identity | None:
        """Return what a valid certificate says, or None where it is not to be believed."""
        try:
            read = self._book.verify_agent(certificate)
            self._check_scope(read)
        except Refused as refused:
            self.refusals.add(refused, _claimed(certificate))
            return None
        return identity_of(read)

    def _check_scope(self, certificate: AgentCertificate) -> None:
        body = certificate.body
        what = f"certificate of {body.node} of {body.origin}"
        if self._scope is Scope.LAN and body.origin != self._book.own:
            raise Refused(Refusal.UNTRUSTED, f"{what}: of another cluster, in the pool of our own")
        if self._scope is Scope.WAN and not body.roles.may_bridge:
            raise Refused(Refusal.UNTRUSTED, f"{what}: says that it may not be a bridge")


def _claimed(certificate: bytes) -> str:
    """Return the cluster that a certificate names, true or not; empty where it is none."""
    try:
        return decode_agent_certificate(certificate).body.origin
    except Refused:
        return ""
