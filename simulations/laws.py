"""The rules of what a machine may say of other members, one fact after another.

Each is kept per process that observes and per member that it speaks of.
"""

from enum import Enum
from typing import TypeAlias

from failure_detect.clock import Instant
from failure_detect.events import (
    Effect,
    IsolationChanged,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberSuspected,
    MemberUpdated,
    NodeAnswered,
    NodeSilent,
    ReachabilityChanged,
    SuspicionLifted,
)
from failure_detect.identity import MemberId, NodeName
from simulations.checking import Checker, incarnation_of, subject_of
from simulations.world import World


class Standing(Enum):
    """What a process has said last of a member."""

    UNKNOWN = "unknown"
    ALIVE = "alive"
    SUSPECT = "suspect"
    DEAD = "dead"
    LEFT = "left"
    RETIRED = "retired"


_Pair: TypeAlias = tuple[MemberId, MemberId]
"""Who speaks, and of whom."""

_U, _A, _S, _D = Standing.UNKNOWN, Standing.ALIVE, Standing.SUSPECT, Standing.DEAD
_L, _R = Standing.LEFT, Standing.RETIRED

TRANSITIONS: dict[type[Effect], dict[Standing, Standing]] = {
    MemberJoined: {_U: _A, _R: _A, _L: _A},
    MemberUpdated: {_A: _A, _S: _S},
    MemberSuspected: {_A: _S, _S: _S},
    SuspicionLifted: {_S: _A},
    MemberDied: {_A: _D, _S: _D},
    MemberReturned: {_D: _A},
    MemberLeft: {_A: _L, _S: _L, _D: _L},
    MemberRetired: {_A: _R, _S: _R, _D: _R, _L: _R},
}
"""From which standing each fact may be said, and to which it leads."""


class LegalTransitions(Checker):
    """Nobody dies who was not known, or twice; nobody joins who is known; and so on."""

    def __init__(self) -> None:
        super().__init__()
        self._standings: dict[tuple[MemberId, MemberId], Standing] = {}

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Move the standing of the member that the fact is about."""
        moves = TRANSITIONS.get(type(effect))
        subject = subject_of(effect)
        if moves is None or subject is None:
            return
        key = (world.member_id(member), subject)
        before = self._standings.get(key, Standing.UNKNOWN)
        after = moves.get(before)
        if after is None:
            about = world.index_of(subject)
            what = f"{type(effect).__name__} of member {about}, which was {before.value}"
            self.report(now, member, what)
        else:
            self._standings[key] = after
        if isinstance(effect, MemberRetired):
            self._check_successor(world, member, effect, now)

    def _check_successor(
        self, world: World, member: int, fact: MemberRetired, now: Instant
    ) -> None:
        place, next_place = world.index_of(fact.member), world.index_of(fact.successor)
        if fact.member == fact.successor or place is None or place != next_place:
            self.report(now, member, f"member {place} retired in favour of {next_place}")


class Alternation(Checker):
    """What changes changes: no state is announced twice in a row."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[MemberId, str, object], bool] = {}

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Compare a state with the one announced before."""
        topic: tuple[str, object]
        match effect:
            case ReachabilityChanged(subject, reachable):
                topic, state, at_first = ("reachable", subject), reachable, True
            case IsolationChanged(isolated):
                topic, state, at_first = ("isolated", None), isolated, False
            case NodeSilent(node):
                topic, state, at_first = ("silent", node), True, False
            case NodeAnswered(node):
                topic, state, at_first = ("silent", node), False, False
            case _:
                return
        key = (world.member_id(member), *topic)
        if self._last.get(key, at_first) == state:
            self.report(now, member, f"{topic[0]} is {state} again, of {topic[1]!r}")
        self._last[key] = state


class IncarnationsRise(Checker):
    """What a process says of a member never speaks of an older incarnation than before."""

    def __init__(self) -> None:
        super().__init__()
        self._highest: dict[tuple[MemberId, MemberId], int] = {}

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Compare the incarnation with the highest so far."""
        subject, incarnation = subject_of(effect), incarnation_of(effect)
        if subject is None or incarnation is None:
            return
        key = (world.member_id(member), subject)
        highest = self._highest.get(key, incarnation)
        if incarnation < highest:
            about = world.index_of(subject)
            what = f"{type(effect).__name__} of member {about} at {incarnation} after {highest}"
            self.report(now, member, what)
        self._highest[key] = max(highest, incarnation)


