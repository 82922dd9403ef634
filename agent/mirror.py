"""What the store has of each kind, as far as it was told: what sources and drivers read.

A kind that was never listed is not known: what is made of objects that may be missing would
withdraw them. So everybody asks `knows` before concluding anything from an absence.
"""

from collections.abc import Iterable, Iterator

from agent.objects import Document, Kind, ObjectKey, key_of


class Mirror:
    """The objects of one cluster, by kind and key."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._objects: dict[Kind, dict[ObjectKey, Document]] = {}
        self._served: dict[Kind, str] = {}

    # --- what it is told -----------------------------------------------------------------

    def serve(self, served: Iterable[tuple[Kind, str]]) -> None:
        """Learn which kinds the store serves, and in which versions; the best one counts.

        What is not served any more is forgotten.
        """
        found = set(served)
        best = {
            kind: next(version for version in kind.versions if (kind, version) in found)
            for kind in {each for each, version in found if version in each.versions}
        }
        self._served = best
        for kind in [each for each in self._objects if each not in best]:
            del self._objects[kind]

    def replace(self, kind: Kind, documents: Iterable[Document]) -> list[ObjectKey]:
        """Take all objects of a kind; return the keys of those that differ, by key."""
        before = self._objects.get(kind, {})
        after = {key_of(kind, document): document for document in documents}
        self._objects[kind] = after
        keys = before.keys() | after.keys()
        return sorted(key for key in keys if before.get(key) != after.get(key))

    def put(self, key: ObjectKey, document: Document) -> bool:
        """Take one object; tell whether it differs from what was there."""
        objects = self._objects.setdefault(key.kind, {})
        differs = objects.get(key) != document
        objects[key] = document
        return differs

    def remove(self, key: ObjectKey) -> bool:
        """Forget one object; tell whether it was there."""
        return self._objects.get(key.kind, {}).pop(key, None) is not None

    def take(self, key: ObjectKey, document: Document | None) -> bool:
        """Take one object, None where it is gone; tell whether that is news."""
        return self.remove(key) if document is None else self.put(key, document)

    def forget(self, kind: Kind) -> None:
        """Know nothing of a kind any more: nobody tells what becomes of its objects."""
        self._objects.pop(kind, None)

    # --- what it has ---------------------------------------------------------------------

    def version(self, kind: Kind) -> str | None:
        """Return the version in which the store serves a kind; None where it does not."""
        return self._served.get(kind)

    def knows(self, kind: Kind) -> bool:
        """Tell whether all objects of a kind are here: it was listed, or is not served at all."""
        return kind in self._objects or (bool(self._served) and kind not in self._served)

    def get(self, key: ObjectKey) -> Document | None:
        """Return an object, None where there is none."""
        return self._objects.get(key.kind, {}).get(key)

    def count(self, kind: Kind) -> int:
        """Return how many objects of a kind there are."""
        return len(self._objects.get(kind, {}))

    def of(self, kind: Kind, namespace: str | None = None) -> Iterator[tuple[ObjectKey, Document]]:
        """Give the objects of a kind, by key: all of them, or those of one namespace."""
        objects = self._objects.get(kind, {})
        for key in sorted(objects):
            if namespace is None or key.namespace == namespace:
                yield key, objects[key]
