"""The confirmer's part: somebody suspects a member and asks us to look for ourselves.

It says at once that it is at work, pings the suspect over both paths, and ends with the
suspect's own signed proof of life or with an accusation of its own. It accuses only if
somebody else answered it meanwhile: else the silence may be its own.
"""

from failure_detect.agenda import Timer
from failure_detect.cases import Case, Cases
from failure_detect.claims import proof_message
from failure_detect.clock import MILLISECOND, Duration, Instant
from failure_detect.identity import MemberId
from failure_detect.members import Member, Status
from failure_detect.messages import Accuse, Accused, Ack, Gossip, Packet, Receipt, Suspect, Vouch
from failure_detect.pool import Buddy, Pool, Refusal
from failure_detect.wire import encode

_PATIENCE: Duration = 400 * MILLISECOND
"""How long a confirmer waits for the suspecter to publish, before it does so itself."""


class _Task:
    __slots__ = (
        "askers",
        "case",
        "heard",
        "incarnation",
        "nonce",
        "started",
        "subject",
        "timer",
        "tries",
    )

    def __init__(self, subject: Member, nonce: bytes, now: Instant) -> None:
        self.subject = subject
        self.incarnation = subject.incarnation
        self.nonce = nonce
        self.askers: dict[MemberId, Suspect] = {}
        self.started = now
        self.tries = 0
        self.heard = False
        self.timer: Timer | None = None
        self.case: Case | None = None
        """What it came to: a proof undoes our part in this one, and in no later one."""


