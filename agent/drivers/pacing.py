"""When the mesh's objects may be written: in bursts, with silence between them.

The controllers of OSM push 2 s after the last change of anything that they watch, and 10 s after
the first at the latest, so a steady trickle of writes makes every push wait for the full 10 s. The
first change of a quiet period is therefore written at once. Rule 1: a burst is over within 2 s.
Rule 2: after the last write of a burst there are 2.5 s of silence before the next, 0.5 s more than
OSM waits for, so that the push of the first is made. Rule 3: what was wiped or altered by others is
restored within the silence: whoever altered it has broken the silence already, and a restoration
within the same 2 s means that the mesh never sees the gap. Such a burst may come once in 10 s, the
longest that OSM ever waits, so that two writers who fight do not delay everybody else's pushes.
"""

from dataclasses import dataclass

from failure_detect.clock import MILLISECOND, NEVER, SECOND, Duration, Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class PacingConfig:
    """How long bursts last, and how long silence; microseconds."""

    burst: Duration = 2 * SECOND
    """From the first write of a burst to the last that is begun."""
    silence: Duration = 2_500 * MILLISECOND
    """From the end of the last write of a burst to the beginning of the next burst."""
    urgent_every: Duration = 10 * SECOND
    """From the beginning of one burst that breaks the silence to the next such beginning."""

    def __post_init__(self) -> None:
        """Raise ValueError for what is no pace: each time must be above 0."""
        if min(self.burst, self.silence, self.urgent_every) <= 0:
            raise ValueError("burst, silence and urgent_every must be above 0")


class Pacer:
    """Knows whether a write may begin now, and when the next one may."""

    __slots__ = ("_begun", "_closed", "_config", "_last", "_urgent")

    def __init__(self, config: PacingConfig) -> None:
        """Start in a quiet period."""
        self._config = config
        self._begun: Instant = -NEVER
        self._closed = True
        self._last: Instant = -NEVER
        self._urgent: Instant = -NEVER

    def is_open(self, now: Instant) -> bool:
        """Tell whether a burst is under way, of which more may be written now."""
        return not self._closed and now < self._begun + self._config.burst

    def opens_at(self, *, is_urgent: bool, now: Instant) -> Instant:
        """Return when the next burst may begin; at `now` or before where it may begin at once.

        What is urgent may also join the last burst, as long as that one could still be going on.
        """
        quiet = self._last + self._config.silence
        if not is_urgent:
            return quiet
        if now < self._begun + self._config.burst:
            return now
        return min(quiet, self._urgent + self._config.urgent_every)

    @property
    def closes_at(self) -> Instant:
        """When the burst that is under way must begin no more writes; `NEVER` of none."""
        return NEVER if self._closed else self._begun + self._config.burst

    def begin(self, now: Instant) -> None:
        """Begin a burst, or go on with the last one where it could still be going on."""
        if now >= self._begun + self._config.burst:
            if now < self._last + self._config.silence:
                self._urgent = now
            self._begun = now
        self._closed = False

    def note(self, now: Instant) -> None:
        """Note that a write began or ended now."""
        self._last = max(self._last, now)

    def end(self) -> None:
        """End the burst: silence begins at its last write."""
        self._closed = True
