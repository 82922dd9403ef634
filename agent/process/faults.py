"""What is wrong with this machine and with the store's objects: as the API shows it, and the log.

Each fault is logged when it comes and when it is gone, and shown with the time since when it has
been there. Who writes a thousand bad objects at once does not flood the log: of one look at most
`LOGGED_MAX` are told one by one, and the rest by their number; all of them are in the status.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import trio

from agent.local.facts import Fault
from agent.process.log import Log
from agent.sources.problems import SourceProblem
from agent.stores.faults import Fault as StoreFault
from discovery.manifest import Manifest
from failure_detect.clock import Instant

EVERY_S = 1.0
LOGGED_MAX = 32


class FaultBook:
    """Remembers which faults there are, since when, and tells of those that come and go."""

    def __init__(
        self, look: Callable[[], Iterable[Fault]], log: Log, clock: Callable[[], Instant]
    ) -> None:
        """Follow what `look` returns."""
        self._look, self._log, self._clock = look, log, clock
        self._since: dict[tuple[str, str], Instant] = {}

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            self.look()
            await trio.sleep(EVERY_S)

    def look(self) -> None:
        """Look now, and log what is new and what is gone."""
        found = {(each.where, each.what): each for each in self._look()}
        new = [each for mark, each in found.items() if mark not in self._since]
        gone = [mark for mark in self._since if mark not in found]
        now = self._clock()
        self._since = {mark: self._since.get(mark, now) for mark in found}
        for each in new[:LOGGED_MAX]:
            values = {"where": each.where, "what": each.what, "remedy": each.remedy}
            self._log.say("warning", "fault_found", values)
        for where, what in gone[:LOGGED_MAX]:
            self._log.say("info", "fault_mended", {"where": where, "what": what})
        more = max(0, len(new) - LOGGED_MAX), max(0, len(gone) - LOGGED_MAX)
        if any(more):
            self._log.say("warning", "faults_not_logged", {"found": more[0], "mended": more[1]})

    def dated(self, faults: Iterable[Fault]) -> tuple[Fault, ...]:
        """Return faults with the time since when they have been there, as far as it is known."""
        return tuple(
            replace(each, since=self._since.get((each.where, each.what))) for each in faults
        )


def of_clock(manifests: Iterable[Manifest], wall_ms: int, tolerance_ms: int) -> Iterator[Fault]:
    """Give a fault for each cluster that has signed what is to come, by this machine's clock.

    Which of the two clocks is wrong cannot be told: whoever is behind says so of the others.
    """
    for manifest in manifests:
        if manifest.body.signed_at_ms > wall_ms + tolerance_ms:
            yield Fault(
                "the clock of this machine",
                f"the cluster {manifest.origin} signs more than {tolerance_ms // 1_000} s ahead of "
                "it: one of the two clocks is wrong",
                "set the one that is wrong, by NTP; nothing is lost meanwhile",
                reason="clock",
            )


def of_store(directory: Path, found: StoreFault) -> Fault:
    """Return a fault of a store's file as people are told of it: `FILE:LINE: FIELD`."""
    where = str(directory / found.where if found.where else directory)
    where += f":{found.line}" if found.line else ""
    where += f": {found.field}" if found.field else ""
    return Fault(where, found.problem, found.remedy, reason=found.reason.value)


def of_object(found: SourceProblem) -> Fault:
    """Return what is wrong with an object as people are told: `KIND NAMESPACE/NAME: FIELD`."""
    where = f"{found.about}: {found.field}" if found.field else str(found.about)
    return Fault(where, found.what, found.remedy, reason=found.fault.value)
