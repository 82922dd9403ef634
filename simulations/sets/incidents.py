"""What experiments share in which something goes wrong within one cluster, or with its key.

Durations are in microseconds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from discovery import publisher_events
from discovery.bridge_events import Effect, EvidenceKept
from discovery.manifest import Manifest
from discovery.names import Origin
from failure_detect.clock import SECOND, Duration, Instant
from simulations import options
from simulations.samples import Sample
from simulations.sets.changes import FleetExperiment
from simulations.sets.safety import UnsafeError, check_equal, check_machines
from simulations.sets.served import Endpoints
from simulations.sets.stage import Stage

SETTLES: Duration = 15 * SECOND
"""How long a fleet may take to be equal everywhere when nothing happens any more."""

LIMIT: Duration = 60 * SECOND
"""How long anything is waited for; what takes longer fails the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentExperiment(FleetExperiment):
    """Equal clusters, of which the last has an incident: smaller ones than where one changes.

    The first cluster has the addresses that everybody who starts asks.
    """

    clusters: int = options.count(12, "how many clusters there are", least=2)
    nodes: int = options.count(20, "how many nodes each has", least=4)
    services: int = options.count(4, "how many services each exports")
    endpoints: int = options.count(20, "how many endpoints each of them has, in each cluster")

    @property
    def struck(self) -> int:
        """The number of the cluster that has the incident."""
        return self.clusters - 1


def others(stage: Stage, cluster: int) -> list[int]:
    """Return the places of all bridges of other clusters that run."""
    return [place for place in stage.running() if stage.places[place] != cluster]


def wait(stage: Stage, predicate: Callable[[], bool], what: str, limit: Duration = LIMIT) -> None:
    """Let time pass until something holds; raise UnsafeError where it does not within `limit`."""
    if not stage.run_until(predicate, limit):
        raise UnsafeError(f"not within {limit // SECOND} s: {what}")


def draw(stage: Stage, below: Duration) -> Duration:
    """Draw a duration of 0 to `below` (us) from the world's own generator of events."""
    return int(stage.world.rng.random() * below)


def add_last(sample: Sample, each: str, last: str, times: Iterable[Duration]) -> None:
    """Add a duration for each bridge, and the longest of them."""
    found = list(times)
    for lag in found:
        sample.add(each, lag)
    if found:
        sample.add(last, max(found))


def flip(stage: Stage, cluster: int) -> Endpoints:
    """Let an endpoint of a cluster's first service flip, and its sources say so; return which."""
    exports = stage.exports[cluster]
    service = exports.services[0]
    before = frozenset((each.address, each.ready) for each in exports.endpoints(service))
    exports.flip(service)
    after = frozenset((each.address, each.ready) for each in exports.endpoints(service))
    stage.export(cluster, service)
    return frozenset((service, address) for address, _ in before ^ after)


class Signed:
    """All that publishers signed in a run, and all proofs that a key was misused."""

    def __init__(self, stage: Stage) -> None:
        """Follow what is said from now on."""
        self.manifests: list[tuple[Instant, Manifest]] = []
        self.evidence: list[tuple[int, Effect]] = []
        """By place, in the order of time."""
        self._stage = stage
        stage.listeners.append(self._on_said)

    def _on_said(self, place: int, fact: Effect) -> None:
        if isinstance(fact, publisher_events.Published):
            self.manifests.append((self._stage.world.now, fact.manifest))
        elif isinstance(fact, EvidenceKept):
            self.evidence.append((place, fact))

    def of(self, origin: Origin) -> list[Manifest]:
        """Return what was signed in the name of a cluster, in the order of time."""
        return [manifest for _, manifest in self.manifests if manifest.origin == origin]

    def require_rising(self, origin: Origin) -> None:
        """Raise UnsafeError where a cluster ever signed below, or beside, what it had signed."""
        orders = [manifest.order for manifest in self.of(origin)]
        for before, after in pairwise(orders):
            if after[:3] <= before[:3]:
                raise UnsafeError(f"{origin} signed {after} after {before}")

    def require_no_evidence(self) -> None:
        """Raise UnsafeError where any bridge has proof that a key was misused."""
        kept = [p for p in self._stage.running() if len(self._stage.bridge(p).evidence)]
        if self.evidence or kept:
            raise UnsafeError(f"proof of misuse at {[p for p, _ in self.evidence] or kept}")


def conclude(stage: Stage, sample: Sample, quiet: Duration = SETTLES) -> Sample:
    """Let all be quiet, check that machines are whole and catalogs equal, and note the time."""
    stage.run(quiet)
    check_machines(stage)
    check_equal(stage)
    sample.count("simulated_us", stage.world.now)
    return sample
