"""Which counters of a sender were seen: a window that slides with the highest (RFC 4303, 3.4.3)."""

WINDOW_MIN, WINDOW_MAX = 64, 1_024


class ReplayWindow:
    """Tells each counter from one that came before; what is too old to tell counts as seen."""

    __slots__ = ("_least", "_seen", "_top", "_width")

    def __init__(self, width: int = 256) -> None:
        """Remember `width` counters up to the highest, from 64 to 1,024; ValueError for others.

        Wider bears more reordering: as many datagrams of one sender as may overtake another.
        """
        if not WINDOW_MIN <= width <= WINDOW_MAX:
            raise ValueError(f"width: must be from {WINDOW_MIN} to {WINDOW_MAX}, is {width}")
        self._width = width
        self._top = 0
        self._least = 0
        self._seen = 0  # Bit n: whether the counter `top - n` was seen.

    @property
    def top(self) -> int:
        """The highest counter that was seen; 0: none was."""
        return self._top

    def is_new(self, counter: int) -> bool:
        """Tell whether a counter, of 1 or more, was not seen yet; it is not marked by that."""
        behind = self._top - counter
        if behind < 0:
            return True
        if behind >= self._width or counter <= self._least:
            return False
        return not self._seen >> behind & 1

    def mark(self, counter: int) -> None:
        """Mark a counter that `is_new` as seen."""
        ahead = counter - self._top
        if ahead <= 0:
            self._seen |= 1 << -ahead
            return
        kept = self._seen << ahead if ahead < self._width else 0
        self._seen = (kept | 1) & ((1 << self._width) - 1)
        self._top = counter

    def begin_at(self, counter: int) -> None:
        """Take `counter` for the first: nothing that was sealed before it is new."""
        if self._top == 0:
            self._least = counter - 1
