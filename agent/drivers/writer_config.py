"""What a writer is given, and what it counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agent.drivers.pacing import PacingConfig
from agent.drivers.plan import Services
from agent.drivers.start_guard import Standings
from agent.drivers.writer_events import WriteError
from discovery.view_changes import ViewDiff
from failure_detect.clock import MILLISECOND, SECOND, Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterConfig:
    """How the writer goes about it."""

    pacing: PacingConfig = field(default_factory=PacingConfig)
    settle: Duration = 30 * SECOND
    """After it became publisher: so long it takes no origin that was not heard of for gone."""
    look_every: Duration = 500 * MILLISECOND
    """From one plan to the next that is made because objects of others changed, and no view."""
    in_flight: int = 16
    """Writes at the store at one time, of different groups."""
    is_dry_run: bool = False
    """Show what would be written, and write nothing."""


class Reader(Services, Standings, Protocol):
    """The view, as far as the writer reads it."""

    def take_diff(self) -> ViewDiff:
        """Return the services that differ since this was called last; nobody else calls it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterStatistics:
    """What was done, and what waits."""

    plans: int
    bursts: int
    writes: int
    """Begun; how many of these failed is in `failures`."""
    failures: Mapping[WriteError, int]
    restored: int
    """Objects that were written again after others had altered them."""
    in_flight: int
    waiting: int
    """Services that are not as they should be: failed, held back, contested."""
