"""What the wall clock shows, as of when it was read last."""

from failure_detect.clock import MILLISECOND, Instant


class Wall:
    """Goes on by itself between two readings; it decides nothing, and people read it."""

    def __init__(self) -> None:
        """Have been read by nobody yet."""
        self._read: tuple[int, Instant] | None = None

    @property
    def is_known(self) -> bool:
        """Whether it was ever read."""
        return self._read is not None

    def read(self, wall_ms: int, now: Instant) -> None:
        """Learn what it shows now (ms since 1970)."""
        self._read = wall_ms, now

    def ms(self, now: Instant) -> int:
        """Return what it shows at `now`, 0 where nobody has read it."""
        if self._read is None:
            return 0
        wall_ms, at = self._read
        return wall_ms + (now - at) // MILLISECOND
