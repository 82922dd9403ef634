"""What the local API is told: the core's machines, and what only this process knows."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.core.agent import Agent
from agent.drivers.plan import Step, owner_of
from agent.drivers.writer_events import WriteError
from agent.local.facts import (
    AgentAlarm,
    AgentFacts,
    Clock,
    DriverFacts,
    DriverProblem,
    Fault,
    LeaseFacts,
    Role,
    StoreFacts,
    TransportFacts,
    Written,
)
from agent.objects import KINDS
from agent.process.storing import Storing
from agent.transport.transport import TransportStatistics
from agent.writes import Apply, ApplyStatus, Delete
from discovery.names import ServiceName
from discovery.refusals import Remembered
from failure_detect.clock import SECOND, Duration, Instant

BURST_PAUSE: Duration = 2 * SECOND
"""Writes that are further apart than this are of different bursts."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is around the core, as functions, since it changes."""

    clock: Callable[[], Instant]
    wall_ms: Callable[[], int]
    transport: Callable[[], TransportStatistics]
    listens: str
    store: str
    """Which store it is, in words."""
    faults: Callable[[], tuple[Fault, ...]]
    """Of folders, keys and sockets."""
    store_faults: Callable[[], tuple[Fault, ...]]
    """Of the store's files and objects."""
    alarms: Callable[[], tuple[AgentAlarm, ...]]


