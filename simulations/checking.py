"""What every checker is: an observer that holds facts against a rule, and says where one fails."""

from dataclasses import dataclass

from failure_detect.clock import Instant
from failure_detect.events import (
    Effect,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberSuspected,
    MemberUpdated,
    ReachabilityChanged,
    SuspicionLifted,
)
from failure_detect.identity import MemberId
from simulations.world import World


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken."""

    rule: str
    """The name of the checker."""

    at: Instant
    """Microseconds of the world."""

    member: int | None
    """Whose machine broke it; None where it is nobody's in particular."""

    what: str
    """One line that says how."""


class Checker:
    """Watches facts; `finish` at the end of the run looks at what only then can be told."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        """Where the rule was broken, in order."""

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Hold one fact against the rule."""

    def finish(self, world: World) -> None:
        """Hold the end of the run against the rule."""

    def report(self, now: Instant, member: int | None, what: str) -> None:
        """Note that the rule was broken."""
        self.violations.append(Violation(type(self).__name__, now, member, what))


class ViolationsFoundError(AssertionError):
    """At least one rule was broken; the message lists the first ones."""


class Checkers:
    """Several checkers on one world."""

    def __init__(self, world: World, *checkers: Checker) -> None:
        """Watch `world` with all of these from now on."""
        self.all = checkers
        self._world = world
        for checker in checkers:
            world.observe(checker)

    def finish(self) -> list[Violation]:
        """Let all look at the end of the run, and return every violation in order of time."""
        for checker in self.all:
            checker.finish(self._world)
        found = [violation for checker in self.all for violation in checker.violations]
        return sorted(found, key=lambda violation: violation.at)

    def require_clean(self, shown: int = 10) -> None:
        """Raise ViolationsFoundError with the first ones where any rule was broken."""
        found = self.finish()
        if found:
            lines = [f"{v.at} us, member {v.member}: {v.rule}: {v.what}" for v in found[:shown]]
            seed = self._world.config.seed
            raise ViolationsFoundError("\n".join([f"seed {seed}: {len(found)} violations", *lines]))


def subject_of(fact: Effect) -> MemberId | None:
    """Return the member that a fact is about; None where it is about no member."""
    match fact:
        case MemberJoined() | MemberUpdated():
            return fact.identity.member
        case (
            MemberSuspected()
            | SuspicionLifted()
            | MemberDied()
            | MemberReturned()
            | MemberLeft()
            | MemberRetired()
            | ReachabilityChanged()
        ):
            return fact.member
        case _:
            return None


def incarnation_of(fact: Effect) -> int | None:
    """Return the incarnation that a fact speaks of; None where it speaks of none."""
    match fact:
        case MemberJoined() | MemberUpdated() | MemberSuspected() | MemberDied():
            return fact.incarnation
        case MemberReturned():
            return fact.incarnation
        case _:
            return None
