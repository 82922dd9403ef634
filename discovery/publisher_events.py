"""What goes into a publisher and what comes out of it."""

from dataclasses import dataclass
from typing import TypeAlias

from discovery.alarms import AlarmRaised
from discovery.authority import Signer
from discovery.exports import Desired, Exported, Statements
from discovery.isolation import CutOffEnded, CutOffPresumed
from discovery.manifest import IntentKind, Manifest
from discovery.names import ServiceName
from discovery.recordset import RecordSet
from discovery.wall_time import WallClockRead
from failure_detect.clock import Instant


@dataclass(frozen=True, slots=True)
class PublishingKey:
    """A cluster's key: what signs, its generation, and the fleet's certificate where it has one."""

    signer: Signer
    generation: int
    certificate: bytes = b""


# --- events: clock and lease -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LeaseAcquired:
    """The Lease is ours until `until` of our own clock; `epoch` is the one that stands in it."""

    epoch: int
    until: Instant


@dataclass(frozen=True, slots=True)
class LeaseRenewed:
    """Our conditional update of the Lease went through: nobody else had it in between."""

    until: Instant


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """The Lease is another's, or we gave it up."""


@dataclass(frozen=True, slots=True)
class EpochConfirmed:
    """The epoch that was proposed stands in the Lease, by a conditional update of ours."""

    epoch: int


# --- events: what others hold of us ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ManifestSeen:
    """A verified manifest of our own origin was met somewhere, its records not (yet)."""

    manifest: Manifest


@dataclass(frozen=True, slots=True)
class SetSeen:
    """A verified set of our own origin was met: on disk, or at a peer."""

    manifest: Manifest
    records: RecordSet


@dataclass(frozen=True, slots=True)
class SetRefused:
    """Our own bridge does not hold what we published: so nobody else has it either."""

    manifest: Manifest
    why: str


# --- events: what is to be published -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class DesiredChanged:
    """This is everything there is to publish: all sources have been listed completely."""

    desired: Desired


@dataclass(frozen=True, slots=True)
class ExportChanged:
    """One service is exported so. Before the first `DesiredChanged` it says nothing."""

    exported: Exported


@dataclass(frozen=True, slots=True)
class ExportRemoved:
    """One service is exported no more. Before the first `DesiredChanged` it says nothing."""

    service: ServiceName


@dataclass(frozen=True, slots=True)
class StatementsChanged:
    """All that is said beside exports. Before the first `DesiredChanged` it says nothing."""

    statements: Statements


@dataclass(frozen=True, slots=True)
class IntentDeclared:
    """A withdrawal is meant: of `subject` (None: of the cluster), `amount` endpoints, 0 for all."""

    kind: IntentKind
    subject: ServiceName | None = None
    amount: int = 0


@dataclass(frozen=True, slots=True)
class ListConfirmed:
    """The list that `FreshListWanted(request)` asked for is done, and what it found was told."""

    request: int


@dataclass(frozen=True, slots=True)
class KeyRotated:
    """The cluster has another key, of a higher generation; or another certificate of this one."""

    key: PublishingKey


@dataclass(frozen=True, slots=True)
class DepartureRequested:
    """The cluster leaves for good: its set is empty from now on."""


Wanted: TypeAlias = (
    DesiredChanged
    | ExportChanged
    | ExportRemoved
    | StatementsChanged
    | IntentDeclared
    | DepartureRequested
)
Told: TypeAlias = (
    WallClockRead
    | LeaseAcquired
    | LeaseRenewed
    | LeaseLost
    | EpochConfirmed
    | ManifestSeen
    | SetSeen
    | SetRefused
    | ListConfirmed
    | KeyRotated
    | Wanted
)
"""What comes from outside."""

IsolationFact: TypeAlias = CutOffPresumed | CutOffEnded
Event: TypeAlias = Told | IsolationFact


# --- effects -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EpochProposed:
    """Write this epoch into the Lease by a conditional update, then tell `EpochConfirmed`.

    Where that fails the Lease is another's: tell `LeaseLost`. Nothing is signed with it before.
    """

    epoch: int


@dataclass(frozen=True, slots=True)
class Published:
    """This is our set now: to be adopted by the catalog, kept, and rumoured."""

    manifest: Manifest
    records: RecordSet


@dataclass(frozen=True, slots=True)
class FreshListWanted:
    """List all sources afresh, tell what they have, then `ListConfirmed(request)`."""

    request: int
    why: str


Effect: TypeAlias = EpochProposed | Published | FreshListWanted | AlarmRaised
