"""The suspecter's part: a suspicion goes, quietly, to a few members chosen by hash.

They are asked by unicast and answer by unicast; nothing is broadcast before enough of them
accuse as well. Who does not say at once that it is at work is replaced by the next in the
order, and is itself probed soon.
"""

from functools import partial
from hashlib import blake2b
from typing import NamedTuple

from failure_detect.agenda import Timer
from failure_detect.cases import Cases
from failure_detect.claims import proof_message
from failure_detect.clock import MILLISECOND, Duration, Instant
from failure_detect.confirmer import Confirmer
from failure_detect.identity import MemberId
from failure_detect.members import Member, Status
from failure_detect.messages import Accuse, Receipt, Suspect, Vouch
from failure_detect.pool import Pool, Refusal
from failure_detect.wire import NONCE_BYTES

_GRACE: Duration = 300 * MILLISECOND
"""How much longer than their tries the confirmers may take before their silence is public."""


class _Panel:
    __slots__ = ("asked", "order", "receipted", "started", "subject", "timer", "word")

    def __init__(self, subject: Member, word: Suspect, order: list[Member], now: Instant) -> None:
        self.started = now
        self.subject = subject
        self.word = word
        self.order = order
        self.asked: set[MemberId] = set()
        self.receipted: set[MemberId] = set()
        self.timer: Timer | None = None


class _Proved(NamedTuple):
    """How the last suspicion of somebody ended well."""

    at: Instant
    incarnation: int
    vouch: Vouch


