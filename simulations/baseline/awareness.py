"""A member's estimate of its own health (Lifeguard 4.1)."""

from failure_detect.clock import Duration


class Awareness:
    """A score of 0, which is healthy, up to `most` - 1."""

    __slots__ = ("_most", "score")

    def __init__(self, most: int) -> None:
        self._most = most
        self.score = 0

    def apply(self, delta: int) -> None:
        """Add `delta` to the score, within its limits."""
        self.score = min(max(self.score + delta, 0), self._most - 1)

    def scaled(self, duration: Duration) -> Duration:
        """Return `duration` times (score + 1)."""
        return duration * (self.score + 1)
