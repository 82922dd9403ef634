"""What is to be written to a cluster's objects, as values: decided before it is done.

A driver plans `Apply` and `Delete`, in the order in which they must be done; one that is not done
is followed by none of the others. `ApplyStatus` and `Record` tell people, and nothing hangs on
them.
"""

from dataclasses import dataclass
from typing import TypeAlias

from agent.objects import Document, ObjectKey


@dataclass(frozen=True, slots=True)
class Apply:
    """Make the object have these fields, ours and no others (server-side apply)."""

    key: ObjectKey
    document: Document
    """Whole: apiVersion, kind, metadata with name, namespace and our label, and the fields."""
    why: str
    """In words, for `--dry-run`, logs and Events."""
    if_version: str | None = None
    """Only where the object still has this resourceVersion; empty: only where there is none."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an object of ours."""

    key: ObjectKey
    why: str
    if_version: str | None = None
    """Only where the object still has this resourceVersion."""


@dataclass(frozen=True, slots=True)
class ApplyStatus:
    """Make the status of the object have these fields, ours and no others."""

    key: ObjectKey
    api_version: str
    status: Document


@dataclass(frozen=True, slots=True)
class Record:
    """Write an Event about an object; equal ones count up."""

    about: ObjectKey
    uid: str
    reason: str
    """CamelCase, as conditions have it."""
    note: str
    is_warning: bool = False


Write: TypeAlias = Apply | Delete
Word: TypeAlias = ApplyStatus | Record
