"""The clocks of members: monotonic, each with its own epoch, rate and leaps."""

from failure_detect.clock import Duration, Instant

_MILLION = 1_000_000


class MemberClock:
    """Maps the world's time to what one member's monotonic clock shows, and back.

    Two members' clocks have nothing in common: whoever compares them is found out.
    """

    __slots__ = ("_since", "drift_ppm", "offset")

    def __init__(self, epoch: Instant) -> None:
        self.offset: Duration = epoch
        """What the clock showed at the world's instant `_since`, less that instant (us)."""
        self.drift_ppm: int = 0
        """By how many microseconds per second the clock runs fast (slow where negative)."""
        self._since: Instant = 0

    def read(self, world: Instant) -> Instant:
        """Return what the clock shows at the instant `world`."""
        if not self.drift_ppm:
            return world + self.offset
        return world + self.offset + (world - self._since) * self.drift_ppm // _MILLION

    def instant_of(self, reading: Instant) -> Instant:
        """Return the first instant of the world at which the clock shows `reading` or more."""
        if not self.drift_ppm:
            return reading - self.offset
        shown = reading - self.offset - self._since  # Microseconds of this clock since then.
        return self._since - (-shown * _MILLION // (_MILLION + self.drift_ppm))

    def set_drift(self, world: Instant, drift_ppm: int) -> None:
        """Let the clock run fast by `drift_ppm` from the instant `world` on."""
        if drift_ppm <= -_MILLION:
            raise ValueError("a monotonic clock cannot stand or run backwards")
        self.offset = self.read(world) - world
        self._since = world
        self.drift_ppm = drift_ppm

    def step(self, by: Duration) -> None:
        """Let the clock leap forward by `by` microseconds (a monotonic clock cannot go back)."""
        if by < 0:
            raise ValueError("a monotonic clock never goes back")
        self.offset += by
