"""The one list of what is due, so that the machine shows one deadline and no timer tokens."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import TypeAlias

from failure_detect.clock import NEVER, Instant

Action: TypeAlias = Callable[[Instant], None]


class Timer:
    """One entry of the agenda; `cancel` it, or let it come."""

    __slots__ = ("action", "at")

    def __init__(self, at: Instant, action: Action) -> None:
        """Remember `action` for `at`."""
        self.at = at
        self.action: Action | None = action

    def cancel(self) -> None:
        """Drop it; cancelling twice, or after it ran, is fine."""
        self.action = None


class Agenda:
    """Actions ordered by time; equal times in the order in which they were scheduled."""

    __slots__ = ("_heap", "_order")

    def __init__(self) -> None:
        """Start empty."""
        self._heap: list[tuple[Instant, int, Timer]] = []
        self._order = 0

    def schedule(self, at: Instant, action: Action) -> Timer:
        """Run `action(now)` once `now` has reached `at`."""
        timer = Timer(at, action)
        self._order += 1
        heappush(self._heap, (at, self._order, timer))
        return timer

    @property
    def deadline(self) -> Instant:
        """When the next action is due; `NEVER` where there is none."""
        heap = self._heap
        while heap and heap[0][2].action is None:
            heappop(heap)
        return heap[0][0] if heap else NEVER

    def run(self, now: Instant) -> None:
        """Run what is due at `now`, but not what these actions schedule for `now` themselves."""
        due: list[Timer] = []
        heap = self._heap
        while heap and heap[0][0] <= now:
            due.append(heappop(heap)[2])
        for timer in due:
            action = timer.action
            if action is not None:  # An action before it in this very run may have cancelled it.
                timer.action = None
                action(now)
