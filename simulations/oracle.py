"""Knows which deaths are false, and which fault, if any, explains each of them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.events import Effect, MemberDied
from simulations.checking import Checker
from simulations.faults import kind_of
from simulations.injector import Strike
from simulations.world import World


class Relation(Enum):
    """Where the fault lay that explains a false death; the first that fits."""

    SUBJECT = "subject"
    """At the member that was called dead: it was up, but not well."""
    LINK = "link"
    """Between the observer and the subject."""
    OBSERVER = "observer"
    """At the member that announced it."""
    ACCUSER = "accuser"
    """At one of those who accused, or between one of them and the subject."""
    NETWORK = "network"
    """On every link, from the beginning: loss or bursts that the configuration sets."""


@dataclass(frozen=True, slots=True)
class FalseDeath:
    """A death that was announced of a process that ran."""

    at: Instant
    """Microseconds of the world."""
    observer: int
    """The place of the member that announced it."""
    subject: int
    """The place of the member that was called dead."""
    accusers: tuple[int | None, ...]
    """Their places; None for one that never was."""
    relation: Relation | None
    """None where no fault explains it."""
    fault: str | None
    """The kind of the fault that explains it."""

    @property
    def is_false_positive(self) -> bool:
        """Whether the subject was well and reachable from the observer (Lifeguard's FP)."""
        return self.relation not in (Relation.SUBJECT, Relation.LINK)

    @property
    def is_at_healthy(self) -> bool:
        """Whether, beyond that, the observer was well (Lifeguard's FP-)."""
        return self.is_false_positive and self.relation is not Relation.OBSERVER


class FalsePositiveOracle(Checker):
    """Keeps every false death; one that nothing explains breaks the rule."""

    def __init__(self, memory: Duration = 60 * SECOND) -> None:
        """Let a fault explain what is said up to `memory` microseconds after its end."""
        super().__init__()
        self.false_deaths: list[FalseDeath] = []
        """All of them, in order."""
        self.deaths = 0
        """How many deaths were announced in all, true and false."""
        self._memory = memory

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Hold a death against what is so."""
        if not isinstance(effect, MemberDied):
            return
        self.deaths += 1
        subject = world.index_of(effect.member)
        if subject is None:
            self.report(now, member, "death of a member that never was")
        elif world.is_member_up(effect.member):
            self._judge(world, member, subject, effect)

    @property
    def false_positives(self) -> int:
        """How many deaths were announced of members that were well and within reach."""
        return sum(death.is_false_positive for death in self.false_deaths)

    @property
    def false_positives_at_healthy(self) -> int:
        """How many of those were announced by members that were well themselves."""
        return sum(death.is_at_healthy for death in self.false_deaths)

    def _judge(self, world: World, observer: int, subject: int, fact: MemberDied) -> None:
        accusers = tuple(world.index_of(accuser) for accuser in fact.accusers)
        relation, fault = self._explain(world, observer, subject, accusers)
        death = FalseDeath(world.now, observer, subject, accusers, relation, fault)
        self.false_deaths.append(death)
        if relation is None:
            what = f"death of member {subject}, which was well; accused by {list(accusers)}"
            self.report(world.now, observer, what)

    def _explain(
        self, world: World, observer: int, subject: int, accusers: tuple[int | None, ...]
    ) -> tuple[Relation | None, str | None]:
        forgotten = world.now - self._memory
        recent = [s for s in world.strikes if s.ended is None or s.ended >= forgotten]
        known = [accuser for accuser in accusers if accuser is not None]
        tests: list[tuple[Relation, Callable[[Strike], bool]]] = [
            (Relation.SUBJECT, lambda s: s.touches(subject)),
            (Relation.LINK, lambda s: _between(s, observer, subject)),
            (Relation.OBSERVER, lambda s: s.touches(observer)),
            (
                Relation.ACCUSER,
                lambda s: any(s.touches(a) or _between(s, a, subject) for a in known),
            ),
        ]
        for relation, fits in tests:
            for strike in recent:
                if fits(strike):
                    return relation, kind_of(strike.fault)
        quality = world.config.network.quality
        if quality.loss or quality.burst is not None:
            return Relation.NETWORK, "loss"
        return None, None


def _between(strike: Strike, one: int, other: int) -> bool:
    return strike.covers(one, other) or strike.covers(other, one)