class Panels:
    """The suspicions that this member has raised, and who is asked to confirm each."""

    def __init__(self, pool: Pool, cases: Cases, confirmer: Confirmer) -> None:
        """Bring accusations to `cases`; where nobody else is left, ask `confirmer` itself."""
        self._pool = pool
        self._cases = cases
        self._confirmer = confirmer
        self._panels: dict[MemberId, _Panel] = {}
        self._proved: dict[MemberId, _Proved] = {}

    def __len__(self) -> int:
        """Return the number of suspicions under confirmation."""
        return len(self._panels)

    def suspect(self, subject: Member, now: Instant) -> None:
        """A probe round failed: accuse, and have others look."""
        key = subject.identity.member
        if subject.status > Status.SUSPECT or key in self._panels:
            return
        pool, suspicion = self._pool, self._pool.config.suspicion
        case = self._cases.open(subject, now)
        if case.call_at is not None:
            return
        nonce = pool.rng.getrandbits(8 * NONCE_BYTES).to_bytes(NONCE_BYTES)
        word = Suspect(subject.short, case.incarnation, self._cases.signature(subject), nonce)
        panel = self._panels[key] = _Panel(subject, word, self._order(subject), now)
        if self._cases.wanted(subject) == 1:
            # Our word alone would be the verdict: it takes a confirmer's evidence first.
            self._confirmer.look(pool.own, subject, word, now)
        else:
            self._cases.accuse(subject, word.signature, now)
        for _ in range(suspicion.confirmers):
            self._ask_next(panel, now)
        until = now + self._patience()
        panel.timer = pool.agenda.schedule(until, partial(self._give_up, panel))

    def _order(self, subject: Member) -> list[Member]:
        """Return candidates by hash of (subject, incarnation); by group, one of each group first.

        The suspecter's own group comes last then: its word counts once already.
        """
        pool = self._pool
        seed = subject.identity.member + subject.incarnation.to_bytes(8)
        found = [
            (blake2b(key, digest_size=8, key=seed).digest(), member)
            for key in pool.members.ring
            if (member := pool.members.get(key)) is not None and member.status is Status.ALIVE
        ]
        found.sort(key=lambda pair: pair[0])
        ordered = [m for _, m in found if m is not pool.own and m is not subject]
        if not pool.config.suspicion.by_group:
            return ordered
        seen = {pool.own.identity.group, subject.identity.group}
        first: list[Member] = []
        for member in ordered:
            if member.identity.group not in seen:
                seen.add(member.identity.group)
                first.append(member)
        return first + [member for member in ordered if member not in first]

    def _ask_next(self, panel: _Panel, now: Instant) -> None:
        if not panel.order:
            return
        pool, member = self._pool, panel.order.pop(0)
        panel.asked.add(member.identity.member)
        pool.health.asked(now)
        pool.send(member, panel.word, gossip=False)
        pool.agenda.schedule(
            now + pool.config.suspicion.receipt_timeout, partial(self._check, panel, member)
        )

    def _check(self, panel: _Panel, member: Member, now: Instant) -> None:
        if self._panels.get(panel.subject.identity.member) is not panel:
            return
        if member.identity.member not in panel.receipted:
            self._pool.prioritise(member)
            self._ask_next(panel, now)

    # --- answers -------------------------------------------------------------------------

    def on_receipt(self, sender: Member, message: Receipt, now: Instant) -> None:
        """A confirmer says that it is at work."""
        subject = self._pool.members.by_short(message.subject)
        panel = None if subject is None else self._panels.get(subject.identity.member)
        if panel is None or sender.identity.member not in panel.asked:
            self._pool.refuse(Refusal.LATE if panel is None else Refusal.NOT_ENTITLED)
            return
        panel.receipted.add(sender.identity.member)
        self._pool.health.replied(now)

    def on_vouch(self, sender: Member, message: Vouch, now: Instant) -> None:
        """A confirmer brings the subject's own proof that it lives: the suspicion is over.

        The other confirmers are told, so that none goes on to accuse on our behalf.
        """
        pool = self._pool
        subject = pool.members.by_short(message.subject)
        panel = None if subject is None else self._panels.get(subject.identity.member)
        if subject is None or panel is None or panel.word.nonce != message.nonce:
            self._confirmer.on_vouch(message, now)
            return
        key = subject.identity.member
        signed = proof_message(pool.config.pool, key, message.nonce)
        if not pool.authority.verify(key, signed, message.proof):
            pool.refuse(Refusal.SIGNATURE)
            return
        pool.health.replied(now)
        self._end(panel)
        self._remember(_Proved(now, panel.word.incarnation, message), key)
        for each in sorted(panel.asked - {sender.identity.member}):
            member = pool.live(each)
            if member is not None:
                pool.send(member, message, gossip=False)
        case = self._cases.get(subject)
        if case is not None and case.call_at is None:
            self._cases.lift(subject, now)

    def _remember(self, proved: _Proved, key: MemberId) -> None:
        """Keep a proof for as long as confirmers may still accuse for want of it."""
        before = proved.at - self._patience()
        self._proved = {k: old for k, old in self._proved.items() if old.at > before}
        self._proved[key] = proved

    def _patience(self) -> Duration:
        """Return how long confirmers may take, asked one after another."""
        suspicion = self._pool.config.suspicion
        return suspicion.tries * suspicion.try_timeout + suspicion.receipt_timeout + _GRACE

    def on_accuse(self, sender: Member, message: Accuse, now: Instant) -> None:
        """A confirmer found the subject silent as well."""
        pool = self._pool
        subject = pool.members.by_short(message.subject)
        if subject is None:
            pool.refuse(Refusal.UNKNOWN_MEMBER)
            return
        pool.health.replied(now)
        if message.incarnation > subject.incarnation:
            pool.refuse(Refusal.UNSIGNED_INCARNATION)
        elif self._cases.get(subject) is None:
            self._correct(sender, subject, message, now)
        else:
            self._cases.add(subject, message.incarnation, sender, message.signature, now)

    def _correct(self, sender: Member, subject: Member, message: Accuse, now: Instant) -> None:
        """Answer an accusation on behalf of a suspicion that is over with what ended it."""
        proved = self._proved.get(subject.identity.member)
        fresh = proved is not None and now - proved.at <= self._patience()
        if proved is not None and fresh and proved.incarnation == message.incarnation:
            self._pool.send(sender, proved.vouch, gossip=False)
        else:
            self._pool.refuse(Refusal.STALE)

    def _give_up(self, panel: _Panel, now: Instant) -> None:
        """Neither enough accusers nor a proof of life: let everybody know what there is."""
        if self._panels.get(panel.subject.identity.member) is not panel:
            return
        self._end(panel)
        case = self._cases.get(panel.subject)
        if case is None or case.public_at is not None:
            return
        health = self._pool.health
        deaf = health.is_deaf(now) or health.last_reply < panel.started
        if deaf or not panel.asked or not case.signatures:
            self._cases.lift(panel.subject, now)  # It will be probed again in its turn.
        else:
            self._cases.publish(case, now)

    def end(self, subject: Member) -> None:
        """Stop asking about `subject`: its case is closed."""
        panel = self._panels.get(subject.identity.member)
        if panel is not None:
            self._end(panel)

    def _end(self, panel: _Panel) -> None:
        if panel.timer is not None:
            panel.timer.cancel()
        del self._panels[panel.subject.identity.member]

    def drop_all(self, now: Instant) -> None:
        """This process was away or deaf: whoever it suspected meanwhile is probed again instead."""
        for panel in list(self._panels.values()):
            self._end(panel)
            case = self._cases.get(panel.subject)
            if case is not None and case.public_at is None:
                self._cases.lift(panel.subject, now)
                self._pool.prioritise(panel.subject)

    def check_invariants(self) -> None:
        """Assert that every panel has an open case."""
        for panel in self._panels.values():
            assert self._cases.get(panel.subject) is not None
            assert panel.receipted <= panel.asked
