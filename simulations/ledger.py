"""Holds what members say of each other's deaths against what is so.

Words, as memberlist's measurements and the Lifeguard paper (section 5) have them:

* A member is *troubled* when the experiment lets anything befall it but a crash; it is
  from the beginning to the end, also in the breaths between two blocks.
* A *false positive* (FP) is one `MemberDied` at one observer about a member that runs and is
  not troubled; FP- counts those among them at observers that are not troubled either.
* A *failure* is a crash, or the beginning of a trouble that ought to be found. It is detected
  first when the first healthy observer declares the member dead, and fully when the last has.
"""

from dataclasses import dataclass, field

from failure_detect.clock import Instant
from failure_detect.events import (
    Effect,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
)
from failure_detect.identity import MemberId
from simulations.world import World


@dataclass(slots=True)
class Failure:
    """A member that ought to be found dead, and how far that has come. Times in microseconds."""

    subject: int
    at: Instant
    pending: set[int]
    """Healthy observers that have not declared it dead."""
    first: Instant | None = None
    """When the first of them did."""
    last: Instant | None = None
    """When another one did last."""


@dataclass(frozen=True, slots=True)
class FalseDeath:
    """One false positive."""

    at: Instant
    observer: int
    subject: int
    is_at_healthy: bool


@dataclass(slots=True)
class Ledger:
    """An observer of a world; `troubled` are its members that are not as they should be."""

    troubled: frozenset[int] = frozenset()
    false_deaths: list[FalseDeath] = field(default_factory=list)
    troubled_deaths: int = 0
    """How often somebody healthy declared a troubled member dead."""
    mourned: set[tuple[int, MemberId]] = field(default_factory=set)
    """Observers with members that they hold dead and that run."""
    whole_since: Instant = 0
    """When `mourned` became empty last (us)."""
    failures: list[Failure] = field(default_factory=list)
    _open: dict[MemberId, Failure] = field(default_factory=dict)

    def expect(self, world: World, subject: int) -> Failure:
        """Begin to wait for the death of who runs at `subject`; call it before the crash."""
        observers = {
            member
            for member in world.members
            if member != subject and member not in self.troubled and world.is_up(member)
        }
        for other in self._open.values():
            other.pending.discard(subject)
        failure = Failure(subject, world.now, observers)
        for other in self.failures:  # Who went before sees nothing any more.
            failure.pending.discard(other.subject)
        self._open[world.member_id(subject)] = failure
        self.failures.append(failure)
        return failure

    @property
    def all_is_known(self) -> bool:
        """Whether every failure is known to every healthy observer."""
        return not any(failure.pending for failure in self.failures)

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Take in one fact."""
        match effect:
            case MemberDied(subject):
                self._on_death(world, member, subject, now)
            case MemberJoined(identity):
                self._comfort(member, identity.member, now)
            case MemberReturned(subject) | MemberRetired(subject) | MemberLeft(subject):
                self._comfort(member, subject, now)
            case _:
                return

    def _comfort(self, observer: int, subject: MemberId, now: Instant) -> None:
        if (observer, subject) in self.mourned:
            self.mourned.remove((observer, subject))
            if not self.mourned:
                self.whole_since = now

    def _on_death(self, world: World, observer: int, subject: MemberId, now: Instant) -> None:
        failure = self._open.get(subject)
        if failure is not None and observer in failure.pending:
            failure.pending.discard(observer)
            failure.first = now if failure.first is None else failure.first
            failure.last = now
        place = world.index_of(subject)
        if place is None or not world.is_member_up(subject):
            return
        self.mourned.add((observer, subject))
        is_healthy = observer not in self.troubled
        if place in self.troubled:
            self.troubled_deaths += is_healthy
        else:
            self.false_deaths.append(FalseDeath(now, observer, place, is_healthy))
