"""What goes into an agent's part in the Lease and what comes out of it."""

from dataclasses import dataclass
from typing import TypeAlias

from agent.objects import Document
from agent.writes import Apply
from discovery.publisher_events import EpochConfirmed, LeaseAcquired, LeaseLost, LeaseRenewed

# --- events -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LeaseWanted:
    """Whether this agent could publish: it is a bridge, with the cluster key and its sources."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class LeaseSeen:
    """The object as the store has it now; None where there is none."""

    document: Document | None


@dataclass(frozen=True, slots=True)
class LeaseWritten:
    """A `WriteLease(number)` ended: with the object as it is now, or with None: it failed."""

    number: int
    document: Document | None


@dataclass(frozen=True, slots=True)
class HolderGone:
    """The process that stands in the Lease is known to have ended."""

    holder: str


@dataclass(frozen=True, slots=True)
class EpochWanted:
    """This epoch is to be written into it, if it is ours (`EpochProposed` of a publisher)."""

    epoch: int


@dataclass(frozen=True, slots=True)
class ClockShown:
    """What the wall clock shows: for people who read the object, and for nothing else."""

    wall_ms: int


Event: TypeAlias = LeaseWanted | LeaseSeen | LeaseWritten | HolderGone | EpochWanted | ClockShown

# --- effects ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WriteLease:
    """Do this conditional update, and tell `LeaseWritten(number)`."""

    number: int
    write: Apply


@dataclass(frozen=True, slots=True)
class AskHolder:
    """Find out whether this process has ended; tell `HolderGone` if it is known to have."""

    holder: str


Fact: TypeAlias = LeaseAcquired | LeaseRenewed | LeaseLost | EpochConfirmed
Effect: TypeAlias = WriteLease | AskHolder | Fact
