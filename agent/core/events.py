"""What goes into the agent's core and what comes out of it, beside what its parts define."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from agent.drivers.writer_events import WriteFinished
from agent.objects import Document, Kind, ObjectKey
from agent.writes import Apply, Word, Write
from discovery.data_path import ConnectRequested, PathTried
from discovery.publisher_events import PublishingKey
from failure_detect import events as pool_events
from failure_detect.clock import Duration
from failure_detect.identity import MemberId


class Pool(StrEnum):
    """Which pool something belongs to."""

    LAN = "lan"
    """The agents of the own cluster."""
    WAN = "wan"
    """The bridges of all clusters."""


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
    request: int = 0
    """The `ListRequested` that this answers; 0: none, a watch began."""


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


@dataclass(frozen=True, slots=True)
class LocalAsked:
    """Somebody asks the local API something that only a bridge can answer."""

    number: int
    path: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StopRequested:
    """The process is to stop: say so to the pools, hand over, leave."""


StoreEvent: TypeAlias = (
    KindsServed
    | ObjectsListed
    | ObjectSeen
    | StoreAnswered
    | WriteFinished
    | LeaseWriteFinished
    | HolderEnded
)
NodeEvent: TypeAlias = (
    ClockRead | CertificatesMade | KeyLoaded | LocalAsked | StopRequested | PathTried
)
Event: TypeAlias = FromPool | StoreEvent | NodeEvent

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
    write: Write


@dataclass(frozen=True, slots=True)
class WordSaid:
    """Tell people, by a status or an Event; nothing hangs on it."""

    word: Word


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
    body: bytes


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who else of our cluster takes `wan` traffic for itself: short ids to `lan` addresses."""

    members: tuple[tuple[MemberId, str], ...]


@dataclass(frozen=True, slots=True)
class ChangeSettled:
    """A change of the view is in the store, so long after it was adopted here (us)."""

    took: Duration


@dataclass(frozen=True, slots=True)
class Stopped:
    """All is said: the process may end."""


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
    | StandIn
    | ConnectRequested
    | Stopped
)
