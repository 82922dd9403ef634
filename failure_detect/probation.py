"""The way back from the dead.

Each member probes one dead member after long pauses, for ever, so every partition finds
itself again. Who answers is watched: several answers, some time apart, and one observer
vouches. Where one came back others will, so everybody asks faster for a while.
"""

from functools import partial

from failure_detect.agenda import Timer
from failure_detect.claims import AliveClaim
from failure_detect.clock import Instant
from failure_detect.identity import MemberId
from failure_detect.members import Member, Status
from failure_detect.messages import Accused, Ack
from failure_detect.pool import Buddy, OnAck, Pool
from failure_detect.registry import Registry

_MISSES = 3
"""Questions in a row that may stay unanswered before an observer stops watching."""


class _Watch:
    __slots__ = ("answers", "member", "misses", "waiting")

    def __init__(self, member: Member) -> None:
        self.member = member
        self.answers = 0
        self.misses = 0
        self.waiting = False


class Probation:
    """Asks the dead, and watches those that answer."""

    def __init__(self, pool: Pool, registry: Registry, now: Instant) -> None:
        """Return members to life through `registry`."""
        self._pool = pool
        self._registry = registry
        self._watched: dict[MemberId, _Watch] = {}
        self._claims: dict[MemberId, AliveClaim] = {}
        self._eager_until: Instant = now
        self._timer: Timer | None = None

    def __len__(self) -> int:
        """Return the number of dead members that are being watched."""
        return len(self._watched)

    def on_death(self, now: Instant) -> None:
        """Somebody is dead: see to it that the dead are asked."""
        if self._timer is None:
            self._schedule(now)

    def on_return(self, member: Member, now: Instant) -> None:
        """Somebody came back: ask the others faster for a while."""
        self._claims.pop(member.identity.member, None)
        probation = self._pool.config.probation
        was_eager = now < self._eager_until
        self._eager_until = now + probation.eager
        if self._timer is not None and not was_eager:
            self._timer.cancel()
            self._schedule(now)

    def _schedule(self, now: Instant) -> None:
        probation = self._pool.config.probation
        eager = now < self._eager_until
        pause = probation.eager_interval if eager else probation.interval
        # Jitter of a half, so that members do not ask in step.
        wait = pause // 2 + int(self._pool.rng.random() * pause)
        self._timer = self._pool.agenda.schedule(now + wait, self._ask_one)

    def _ask_one(self, now: Instant) -> None:
        dead = self._pool.members.dead
        self._timer = None
        if len(self._claims) > len(dead):
            self._keep_claims_of_the_dead()
        if not dead:
            return
        member = self._pool.members.get(dead[int(self._pool.rng.random() * len(dead))])
        assert member is not None
        if member.identity.member not in self._watched and now >= self._opens_at(member):
            self._ping(member, now, self._on_first)
        self._schedule(now)

    def _opens_at(self, member: Member) -> Instant:
        """Return when watching may begin so that it ends with the hold-down."""
        probation = self._pool.config.probation
        return member.hold_until - probation.answers * probation.spacing

    def _ping(self, member: Member, now: Instant, on_ack: OnAck) -> None:
        """Ask; an answer that took longer than the pause between two questions is none."""
        claim = self._claims.get(member.identity.member)
        buddy = Buddy(Accused.DEAD, incarnation=0 if claim is None else claim.incarnation)
        spacing = self._pool.config.probation.spacing
        self._pool.ping(member, now, on_ack, buddy, patience=spacing)

    def _on_first(self, member: Member, _ack: Ack, now: Instant) -> None:
        self.on_contact(member, now)

    def on_contact(self, member: Member, now: Instant) -> None:
        """A dead member answered, or asked us something: watch it."""
        key = member.identity.member
        full = len(self._watched) >= self._pool.config.probation.concurrent
        if member.status is not Status.DEAD or key in self._watched or full:
            return
        if now < self._opens_at(member):
            return
        watch = self._watched[key] = _Watch(member)
        self._ask(watch, now)

    def on_claim(self, member: Member, claim: AliveClaim) -> None:
        """Keep a dead member's unvouched claim: it is what a vouch will be about.

        It is no contact: claims come late, and from third parties.
        """
        key = member.identity.member
        known = self._claims.get(key)
        if member.status is Status.DEAD and (
            known is None or known.incarnation < claim.incarnation
        ):
            self._claims[key] = claim

    def _ask(self, watch: _Watch, now: Instant) -> None:
        if not self._is_watched(watch):
            return
        if watch.member.status is not Status.DEAD:
            self._drop(watch)
            return
        if watch.waiting:
            watch.misses += 1
            watch.answers = 0
            if watch.misses == _MISSES:
                self._drop(watch)
                return
        watch.waiting = True
        self._ping(watch.member, now, partial(self._on_answer, watch))
        spacing = self._pool.config.probation.spacing
        self._pool.agenda.schedule(now + spacing, partial(self._ask, watch))

    def _on_answer(self, watch: _Watch, _member: Member, _ack: Ack, now: Instant) -> None:
        if not self._is_watched(watch) or not watch.waiting:
            return
        watch.waiting = False
        watch.misses = 0
        watch.answers += 1
        enough = watch.answers >= self._pool.config.probation.answers
        claim = self._claims.get(watch.member.identity.member)
        if enough and now >= watch.member.hold_until and claim is not None:
            self._registry.vouch_for(claim, watch.member, now)
            self._drop(watch)

    def _is_watched(self, watch: _Watch) -> bool:
        return self._watched.get(watch.member.identity.member) is watch

    def _drop(self, watch: _Watch) -> None:
        self._watched.pop(watch.member.identity.member, None)

    def forget(self) -> None:
        """Drop watches over members that are no longer dead, or no longer known."""
        for key, watch in list(self._watched.items()):
            if watch.member.status is not Status.DEAD or self._pool.members.get(key) is None:
                self._drop(watch)
        self._keep_claims_of_the_dead()

    def _keep_claims_of_the_dead(self) -> None:
        """Drop the claims of those who were retired, left or came back since."""
        dead = self._pool.members.dead
        self._claims = {key: claim for key, claim in self._claims.items() if key in dead}

    def check_invariants(self) -> None:
        """Assert the bound, and that somebody asks while anybody is dead."""
        assert len(self._watched) <= self._pool.config.probation.concurrent
        for key, watch in self._watched.items():
            if watch.member.status is Status.DEAD:
                assert self._pool.members.get(key) is watch.member
        assert self._timer is not None or not self._pool.members.dead
