"""From accusation to verdict: who accuses a subject, the last call, the burial.

Rule 1: a verdict wants enough independent accusers, each with its own signature. Rule 2: with
enough of them known, everyone asks the subject itself once more, and nobody buries a member
that answered. Rule 3: who is deaf buries nobody. Rule 4: where accusers are too few, the
Lifeguard timer decides who is asked for the last time, and that call decides the rest.
"""

from collections.abc import Callable

from failure_detect.agenda import Timer
from failure_detect.claims import Accusations, accuse_message
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.events import MemberDied, MemberSuspected, SuspicionLifted
from failure_detect.gossip import Gossiper
from failure_detect.identity import MemberId, ShortId
from failure_detect.members import GONE, Member, Status
from failure_detect.messages import Accused, Ack
from failure_detect.pool import Pool, Refusal
from failure_detect.suspicion import suspicion_timeout
from failure_detect.validation import ACCUSATIONS_MAX
from failure_detect.wire import encode_accusations

_AGAIN: Duration = 1 * SECOND


def subject_key(member: Member) -> bytes:
    """Return the broadcast slot of all claims about `member`."""
    return b"m" + member.short


class Case:
    """What is known against one subject at one incarnation."""

    __slots__ = ("call_at", "incarnation", "public_at", "signatures", "subject", "timer")

    def __init__(self, subject: Member) -> None:
        """Open a case with no accuser yet."""
        self.subject = subject
        self.incarnation = subject.incarnation
        self.signatures: dict[MemberId, bytes] = {}
        self.public_at: Instant | None = None
        self.call_at: Instant | None = None
        self.timer: Timer | None = None

    def rearm(self, timer: Timer | None) -> None:
        """Replace what this case waits for."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = timer


class Cases:
    """All open cases, one per subject."""

    def __init__(
        self,
        pool: Pool,
        gossiper: Gossiper,
        on_death: Callable[[Member, Instant], None],
        on_closed: Callable[[Member], None],
    ) -> None:
        """Tell verdicts through `gossiper`; the other parts hear of deaths and closed cases."""
        self._pool = pool
        self._gossiper = gossiper
        self._on_death = on_death
        self._on_closed = on_closed
        self._open: dict[MemberId, Case] = {}

    def __len__(self) -> int:
        """Return the number of open cases."""
        return len(self._open)

    def get(self, subject: Member) -> Case | None:
        """Return the open case about `subject`, if there is one."""
        return self._open.get(subject.identity.member)

    # --- accusing --------------------------------------------------------------------

    def signature(self, subject: Member) -> bytes:
        """Return this member's signed accusation of `subject` at its incarnation."""
        own, key = self._pool.own.identity.member, subject.identity.member
        return self._pool.authority.sign(
            accuse_message(self._pool.config.pool, key, subject.incarnation, own)
        )

    def accuse(self, subject: Member, signature: bytes, now: Instant) -> Case:
        """Add this member's own accusation, quietly; open the case if there is none."""
        case = self.open(subject, now)
        own = self._pool.own.identity.member
        if own not in case.signatures:
            case.signatures[own] = signature
            self._weigh(case, now)
        return case

    def add(
        self, subject: Member, incarnation: int, accuser: Member, signature: bytes, now: Instant
    ) -> None:
        """Add somebody's accusation, told to us alone, if it is new and well signed."""
        if self._take(subject, incarnation, accuser, signature, now):
            self._weigh(self.open(subject, now), now)

    def _take(
        self, subject: Member, incarnation: int, accuser: Member, signature: bytes, now: Instant
    ) -> bool:
        if incarnation != subject.incarnation:
            self._pool.refuse(Refusal.STALE)
            return False
        if not self._may_accuse(accuser, subject, now):
            return False
        case = self.get(subject)
        key = accuser.identity.member
        if case is not None and (case.call_at is not None or key in case.signatures):
            return False
        if not self.is_accused_by(accuser, subject, signature):
            self._pool.refuse(Refusal.SIGNATURE)
            return False
        self.open(subject, now).signatures[key] = signature
        return True

    def is_signed(self, claim: Accusations, subject: Member) -> bool:
        """Tell whether anybody known has really signed one of these accusations."""
        for short, signature in claim.signatures:
            accuser = self._pool.members.by_short(short)
            if accuser is None or accuser is subject:
                continue
            if self.is_accused_by(accuser, subject, signature):
                return True
        self._pool.refuse(Refusal.SIGNATURE)
        return False

    def is_accused_by(self, accuser: Member, subject: Member, signature: bytes) -> bool:
        """Tell whether `accuser` signed an accusation of `subject` at its incarnation."""
        key = accuser.identity.member
        message = accuse_message(
            self._pool.config.pool, subject.identity.member, subject.incarnation, key
        )
        return self._pool.authority.verify(key, message, signature)

    def hear(
        self, claim: Accusations, subject: Member, now: Instant, *, spread: bool = True
    ) -> None:
        """Take in accusations that were gossiped (`spread`) or learnt by comparing lists.

        Either way they are no more than a suspicion until the last call is over.
        """
        if claim.incarnation != subject.incarnation:
            ahead = claim.incarnation > subject.incarnation
            self._pool.refuse(Refusal.UNSIGNED_INCARNATION if ahead else Refusal.STALE)
            return
        if subject.status is Status.DEAD or subject.status in GONE:
            self._heard_again(claim, subject)
            return
        news = [self._hear_one(subject, claim, pair, now) for pair in claim.signatures]
        case = self.get(subject)
        if case is None:
            return
        shared = any(signature in case.signatures.values() for _, signature in claim.signatures)
        if any(news) or (shared and case.public_at is None):
            self.publish(case, now, spread=spread)
        else:
            self._heard_again(claim, subject)

    def _hear_one(
        self, subject: Member, claim: Accusations, pair: tuple[ShortId, bytes], now: Instant
    ) -> bool:
        accuser = self._pool.members.by_short(pair[0])
        if accuser is None:
            self._pool.refuse(Refusal.UNKNOWN_MEMBER)
            return False
        return self._take(subject, claim.incarnation, accuser, pair[1], now)

    def _heard_again(self, claim: Accusations, subject: Member) -> None:
        """Count it as a transmission, whoever signed: one bundle is as good as another."""
        if len(claim.signatures) >= self._pool.config.suspicion.accusers or (
            claim.raw == subject.accusations
        ):
            self._pool.queue.heard(
                subject_key(subject), subject.accusations, self._pool.transmit_limit()
            )

    def _may_accuse(self, accuser: Member, subject: Member, now: Instant) -> bool:
        fresh = now - accuser.since <= self._pool.config.gossip.to_the_dead
        lives = accuser.status <= Status.SUSPECT or (accuser.status is Status.DEAD and fresh)
        if accuser is subject or not lives:
            self._pool.refuse(Refusal.NOT_ENTITLED)
            return False
        return True

    def open(self, subject: Member, now: Instant) -> Case:
        """Return the case about `subject`, a new one without accusers if there was none."""
        case = self.get(subject)
        if case is None:
            key = subject.identity.member
            case = self._open[key] = Case(subject)
            self._pool.members.set_status(subject, Status.SUSPECT, now)
            self._pool.open_accusations[key] = Accused.QUIETLY
            self._pool.fact(MemberSuspected(key, subject.incarnation))
        return case

    def _weigh(self, case: Case, now: Instant) -> None:
        """One more accuser is known: tell, unless all is quiet still and they are too few."""
        if case.call_at is not None:
            return  # It is told already; every further signature would be told anew by everyone.
        if case.public_at is not None or self.accusers(case) >= self.wanted(case.subject):
            self.publish(case, now)

    # --- counting --------------------------------------------------------------------

    def wanted(self, subject: Member) -> int:
        """Return how many independent accusers a verdict on `subject` takes (design 3.1).

        `accusers` of the configuration, or as many as there are: members that are not
        themselves suspect, or, by group, groups of such members other than the subject's. Of
        two groups only one is left to accuse: then its members count one by one.
        """
        most = self._pool.config.suspicion.accusers
        groups = self._groups(subject)
        if len(groups) > 1:
            return min(most, len(groups))
        return max(1, min(most, self._entitled(subject, groups)))

    def _entitled(self, subject: Member, groups: list[str]) -> int:
        """Return how many members may accuse; of the one other group, where there is just one."""
        members = self._pool.members
        if not groups:
            return members.live_count - members.suspects
        return sum(
            member.identity.group != subject.identity.group
            for key in members.ring
            if (member := members.get(key)) is not None and member.status is Status.ALIVE
        )

    def accusers(self, case: Case) -> int:
        """Return how many of the case's accusers count as independent."""
        groups = self._groups(case.subject)
        if not groups:
            return len(case.signatures)
        named = (self._pool.members.get(key) for key in case.signatures)
        found = [member.identity.group for member in named if member is not None]
        others = [group for group in found if group != case.subject.identity.group]
        return len(others) if len(groups) == 1 else len(set(others))

    def _groups(self, subject: Member) -> list[str]:
        if not self._pool.config.suspicion.by_group:
            return []
        members, own = self._pool.members, subject.identity.group
        if not members.suspects:
            return [group for group in members.live_groups if group != own]
        well = dict.fromkeys(
            member.identity.group
            for key in members.ring
            if (member := members.get(key)) is not None and member.status is Status.ALIVE
        )
        return [group for group in well if group != own]

    # --- publishing and the last call --------------------------------------------------

    def publish(self, case: Case, now: Instant, *, spread: bool = True) -> None:
        """Tell everybody who accuses the subject; with enough accusers, call it a last time."""
        subject = case.subject
        claim = encode_accusations(subject.short, case.incarnation, self._bundle(case))
        subject.accusations = claim.raw
        if spread:
            self._gossiper.tell(subject_key(subject), claim.raw, now)
        self._pool.open_accusations[subject.identity.member] = Accused.OPENLY
        if case.public_at is None:
            case.public_at = now
        if case.call_at is not None:
            return
        if self.accusers(case) >= self.wanted(subject):
            self.call(case, now)
        else:
            self._await_timeout(case, now)

    def _bundle(self, case: Case) -> tuple[tuple[ShortId, bytes], ...]:
        """Return as many signatures as a claim may carry, those that count by group first."""
        members = map(self._pool.members.get, case.signatures)
        named = zip(members, case.signatures.values(), strict=True)
        found = [(member, signature) for member, signature in named if member is not None]
        firsts = {member.identity.group: member for member, _ in reversed(found)}
        found.sort(key=lambda pair: firsts[pair[0].identity.group] is not pair[0])
        return tuple((member.short, signature) for member, signature in found[:ACCUSATIONS_MAX])

    def _await_timeout(self, case: Case, now: Instant) -> None:
        config = self._pool.config
        assert case.public_at is not None
        wanted, have = self.wanted(case.subject) - 1, self.accusers(case) - 1
        wait = suspicion_timeout(
            config.suspicion,
            config.probe.interval,
            self._pool.members.live_count,
            max(0, have),
            wanted,
        )
        at = max(now, case.public_at + wait)
        if at <= now:
            self.call(case, now)
            return
        # Its accusers may be of no account elsewhere: nobody but us may tell it that it is accused.
        self._ask(case, now)
        again = min(at, now + _AGAIN)
        case.rearm(self._pool.agenda.schedule(again, lambda then: self._await_timeout(case, then)))

    def call(self, case: Case, now: Instant) -> None:
        """Ask the subject itself, now and again shortly before the end of the last call."""
        suspicion, agenda = self._pool.config.suspicion, self._pool.agenda
        case.call_at = now
        self._pool.open_accusations[case.subject.identity.member] = Accused.OPENLY
        self._ask(case, now)
        again = now + suspicion.last_call - suspicion.last_ping
        case.rearm(agenda.schedule(again, lambda then: self._ask_again(case, then)))

    def _ask(self, case: Case, now: Instant) -> None:
        self._pool.ping(case.subject, now, _ignore)

    def _ask_again(self, case: Case, now: Instant) -> None:
        self._ask(case, now)
        at = now + self._pool.config.suspicion.last_ping
        case.rearm(self._pool.agenda.schedule(at, lambda then: self._close(case, then)))

    def _close(self, case: Case, now: Instant) -> None:
        pool = self._pool
        assert case.call_at is not None
        answered = case.subject.last_ack >= case.call_at
        if answered or (pool.health.is_deaf(now) and not pool.is_alone()):
            # It answered us, though perhaps without the refutation that would close the case;
            # or nobody answers us, and then its silence says nothing.
            case.rearm(pool.agenda.schedule(now + _AGAIN, lambda then: self.call(case, then)))
            return
        self._bury(case, now)

    def _bury(self, case: Case, now: Instant) -> None:
        subject, probation = case.subject, self._pool.config.probation
        self._forget(case)
        if subject.deaths and now - subject.hold_until > probation.forgive:
            subject.deaths = 0
        subject.deaths += 1
        hold = 0
        if subject.deaths > 1:
            doubled = probation.hold_down << min(subject.deaths - 2, 16)
            hold = min(probation.hold_down_max, doubled)
        subject.hold_until = now + hold
        self._pool.members.set_status(subject, Status.DEAD, now)
        self._pool.fact(
            MemberDied(subject.identity.member, case.incarnation, tuple(case.signatures))
        )
        self._on_death(subject, now)

    # --- lifting -----------------------------------------------------------------------

    def lift(self, subject: Member, now: Instant) -> None:
        """End the case about `subject`, if there is one, by a proof of life."""
        case = self.get(subject)
        if case is None:
            return
        self._forget(case)
        subject.accusations = b""
        self._pool.queue.discard(subject_key(subject))
        self._pool.members.set_status(subject, Status.ALIVE, now)
        self._pool.fact(SuspicionLifted(subject.identity.member))

    def drop(self, subject: Member) -> None:
        """End the case about a subject that left, was retired or is forgotten."""
        case = self.get(subject)
        if case is not None:
            self._forget(case)

    def _forget(self, case: Case) -> None:
        case.rearm(None)
        key = case.subject.identity.member
        del self._open[key]
        self._pool.open_accusations.pop(key, None)
        self._on_closed(case.subject)

    def recheck(self, now: Instant) -> None:
        """This process was away or deaf: what it was about to conclude is asked again."""
        for case in list(self._open.values()):
            if case.call_at is not None:
                self.call(case, now)

    def check_invariants(self) -> None:
        """Assert that every open case is about a suspect, at its incarnation, and waits."""
        for key, case in self._open.items():
            member = self._pool.members.get(key)
            assert member is case.subject
            assert member.status is Status.SUSPECT
            assert case.incarnation == member.incarnation
            assert key not in case.signatures


def _ignore(_member: Member, _ack: Ack, _now: Instant) -> None:
    """The answer is on record (`last_ack`); the case looks there when its time is up."""
