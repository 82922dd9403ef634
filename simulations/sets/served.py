"""What the views of bridges serve of clusters, followed at each change of any view.

    log = ServedLog(stage, [3])                      # of a warm stage
    ...
    log.require_kept({3: healthy}, places)           # nothing of this was ever missing there

It takes the diff of every view, so one stage has one log.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from discovery.bridge_events import Effect, ViewTouched
from discovery.names import Origin, ServiceName
from failure_detect.clock import Instant
from simulations.sets.exports import Exports
from simulations.sets.safety import UnsafeError
from simulations.sets.stage import Stage

Endpoints: TypeAlias = frozenset[tuple[ServiceName, str]]
"""Endpoints of one cluster, each by its service and address."""

NONE: Endpoints = frozenset()


def ready(exports: Exports, nodes: Iterable[str] | None = None) -> Endpoints:
    """Return the endpoints that a cluster calls ready, of all nodes or of these."""
    names = None if nodes is None else frozenset(nodes)
    return frozenset(
        (service, each.address)
        for service in exports.services
        for each in exports.endpoints(service)
        if each.ready and (names is None or each.node in names)
    )


@dataclass(frozen=True, slots=True)
class Served:
    """At an instant (us, of the world) the view at a place began to serve other endpoints."""

    at: Instant
    place: int
    cluster: int
    lost: Endpoints
    gained: Endpoints


class ServedLog:
    """Every change of what is served of some clusters, at every place, in the order of time."""

    def __init__(self, stage: Stage, clusters: Iterable[int]) -> None:
        """Follow these clusters from now on."""
        self.changes: list[Served] = []
        self._stage = stage
        self._clusters = {stage.origin(cluster): cluster for cluster in clusters}
        self._now: dict[tuple[int, int], dict[ServiceName, Endpoints]] = {}
        for place in stage.running():
            stage.bridge(place).view.take_diff()
            for service in stage.bridge(place).view.services():
                self._look(place, service)
        self.changes.clear()
        stage.listeners.append(self._on_said)

    def now(self, place: int, cluster: int) -> Endpoints:
        """Return what is served of a cluster at a place, as of its view's last change."""
        return NONE.union(*self._now.get((place, cluster), {}).values())

    def lacks(self, place: int, cluster: int, endpoints: Endpoints) -> bool:
        """Tell whether a place serves none of these."""
        return not any(
            each in found
            for found in self._now.get((place, cluster), {}).values()
            for each in endpoints
        )

    def has(self, place: int, cluster: int, endpoints: Endpoints) -> bool:
        """Tell whether a place serves all of these."""
        return endpoints <= self.now(place, cluster)

    def lost(
        self, cluster: int, endpoints: Endpoints, places: Iterable[int], since: Instant = 0
    ) -> list[Served]:
        """Return all changes since then by which any of these was lost at one of the places."""
        found = self._since(cluster, places, since)
        return [each for each in found if not endpoints.isdisjoint(each.lost)]

    def gained(
        self, cluster: int, endpoints: Endpoints, places: Iterable[int], since: Instant = 0
    ) -> list[Served]:
        """Return all changes since then by which any of these was gained at one of the places."""
        found = self._since(cluster, places, since)
        return [each for each in found if not endpoints.isdisjoint(each.gained)]

    def _since(self, cluster: int, places: Iterable[int], since: Instant) -> list[Served]:
        chosen = frozenset(places)
        return [
            each
            for each in self.changes
            if each.at >= since and each.cluster == cluster and each.place in chosen
        ]

    def require_kept(
        self, kept: Mapping[int, Endpoints], places: Iterable[int], since: Instant = 0
    ) -> None:
        """Raise UnsafeError where any of `kept`, by cluster, was lost at one of the places."""
        chosen = list(places)
        for cluster, endpoints in kept.items():
            found = self.lost(cluster, endpoints, chosen, since)
            if found:
                first, origin = found[0], self._stage.origin(cluster)
                raise UnsafeError(
                    f"{len(found)} views lost healthy endpoints of {origin}, {first.place} at "
                    f"{first.at} us the first: {len(first.lost & endpoints)} of them"
                )

    # --- the inside ---------------------------------------------------------------------

    def _on_said(self, place: int, fact: Effect) -> None:
        if isinstance(fact, ViewTouched):
            diff = self._stage.bridge(place).view.take_diff()
            for service in diff.services:
                self._look(place, service)

    def _look(self, place: int, service: ServiceName) -> None:
        found = self._found(place, service)
        for origin, cluster in self._clusters.items():
            before = self._now.setdefault((place, cluster), {})
            old, new = before.get(service, NONE), found.get(origin, NONE)
            if old != new:
                before[service] = new
                now = self._stage.world.now
                self.changes.append(Served(now, place, cluster, old - new, new - old))

    def _found(self, place: int, service: ServiceName) -> dict[Origin, Endpoints]:
        view = self._stage.bridge(place).view.service(service)
        found: dict[Origin, Endpoints] = {}
        for tier in () if view is None else view.tiers:
            for target in tier.targets:
                if view is not None and target.origin in self._clusters:
                    seen = ((service, each.address) for each in view.endpoints(target))
                    found[target.origin] = found.get(target.origin, NONE).union(seen)
        return found
