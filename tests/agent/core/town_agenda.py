"""The one clock of a small world, and what is to happen in it, in order."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

from failure_detect.clock import MILLISECOND, NEVER, Duration, Instant

WALL_MS = 1_700_000_000_000
"""What every wall clock shows at the beginning (ms since 1970)."""

Action: TypeAlias = Callable[[], None]


class Agenda:
    """What happens when. Of two things at one time the one that was planned first is first."""

    def __init__(self) -> None:
        self.now: Instant = 0
        self._heap: list[tuple[Instant, int, Action]] = []
        self._order = count()

    def after(self, delay: Duration, action: Action) -> None:
        """Do this so much later."""
        heappush(self._heap, (self.now + delay, next(self._order), action))

    @property
    def next_at(self) -> Instant:
        """When the next thing is due."""
        return self._heap[0][0] if self._heap else NEVER

    def take(self) -> None:
        """Do the next thing, at its time."""
        self.now, _, action = heappop(self._heap)
        action()

    def wall_ms(self) -> int:
        """What every wall clock shows."""
        return WALL_MS + self.now // MILLISECOND