class Confirmer:
    """Probes suspects for others."""

    def __init__(self, pool: Pool, cases: Cases) -> None:
        """Bring what is found to `cases`."""
        self._pool = pool
        self._cases = cases
        self._tasks: dict[MemberId, _Task] = {}
        self._concluded: dict[MemberId, _Task] = {}
        """What ended in an accusation that only its askers know: a late proof undoes it."""

    def __len__(self) -> int:
        """Return the number of suspects that are being probed for others."""
        return len(self._tasks)

    def on_suspect(self, asker: Member, message: Suspect, now: Instant) -> None:
        """`asker` suspects a member: tell it that we are at work, and look."""
        pool = self._pool
        subject = pool.members.by_short(message.subject)
        if subject is None:
            pool.refuse(Refusal.UNKNOWN_MEMBER)
        elif subject is pool.own:
            pool.refuse(Refusal.NOT_ENTITLED)  # A suspect is asked for a proof, by a ping.
        elif message.incarnation > subject.incarnation:
            pool.refuse(Refusal.UNSIGNED_INCARNATION)
        elif subject.status > Status.SUSPECT or message.incarnation < subject.incarnation:
            self._correct(asker, subject)
        elif not self._cases.is_accused_by(asker, subject, message.signature):
            pool.refuse(Refusal.SIGNATURE)
        else:
            self.look(asker, subject, message, now)

    def _correct(self, asker: Member, subject: Member) -> None:
        """The asker is behind: what makes it so answers it, in two parts where it is long."""
        pool, receipt = self._pool, Receipt(subject.short)
        both = (subject.claim, subject.accusations)
        if len(encode(receipt)) + sum(map(len, both)) <= pool.config.gossip.datagram_bytes:
            pool.send(asker, receipt, both, gossip=False)
        else:
            pool.send(asker, receipt, (subject.claim,), gossip=False)
            pool.send(asker, Gossip(), (subject.accusations,), gossip=False)

    def look(self, asker: Member, subject: Member, message: Suspect, now: Instant) -> None:
        """Probe `subject` for `asker`, who may be this very member where no other is left."""
        pool = self._pool
        key = subject.identity.member
        task = self._tasks.get(key)
        if task is None and len(self._tasks) >= pool.config.suspicion.confirmations_max:
            pool.refuse(Refusal.OVER_LIMIT)
            return
        if asker is not pool.own:
            pool.send(asker, Receipt(message.subject), gossip=False)
        if task is not None:
            if len(task.askers) < pool.config.suspicion.confirmers:
                task.askers[asker.identity.member] = message
            return
        task = self._tasks[key] = _Task(subject, message.nonce, now)
        task.askers[asker.identity.member] = message
        pool.request(
            subject,
            pool.ping_message(subject, now, 0, Buddy(Accused.QUIETLY, task.nonce)),
            lambda _sender, packet, then: self._on_response(task, packet, then),
            timeout=pool.config.suspicion.tries * pool.config.suspicion.try_timeout,
        )
        self._try(task, now)

    def _try(self, task: _Task, now: Instant) -> None:
        pool, suspicion = self._pool, self._pool.config.suspicion
        if self._tasks.get(task.subject.identity.member) is not task:
            return
        if task.tries == suspicion.tries:
            self._conclude(task, now)
            return
        task.tries += 1
        pool.ping(
            task.subject,
            now,
            lambda _member, ack, then: self._on_answer(task, ack.proof, then),
            Buddy(Accused.QUIETLY, task.nonce),
        )
        if not task.heard:
            self._control(task, now)
        task.timer = pool.agenda.schedule(
            now + suspicion.try_timeout, lambda then: self._try(task, then)
        )

    def _control(self, task: _Task, now: Instant) -> None:
        """Ping somebody else: unless anybody answers us, we know nothing of the suspect."""
        key = task.subject.identity.member
        others = self._pool.members.pick(self._pool.rng, 1, without=(key,))
        for member in others:
            self._pool.ping(member, now, lambda _member, _ack, _then: _mark_heard(task))

    def _on_response(self, task: _Task, packet: Packet | None, now: Instant) -> None:
        if packet is None:
            return
        if not isinstance(packet.message, Ack):
            self._pool.refuse(Refusal.NOT_ENTITLED)
            return
        self._pool.heard_directly(task.subject, now)
        self._on_answer(task, packet.message.proof, now)

    def _on_answer(self, task: _Task, proof: bytes, now: Instant) -> None:
        subject, pool = task.subject, self._pool
        if self._tasks.get(subject.identity.member) is not task or not proof:
            return
        message = proof_message(pool.config.pool, subject.identity.member, task.nonce)
        if not pool.authority.verify(subject.identity.member, message, proof):
            pool.refuse(Refusal.SIGNATURE)
            return
        self._end(task)
        for key, asked in task.askers.items():
            asker = pool.members.get(key)
            if asker is pool.own:
                self._cases.lift(subject, now)
            elif asker is not None and asked.nonce == task.nonce:
                pool.send(asker, Vouch(subject.short, asked.nonce, proof), gossip=False)
            elif asker is not None:
                self._prove_to(asker, subject, asked.nonce, now)

    def on_vouch(self, message: Vouch, now: Instant) -> None:
        """An asker brings the proof that another confirmer had: it needs no more of ours.

        While we look, that asker is one less; where we have accused already, quietly, the
        accusation is taken back.
        """
        pool = self._pool
        subject = pool.members.by_short(message.subject)
        key = None if subject is None else subject.identity.member
        task = None if key is None else self._tasks.get(key) or self._concluded.get(key)
        asked = {} if task is None else {a: word.nonce for a, word in task.askers.items()}
        if subject is None or task is None or message.nonce not in asked.values():
            pool.refuse(Refusal.STALE)
            return
        signed = proof_message(pool.config.pool, subject.identity.member, message.nonce)
        if not pool.authority.verify(subject.identity.member, signed, message.proof):
            pool.refuse(Refusal.SIGNATURE)
            return
        for asker, nonce in asked.items():
            if nonce == message.nonce:
                del task.askers[asker]
        if not task.askers:
            self._undo(task, now)

    def _undo(self, task: _Task, now: Instant) -> None:
        """Nobody asks any more: look no further, or take back what is not public yet."""
        if self._tasks.get(task.subject.identity.member) is task:
            self._end(task)
            return
        case = self._cases.get(task.subject)
        if case is None or case is not task.case:
            return
        if case.public_at is None and case.call_at is None:
            self._cases.lift(task.subject, now)

    def _prove_to(self, asker: Member, subject: Member, nonce: bytes, now: Instant) -> None:
        """Have the subject sign a further asker's nonce: a proof is worth one suspicion."""
        pool = self._pool

        def pass_on(_member: Member, ack: Ack, _then: Instant) -> None:
            if ack.proof:
                pool.send(asker, Vouch(subject.short, nonce, ack.proof), gossip=False)

        pool.ping(subject, now, pass_on, Buddy(Accused.QUIETLY, nonce))

    def _conclude(self, task: _Task, now: Instant) -> None:
        pool, subject = self._pool, task.subject
        self._end(task)
        if subject.status > Status.SUSPECT or subject.incarnation != task.incarnation:
            return
        if not pool.is_alone() and pool.health.last_reply < task.started:
            return  # Nobody answered us at all.
        pool.missed_directly(subject)
        signature = self._cases.signature(subject)
        case = self._cases.accuse(subject, signature, now)
        for key, asked in task.askers.items():
            asker = pool.members.get(key)
            if asker is not None and asker is not pool.own:
                word = Accuse(subject.short, task.incarnation, signature)
                pool.send(asker, word, gossip=False)
                self._cases.add(subject, asked.incarnation, asker, asked.signature, now)
        if case.public_at is None:
            if len(self._concluded) >= pool.config.suspicion.confirmations_max:
                self._concluded.pop(next(iter(self._concluded)))
            task.case = case
            self._concluded[subject.identity.member] = task
            case.rearm(
                pool.agenda.schedule(now + _PATIENCE, lambda then: self._cases.publish(case, then))
            )

    def _end(self, task: _Task) -> None:
        if task.timer is not None:
            task.timer.cancel()
        del self._tasks[task.subject.identity.member]

    def restart(self, now: Instant) -> None:
        """This process was away: its tries were not tried."""
        for task in list(self._tasks.values()):
            task.tries, task.started, task.heard = 0, now, False

    def check_invariants(self) -> None:
        """Assert the bounds on work for others."""
        assert len(self._tasks) <= self._pool.config.suspicion.confirmations_max
        assert len(self._concluded) <= self._pool.config.suspicion.confirmations_max
        for task in self._tasks.values():
            assert task.tries <= self._pool.config.suspicion.tries


def _mark_heard(task: _Task) -> None:
    task.heard = True
