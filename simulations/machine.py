"""What the world runs: anything with the surface of a sans-IO machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol, TypeAlias, runtime_checkable

from failure_detect.clock import Instant
from failure_detect.events import Effect, Event
from failure_detect.identity import Authority, Identity


class Machine(Protocol):
    """Events and the time go in, effects come out (`failure_detect.events`)."""

    @property
    def deadline(self) -> Instant:
        """When `advance` is due next, in microseconds of the machine's own clock."""
        ...

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact."""
        ...

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due at `now`."""
        ...

    def statistics(self) -> object:
        """Return counts: a mapping from names to integers, or a frozen dataclass of them."""
        ...

    def check_invariants(self) -> None:
        """Raise AssertionError where the state contradicts itself."""
        ...


@dataclass(frozen=True, slots=True)
class Called:
    """Something that a machine learns by other means than an event of the detector.

    Arrives as events do: it waits in the inbox of a process that is paused or slow.
    """

    what: str
    """What is told, for the trace: equal for equal calls."""

    call: Callable[[Machine, Instant], list[Effect]] = field(repr=False)
    """Tells the machine at this instant of its own clock, and returns its effects."""


Arrival: TypeAlias = Event | Called


@runtime_checkable
class Snapshotting(Protocol):
    """A machine that has something to keep over a restart."""

    def snapshot(self) -> Sequence[bytes]:
        """Return what `MembersRestored` hands to the next process of this member."""
        ...


@runtime_checkable
class Gateable(Protocol):
    """A machine whose threads of work block one by one, as a gate closes on their traffic.

    It is told of the gate and goes on being advanced; one that lacks this method stalls
    as a whole with its first send.
    """

    def gate(self, closed: bool, now: Instant) -> None:  # noqa: FBT001  # A fact, not a mode.
        """Learn that from `now` on no traffic passes (`closed`), or that it does again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberContext:
    """All that a new process is given to make its machine from."""

    index: int
    """Which member of the world this is, from 0."""

    identity: Identity
    """Who the new process is; the same as `certificate` says."""

    certificate: bytes
    """Issued by the world's stand-in for the cluster."""

    authority: Authority
    """Signs in this process's name only, verifies everybody's."""

    rng: Random
    """This process's own generator."""

    now: Instant
    """What the member's own clock shows, in microseconds; not the world's time."""
