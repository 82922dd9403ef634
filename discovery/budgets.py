"""What one peer may ask for: a bucket of tokens that fills with time."""

from failure_detect.clock import SECOND, Instant


class Budget:
    """So much per second, and twice as much at once after a quiet time."""

    __slots__ = ("_at", "_left", "_per_second")

    def __init__(self, per_second: int, now: Instant) -> None:
        """Start full, with two seconds' worth."""
        self._per_second = per_second
        self._left = 2 * per_second
        self._at = now

    def left(self, now: Instant) -> int:
        """Return what may be spent now; below zero after something larger than what was left."""
        gained, rest = divmod((now - self._at) * self._per_second, SECOND)
        if gained > 0:
            self._left = min(2 * self._per_second, self._left + gained)
            # What is less than one token stays in the time: whoever asks often loses nothing.
            self._at = now - rest // self._per_second
        return self._left

    def spend(self, amount: int, now: Instant) -> bool:
        """Spend, where anything is left; tell whether it was."""
        if self.left(now) <= 0:
            return False
        self._left -= amount
        return True

    def charge(self, amount: int, now: Instant) -> None:
        """Spend in any case: what was begun turned out to cost more."""
        self._left = self.left(now) - amount
