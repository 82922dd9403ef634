"""A latch between evidence and verdict: worse fast, better slowly, and slower where it flaps.

Rule 1: bad evidence that lasts sets the latch. Rule 2: good evidence that lasts longer clears it.
Rule 3: each time it is set again within a while after it was cleared, the next clearing takes
twice as long, up to a limit. Rule 4: where there is no evidence it stays as it is, and what was
bad or good has to last anew afterwards.
"""

from failure_detect.clock import NEVER, Duration, Instant

_DOUBLINGS_MAX = 32


class Latch:
    """Whether one thing about one origin is held to be bad."""

    __slots__ = ("_bad_since", "_cleared_at", "_good_since", "_wait", "flaps", "is_set")

    def __init__(self) -> None:
        """Start clear, with no evidence."""
        self.is_set = False
        self.flaps = 0
        """How often it was set again soon after it was cleared."""
        self._bad_since: Instant = NEVER
        self._good_since: Instant = NEVER
        self._cleared_at: Instant = -NEVER
        self._wait: Duration = 0

    def bad(self, since: Instant, wait: Duration) -> None:
        """Evidence is bad since `since`; after `wait` it counts. Said again, the earlier holds."""
        self._good_since = NEVER
        self._bad_since = min(self._bad_since, since)
        self._wait = wait

    def good(self, now: Instant) -> None:
        """Evidence is good, since now if it was not before."""
        self._bad_since = NEVER
        if self._good_since == NEVER:
            self._good_since = now

    def unknown(self) -> None:
        """There is no evidence."""
        self._bad_since = self._good_since = NEVER

    def due(self, better: Duration, better_max: Duration) -> Instant:
        """Return when it changes if the evidence stays as it is; `NEVER` if it does not."""
        if self.is_set:
            wait = min(better << self.flaps, better_max)
            return NEVER if self._good_since == NEVER else self._good_since + wait
        return NEVER if self._bad_since == NEVER else self._bad_since + self._wait

    def turn(self, now: Instant, forgive: Duration) -> None:
        """Change: it was due. Who stayed clear for `forgive` starts with a clean record."""
        if self.is_set:
            self.is_set, self._cleared_at = False, now
            return
        self.is_set = True
        again = now - self._cleared_at < forgive
        self.flaps = min(self.flaps + 1, _DOUBLINGS_MAX) if again else 0