class Observer:
    """Puts together what is asked for."""

    def __init__(self, agent: Agent, storing: Storing, around: Surroundings, version: str) -> None:
        """Observe `agent` from now on."""
        self._agent = agent
        self._storing = storing
        self._around = around
        self._version = version
        self._started_at = around.clock()
        self._burst: list[Written] = []
        self._objects: dict[ServiceName, dict[str, Written]] = {}

    def wrote(self, step: Step, error: WriteError | None) -> None:
        """Learn what became of a write."""
        if error is not None or isinstance(step, ApplyStatus):
            return
        now = self._around.clock()
        written = Written(step.key, step.why, now, is_deletion=isinstance(step, Delete))
        if self._burst and now - self._burst[-1].at > BURST_PAUSE:
            self._burst = []
        self._burst.append(written)
        owner = owner_of(step.key, step.document) if isinstance(step, Apply) else None
        if owner is not None:
            self._objects.setdefault(owner, {})[str(step.key)] = written
        for objects in self._objects.values():
            if isinstance(step, Delete):
                objects.pop(str(step.key), None)

    def facts(self) -> AgentFacts:
        """Return this agent at this moment."""
        agent, around = self._agent, self._around
        now, head = around.clock(), agent.head
        return AgentFacts(
            clock=Clock(now, around.wall_ms()),
            identity=agent.identity,
            version=self._version,
            started_at=self._started_at,
            lan=agent.lan.detector,
            role=self._role(now),
            wan=None if head is None else head.wan.detector,
            bridge=None if head is None else head.bridge,
            bridges={
                view.identity.member: view.identity.node
                for member in agent.election.bridges
                if (view := agent.lan.detector.member(member)) is not None
            },
            not_ready=tuple(self._not_ready()),
            lease=self._lease(),
            store=self._store(),
            transport=self._transport(),
            driver=self._driver(),
            refused=tuple(self._refused()),
            alarms=around.alarms(),
            faults=around.faults(),
            frozen=None if head is None else head.frozen,
            dry_run=agent.charter.writer.is_dry_run,
        )

    # --- parts ----------------------------------------------------------------------------

    def _role(self, now: Instant) -> Role:
        head = self._agent.head
        if head is None:
            return Role.LIGHT
        return Role.PUBLISHER if head.lease.holds(now) else Role.BRIDGE

    def _not_ready(self) -> Iterator[str]:
        """Say what is missing: no other cluster, and no API server, is needed."""
        agent = self._agent
        if agent.is_called:
            yield "it is to be a bridge, and does not know yet whom this cluster trusts"
        elif agent.head is None and not agent.election.bridges:
            yield "no bridge of this cluster is known yet"
        elif agent.head is not None and not agent.head.sources.is_complete:
            missing = ", ".join(kind.name for kind in agent.head.sources.missing)
            if missing and not agent.charter.kept.sets:
                yield f"the store has not listed yet: {missing}"

    def _lease(self) -> LeaseFacts | None:
        head = self._agent.head
        if head is None:
            return None
        status = head.lease.status()
        return LeaseFacts(
            holder=status.holder,
            is_ours=status.is_ours,
            valid_until=status.until if status.is_ours else None,
            epoch=status.epoch,
            transitions=status.transitions,
        )

    def _store(self) -> StoreFacts:
        mirror = self._agent.book.mirror
        served = {kind: version for kind in KINDS if (version := mirror.version(kind)) is not None}
        known = [kind for kind in served if mirror.knows(kind)]
        return StoreFacts(
            description=self._around.store,
            served=tuple(f"{kind.name}.{kind.api_version(v)}" for kind, v in served.items()),
            objects={kind.name: mirror.count(kind) for kind in known},
            is_synced=bool(served) and not self._missing(),
            faults=self._around.store_faults(),
            counts=dict(self._storing.counts),
        )

    def _missing(self) -> bool:
        head = self._agent.head
        return head is not None and bool(head.sources.missing)

    def _transport(self) -> TransportFacts:
        found = self._around.transport()
        wire = found.wire
        return TransportFacts(
            listens=(self._around.listens,),
            counts={
                "datagrams-received": found.received,
                "datagrams-sent": wire.transmitted,
                "datagrams-delivered": sum(wire.delivered.values()),
                "datagrams-hopped": wire.forwarded,
                "requests-sent": found.requests,
                "requests-failed": found.requests_failed,
                "requests-answered": found.requests_answered,
            },
            refused=dict(
                Counter({reason.value: n for reason, n in wire.refused.items()})
                + Counter({reason.value: n for reason, n in found.streams_refused.items()})
            ),
            queued={
                "streams-answering": found.streams_answering,
                "streams-calling": found.streams_calling,
                "handshakes": sum(wire.attempts.values()),
            },
            dropped={drop.value: n for drop, n in found.drops.items()},
            sessions=sum(wire.peers.values()),
        )

    def _driver(self) -> DriverFacts:
        head, choice = self._agent.head, self._agent.book.choice
        if head is None:
            return DriverFacts(why="this agent is no bridge")
        writer = head.writer
        found = writer.statistics()
        failures = {f"failed-{error}": count for error, count in found.failures.items()}
        planned = [step for group in writer.planned() for step in group.writes]
        return DriverFacts(
            name="none" if choice.driver is None else choice.driver.name,
            why=choice.why,
            last=tuple(self._burst),
            last_at=self._burst[-1].at if self._burst else None,
            planned=tuple(each for each in planned if not isinstance(each, ApplyStatus)),
            objects={name: tuple(each.values()) for name, each in self._objects.items() if each},
            problems=tuple(self._problems()),
            counts={
                "plans": found.plans,
                "bursts": found.bursts,
                "writes": found.writes,
                "restored": found.restored,
                "waiting": found.waiting,
                **failures,
            },
        )

    def _problems(self) -> Iterator[DriverProblem]:
        head = self._agent.head
        if head is None:
            return
        for name, findings in head.writer.concerns().items():
            for finding in findings:
                words = f"{finding.origin}: {finding.what}" if finding.origin else finding.what
                yield DriverProblem(name, finding.reason.value, words)

    def _refused(self) -> Iterator[Remembered]:
        agent = self._agent
        yield from agent.lan.refusals.latest()
        yield from agent.election.refusals.latest()
        yield from agent.lan_authority.refusals.latest()
        if agent.head is not None:
            yield from agent.head.authority.refusals.latest()
