"""Acknowledging the drains of others: not before this cluster's mesh has had time to obey.

Rule 1: a drain is acknowledged when its last request may be sent elsewhere: the view sends it
nothing any more; all that follows from the view as it was then stands in the store; the mesh has
had the time that it takes at most to push that (`mesh_bound`), and connections that were open then
the time to end (`grace`). Where the view sends it something again before that, it begins anew.
Rule 2: who writes nothing to a mesh, and who sees no service of the drained one, has nothing to
wait for. Rule 3: what is acknowledged stays so until the drain ends, for the origin may have relied
on it; an acknowledgement of an earlier process of ours, or of another bridge, is our cluster's.
Until then the drain is stated as under way. A drain of our own cluster is obeyed like any other.

Time is this process's own. A process that stops and comes back begins to wait anew where its
cluster had acknowledged nothing.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, fields
from enum import Enum
from typing import TypeAlias, assert_never

from agent.sources.source_events import AcksStated
from discovery.names import Origin, ServiceName
from discovery.ramps import DrainSeen
from discovery.records import AckRecord
from discovery.view import View
from failure_detect.clock import NEVER, SECOND, Duration, Instant
from failure_detect.validation import ConfigError

Subject: TypeAlias = tuple[Origin, ServiceName | None]
"""Whose drain it is, and of which service; None of all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcksConfig:
    """How long the mesh takes to obey."""

    mesh_bound: Duration = 13 * SECOND
    """From a write to the last side-car that has it. OSM puts a push off for 10 s at most while
    things change (11 s between two were measured), and traffic follows within half a second; less
    would acknowledge while requests still go there."""

    grace: Duration = 30 * SECOND
    """What connections that were open then may still take. Longer makes drains slower; shorter cuts
    off requests that take longer."""

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError`, one for each fault."""
        found = list(_faults(self))
        if found:
            raise ExceptionGroup("invalid configuration of acknowledgements", found)


def _faults(config: AcksConfig) -> Iterator[ConfigError]:
    for each in fields(config):
        value: object = getattr(config, each.name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
            must = f"must be 0 or more microseconds, is {value!r}"
            yield ConfigError(f"$.acks.{each.name}", must)


# --- events ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DrainsSeen:
    """These are all drains that the view sees now (`drains_seen`)."""

    drains: tuple[DrainSeen, ...]
    unused: frozenset[Subject] = frozenset()
    """Those of origins none of whose drained services is in our view."""


@dataclass(frozen=True, slots=True)
class Applied:
    """Everything that follows from the view as it was `at` that instant stands in the store."""

    at: Instant


@dataclass(frozen=True, slots=True)
class DriverChosen:
    """Whether anything is written to a mesh here; until this is known, nothing is acknowledged."""

    writes: bool


Event: TypeAlias = DrainsSeen | Applied | DriverChosen


def drains_seen(view: View, done: Collection[Subject] = ()) -> DrainsSeen:
    """Return the drains of a view; those that are `done` are not looked at again."""
    drains = view.drains()
    unused = [
        (each.origin, each.service)
        for each in drains
        if (each.origin, each.service) not in done and not _is_used(view, each)
    ]
    return DrainsSeen(drains, frozenset(unused))


def _is_used(view: View, drain: DrainSeen) -> bool:
    services = view.services() if drain.service is None else [drain.service]
    found = (view.service(each) for each in services)
    return any(each is not None and drain.origin in each.merged.order for each in found)


# --- the machine ------------------------------------------------------------------------------


class Phase(Enum):
    """How far a drain has come here."""

    RAMPING = "ramping"
    """The view still sends it traffic."""
    OBEYED = "obeyed"
    """The view sends it nothing, which is to be written."""
    WRITTEN = "written"
    """The store has that; the mesh has its time."""
    DONE = "done"
    """Acknowledged."""


@dataclass(slots=True)
class _Drain:
    drain: str
    phase: Phase = Phase.RAMPING
    since: Instant = 0
    """When it came to this phase."""


class Acks:
    """States what this cluster acknowledges. Effects are `AcksStated`, whenever that differs."""

    def __init__(self, own: Origin, config: AcksConfig) -> None:
        """Acknowledge nothing yet, for the cluster `own`."""
        self._own = own
        self._wait = config.mesh_bound + config.grace
        self._drains: dict[Subject, _Drain] = {}
        self._writes: bool | None = None
        self._stated: AcksStated | None = None
        self._has_seen = False
        """Whether the view was ever looked at: before that nothing is stated."""

    @property
    def deadline(self) -> Instant:
        """When the next drain is to be acknowledged; `NEVER` where none waits for time alone."""
        waiting = (each.since for each in self._drains.values() if each.phase is Phase.WRITTEN)
        return min((since + self._wait for since in waiting), default=NEVER)

    @property
    def done(self) -> frozenset[Subject]:
        """The drains that are acknowledged."""
        return frozenset(
            subject for subject, each in self._drains.items() if each.phase is Phase.DONE
        )

    def phase(self, subject: Subject) -> Phase | None:
        """Return how far a drain has come here, None where none is seen."""
        known = self._drains.get(subject)
        return None if known is None else known.phase

    def handle(self, event: Event, now: Instant) -> list[AcksStated]:
        """Take in what the view sees, or what was written."""
        match event:
            case DrainsSeen(drains, unused):
                self._see(drains, unused, now)
            case Applied(at):
                for each in self._drains.values():
                    if each.phase is Phase.OBEYED and each.since <= at:
                        each.phase, each.since = Phase.WRITTEN, now
            case DriverChosen(writes):
                self._writes = writes
                for each in self._drains.values():
                    if not writes and each.phase is not Phase.DONE:
                        each.phase, each.since = Phase.DONE, now
            case _:
                assert_never(event)
        return self.advance(now)

    def advance(self, now: Instant) -> list[AcksStated]:
        """Acknowledge what has had its time."""
        for each in self._drains.values():
            if each.phase is Phase.WRITTEN and now >= each.since + self._wait:
                each.phase, each.since = Phase.DONE, now
        stated = self._to_state()
        if not self._has_seen or stated == self._stated:
            return []
        self._stated = stated
        return [stated]

    def _see(self, drains: Iterable[DrainSeen], unused: Collection[Subject], now: Instant) -> None:
        self._has_seen = True
        before, self._drains = self._drains, {}
        for seen in drains:
            subject = seen.origin, seen.service
            known = before.get(subject)
            if known is None or known.drain != seen.drain:
                known = _Drain(seen.drain, since=now)
            self._drains[subject] = known
            if known.phase is not Phase.DONE:
                self._judge(known, seen, now, is_unused=subject in unused)

    def _judge(self, known: _Drain, seen: DrainSeen, now: Instant, *, is_unused: bool) -> None:
        needs_nothing = is_unused or self._writes is False
        if self._own in seen.acknowledged_by or needs_nothing:
            known.phase, known.since = Phase.DONE, now
        elif not seen.is_obeyed:
            known.phase, known.since = Phase.RAMPING, now
        elif known.phase is Phase.RAMPING:
            known.phase, known.since = Phase.OBEYED, now

    def _to_state(self) -> AcksStated:
        acks: dict[Origin, AckRecord] = {}
        service_acks: dict[tuple[Origin, ServiceName], AckRecord] = {}
        for (origin, service), each in sorted(self._drains.items(), key=_by_name):
            record = AckRecord(drain=each.drain, done=each.phase is Phase.DONE)
            if service is None:
                acks[origin] = record
            else:
                service_acks[origin, service] = record
        return AcksStated(acks, service_acks)

    def check_invariants(self) -> None:
        """Assert that nobody waits who writes nothing, and that what is known is stated."""
        waits = any(each.phase is not Phase.DONE for each in self._drains.values())
        assert not (waits and self._writes is False)
        assert self._stated == (self._to_state() if self._has_seen else None)


def _by_name(item: tuple[Subject, _Drain]) -> tuple[Origin, str]:
    (origin, service), _ = item
    return origin, "" if service is None else str(service)
