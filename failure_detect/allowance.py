"""What may be done so many times a second, and no more."""

from failure_detect.clock import SECOND, Instant


class Allowance:
    """A count that is full again at the first use after a second has passed."""

    __slots__ = ("_left", "_most", "_since")

    def __init__(self, most: int) -> None:
        """Allow `most` in each second."""
        self._most = self._left = most
        self._since: Instant = 0

    def spend(self, now: Instant) -> bool:
        """Take one at `now` (us); False where none is left of this second."""
        if now - self._since >= SECOND:
            self._left, self._since = self._most, now
        if self._left == 0:
            return False
        self._left -= 1
        return True
