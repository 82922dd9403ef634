"""Floors: of each origin the highest order that was ever seen, below which nothing is taken.

A floor outlives its set, and trust in its origin: who is trusted again finds it where it was. Rule
1: a floor never falls. Rule 2: the floor of an origin that is trusted is never dropped, and what is
kept of strangers takes no room from it, nor what is kept of others from our own. Rule 3: strangers,
who are not trusted or not any more, are bounded by themselves: for a new one the floor of whoever
has been one for longest goes, and that is counted. Who is trusted is asked where it matters, since
trust changes without a word to us.
"""

from collections.abc import Callable

from discovery.manifest import Order
from discovery.names import Origin


class Floors:
    """All floors, by origin."""

    def __init__(
        self,
        is_trusted: Callable[[Origin], bool],
        *,
        origins: int,
        strangers: int,
        own: Origin | None = None,
    ) -> None:
        """Hold none; at most so many of trusted origins, `own` not counted, and of strangers."""
        self._is_trusted = is_trusted
        self._own = own
        self._origins_max = origins
        self._strangers_max = strangers
        self._trusted: dict[Origin, Order] = {}
        """Of those who were trusted when that mattered last."""
        self._strangers: dict[Origin, Order] = {}
        """Of those who were not: who has been one for longest comes first."""
        self.dropped = 0
        """How many floors of strangers had to make room."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._trusted) + len(self._strangers)

    @property
    def strangers(self) -> int:
        """How many are known to be of origins that are not trusted."""
        return len(self._strangers)

    def get(self, origin: Origin) -> Order | None:
        """Return the floor of an origin, None where there is none."""
        return self._trusted.get(origin) or self._strangers.get(origin)

    def all(self) -> dict[Origin, Order]:
        """Return all of them, in an order in which they may be raised again elsewhere."""
        return {**self._trusted, **self._strangers}

    def has_room(self, origin: Origin) -> bool:
        """Tell whether there can be a floor of an origin that is trusted."""
        if origin == self._own or origin in self._trusted or self._others < self._origins_max:
            return True
        for each in [each for each in self._trusted if not self._is_trusted(each)]:
            self._estrange(each)
        return self._others < self._origins_max

    @property
    def _others(self) -> int:
        return len(self._trusted) - (self._own in self._trusted)

    def put(self, origin: Origin, order: Order) -> None:
        """Raise the floor of an origin that is trusted, for which there is room."""
        self._strangers.pop(origin, None)
        self._trusted[origin] = order

    def lift(self, origin: Origin, order: Order) -> bool:
        """Raise the floor of any origin; tell whether that raised anything.

        Not where it is as high already, nor where there is no room for another one.
        """
        floor = self.get(origin)
        if floor is not None and floor >= order:
            return False
        if origin in self._trusted or (self._is_trusted(origin) and self.has_room(origin)):
            self.put(origin, order)
        elif floor is not None:
            self._strangers[origin] = order  # In its old place: it is a stranger for as long.
        elif self._is_trusted(origin):
            return False
        else:
            return self._add_stranger(origin, order)
        return True

    def look_at(self, origin: Origin) -> None:
        """Count an origin among the strangers from now on, if it is one."""
        if origin in self._trusted and not self._is_trusted(origin):
            self._estrange(origin)

    def _estrange(self, origin: Origin) -> None:
        order = self._trusted.pop(origin)
        if not self._add_stranger(origin, order):
            self.dropped += 1

    def _add_stranger(self, origin: Origin, order: Order) -> bool:
        if len(self._strangers) >= self._strangers_max and not self._drop_oldest():
            return False
        self._strangers[origin] = order
        return True

    def _drop_oldest(self) -> bool:
        """Drop one floor of a stranger; False where all have come to be trusted meanwhile."""
        for origin in self._strangers:
            if not self._is_trusted(origin):
                del self._strangers[origin]
                self.dropped += 1
                return True
        return False

    def check_invariants(self) -> None:
        """Assert that the bounds hold and that no origin has two floors."""
        assert self._others <= self._origins_max
        assert len(self._strangers) <= self._strangers_max
        assert self._trusted.keys().isdisjoint(self._strangers)
