"""The simulated time and what is to happen when: one heap ordered by (time, sequence)."""

from collections.abc import Callable
from heapq import heappop, heappush

from failure_detect.clock import Duration, Instant

_TIMER_RANK = 1 << 60


class Schedule:
    """Calls in the order of their instants; those of one instant in the order they were made.

    Timers of one instant come after everything else of that instant, however early they
    were set: a driver takes what has arrived before it looks at the time.
    """

    def __init__(self) -> None:
        self.now: Instant = 0
        """Microseconds since the beginning of the world."""
        self._heap: list[tuple[Instant, int, Callable[[], None]]] = []
        self._sequence = 0

    def at(self, instant: Instant, call: Callable[[], None]) -> None:
        """Make `call` at `instant`, or now where that is past."""
        self._sequence += 1
        heappush(self._heap, (max(instant, self.now), self._sequence, call))

    def after(self, delay: Duration, call: Callable[[], None]) -> None:
        """Make `call` in `delay` microseconds."""
        self._sequence += 1
        heappush(self._heap, (self.now + delay, self._sequence, call))

    def timer(self, instant: Instant, call: Callable[[], None]) -> None:
        """Make `call` at `instant`, after all else that happens then."""
        self._sequence += 1
        heappush(self._heap, (max(instant, self.now), self._sequence | _TIMER_RANK, call))

    def run_until(self, until: Instant) -> None:
        """Make every call up to and including `until`, and let it be `until` then."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, call = heappop(heap)
            call()
        self.now = max(self.now, until)

    def step(self, until: Instant) -> bool:
        """Make one call that is due by `until`; False, and it is `until`, where none is."""
        if not self._heap or self._heap[0][0] > until:
            self.now = max(self.now, until)
            return False
        self.now, _, call = heappop(self._heap)
        call()
        return True