class NoResurrection(Checker):
    """Who left never comes back; who was retired, above its successor's start number only.

    Who died comes back at a higher incarnation only.
    """

    def __init__(self) -> None:
        super().__init__()
        self._left: set[_Pair] = set()
        self._retired_above: dict[_Pair, int] = {}
        self._starts: dict[_Pair, int] = {}
        self._died_at: dict[_Pair, int] = {}

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Note who goes, and look at who comes."""
        subject = subject_of(effect)
        if subject is None:
            return
        observer = world.member_id(member)
        key = (observer, subject)
        match effect:
            case MemberLeft():
                self._left.add(key)
            case MemberRetired(_, successor):
                known = (self._starts.get(key, 0), self._starts.get((observer, successor), 0))
                self._retired_above[key] = max(known)
            case MemberDied(_, incarnation):
                self._died_at[key] = incarnation
            case MemberJoined() | MemberUpdated() | MemberReturned():
                fault = self._fault_of(effect, key)
                if fault is not None:
                    about = f"{type(effect).__name__} of member {world.index_of(subject)}"
                    self.report(now, member, f"{about}, {fault}")
            case _:
                pass

    def _fault_of(
        self, fact: MemberJoined | MemberUpdated | MemberReturned, key: _Pair
    ) -> str | None:
        died_at = self._died_at.pop(key, None)
        retired_above = self._retired_above.pop(key, None)
        start = 0 if isinstance(fact, MemberReturned) else fact.identity.start
        self._starts[key] = max(start, self._starts.get(key, 0))
        if key in self._left:
            return "which was gone for good"
        if retired_above is not None:
            return None if start > retired_above else f"retired at start number {retired_above}"
        if died_at is None:
            return None
        if not isinstance(fact, MemberReturned):
            return "which was dead"
        if fact.incarnation <= died_at:
            return f"dead at incarnation {died_at}, back at {fact.incarnation}"
        return None


class NeverAboutSelf(Checker):
    """A process says nothing of itself: in its own view it is never dead."""

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Compare who speaks with whom it speaks of."""
        if subject_of(effect) == world.member_id(member):
            self.report(now, member, f"{type(effect).__name__} of itself")


class IsolatedBuryNobody(Checker):
    """Who finds itself isolated announces no death until somebody answers it again."""

    def __init__(self) -> None:
        super().__init__()
        self._isolated: set[MemberId] = set()

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Note who is isolated, and look at deaths."""
        observer = world.member_id(member)
        match effect:
            case IsolationChanged(isolated=True):
                self._isolated.add(observer)
            case IsolationChanged(isolated=False):
                self._isolated.discard(observer)
            case MemberDied(subject) if observer in self._isolated:
                self.report(now, member, f"death of member {world.index_of(subject)}")
            case _:
                pass


class SilenceFollowsDeath(Checker):
    """A node is called silent by those only who hold an agent of it dead, and none alive."""

    def __init__(self) -> None:
        super().__init__()
        self._homes: dict[_Pair, NodeName] = {}
        self._dead: dict[tuple[MemberId, NodeName], dict[MemberId, bool]] = {}

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Note who lives on a node and who died there, and look at what is said of the node."""
        observer = world.member_id(member)
        match effect:
            case MemberJoined(identity) | MemberUpdated(identity):
                if identity.group == world.group(member):  # Others' nodes may have equal names.
                    self._homes[observer, identity.member] = identity.node
                    self._note(observer, identity.member, is_dead=False)
            case MemberReturned(subject):
                self._note(observer, subject, is_dead=False)
            case MemberDied(subject):
                self._note(observer, subject, is_dead=True)
            case MemberRetired(subject) | MemberLeft(subject):
                self._part(observer, subject)
            case NodeSilent(node):
                agents = self._dead.get((observer, node), {})
                if not agents or not all(agents.values()):
                    self.report(now, member, f"{node} is silent, of which no agent is dead")
            case _:
                pass

    def _note(self, observer: MemberId, subject: MemberId, *, is_dead: bool) -> None:
        node = self._homes.get((observer, subject))
        if node is not None:
            self._dead.setdefault((observer, node), {})[subject] = is_dead

    def _part(self, observer: MemberId, subject: MemberId) -> None:
        """Who was dead as it went may still have been the last one of its node."""
        node = self._homes.get((observer, subject))
        agents = {} if node is None else self._dead.get((observer, node), {})
        if agents.get(subject) is False:
            del agents[subject]
