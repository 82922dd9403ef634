"""What the local API is told by the core, whenever it is asked something: a snapshot.

The machines (detectors, bridge) are handed over as they are and only read; everything that no
machine knows stands here as plain values. Instants are of this process's monotonic clock
(microseconds); `Clock` turns them into times for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from agent.objects import ObjectKey
from agent.writes import Write
from discovery.bridge import Bridge
from discovery.names import ServiceName
from discovery.refusals import Remembered
from discovery.wall_time import shown_time
from failure_detect.clock import MILLISECOND, NEVER, SECOND, Instant
from failure_detect.detector import FailureDetector
from failure_detect.identity import Identity, MemberId, NodeName


class Role(StrEnum):
    """What an agent does for its cluster; each does what those before it do as well."""

    LIGHT = "light"
    """A member of `lan` that asks a bridge for everything else."""
    BRIDGE = "bridge"
    """In `wan` as well, and holds all sets."""
    PUBLISHER = "publisher"
    """Holds the lease: signs the cluster's set and writes the mesh configuration."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What the wall clock showed at one instant."""

    now: Instant
    wall_ms: int | None
    """Milliseconds since 1970; None where nobody read the clock yet."""

    def shown(self, at: Instant | None) -> str | None:
        """Return an instant as people write it, in UTC; None for what has no time."""
        if at is None or self.wall_ms is None or at >= NEVER:
            return None
        ms = self.wall_ms + (at - self.now) // MILLISECOND
        return shown_time(ms) if ms >= 0 else None

    def seconds_since(self, at: Instant) -> int:
        """Return how many whole seconds ago an instant was, 0 for one to come."""
        return max(0, self.now - at) // SECOND


@dataclass(frozen=True, slots=True)
class Fault:
    """Something of this machine or of an object that does not work now, and what helps."""

    where: str
    """The object, file, field or address."""
    what: str
    remedy: str = ""
    since: Instant | None = None
    reason: str = ""
    """A word for the kind of fault, the label of a metric; empty where nothing is counted by it."""


@dataclass(frozen=True, slots=True)
class AgentAlarm:
    """What the core itself raises an alarm about."""

    name: str
    """Lower case with hyphens, as `discovery.alarms` has them; the label of a metric."""
    words: str
    since: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseFacts:
    """The Lease of the cluster, as it was read last."""

    holder: str = ""
    """Who holds it, empty where nobody does."""
    is_ours: bool = False
    valid_until: Instant | None = None
    """Ours: until when, by our own clock."""
    epoch: int = 0
    transitions: int = 0
    """How often it changed hands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """The cluster's objects, as they are at hand."""

    description: str
    """Which store it is: `directory deploy/east`."""
    served: tuple[str, ...] = ()
    """The kinds that it serves, as `Kind.group/version`."""
    objects: Mapping[str, int] = field(default_factory=dict)
    """How many there are, by kind; a kind that was never listed is absent."""
    is_synced: bool = False
    """Whether every kind that is served was listed once."""
    faults: tuple[Fault, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was done since the start, by name: `lists`, `changes`, `applies`, `conflicts`, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportFacts:
    """The sockets, since the start of the process."""

    listens: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    """By what: `datagrams-received`, `datagrams-sent`, `bytes-received`, `bytes-sent`,
    `streams-accepted`, `streams-opened`, `hopped`, ..."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Datagrams and streams that were refused, by reason."""
    queued: Mapping[str, int] = field(default_factory=dict)
    """What waits in each queue now."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """What did not fit into each queue."""
    sessions: int = 0
    """Peers with whom keys are agreed."""


@dataclass(frozen=True, slots=True)
class Written:
    """An object that the driver keeps in the store."""

    key: ObjectKey
    why: str
    at: Instant
    is_deletion: bool = False


@dataclass(frozen=True, slots=True)
class DriverProblem:
    """What the driver cannot do as it is asked, and what it does instead."""

    service: ServiceName | None
    """None: all of them."""
    reason: str
    """CamelCase, as conditions have it."""
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverFacts:
    """What turns the view into the configuration of the mesh."""

    name: str = "none"
    why: str = ""
    """Why this driver: what the store serves, or what the settings say."""
    last: tuple[Written, ...] = ()
    """The burst that was written last, in order."""
    last_at: Instant | None = None
    next_at: Instant | None = None
    """When the next burst is due; None where nothing waits."""
    planned: tuple[Write, ...] = ()
    """What is to be written next, in order; in a dry run or while frozen, what would be."""
    objects: Mapping[ServiceName, tuple[Written, ...]] = field(default_factory=dict)
    """What is kept in the store for each service."""
    problems: tuple[DriverProblem, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    """Since the start: `applied`, `deleted`, `failed`, `bursts`, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFacts:
    """One agent at one moment."""

    clock: Clock
    identity: Identity
    """Cluster (`group`), node, member id and address in `lan`."""
    version: str
    started_at: Instant
    lan: FailureDetector
    role: Role = Role.LIGHT
    wan: FailureDetector | None = None
    """Of a bridge, and there always."""
    bridge: Bridge | None = None
    bridges: Mapping[MemberId, NodeName] = field(default_factory=dict)
    """The bridges of this cluster, as the election has them: member in `lan`, and its node."""
    not_ready: tuple[str, ...] = ()
    """Why this agent is not ready; empty where it is. No remote cluster is a reason."""
    lease: LeaseFacts | None = None
    store: StoreFacts | None = None
    transport: TransportFacts = field(default_factory=TransportFacts)
    driver: DriverFacts = field(default_factory=DriverFacts)
    refused: tuple[Remembered, ...] = ()
    """Input that the agent itself refused, beside what the machines count."""
    alarms: tuple[AgentAlarm, ...] = ()
    faults: tuple[Fault, ...] = ()
    """Of this machine: state folder, sockets, keys."""
    frozen: str | None = None
    """Why nothing is written to the mesh: the reason of the `Freeze` objects; None: it is."""
    dry_run: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether it holds what it needs to do its part."""
        return not self.not_ready
