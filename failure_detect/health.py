"""How well this member itself is doing: local health (Lifeguard 4.1), and whether it is deaf.

Deaf or mute feels the same from inside: questions go out and no answer comes. Who finds
itself so accuses nobody and buries nobody.
"""

from failure_detect.clock import Duration, Instant


class Health:
    """Score 0 (well) to `most`, and the time since which nobody has answered."""

    __slots__ = ("_asked_at", "_deaf_after", "_most", "last_reply", "score")

    def __init__(self, most: int, deaf_after: Duration) -> None:
        """Start well."""
        self._most = most
        self._deaf_after = deaf_after
        self.score = 0
        self.last_reply: Instant = -1
        self._asked_at: Instant | None = None

    def better(self) -> None:
        """A probe of ours succeeded."""
        self.score = max(0, self.score - 1)

    def worse(self) -> None:
        """A probe of ours told nothing, or others had to be refuted about us."""
        self.score = min(self._most, self.score + 1)

    def asked(self, now: Instant) -> None:
        """We asked a member that should answer."""
        if self._asked_at is None:
            self._asked_at = now

    def replied(self, now: Instant) -> None:
        """Somebody answered something that we had asked."""
        self.last_reply = now
        self._asked_at = None

    def is_deaf(self, now: Instant) -> bool:
        """Tell whether what we asked has gone unanswered, all of it, for too long."""
        return self._asked_at is not None and now - self._asked_at >= self._deaf_after

    def stretch(self, duration: Duration) -> Duration:
        """Return `duration` times score + 1."""
        return duration * (self.score + 1)
