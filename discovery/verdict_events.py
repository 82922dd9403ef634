"""What goes into the verdicts and what comes out of them.

Of the `wan` detector and of `isolation` the facts are taken as they are; the rest is below.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from discovery.isolation import CutOffEnded, CutOffPresumed
from discovery.names import Origin
from discovery.reports import AnyReport
from discovery.standing import Standing
from failure_detect.clock import Duration
from failure_detect.events import (
    IsolationChanged,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    ReachabilityChanged,
)
from failure_detect.identity import MemberId


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestAdopted:
    """A manifest of `origin` was adopted, from a peer or from the last good state."""

    origin: Origin
    lifetime: Duration
    """How long it is fresh from now, microseconds: since it was received here."""
    departs: bool = False
    """It is the origin's signed departure."""
    drains: bool = False
    """Its set has a drain of the whole cluster."""
    silent_for: Duration = 0
    """Of a state that was kept: how long no bridge was alive when it was written."""
    revoked_for: Duration | None = None
    """Of a state that was kept: how long ago its key was revoked, None where it was not."""


@dataclass(frozen=True, slots=True)
class TrustEnded:
    """No trust object names `origin` any more."""

    origin: Origin


@dataclass(frozen=True, slots=True)
class TrustRestored:
    """`origin` is trusted again, and the key that signed what is held of it."""

    origin: Origin


@dataclass(frozen=True, slots=True)
class Revoked:
    """The key that signed what is held of `origin` is worth nothing any more.

    The fleet revoked it, or its trust object does not have it any more.
    """

    origin: Origin
    ago: Duration = 0
    """How long before now."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """The set of `origin` is not for us any more, by its own word, and nothing of it is held."""

    origin: Origin


@dataclass(frozen=True, slots=True)
class DataPathReported:
    """This bridge connected to the gateways of `origin`, or to a sample of its endpoints."""

    origin: Origin
    is_open: bool
    """Whether any of them answered."""


@dataclass(frozen=True, slots=True)
class PeerReport:
    """Another bridge of our own cluster said what it sees (`ReportToBridges` of its machine)."""

    bridge: MemberId
    report: AnyReport


@dataclass(frozen=True, slots=True)
class OwnBridgeGone:
    """A bridge of our own cluster died, left or stepped down: it is no witness any more."""

    bridge: MemberId


MembershipFact: TypeAlias = (
    MemberJoined
    | MemberUpdated
    | MemberDied
    | MemberReturned
    | MemberLeft
    | MemberRetired
    | ReachabilityChanged
)
IsolationFact: TypeAlias = IsolationChanged | CutOffPresumed | CutOffEnded
SignedWord: TypeAlias = ManifestAdopted | TrustEnded | TrustRestored | Revoked | Excluded
Testified: TypeAlias = PeerReport | OwnBridgeGone
Event: TypeAlias = MembershipFact | IsolationFact | SignedWord | Testified | DataPathReported


class ClusterAlarm(StrEnum):
    """What an operator should look at in other clusters; each is raised once when it begins."""

    STALE = "stale"
    """The cluster lives and its manifest is not renewed: its publisher is in trouble."""
    EXPIRED = "expired"
    """A cluster was removed because it was silent for the whole retention."""
    REVOKED = "revoked"
    """The key that signed what is held was revoked; its successor has not spoken."""
    FLAPPING = "flapping"
    """A verdict changed to and fro so often that it gets better as slowly as it can."""
    ALL_LOST = "all-lost"
    """All other clusters, two at least, were lost at one time: it is most likely us."""


@dataclass(frozen=True, slots=True)
class StandingChanged:
    """`origin` is to be treated so from now on."""

    origin: Origin
    standing: Standing


@dataclass(frozen=True, slots=True)
class EvidenceChanged:
    """`origin` is to be treated as before, since the same time, and for another reason."""

    origin: Origin
    standing: Standing


@dataclass(frozen=True, slots=True)
class ReportToBridges:
    """Tell the other bridges of our own cluster, over `lan`, what this one sees."""

    report: AnyReport


@dataclass(frozen=True, slots=True)
class ClusterAlarmRaised:
    """Something is wrong with `origins` that a person should know of."""

    alarm: ClusterAlarm
    origins: tuple[Origin, ...]
    why: str


Effect: TypeAlias = StandingChanged | EvidenceChanged | ReportToBridges | ClusterAlarmRaised


@dataclass(frozen=True, slots=True)
class VerdictStatistics:
    """How the remote clusters stand."""

    origins: dict[str, int]
    """How many clusters have each verdict, by its name."""
    members: int
    sisters: int
    """Other bridges of our own cluster whose reports count."""
    is_barred: bool
    """We presume to be cut off: nothing gets worse."""
    lost_together: int
    """Clusters whose loss is presumed to be ours."""
    ignored: int
    """Facts beyond a limit, or that refer to what is not known."""
