"""A suspicion that runs out the sooner the more members hold it (Lifeguard 4.2)."""

from dataclasses import dataclass

from failure_detect.clock import Duration, Instant
from simulations.baseline.formulas import suspicion_length
from simulations.baseline.wire import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspicionTerms:
    """How long a suspicion may last, in microseconds, and what shortens it."""

    wanted: int
    """How many confirmations make it as short as it gets; 0: it is so from the start."""

    shortest: Duration
    longest: Duration


class Suspicion:
    """Counts who accuses one member besides the first."""

    __slots__ = ("_accusers", "_started", "_terms", "deadline")

    def __init__(self, accuser: Name, terms: SuspicionTerms, now: Instant) -> None:
        self._terms = terms
        self._started = now
        # A dict for its order; the first accuser is in it so as not to confirm itself.
        self._accusers: dict[Name, None] = {accuser: None}
        self.deadline: Instant = now + (terms.longest if terms.wanted else terms.shortest)
        """When the member counts as dead."""

    @property
    def accusers(self) -> tuple[Name, ...]:
        """Those who accuse, the first one first."""
        return tuple(self._accusers)

    def confirm(self, accuser: Name) -> bool:
        """Take in one more accuser; False where that is no news or no longer matters."""
        confirmations = len(self._accusers) - 1
        terms = self._terms
        if confirmations >= terms.wanted or accuser in self._accusers:
            return False
        self._accusers[accuser] = None
        length = suspicion_length(confirmations + 1, terms.wanted, terms.shortest, terms.longest)
        self.deadline = self._started + length
        return True
