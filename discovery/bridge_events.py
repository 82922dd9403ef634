"""What goes into a bridge and what comes out of it, beside what its parts define themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from discovery import isolation, own_overlay, publisher_events, verdict_events
from discovery.alarms import AlarmRaised
from discovery.data_path import ConnectRequested, PathTried
from discovery.events import (
    ContradictionFound,
    GossipFact,
    MembershipFact,
    SetAdopted,
    SetExcluded,
    SetForgotten,
    SetQuestioned,
    SetVindicated,
    StreamEvent,
)
from discovery.evidence import Evidence
from discovery.guards import HoldEnded, HoldStarted
from discovery.state import KeptState
from discovery.trust_events import InputRefused, KeyExpired, TrustEvent
from discovery.wall_time import WallClockRead
from failure_detect.events import (
    BroadcastRequested,
    FingerprintChanged,
    IsolationChanged,
    SendRequest,
    SendResponse,
)

# --- events ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LanFact:
    """What the detector of our own cluster's pool found, or the API server says of its nodes."""

    fact: isolation.Event | own_overlay.LanFact


@dataclass(frozen=True, slots=True)
class PoliciesListed:
    """All TrafficPolicy objects of this cluster, as they are now."""

    objects: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class StateRestored:
    """What an earlier run of this node, or of this cluster's bridges, had kept.

    To be told after the trust objects, and before anybody else is heard.
    """

    state: KeptState


OwnEvent: TypeAlias = LanFact | WallClockRead | PoliciesListed | StateRestored
Witnessed: TypeAlias = (
    verdict_events.PeerReport | verdict_events.OwnBridgeGone | verdict_events.DataPathReported
)
PoolFact: TypeAlias = MembershipFact | GossipFact | StreamEvent | IsolationChanged
Told: TypeAlias = OwnEvent | PathTried | publisher_events.Told
Event: TypeAlias = PoolFact | Witnessed | TrustEvent | Told

# --- effects --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ViewTouched:
    """The view may differ: take its diff when it suits."""


@dataclass(frozen=True, slots=True)
class EvidenceKept:
    """Two manifests prove that a cluster's key is misused: they are kept, to be shown."""

    evidence: Evidence


Order: TypeAlias = (
    BroadcastRequested
    | FingerprintChanged
    | SendRequest
    | SendResponse
    | ConnectRequested
    | verdict_events.ReportToBridges
    | publisher_events.EpochProposed
    | publisher_events.FreshListWanted
)
Fact: TypeAlias = (
    ViewTouched
    | EvidenceKept
    | SetAdopted
    | SetForgotten
    | SetExcluded
    | SetQuestioned
    | SetVindicated
    | ContradictionFound
    | HoldStarted
    | HoldEnded
    | InputRefused
    | KeyExpired
    | verdict_events.StandingChanged
    | verdict_events.EvidenceChanged
    | verdict_events.ClusterAlarmRaised
    | publisher_events.Published
    | AlarmRaised
)
Effect: TypeAlias = Order | Fact
