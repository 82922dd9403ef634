"""Who is a member: admission, refutation, leaving, succession.

Rule 1: nothing changes before a certificate and a signature have been verified. Rule 2: of
two members of one node the certificate with the higher start number lives, the other is retired at
once. Rule 3: who left comes back only above the incarnation at which it did, who was retired only
by a certificate above its successor's, who is dead only above its death and with a living's vouch.
"""

from collections.abc import Callable

from failure_detect.allowance import Allowance
from failure_detect.brevity import expand, word_of
from failure_detect.cases import Cases, subject_key
from failure_detect.claims import (
    INCARNATION_MAX,
    AliveClaim,
    LeftClaim,
    Refutation,
    alive_message,
    left_message,
    vouch_message,
)
from failure_detect.clock import MINUTE, SECOND, Duration, Instant
from failure_detect.events import (
    CertificateNeeded,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
)
from failure_detect.gossip import Gossiper
from failure_detect.identity import Identity, NodeName, short_id
from failure_detect.members import GONE, Member, Status
from failure_detect.outcomes import Outcome
from failure_detect.pool import Pool, Refusal
from failure_detect.wire import encode_alive, encode_left

_SWEEP: Duration = 1 * MINUTE
_OUTBID: Duration = 2 * SECOND
"""Least pause between two requests for a higher start number; it doubles each time."""


