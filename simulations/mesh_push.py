"""When OSM tells its side-cars: after two seconds of silence, after ten at the most.

Measured: 2.03 to 2.06 s after a single write; under one write a second after 10.0 s from the first,
and again from the first write after that. One window for all kinds and all namespaces.
"""

from failure_detect.clock import MILLISECOND, NEVER, SECOND, Duration, Instant

SILENCE: Duration = 2 * SECOND + 50 * MILLISECOND
"""From the last write to the push."""

PUSH_BOUND: Duration = 10 * SECOND
"""From the first write to the push, however many follow."""


class PushWindow:
    """The writes that the next push will tell of."""

    def __init__(self) -> None:
        """Start with nothing to tell."""
        self._first: Instant | None = None
        self._last: Instant = 0

    def note(self, now: Instant) -> None:
        """Note a change that is worth a push."""
        self._first = now if self._first is None else self._first
        self._last = now

    def clear(self) -> None:
        """Forget what was noted: it was told, or nobody is left to tell it."""
        self._first = None

    @property
    def is_open(self) -> bool:
        """Whether anything waits to be told."""
        return self._first is not None

    @property
    def deadline(self) -> Instant:
        """When the push is due."""
        if self._first is None:
            return NEVER
        return min(self._last + SILENCE, self._first + PUSH_BOUND)
