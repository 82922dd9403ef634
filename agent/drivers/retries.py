"""Services whose writes failed: when each is tried again, and which are not until they differ.

A conflict is mended by the next plan as soon as the mirror has caught up. A store that does not
answer, or forbids, is asked again ever more seldom, each service at its own time, so that a store
that comes back is not met by everybody at once. What was refused as invalid would be refused again:
it waits until the plan says something else or an object that it may hang on has changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from agent.drivers.plan import Group, Step
from agent.drivers.writer_events import WriteError
from discovery.names import ServiceName
from failure_detect.clock import MILLISECOND, MINUTE, NEVER, SECOND, Duration, Instant

FIRST_WAIT: dict[WriteError, Duration] = {
    WriteError.CONFLICT: 100 * MILLISECOND,
    WriteError.UNAVAILABLE: SECOND,
    WriteError.FORBIDDEN: 5 * SECOND,
}
LONGEST_WAIT: Duration = MINUTE
_DOUBLINGS_MAX = 16
_JITTER_PARTS = 2
"""Up to half of a wait is added to it, drawn."""


@dataclass(slots=True)
class _Failure:
    error: WriteError
    count: int
    at: Instant
    """When it is tried again; `NEVER`: when something changes."""
    words: str
    step: Step
    """Which one failed."""


class Retries:
    """All services that wait after a failure."""

    def __init__(self, rng: Random) -> None:
        """Know of none."""
        self._rng = rng
        self._failures: dict[ServiceName, _Failure] = {}

    def failed(self, group: Group, step: Step, error: WriteError, words: str, now: Instant) -> None:
        """Note that a step of a group was not done."""
        for service in group.services:
            before = self._failures.get(service)
            same = before is not None and before.error is error
            count = before.count + 1 if before is not None and same else 1
            at = NEVER if error is WriteError.INVALID else now + self._wait(error, count)
            self._failures[service] = _Failure(error, count, at, words, step)

    def _wait(self, error: WriteError, count: int) -> Duration:
        wait = min(FIRST_WAIT[error] << min(count - 1, _DOUBLINGS_MAX), LONGEST_WAIT)
        return wait + self._rng.randrange(wait // _JITTER_PARTS + 1)

    def done(self, services: Iterable[ServiceName]) -> None:
        """Note that the writes of these services were done, or that none are wanted."""
        for service in services:
            self._failures.pop(service, None)

    def touched(self, namespace: str | None) -> None:
        """Note that an object of a namespace changed, or (None) of the mesh itself.

        What was refused there is tried again.
        """
        for service, failure in list(self._failures.items()):
            if failure.error is WriteError.INVALID and namespace in (None, service.namespace):
                del self._failures[service]

    def clear(self) -> None:
        """Forget all."""
        self._failures.clear()

    def ready_at(self, group: Group) -> Instant:
        """Return when a group may be tried; long ago where nothing of it has failed.

        What was refused may be tried at once where it is not the same any more.
        """
        at = -NEVER
        for service in group.services:
            failure = self._failures.get(service)
            if failure is None:
                continue
            if failure.error is not WriteError.INVALID or failure.step in group.writes:
                at = max(at, failure.at)
        return at

    def due(self, now: Instant) -> list[ServiceName]:
        """Return the services that may be tried again now, by name."""
        return sorted(name for name, each in self._failures.items() if each.at <= now)

    @property
    def deadline(self) -> Instant:
        """When the next service may be tried again; `NEVER` where none is."""
        return min((each.at for each in self._failures.values()), default=NEVER)

    def words(self) -> dict[ServiceName, tuple[WriteError, str]]:
        """Return what is the matter with each service that waits, by name."""
        return {
            name: (each.error, f"{each.step.key}: {each.words}")
            for name, each in sorted(self._failures.items())
        }
