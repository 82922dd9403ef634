"""The boundary to Kubernetes objects: what a store can do, and how it says that it cannot.

The API server, a directory of YAML files and the memory of a simulation are stores, and pass the
same contract suite (`tests/agent/stores/contract.py`). Resource versions are opaque: they are
compared for equality alone. A watch starts after a list, at its version, and brings every later
change of the kind once and in order, or `Gone`, after which one lists again.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from agent.objects import Document, Kind, ObjectKey


class StoreError(Exception):
    """A store did not do what was asked; nothing was changed. The words say what and where."""


class NotFoundError(StoreError):
    """There is no such object."""


class ConflictError(StoreError):
    """The object is not as expected: another version, or another owner of a field."""


class InvalidError(StoreError):
    """The object is refused whole: it breaks a rule of its kind."""


class NotServedError(StoreError):
    """The store serves no such kind or version."""


class GoneError(StoreError):
    """The version to watch from is too old, or unknown: list again."""


class ForbiddenError(StoreError):
    """We may not do this here: no permission, a directory that is read-only."""


class UnavailableError(StoreError):
    """The store does not answer now, or has no room: try again later."""


@dataclass(frozen=True, slots=True)
class Listing:
    """All objects of a kind, at one moment."""

    objects: tuple[Document, ...]
    version: str
    """From here on a watch brings what changes."""


class ChangeType(StrEnum):
    """What became of an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"
    """Nothing changed; `version` is one to watch from."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change, with the state that the object has by it (of a deletion: had last)."""

    type: ChangeType
    document: Document
    version: str


class ObjectStore(Protocol):
    """One cluster's objects. Each method raises a `StoreError` where it cannot."""

    async def served(self) -> frozenset[tuple[Kind, str]]:
        """Return which kinds, of those that we know, are served, and in which versions."""
        ...

    async def list(self, kind: Kind, version: str) -> Listing:
        """Return all objects of a kind, in one of its API versions."""
        ...

    def watch(
        self, kind: Kind, version: str, since: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        """Open a watch from the resource version `since` on; iterating may raise `GoneError`."""
        ...

    async def get(self, key: ObjectKey, version: str) -> Document:
        """Return one object in one of its API versions."""
        ...

    async def apply(
        self,
        document: Document,
        *,
        if_version: str | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> Document:
        """Apply the fields of `document` as the field manager `isthmus`; return the object.

        What this manager applied before and does not any more is removed. A field that another
        manager owns with another value is a `ConflictError`, unless `force`. `if_version` as in
        `writes.Apply`.
        """
        ...

    async def delete(
        self, key: ObjectKey, *, if_version: str | None = None, dry_run: bool = False
    ) -> None:
        """Delete one object."""
        ...

    async def apply_status(
        self, key: ObjectKey, api_version: str, status: Document, *, dry_run: bool = False
    ) -> Document:
        """Apply the fields of a status, leaving all else of the object; return the object."""
        ...

    async def is_gone(self, process: str) -> bool:
        """Tell whether a process that held a Lease is known to have ended (False: nobody knows).

        A store on one machine can tell by a lock that ends with the process; an API server cannot.
        """
        ...
