"""What goes into the election of bridges and what comes out of it."""

from dataclasses import dataclass
from typing import TypeAlias

from discovery.wall_time import WallClockRead
from failure_detect.events import (
    BroadcastReceived,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
)
from failure_detect.identity import MemberId

# --- events ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AbilityChanged:
    """What this agent is able to do, as it knows itself."""

    has_key: bool
    """Whether its certificate lets it be a bridge and it has the cluster's key."""
    is_reachable: bool | None
    """Whether bridges of other clusters reach it; None while nobody has tried."""
    has_api: bool
    """Whether the API server answers it now."""


MemberFact: TypeAlias = (
    MemberJoined | MemberUpdated | MemberDied | MemberReturned | MemberLeft | MemberRetired
)
Event: TypeAlias = AbilityChanged | MemberFact | BroadcastReceived | WallClockRead

# --- effects --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BecomeBridge:
    """This agent is a bridge from now on: join the `wan` pool."""


@dataclass(frozen=True, slots=True)
class StepDown:
    """This agent is no bridge any more: leave the `wan` pool, give up the lease."""

    why: str


@dataclass(frozen=True, slots=True)
class AnnounceDuty:
    """Gossip a statement, ours or one that was received, in `lan` (`BroadcastRequested`)."""

    key: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class BridgesChanged:
    """These living members are the bridges of this cluster now, in the order of their rank."""

    members: tuple[MemberId, ...]


Effect: TypeAlias = BecomeBridge | StepDown | AnnounceDuty | BridgesChanged
