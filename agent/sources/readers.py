"""Which services were read from which objects, and whether a change means anything to them.

A Pod, a Node and a Namespace are written all the time, and say something new to a service next to
never. So a change concerns nobody where what services read of the object is the same.
"""

from collections.abc import Iterator, Mapping

from agent.objects import NAMESPACE, NODE, POD, Document, Kind, ObjectKey, at, text_at
from discovery.endpoints import is_zone
from discovery.names import ServiceName

_MOSTLY_THE_SAME = (POD, NODE, NAMESPACE)

ZONE_LABEL = "topology.kubernetes.io/zone"


def zone_of(node: Document | None) -> str:
    """Return the zone that a Node's label names; empty where there is none."""
    zone = text_at(node, "metadata", "labels", ZONE_LABEL)
    return zone if is_zone(zone) else ""


def account_of(pod: Document) -> str:
    """Return the ServiceAccount that a Pod runs as; what names none runs as `default`."""
    return text_at(pod, "spec", "serviceAccountName") or "default"


def meaning_of(key: ObjectKey, document: Document | None) -> object:
    """Return all that exports and their intents depend on, of an object that is there or not."""
    if document is None:
        return None
    deleted_at = at(document, "metadata", "deletionTimestamp")
    if key.kind == POD:
        return account_of(document), deleted_at
    if key.kind == NODE:
        return zone_of(document)
    if key.kind == NAMESPACE:
        return text_at(document, "status", "phase"), deleted_at
    return document


class Readers:
    """The services that were read from each object, and the state that they were read from."""

    def __init__(self) -> None:
        """Know of none."""
        self._keys: dict[ServiceName, frozenset[ObjectKey]] = {}
        self._services: dict[ObjectKey, dict[ServiceName, None]] = {}
        self._seen: dict[ObjectKey, Document | None] = {}
        self._mixed: set[ObjectKey] = set()
        """Objects that services were read from in different states."""

    def there(self, kind: Kind) -> Iterator[ObjectKey]:
        """Give the objects of a kind that services were read from, and that were there then."""
        return (key for key, seen in self._seen.items() if key.kind == kind and seen is not None)

    def concerned(self, key: ObjectKey, document: Document | None) -> list[ServiceName]:
        """Return the services that may differ since an object is in this state; they are read anew.

        Whoever calls reads them before the object changes again, or asks again then.
        """
        if key not in self._services:
            return []
        before, self._seen[key] = self._seen[key], document
        if key not in self._mixed and meaning_of(key, before) == meaning_of(key, document):
            return []
        self._mixed.discard(key)
        return list(self._services[key])

    def remember(self, service: ServiceName, found: Mapping[ObjectKey, Document | None]) -> None:
        """Note what a service was read from just now; nothing, where it is followed no more."""
        before, after = self._keys.pop(service, frozenset()), frozenset(found)
        for key in before - after:
            self._unlink(key, service)
        for key in after - before:
            self._services.setdefault(key, {})[service] = None
        for key, document in found.items():
            self._note(key, document)
        if after:
            self._keys[service] = after

    def _unlink(self, key: ObjectKey, service: ServiceName) -> None:
        services = self._services[key]
        del services[service]
        if not services:
            del self._services[key], self._seen[key]
            self._mixed.discard(key)

    def _note(self, key: ObjectKey, document: Document | None) -> None:
        seen = self._seen.setdefault(key, document)
        if seen is document:
            return
        if key.kind not in _MOSTLY_THE_SAME:
            self._seen[key] = document
        elif meaning_of(key, seen) != meaning_of(key, document):
            self._mixed.add(key)

    def check_invariants(self) -> None:
        """Assert that the indices agree with each other."""
        pairs = {(key, service) for service, keys in self._keys.items() for key in keys}
        assert pairs == {(key, each) for key, found in self._services.items() for each in found}
        assert self._services.keys() == self._seen.keys() >= self._mixed
