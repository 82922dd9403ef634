"""What goes into the agent's core and what comes out of it, beside what its parts define."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from agent.drivers.plan import Step
from agent.drivers.writer_events import WriteFinished
from agent.objects import Document, Kind, ObjectKey
from agent.sources.cluster_facts import ClusterSettings
from agent.wire.header import Pool
from agent.writes import Apply, Word
from discovery.data_path import ConnectRequested, PathTried
from discovery.names import PublicKey
from discovery.publisher_events import PublishingKey
from discovery.reports import AnyReport
from failure_detect import events as pool_events
from failure_detect.clock import Instant
from failure_detect.identity import Address, MemberId

# --- events: from the pools ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FromPool:
    """What the network brings for a pool, or what its detector is told."""

    pool: Pool
    event: pool_events.Event


# --- events: from the store ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KindsServed:
    """What the store serves, of those kinds that we know."""

    served: frozenset[tuple[Kind, str]]


@dataclass(frozen=True, slots=True)
class ObjectsListed:
    """All objects of a kind, as they are now."""

    kind: Kind
    documents: tuple[Document, ...]
    begun_at: Instant
    """When they were asked for: what was written after that may be missing."""
    request: int = 0
    """The `ListRequested` that this answers; 0: none, a watch began."""


@dataclass(frozen=True, slots=True)
class KindRefused:
    """The store does not let us list a kind."""

    kind: Kind
    why: str


@dataclass(frozen=True, slots=True)
class ObjectSeen:
    """A watch brought one object: as it is now, or None: it is gone."""

    key: ObjectKey
    document: Document | None


@dataclass(frozen=True, slots=True)
class StoreAnswered:
    """The store answers, or does not, with words for why not."""

    answers: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class LeaseWriteFinished:
    """A conditional update of the Lease ended: the object as it is now, None where it failed."""

    number: int
    document: Document | None


@dataclass(frozen=True, slots=True)
class HolderEnded:
    """The process that stands in the Lease is known to have ended."""

    holder: str


# --- events: from this node ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClockRead:
    """What the wall clock shows (ms since 1970)."""

    wall_ms: int


@dataclass(frozen=True, slots=True)
class CertificatesMade:
    """This process has new certificates: its address, its start or the cluster's key is another."""

    lan: bytes
    wan: bytes | None
    """None where it may be no bridge: it has no cluster key."""


@dataclass(frozen=True, slots=True)
class KeyLoaded:
    """The cluster's key is another now, or has another certificate of the fleet."""

    key: PublishingKey
    own_keys: Mapping[int, PublicKey]
    """The cluster's public keys by generation: during a rotation there are two."""
    revocations: bytes = b""
    """The fleet's list, where this agent has a file of it."""


@dataclass(frozen=True, slots=True)
class LocalAsked:
    """Somebody asks the local API something that only a bridge can answer."""

    number: int
    path: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StopRequested:
    """The process is to stop: say so to the pools, hand over, leave."""


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The settings file says something else of the cluster."""

    settings: ClusterSettings


StoreFact: TypeAlias = KindsServed | ObjectsListed | ObjectSeen | KindRefused | StoreAnswered
HeadFact: TypeAlias = WriteFinished | LeaseWriteFinished | HolderEnded | PathTried
"""Outcomes of what a bridge ordered."""

Renewal: TypeAlias = CertificatesMade | KeyLoaded | SettingsChanged
Event: TypeAlias = (
    FromPool | StoreFact | HeadFact | Renewal | ClockRead | LocalAsked | StopRequested
)

# --- effects: orders ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToPool:
    """An order of a pool's detector, or of what stands above it."""

    pool: Pool
    order: pool_events.Order


@dataclass(frozen=True, slots=True)
class StateChanged:
    """What is to outlive this process has changed: keep it before anything that follows is done."""


@dataclass(frozen=True, slots=True)
class WriteRequested:
    """Do this to the store, and tell `WriteFinished(number)`."""

    number: int
    step: Step


@dataclass(frozen=True, slots=True)
class WordSaid:
    """Write an Event, or a status; nothing hangs on it."""

    word: Word


@dataclass(frozen=True, slots=True)
class ToSisters:
    """Tell all other bridges of our own cluster."""

    report: AnyReport


@dataclass(frozen=True, slots=True)
class TrustAltered:
    """Whom this cluster believes is another now: ask each who is let in once more."""


@dataclass(frozen=True, slots=True)
class LeaseWriteRequested:
    """Do this conditional update, and tell `LeaseWriteFinished(number)`."""

    number: int
    write: Apply


@dataclass(frozen=True, slots=True)
class HolderAsked:
    """Find out whether this process has ended, and tell `HolderEnded` if it is known to have."""

    holder: str


@dataclass(frozen=True, slots=True)
class ListRequested:
    """List these kinds afresh; each comes as `ObjectsListed(request)`."""

    request: int
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class KindsWanted:
    """Watch exactly these kinds from now on."""

    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class CertificatesWanted:
    """Make certificates, of a start number of at least this; tell `CertificatesMade`."""

    start: int
    why: str


@dataclass(frozen=True, slots=True)
class LocalAnswered:
    """The answer to `LocalAsked(number)`: an HTTP status, and JSON."""

    number: int
    status: int
    """503: no bridge answers; 429: too many questions are under way."""
    body: bytes | None
    """None with these two."""


@dataclass(frozen=True, slots=True)
class ClusterKnown:
    """Who of our cluster takes `wan` traffic for itself, and where all its agents are."""

    bridges: Mapping[MemberId, Address]
    """All but this one, where they are in `lan`."""
    agents: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class OwnNodeSeen:
    """The object of this agent's own node is another now, or gone: its addresses may be others."""

    document: Document | None


@dataclass(frozen=True, slots=True)
class ReportWanted:
    """Another agent asks what our local API would say: answer its `lan` stream `request`."""

    request: int
    path: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Noted:
    """Something happened: for the log, the metrics, and who looks on."""

    fact: object
    pool: Pool | None = None
    """In which pool; None: in neither."""


@dataclass(frozen=True, slots=True)
class BridgeBegan:
    """This agent is a bridge from now on: open the `wan` pool."""


@dataclass(frozen=True, slots=True)
class BridgeEnded:
    """This agent is no bridge any more: close the `wan` pool, once what was said is sent."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """All is said: the process may end."""


@dataclass(frozen=True, slots=True)
class TrustRecalled:
    """The store has not said whom the cluster trusts: so many objects of an earlier run count."""

    objects: int


Order: TypeAlias = (
    ToPool
    | StateChanged
    | WriteRequested
    | WordSaid
    | LeaseWriteRequested
    | HolderAsked
    | ListRequested
    | KindsWanted
    | CertificatesWanted
    | LocalAnswered
    | ClusterKnown
    | OwnNodeSeen
    | BridgeBegan
    | BridgeEnded
    | TrustAltered
    | ReportWanted
    | ConnectRequested
    | Stopped
)
Effect: TypeAlias = Order | Noted
