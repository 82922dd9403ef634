"""Objects with their versions, and what became of them: the logic of an API server, pure.

One counter gives all versions, so they are in the order of the changes whatever the kind. Rule 1:
a change is planned as a value (`agent.stores.planning`), numbered, and only then taken; nothing is
half done. Rule 2: a watch finds each change once and in order, or is told that it is too late.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from agent.objects import CRD, Document, Kind, ObjectKey, map_at
from agent.store import Change, ChangeType, GoneError, Listing, NotFoundError
from agent.stores.fields import Owners
from agent.stores.served import ServedKinds

HISTORY_MAX = 500
"""Changes that are kept for watches, unless told otherwise. Each is a whole object: of
EndpointSlices with 100 endpoints these are 30 MB. A watch that is further behind lists again."""

Version: TypeAlias = tuple[int, int]
"""A number of the counter, and below it one that only this process has given (else zero)."""


@dataclass(frozen=True, slots=True)
class Held:
    """An object that a store has, and who owns which of its fields."""

    document: Document
    """Whole, with its metadata."""
    owners: Owners


@dataclass(frozen=True, slots=True)
class Put:
    """An object is to have this state; it gets its version when it is numbered."""

    key: ObjectKey
    held: Held


@dataclass(frozen=True, slots=True)
class Drop:
    """An object is to be no more."""

    key: ObjectKey


Step: TypeAlias = Put | Drop


@dataclass(frozen=True, slots=True)
class Numbered:
    """A step with the version that it makes."""

    version: Version
    key: ObjectKey
    held: Held | None
    """With the version in its document; None where the object is no more."""


def shown_version(version: Version) -> str:
    """Return a version as a document has it."""
    number, private = version
    return f"{number}~{private}" if private else str(number)


def read_version(text: str) -> Version | None:
    """Return the version that a text is, None where it is none."""
    number, _, private = text.partition("~")
    if not (number.isascii() and number.isdecimal() and len(number) < 20):
        return None
    if "~" in text and not (private.isascii() and private.isdecimal() and len(private) < 20):
        return None
    return int(number), int(private or 0)


class Shelf:
    """The objects of one store, and its last changes."""

    def __init__(self, first: int = 0, history_max: int = HISTORY_MAX) -> None:
        """Hold nothing, at the version `first`."""
        self.version: Version = (first, 0)
        """That of the last change."""
        self.served = ServedKinds()
        self._objects: dict[Kind, dict[ObjectKey, Held]] = {}
        self._history: deque[tuple[Version, Kind, Change]] = deque()
        self._history_max = history_max
        self._oldest = self.version
        self._listeners: list[Callable[[], None]] = []

    # --- what it has ---------------------------------------------------------------------

    def held(self, key: ObjectKey) -> Held | None:
        """Return an object with its owners, None where there is none."""
        return self._objects.get(key.kind, {}).get(key)

    def keys(self, kind: Kind) -> list[ObjectKey]:
        """Return which objects of a kind there are, by key."""
        return sorted(self._objects.get(kind, {}))

    def kinds(self) -> list[Kind]:
        """Return of which kinds there are objects."""
        return sorted(kind for kind, objects in self._objects.items() if objects)

    def listing(self, kind: Kind, version: str) -> Listing:
        """Return all objects of a kind, by key; `NotServedError` where it is not served."""
        self.served.require(kind, version)
        objects = self._objects.get(kind, {})
        found = (presented(objects[key].document, kind, version) for key in sorted(objects))
        return Listing(tuple(found), shown_version(self.version))

    def get(self, key: ObjectKey, version: str) -> Document:
        """Return an object; `NotFoundError` where there is none."""
        self.served.require(key.kind, version)
        held = self.held(key)
        if held is None:
            raise NotFoundError(f"there is no {key}")
        return presented(held.document, key.kind, version)

    def changes(self, kind: Kind, version: str, since: Version) -> Sequence[Change]:
        """Return what became of a kind after a version, in order.

        `GoneError` where that is not known any more, or never was.
        """
        if not self._oldest <= since <= self.version:
            raise GoneError(f"what followed version {shown_version(since)} is not kept: list again")
        found: list[Change] = []
        for number, each, change in reversed(self._history):
            if number <= since:
                break
            if each == kind:
                document = presented(change.document, kind, version)
                found.append(Change(change.type, document, change.version))
        return found[::-1]

    # --- what becomes of it --------------------------------------------------------------

    def numbered(self, steps: Iterable[Step], *, is_private: bool = False) -> list[Numbered]:
        """Return steps with the versions that come next; nothing is taken yet."""
        result, (number, private) = [], self.version
        for step in steps:
            number, private = (number, private + 1) if is_private else (number + 1, 0)
            version = (number, private)
            held = None
            if isinstance(step, Put):
                held = Held(_with_version(step.held.document, version), step.held.owners)
            result.append(Numbered(version, step.key, held))
        return result

    def take(self, steps: Iterable[Numbered]) -> None:
        """Take numbered steps, and wake who listens."""
        redefined = False
        for step in steps:
            self._take(step)
            redefined = redefined or step.key.kind == CRD
        if redefined:
            self._serve()
        self.check_invariants()
        self._tell()

    def advance(self, version: Version) -> None:
        """Go on from a later version; nothing changes by it."""
        assert version >= self.version, "versions grow"
        self.version = version

    def reset(self, objects: Iterable[Numbered], version: Version) -> None:
        """Hold these objects and no others; every watch is to list again."""
        self._objects.clear()
        for each in objects:
            if each.held is not None:
                self._objects.setdefault(each.key.kind, {})[each.key] = each.held
        self._history.clear()
        self.version = self._oldest = version
        self._serve()
        self._tell()

    def _take(self, step: Numbered) -> None:
        assert step.version > self.version, "versions grow"
        objects = self._objects.setdefault(step.key.kind, {})
        before = objects.get(step.key)
        if step.held is not None:
            objects[step.key] = step.held
            sort = ChangeType.ADDED if before is None else ChangeType.MODIFIED
            document = step.held.document
        else:
            assert before is not None, "only what is there is dropped"
            del objects[step.key]
            sort, document = ChangeType.DELETED, _with_version(before.document, step.version)
        self.version = step.version
        change = Change(sort, document, shown_version(step.version))
        self._history.append((step.version, step.key.kind, change))
        while len(self._history) > self._history_max:
            self._oldest = self._history.popleft()[0]

    def _serve(self) -> None:
        definitions = self._objects.get(CRD, {}).values()
        self.served = ServedKinds(held.document for held in definitions)

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    # --- who listens ---------------------------------------------------------------------

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change, until the function that is returned is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def check_invariants(self) -> None:
        """Assert that what is kept for watches is bounded and in order."""
        assert len(self._history) <= self._history_max
        assert self._oldest <= self.version
        last = list(islice(reversed(self._history), 2))
        assert all(each[0] <= self.version for each in last)
        assert len(last) < 2 or last[1][0] < last[0][0], "versions grow"


def presented(document: Document, kind: Kind, version: str) -> Document:
    """Return an object in one of its API versions; nothing else of it changes by that."""
    api_version = kind.api_version(version)
    if document.get("apiVersion") == api_version:
        return document
    return {**document, "apiVersion": api_version}


def _with_version(document: Document, version: Version) -> Document:
    metadata = {**map_at(document, "metadata"), "resourceVersion": shown_version(version)}
    return {**document, "metadata": metadata}
