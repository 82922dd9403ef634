"""The Lease of each cluster's API server, and the clock on its wall: what a publisher stands on.

A lease is held for 15 s and renewed every 5 s; who wants it and finds it run out takes it, with an
epoch that stands in it before anything is signed. An API server that is down answers nobody.
"""

from dataclasses import dataclass

from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant

LEASE: Duration = 15 * SECOND
RENEWAL: Duration = 5 * SECOND
ROUND_TRIP: Duration = 5 * MILLISECOND
"""How long the API server takes for one conditional update."""

EPOCH_MS = 1_760_000_000_000
"""What all wall clocks show at the beginning of a world (ms)."""


@dataclass(slots=True)
class Lease:
    """One cluster's Lease object."""

    epoch: int = EPOCH_MS
    holder: int | None = None
    """The place of the bridge that has it."""
    process: bytes = b""
    """Which process there: the next one at the same place is another, and waits like any other."""
    until: Instant = 0
    """Until when (us, of the world)."""
    is_served: bool = True
    """Whether the API server answers."""

    def take(self, place: int, now: Instant, process: bytes = b"") -> bool:
        """Take or renew it for a process; False where another has it, or nobody answers."""
        is_free = self.holder is None or now >= self.until
        if not self.is_served or not (is_free or self.is_held_by(place, process)):
            return False
        self.holder, self.process, self.until = place, process, now + LEASE
        return True

    def is_held_by(self, place: int, process: bytes = b"") -> bool:
        """Tell whether it stands in the name of exactly this process, run out or not."""
        return (self.holder, self.process) == (place, process)

    def write_epoch(self, place: int, epoch: int, now: Instant) -> bool:
        """Write an epoch into it; False where it is not this place's, or nobody answers."""
        if not self.is_served or self.holder != place or now >= self.until:
            return False
        self.epoch = max(self.epoch, epoch)
        return self.epoch == epoch

    def give_up(self, place: int) -> None:
        """Let it be anybody's."""
        if self.holder == place:
            self.holder, self.until = None, 0


def wall_ms(now: Instant) -> int:
    """Return what a wall clock shows that nobody has tampered with (ms since 1970)."""
    return EPOCH_MS + now // MILLISECOND
