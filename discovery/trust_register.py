"""The trust objects in force: the last good version of each, and what is wrong with the newest.

Rule 1: an object that is malformed changes nothing; its last good version stays in force. Rule 2:
what is in force depends on the objects that are there, never on the order in which they came: of
two for one cluster the first by name counts; of several fleets the one whose pattern names the
cluster most closely, then the first by name. Rule 3: this cluster's own name is nobody's to give.
"""

from collections.abc import Mapping

from discovery.names import Origin, PublicKey
from discovery.problems import Problem
from discovery.refusals import Refusal, Refused
from discovery.trust_objects import (
    CLUSTER_KIND,
    FLEET_KIND,
    ClusterTrust,
    FleetTrust,
    TrustObject,
    object_name,
    read_trust_object,
)

CLUSTERS_MAX = 2_048
FLEETS_MAX = 64
FAULTY_MAX = 256
"""Malformed objects whose faults are kept."""


class TrustRegister:
    """Trust objects by kind and name."""

    def __init__(self, own: Origin) -> None:
        """Hold none; `own` is this cluster, about which objects have nothing to say."""
        self._own = own
        self._clusters: dict[str, ClusterTrust] = {}
        self._fleets: dict[str, FleetTrust] = {}
        self._by_cluster: dict[Origin, list[ClusterTrust]] = {}
        self._faults: dict[tuple[str, str], str] = {}

    def __len__(self) -> int:
        """Return how many objects are in force or shadowed by another."""
        return len(self._clusters) + len(self._fleets)

    def apply(self, document: Mapping[str, object]) -> bool:
        """Take an object in; tell whether anything is otherwise now.

        Raises `Refused` where it is malformed or one too many; it is a problem from then on.
        """
        try:
            read = read_trust_object(document)
            changed = self._put(read)
        except Refused as refused:
            name = object_name(document)
            if name in self._faults or len(self._faults) < FAULTY_MAX:
                self._faults[name] = refused.what
            raise
        kind = CLUSTER_KIND if isinstance(read, ClusterTrust) else FLEET_KIND
        self._faults.pop((kind, read.name), None)
        return changed

    def _put(self, read: TrustObject) -> bool:
        if isinstance(read, ClusterTrust):
            _check_room(read.subject, read.name in self._clusters, len(self._clusters))
            before: TrustObject | None = self._clusters.get(read.name)
            self._clusters[read.name] = read
        else:
            _check_room(read.subject, read.name in self._fleets, len(self._fleets))
            before = self._fleets.get(read.name)
            self._fleets[read.name] = read
        self._sort()
        return before != read

    def delete(self, kind: str, name: str) -> bool:
        """Forget an object; tell whether anything is otherwise now."""
        self._faults.pop((kind, name), None)
        gone: TrustObject | None = None
        if kind == CLUSTER_KIND:
            gone = self._clusters.pop(name, None)
        elif kind == FLEET_KIND:
            gone = self._fleets.pop(name, None)
        self._sort()
        return gone is not None

    def _sort(self) -> None:
        self._fleets = dict(sorted(self._fleets.items()))
        self._by_cluster = {}
        for _, each in sorted(self._clusters.items()):
            self._by_cluster.setdefault(each.cluster, []).append(each)

    def cluster(self, origin: Origin) -> ClusterTrust | None:
        """Return the `TrustedCluster` in force for a cluster."""
        found = self._by_cluster.get(origin)
        return None if found is None or origin == self._own else found[0]

    def fleets(self, origin: Origin) -> list[FleetTrust]:
        """Return the fleets that have a say about a cluster, the closest first."""
        if origin == self._own:
            return []
        close = [(-each.closeness(origin), each) for each in self._fleets.values()]
        fitting = [(far, each) for far, each in close if far <= 0]
        return [each for _, each in sorted(fitting, key=lambda pair: (pair[0], pair[1].name))]

    def clusters(self) -> list[ClusterTrust]:
        """Return the `TrustedCluster` in force for each cluster that has one, by its name."""
        return [each[0] for origin, each in sorted(self._by_cluster.items()) if origin != self._own]

    def all_fleets(self) -> list[FleetTrust]:
        """Return every `TrustedFleet`, by name."""
        return list(self._fleets.values())

    def problems(self, own_keys: Mapping[int, PublicKey]) -> list[Problem]:
        """Return what is wrong with objects; `own_keys` are this cluster's, by generation."""
        found = [Problem("/".join(name), what) for name, what in self._faults.items()]
        for origin, objects in self._by_cluster.items():
            if origin == self._own:
                found += [_misnamed(each) for each in objects if not _is_own(each, own_keys)]
                continue
            for each in objects[1:]:
                what = f"has no effect: {objects[0].subject} is about {origin} as well"
                found.append(Problem(each.subject, what))
        return sorted(found + self._shared_keys())

    def _shared_keys(self) -> list[Problem]:
        owners: dict[PublicKey, ClusterTrust] = {}
        found = []
        for trust in self.clusters():
            for each in trust.keys:
                first = owners.setdefault(each.key, trust)
                if first is not trust:
                    what = f"gives generation {each.generation} a key of {first.subject} too"
                    found.append(Problem(trust.subject, what))
        return found

    def check_invariants(self) -> None:
        """Assert that the bounds hold and that what is looked up is what is there."""
        assert len(self._clusters) <= CLUSTERS_MAX
        assert len(self._fleets) <= FLEETS_MAX
        assert len(self._faults) <= FAULTY_MAX
        listed = [each for objects in self._by_cluster.values() for each in objects]
        assert sorted(each.name for each in listed) == sorted(self._clusters)
        assert list(self._fleets) == sorted(self._fleets)


def _check_room(subject: str, is_known: object, count: int) -> None:
    most = CLUSTERS_MAX if subject.startswith(CLUSTER_KIND) else FLEETS_MAX
    if not is_known and count >= most:
        raise Refused(Refusal.OVERSIZED, f"{subject}: there are {most} such objects already")


def _is_own(trust: ClusterTrust, own_keys: Mapping[int, PublicKey]) -> bool:
    known = {each.generation: each.key for each in trust.keys}
    return all(known.get(generation) == key for generation, key in own_keys.items())


def _misnamed(trust: ClusterTrust) -> Problem:
    what = "is about this cluster itself and lacks a key of it: what others trust is out of date"
    return Problem(trust.subject, what)
