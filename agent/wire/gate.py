"""Who is let in: certificates are believed or not, and believed again every so often."""

from agent.wire.header import Pool
from agent.wire.peers import Peer
from agent.wire.reasons import Reason, WireRefused
from agent.wire.replay import ReplayWindow
from agent.wire.sealing import Credentials
from agent.wire.versions import agreed
from discovery.names import PublicKey
from failure_detect.clock import Duration, Instant
from failure_detect.identity import MemberId


def read_member(credentials: Credentials, certificate: bytes) -> tuple[MemberId, int]:
    """Return the member of a certificate, and the version to speak with it.

    Raises `WireRefused`: CERTIFICATE, SELF, VERSION.
    """
    identity = credentials.authority.identify(certificate)
    if identity is None:
        raise WireRefused(Reason.CERTIFICATE, "the certificate is not to be believed here")
    if identity.member == credentials.member:
        raise WireRefused(Reason.SELF, "the certificate is of this very process")
    try:
        return identity.member, agreed(credentials.versions(certificate))
    except WireRefused as refused:
        who = f"{identity.node} of {identity.group}"
        raise WireRefused(refused.reason, f"{who} {refused.what}") from refused


class Gate:
    """The door of one pool. What is refused raises `WireRefused`, and nothing was changed."""

    def __init__(self, pool: Pool, credentials: Credentials, recheck: Duration) -> None:
        """Believe what the authority of these credentials believes, for `recheck` each time."""
        self._pool = pool
        self._credentials = credentials
        self._recheck = recheck
        self._trust = 1
        self.number = 1
        """Which certificate of our own this is: it rises with each."""

    @property
    def own(self) -> MemberId:
        """The member id of this process."""
        return self._credentials.member

    @property
    def certificate(self) -> bytes:
        """The certificate that we show."""
        return self._credentials.certificate

    def renew(self, certificate: bytes) -> None:
        """Show another certificate from now on."""
        self._credentials = self._credentials.renewed(certificate)
        self.number += 1

    def distrust(self) -> None:
        """Believe nobody unasked: what the authority believes has changed."""
        self._trust += 1

    def read(self, certificate: bytes) -> tuple[MemberId, int]:
        """Return the member of a certificate, and the version to speak with it: `read_member`."""
        return read_member(self._credentials, certificate)

    def admit(self, member: MemberId, window: ReplayWindow, sent: int, now: Instant) -> Peer:
        """Return a member, not known before, with whom nothing is shared yet but the keys.

        `sent` is the counter that was used last under its key, if there ever was one. Reason: KEY.
        """
        box = self._credentials.keys.box(PublicKey(member))
        if box is None:
            raise WireRefused(Reason.KEY, "the certified key is none to share a secret with")
        return Peer(self.own, member, box, self._pool, window, sent, now)

    def believe(self, peer: Peer, certificate: bytes, version: int, now: Instant) -> None:
        """Note that a certificate of a member was read now."""
        peer.certificate, peer.version = certificate, version
        peer.checked, peer.trust = now, self._trust

    def is_believed(self, peer: Peer, now: Instant) -> bool:
        """Tell whether a member is still to be heard; asks the authority where it is time to."""
        if peer.trust == self._trust and now - peer.checked < self._recheck:
            return True
        if self._credentials.authority.identify(peer.certificate) is None:
            return False
        peer.checked, peer.trust = now, self._trust
        return True
