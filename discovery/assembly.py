"""Makes of the answers to a pull a set: what was begun, or a beginning, and whether it is whole."""

from typing import TypeAlias

from discovery.catalog import Catalog
from discovery.manifest import Manifest
from discovery.messages import Buckets, Changes, Digests, Part
from discovery.recordset import EMPTY
from discovery.refusals import Refusal, Refused
from discovery.wants import Staging, Want, covered, differing

SetAnswer: TypeAlias = Changes | Part | Digests | Buckets
"""An answer that brings something of a set."""


def staged(catalog: Catalog, want: Want, manifest: Manifest, answer: SetAnswer) -> Staging:
    """Return what an answer is a part of: what was begun, or a beginning.

    Raises `Refused` where it goes on with what is not had here, or brings nothing.
    """
    held = catalog.get(manifest.origin)
    records = EMPTY if held is None else held.records
    match answer:
        case Changes():
            # What we had when we asked, though we may have moved on since.
            base = catalog.version(manifest.origin, answer.base)
            if base is None:
                raise Refused(Refusal.UNEXPECTED, "changes: since what is not had here")
            return Staging(manifest, answer.delta.applied(base))
        case Digests():
            pending = differing(records, answer.branches)
            if not pending:
                raise Refused(Refusal.UNEXPECTED, "digests: name no bucket that differs")
            return Staging(manifest, records, pending=pending)
        case Part() | Buckets():
            if answer.root != manifest.body.root:
                raise Refused(Refusal.UNEXPECTED, "answer: goes on with another set")
            if not answer.manifest and want.staging is not None:
                return want.staging
            return Staging(manifest, EMPTY if isinstance(answer, Part) else records)


def is_whole(staging: Staging, answer: SetAnswer) -> bool:
    """Add what an answer brings; tell whether the set is whole by that. Raises `Refused`."""
    match answer:
        case Changes():
            return True
        case Digests():
            return False
        case Part(_, _, _, first, until, put):
            return staging.take_part(first, until, put)
        case Buckets(_, _, _, branches, buckets, put):
            return staging.take_buckets(covered(branches, buckets), put)