class Registry:
    """Admits, updates and retires members; speaks for this one."""

    def __init__(
        self,
        pool: Pool,
        gossiper: Gossiper,
        cases: Cases,
        on_join: Callable[[Member, Instant], None],
        on_return: Callable[[Member, Instant], None],
    ) -> None:
        """Tell what is news through `gossiper`; the other parts hear who joins and returns."""
        self._pool = pool
        self._gossiper = gossiper
        self._cases = cases
        self._on_join = on_join
        self._on_return = on_return
        self._allowance = Allowance(pool.config.limit.refutations)
        self._outbid_at: Instant = 0
        self._outbid_wait: Duration = _OUTBID
        self._spread = True
        self._swept_at = pool.own.since
        self.left = False

    # --- this member -------------------------------------------------------------------

    def refute(self, incarnation: int, now: Instant) -> None:
        """Somebody holds something against this member at `incarnation`: go above it.

        At most so many times a second; whoever lies about us does not make us flood the pool.
        """
        own = self._pool.own
        if incarnation < own.incarnation or own.incarnation == INCARNATION_MAX or self.left:
            return
        if incarnation > own.incarnation:
            self._pool.refuse(Refusal.UNSIGNED_INCARNATION)
            return
        if not self._allowance.spend(now):
            self._pool.refuse(Refusal.OVER_LIMIT)
            return
        self._pool.health.worse()
        self.announce(own.incarnation + 1, now)

    def announce(self, incarnation: int, now: Instant) -> None:
        """Sign and tell that this member lives at `incarnation`."""
        own, pool = self._pool.own, self._pool
        certificate = pool.certificate
        message = alive_message(pool.config.pool, own.identity.member, incarnation, certificate)
        claim = encode_alive(certificate, incarnation, pool.authority.sign(message))
        self._record(claim, own, now)
        self._gossiper.tell(subject_key(own), own.word, now)

    def renew(self, certificate: bytes, now: Instant) -> None:
        """Use a new certificate of this member's key: a higher start, or another address.

        None with a lower start number, and none that is too large for others to take.
        """
        if len(certificate) > self._pool.config.limit.certificate_bytes:
            self._pool.refuse(Refusal.OVER_LIMIT)
            return
        identity = self._pool.authority.identify(certificate)
        own = self._pool.own
        if identity is None or identity.member != own.identity.member:
            self._pool.refuse(Refusal.CERTIFICATE)
            return
        if identity.start < own.identity.start:
            self._pool.refuse(Refusal.STALE)
            return
        if self.left:
            return  # A claim to live would take the place of the word that it stops.
        self._pool.certificate = certificate
        self._pool.members.set_identity(own, identity)
        self.announce(min(own.incarnation + 1, INCARNATION_MAX), now)

    def leave(self, now: Instant) -> None:
        """Sign and tell that this member stops; at once to some, by gossip to all."""
        own, pool = self._pool.own, self._pool
        self.left = True
        message = left_message(pool.config.pool, own.identity.member, own.incarnation)
        claim = encode_left(own.short, own.incarnation, pool.authority.sign(message))
        own.claim = claim.raw
        self._gossiper.farewell(subject_key(own), claim.raw, now)

    # --- alive -------------------------------------------------------------------------

    def on_alive(self, claim: AliveClaim, now: Instant, *, spread: bool = True) -> Outcome:
        """Take in an `alive` claim, whoever brought it; `spread` what is news by gossip.

        What a comparison of lists or an earlier run brought is not spread: others compare too.
        """
        pool = self._pool
        self._spread = spread
        if len(claim.certificate) > pool.config.limit.certificate_bytes:
            return self._refused(Refusal.OVER_LIMIT)
        identity = pool.authority.identify(claim.certificate)
        if identity is None:
            return self._refused(Refusal.CERTIFICATE)
        member = pool.members.get(identity.member)
        if member is None:
            return self._on_stranger(claim, identity, now)
        if member is pool.own:
            return self._on_settled(member, claim.incarnation)
        if member.status in GONE:
            return self._on_gone(claim, member, identity, now)
        return self._on_known(claim, member, identity, now)

    def _on_known(
        self, claim: AliveClaim, member: Member, identity: Identity, now: Instant
    ) -> Outcome:
        pool = self._pool
        if claim.incarnation <= member.incarnation:
            self._heard_again(member, claim.incarnation)
            return Outcome.KNOWN
        if not self._is_signed(claim, identity):
            return self._refused(Refusal.SIGNATURE)
        if member.status is Status.DEAD:
            return self._on_dead(claim, member, identity, now)
        self._cases.lift(member, now)
        self._raise(claim, member, identity, now)
        pool.fact(MemberUpdated(member.identity, member.incarnation))
        return Outcome.RAISED

    def _on_settled(self, member: Member, incarnation: int) -> Outcome:
        """Who is gone says nothing any more; and nobody tells us what we say ourselves."""
        if member is self._pool.own and incarnation > member.incarnation:
            return self._refused(Refusal.UNSIGNED_INCARNATION)
        return Outcome.KNOWN

    def _heard_again(self, member: Member, incarnation: int) -> None:
        """Count a word that we are telling ourselves, whoever vouched in it and however long."""
        if incarnation == member.incarnation:
            limit = self._pool.transmit_limit()
            self._pool.queue.heard(subject_key(member), member.word, limit)

    def whole(self, refutation: Refutation) -> AliveClaim | None:
        """Return the `alive` claim that a refutation stands for, if it says anything new."""
        pool = self._pool
        member = pool.members.by_short(refutation.subject)
        if member is None:
            pool.refuse(Refusal.UNKNOWN_MEMBER)
            return None
        if member is pool.own or member.status in GONE:
            self._on_settled(member, refutation.incarnation)
            return None
        if refutation.incarnation <= member.incarnation:
            self._heard_again(member, refutation.incarnation)
            return None
        claim = expand(refutation, member)
        if claim is None:
            pool.refuse(Refusal.CERTIFICATE)
        return claim

    def _refused(self, reason: Refusal) -> Outcome:
        self._pool.refuse(reason)
        return Outcome.REFUSED

    def _is_signed(self, claim: AliveClaim, identity: Identity) -> bool:
        message = alive_message(
            self._pool.config.pool, identity.member, claim.incarnation, claim.certificate
        )
        return self._pool.authority.verify(identity.member, message, claim.signature)

    def _raise(self, claim: AliveClaim, member: Member, identity: Identity, now: Instant) -> None:
        if identity.start < member.identity.start:
            identity = member.identity  # An older certificate of the same key: keep the newer.
        elif identity != member.identity:
            self._pool.members.set_identity(member, identity)
        self._record(claim, member, now)
        self._tell(member, now)

    def _record(self, claim: AliveClaim, member: Member, now: Instant) -> None:
        member.word = word_of(member, claim, now)
        if member.certificate != claim.certificate:
            member.certificate, member.certified_at = claim.certificate, now
        self._pool.members.set_claim(member, claim.incarnation, claim.raw, now)

    def _tell(self, member: Member, now: Instant) -> None:
        if self._spread:
            self._gossiper.tell(subject_key(member), member.word, now)

    def _on_dead(
        self, claim: AliveClaim, member: Member, identity: Identity, now: Instant
    ) -> Outcome:
        if not self._is_vouched(claim, identity):
            self._pool.refuse(Refusal.NOT_VOUCHED)
            return Outcome.UNVOUCHED
        self._return(claim, member, identity, now)
        return Outcome.RETURNED

    def _is_vouched(self, claim: AliveClaim, identity: Identity) -> bool:
        if claim.voucher is None or claim.vouch is None:
            return False
        voucher = self._pool.members.by_short(claim.voucher)
        if voucher is None or voucher.status > Status.SUSPECT:
            return False
        key = voucher.identity.member
        message = vouch_message(self._pool.config.pool, identity.member, claim.incarnation, key)
        return key != identity.member and self._pool.authority.verify(key, message, claim.vouch)

    def _return(self, claim: AliveClaim, member: Member, identity: Identity, now: Instant) -> None:
        member.accusations = b""
        member.hold_until = now  # From here its life counts towards being forgiven.
        self._pool.members.set_status(member, Status.ALIVE, now)
        self._raise(claim, member, identity, now)
        self._pool.fact(MemberReturned(member.identity.member, member.incarnation))
        self._on_return(member, now)

    def vouch_for(self, claim: AliveClaim, member: Member, now: Instant) -> bool:
        """Sign that a dead member answers again, and tell; False where its claim is no good."""
        identity = self._pool.authority.identify(claim.certificate)
        if identity is None or identity.member != member.identity.member:
            return False
        if claim.incarnation <= member.incarnation or not self._is_signed(claim, identity):
            return False
        pool, own = self._pool, self._pool.own
        message = vouch_message(
            pool.config.pool, identity.member, claim.incarnation, own.identity.member
        )
        vouch = (own.short, pool.authority.sign(message))
        vouched = encode_alive(claim.certificate, claim.incarnation, claim.signature, vouch)
        self._spread = True
        self._return(vouched, member, identity, now)
        return True

    # --- strangers ---------------------------------------------------------------------

    def _on_stranger(self, claim: AliveClaim, identity: Identity, now: Instant) -> Outcome:
        pool = self._pool
        self._sweep(now)
        short = short_id(identity.member)
        if len(pool.members) >= pool.config.limit.members or pool.members.by_short(short):
            return self._refused(Refusal.OVER_LIMIT)
        return self._contend(claim, identity, now)

    def _on_gone(
        self, claim: AliveClaim, member: Member, identity: Identity, now: Instant
    ) -> Outcome:
        """Admit who left and is a member again, or was retired and has outbid its successor.

        Only its owner signs an incarnation, and none above its leave while it has left.
        """
        is_above = claim.incarnation > member.incarnation
        is_newer = identity.start > member.identity.start or member.status is Status.LEFT
        return self._contend(claim, identity, now) if is_above and is_newer else Outcome.KNOWN

    def _contend(self, claim: AliveClaim, identity: Identity, now: Instant) -> Outcome:
        """Admit whoever holds no place in the list, if nobody of a higher start holds its node."""
        pool = self._pool
        if not self._is_signed(claim, identity):
            return self._refused(Refusal.SIGNATURE)
        rival = pool.members.on_node(identity)
        if rival is not None and rival.identity.member == identity.member:
            rival = None  # It left, and nobody took its place.
        if rival is pool.own:
            self._outbid(identity.start, now)
            return self._refused(Refusal.GONE)
        if rival is not None and identity.start <= rival.identity.start:
            return self._refused(Refusal.GONE)
        self._admit(claim, identity, rival, now)
        return Outcome.ADMITTED

    def _admit(
        self, claim: AliveClaim, identity: Identity, rival: Member | None, now: Instant
    ) -> None:
        pool = self._pool
        retired = pool.members.get(identity.member)
        if retired is not None:  # Nothing of what was held against it then is held now.
            pool.members.remove(retired)
        member = Member(identity, claim.incarnation, claim.raw, now)
        member.certificate = claim.certificate
        pool.members.insert(member)
        pool.members.changed_at = now
        if rival is not None:
            self._retire(rival, member, now)
        self._tell(member, now)
        pool.fact(MemberJoined(identity, claim.incarnation))
        self._on_join(member, now)

    def _retire(self, rival: Member, successor: Member, now: Instant) -> None:
        self._cases.drop(rival)
        if rival.status in GONE:
            return
        self._pool.queue.discard(subject_key(rival))
        self._pool.members.set_status(rival, Status.RETIRED, now)
        self._pool.fact(MemberRetired(rival.identity.member, successor.identity.member))

    def _outbid(self, start: int, now: Instant) -> None:
        """Another process claims our node: go above it, less and less often if it does too."""
        if start < self._pool.own.identity.start or now < self._outbid_at:
            return
        self._outbid_at = now + self._outbid_wait
        self._outbid_wait = min(2 * self._outbid_wait, 64 * _OUTBID)
        self._pool.fact(CertificateNeeded(start + 1))

    # --- going -------------------------------------------------------------------------

    def on_left(self, claim: LeftClaim, now: Instant) -> None:
        """Take in a signed leave: the member is gone, and not dead."""
        pool = self._pool
        member = pool.members.by_short(claim.subject)
        if member is None:
            pool.refuse(Refusal.UNKNOWN_MEMBER)
            return
        if self._is_settled(claim, member):
            if member is pool.own and not self.left:
                pool.refuse(Refusal.NOT_ENTITLED)
            pool.queue.heard(subject_key(member), claim.raw, pool.transmit_limit())
            return
        key = member.identity.member
        message = left_message(pool.config.pool, key, claim.incarnation)
        if claim.incarnation < member.incarnation:
            pool.refuse(Refusal.STALE)
        elif not pool.authority.verify(key, message, claim.signature):
            pool.refuse(Refusal.SIGNATURE)
        else:
            self._go(claim, member, now)

    def _is_settled(self, claim: LeftClaim, member: Member) -> bool:
        """Tell whether a leave says nothing new: one that is above an earlier leave does."""
        if member.status is Status.LEFT:
            return claim.incarnation <= member.incarnation
        return member is self._pool.own or member.status is Status.RETIRED

    def _go(self, claim: LeftClaim, member: Member, now: Instant) -> None:
        pool, is_news = self._pool, member.status is not Status.LEFT
        self._cases.drop(member)
        member.accusations = b""
        pool.members.set_claim(member, claim.incarnation, claim.raw, now)
        pool.members.set_status(member, Status.LEFT, now)
        self._gossiper.tell(subject_key(member), claim.raw, now)
        if is_news:
            pool.fact(MemberLeft(member.identity.member))

    def _sweep(self, now: Instant) -> None:
        """Forget who is gone, so that restarts do not fill the list.

        The retired go soon: their successor's start number keeps them out. Who left without a
        successor is remembered as long as stale claims may come out of a healed partition.
        """
        if now - self._swept_at < _SWEEP:
            return
        self._swept_at = now
        for member in list(self._pool.members):
            succeeded = self._pool.members.on_node(member.identity) is not member
            patience = _SWEEP if succeeded else self._pool.config.limit.remember_gone
            is_gone = member.status in GONE and member is not self._pool.own
            if is_gone and now - member.since > patience:
                self._pool.members.remove(member)

    def forget(self, node: NodeName) -> None:
        """The node's object is gone: forget what is dead or gone of it."""
        own = self._pool.own
        for member in list(self._pool.members):
            same = member.identity.node == node and member.identity.group == own.identity.group
            if same and member is not own and member.status not in (Status.ALIVE, Status.SUSPECT):
                self._pool.queue.discard(subject_key(member))
                self._pool.members.remove(member)
