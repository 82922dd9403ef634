"""How far a change has come: when each bridge adopted the version that brought it.

    log = ChangeLog(stage)
    log.flip(0)                                      # cluster 0's sources say something new
    stage.run(5 * SECOND)
    for change in log.changes:
        log.arrivals(change)                         # by place, when

A change belongs to the first version that its cluster publishes afterwards, and has come where
that version or a higher one was adopted.
"""

from bisect import bisect_left
from dataclasses import dataclass

from discovery import publisher_events
from discovery.bridge_events import Effect
from discovery.manifest import Order
from discovery.names import Origin, ServiceName
from failure_detect.clock import Duration, Instant
from simulations.samples import Sample
from simulations.sets.safety import UnsafeError
from simulations.sets.stage import Sighting, Stage


@dataclass(frozen=True, slots=True)
class Change:
    """The sources of a cluster said something new."""

    cluster: int
    at: Instant
    """When (us, of the world)."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a cluster published: at which place, how high, and when (us, of the world)."""

    origin: Origin
    place: int
    order: Order
    at: Instant


class ChangeLog:
    """All changes of a run and all versions, in the order of time."""

    def __init__(self, stage: Stage) -> None:
        """Follow what is published from now on."""
        self.changes: list[Change] = []
        self.versions: dict[Origin, list[Version]] = {}
        self._stage = stage
        stage.listeners.append(self._on_said)

    def _on_said(self, place: int, fact: Effect) -> None:
        if isinstance(fact, publisher_events.Published):
            manifest = fact.manifest
            version = Version(manifest.origin, place, manifest.order, self._stage.world.now)
            self.versions.setdefault(manifest.origin, []).append(version)

    def flip(self, cluster: int, service: ServiceName | None = None) -> None:
        """Let the readiness of one endpoint flip, of the first service where none is named."""
        exports = self._stage.exports[cluster]
        chosen = service or exports.services[0]
        exports.flip(chosen)
        self.say(cluster, chosen)

    def say(self, cluster: int, *services: ServiceName) -> None:
        """Let a cluster's sources say what these services are now, and note it as a change."""
        self.changes.append(Change(cluster, self._stage.world.now))
        self._stage.export(cluster, *services)

    def version(self, change: Change) -> Version | None:
        """Return the version that brought a change; None where it was undone before one did."""
        for version in self.versions.get(self._stage.origin(change.cluster), ()):
            if version.at >= change.at:
                return version
        return None

    def arrivals(self, change: Change) -> dict[int, Instant]:
        """Return when each bridge that runs, but for the publisher, had the change, by place.

        Raises UnsafeError where one never had it.
        """
        version = self.version(change)
        if version is None:
            return {}
        found = _first_at_least(self._stage.sightings[self._stage.origin(change.cluster)], version)
        places = [place for place in self._stage.running() if place != version.place]
        lacking = [place for place in places if place not in found]
        if lacking:
            raise UnsafeError(f"{lacking} never adopted {version.order}, of {change}")
        return {place: found[place] for place in places}

    def has_come(self, version: Version, place: int) -> bool:
        """Tell whether a bridge holds a version of an origin, or a higher one."""
        held = self._stage.bridge(place).catalog.get(version.origin)
        return held is not None and held.manifest.order >= version.order

    def measure(self, sample: Sample) -> None:
        """Note, for every change, how long until each bridge had it, and until the last had."""
        for change in self.changes:
            lags = [at - change.at for at in self.arrivals(change).values()]
            for lag in lags:
                sample.add("adoption", lag)
            if lags:
                sample.add("everywhere", max(lags))


def _first_at_least(sightings: list[Sighting], version: Version) -> dict[int, Instant]:
    first = bisect_left(sightings, version.at, key=lambda each: each.at)
    found: dict[int, Instant] = {}
    for each in sightings[first:]:
        if each.order >= version.order:
            found.setdefault(each.place, each.at)
    return found


def moved(stage: Stage) -> int:
    """Return all bytes that bridges have put on the wire so far.

    Datagrams and segments of streams with their headers and sealing, those that were lost too.
    """
    return stage.world.total_traffic().wire_bytes_sent


def moved_in_quiet(stage: Stage, since: Instant, lasting: Duration) -> int:
    """Return what a warm stage moves from `since` on, of itself, for `lasting` microseconds.

    It is run until then; `since` must not be past.
    """
    stage.world.run_until(since)
    before = moved(stage)
    stage.run(lasting)
    return moved(stage) - before
