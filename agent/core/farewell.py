"""When an agent that was asked to stop may end: the lease is given up, and the word has spread."""

from failure_detect.clock import NEVER, SECOND, Duration, Instant

LINGER: Duration = 1 * SECOND
"""How long the word that this agent leaves is given to spread, before the process ends."""


class Farewell:
    """The end of one agent."""

    def __init__(self) -> None:
        """Be asked by nobody yet."""
        self._spread_at: Instant = NEVER
        self._stops_by: Instant = NEVER
        self._release = 0

    @property
    def is_begun(self) -> bool:
        """Whether the agent was asked to stop."""
        return self._stops_by != NEVER

    @property
    def deadline(self) -> Instant:
        """When it may end; `NEVER` while nobody asked, or once it did."""
        return self._spread_at if not self._release else max(self._spread_at, self._stops_by)

    def begin(self, within: Duration, now: Instant) -> None:
        """Begin to leave, and be over `within` that time whatever does not answer."""
        self._stops_by = now + within
        self._spread_at = min(now + LINGER, self._stops_by)

    def gives_up(self, write: int) -> None:
        """Wait for this write, by which the lease is given up; 0: for none."""
        self._release = write

    def written(self, write: int) -> None:
        """Learn that a write of the lease has ended."""
        if write == self._release:
            self._release = 0

    def take_over(self, now: Instant) -> bool:
        """Tell, once, that the agent may end."""
        if self.deadline > now:
            return False
        self._spread_at, self._release = NEVER, 0
        return True
