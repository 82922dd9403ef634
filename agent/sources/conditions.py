"""Conditions on ServiceExports, as the MCS API has them, and how conditions are merged.

| type     | True            | False                                        | Unknown |
|----------|-----------------|----------------------------------------------|---------|
| Valid    | Valid           | NoService, InvalidServiceType, or our `Fault` |         |
| Ready    | Exported        | Pending, Failed                              | Pending |
| Conflict | the API's reasons, joined by commas | NoConflicts              |         |

A service whose last good state stands in for one that cannot be read is Ready and not Valid. What
is exported in part (an endpoint without an address, a label that is none) is Valid, and the message
says what is left out. A driver adds conditions of types under `isthmus.dev/`; `merged` takes all.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent.objects import ISTHMUS_GROUP, Document, at, integer_at, list_at, text_at
from agent.sources.exports import ExportRead
from discovery.merge import Merged
from discovery.names import Origin
from discovery.wall_time import shown_time

MCS_TYPES = ("Valid", "Ready", "Conflict")
OWN_PREFIX = f"{ISTHMUS_GROUP}/"
"""With what the types begin that drivers add."""

MESSAGE_CHARACTERS_MAX = 32_768
_PROBLEMS_SHOWN = 8

_REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
_REASON_CHARACTERS_MAX = 1_024


class Status(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, order=True)
class Condition:
    """One condition, without its time, which `merged` gives it."""

    type: str
    """`Valid`, or with a domain: `isthmus.dev/Imported`."""
    status: Status
    reason: str
    """CamelCase; several are joined by commas."""
    message: str = ""
    observed_generation: int | None = None
    """`metadata.generation` of the object that it was made of."""

    def __post_init__(self) -> None:
        """Raise ValueError for a reason that the API server would refuse."""
        good = _REASON.fullmatch(self.reason) and len(self.reason) <= _REASON_CHARACTERS_MAX
        if not good:
            raise ValueError(f"{self.type}: {self.reason[:80]!r} is no reason of a condition")


class Publication(StrEnum):
    """How far an export has come."""

    UNKNOWN = "Unknown"
    """Nobody here knows: another bridge has the lease."""
    PENDING = "Pending"
    """It is to be signed, or waits for the lease."""
    PUBLISHED = "Published"
    """It is part of the set that was signed last."""
    REFUSED = "Refused"
    """Peers would refuse it; the last good one stands."""


@dataclass(frozen=True, slots=True)
class Published:
    """How far an export has come, and the words for it where it is refused."""

    state: Publication
    why: str = ""


def export_conditions(
    read: ExportRead, export: Document, published: Published, own: Origin, merged: Merged | None
) -> tuple[Condition, ...]:
    """Return the conditions of the ServiceExport `export` of the service that `read` is about.

    `merged` is the service in the view of this cluster, whose name is `own`; None where it is not
    in the view, and then nothing is said of conflicts.
    """
    generation = integer_at(export, "metadata", "generation")
    found = [_valid(read, generation), _ready(read, published, generation)]
    if merged is not None:
        found.append(_conflict(merged, own, generation))
    return tuple(found)


def _valid(read: ExportRead, generation: int | None) -> Condition:
    words = "; ".join(map(str, read.problems[:_PROBLEMS_SHOWN]))
    more = len(read.problems) - _PROBLEMS_SHOWN
    words += f"; and {more} more" if more > 0 else ""
    if read.fault is not None:
        return Condition("Valid", Status.FALSE, read.fault.value, words, generation)
    return Condition("Valid", Status.TRUE, "Valid", words, generation)


def _ready(read: ExportRead, published: Published, generation: int | None) -> Condition:
    if read.fault is not None and not read.is_unreadable:
        words = "nothing is exported, see Valid"
        return Condition("Ready", Status.FALSE, "Failed", words, generation)
    match published.state:
        case Publication.PUBLISHED:
            words = "the last good state is exported, see Valid" if read.fault else ""
            return Condition("Ready", Status.TRUE, "Exported", words, generation)
        case Publication.REFUSED:
            return Condition("Ready", Status.FALSE, "Failed", published.why, generation)
        case Publication.PENDING:
            words = published.why or "it is not signed yet"
            return Condition("Ready", Status.FALSE, "Pending", words, generation)
        case Publication.UNKNOWN:
            words = published.why or "the bridge that signs has not said"
            return Condition("Ready", Status.UNKNOWN, "Pending", words, generation)


def _conflict(merged: Merged, own: Origin, generation: int | None) -> Condition:
    conflicts = merged.conflicts_of(own)
    status = Status.TRUE if conflicts else Status.FALSE
    words = "; ".join(each.what for each in conflicts)
    return Condition("Conflict", status, merged.reasons_of(own), words, generation)


# --- merging ---------------------------------------------------------------------------------


def merged(
    there: Sequence[object], wanted: Iterable[Condition], wall_ms: int
) -> tuple[Document, ...]:
    """Return the wanted conditions as documents, by type; `there` is what the object has.

    `lastTransitionTime` is what it was where the status is the same, as the API has it, else
    `wall_ms` (milliseconds since 1970). Of two wanted ones of a type the later counts. What is
    there and not wanted is not in the result: it is somebody else's, or is to go.
    """
    before = {text_at(each, "type"): each for each in there}
    latest = {each.type: each for each in wanted}
    return tuple(_document(before.get(name), latest[name], wall_ms) for name in sorted(latest))


def _document(before: object, condition: Condition, wall_ms: int) -> Document:
    since = text_at(before, "lastTransitionTime")
    if not since or text_at(before, "status") != condition.status:
        since = shown_time(wall_ms)
    document: dict[str, object] = {
        "type": condition.type,
        "status": condition.status.value,
        "reason": condition.reason,
        "message": condition.message[:MESSAGE_CHARACTERS_MAX],
        "lastTransitionTime": since,
    }
    if condition.observed_generation is not None:
        document["observedGeneration"] = condition.observed_generation
    return document


def status_to_apply(
    document: Document, wanted: Iterable[Condition], wall_ms: int
) -> Document | None:
    """Return the status to apply to an object, None where it is that already.

    What another run of ours left there and is wanted no more goes, since it is not applied again.
    """
    there = list_at(document, "status", "conditions")
    conditions = merged(there, wanted, wall_ms)
    known = {text_at(each, "type"): each for each in there}
    left = known.keys() - {text_at(each, "type") for each in conditions}
    if not any(map(_is_own, left)) and all(_is_there(each, known) for each in conditions):
        return None
    return {"conditions": list(conditions)}


def _is_own(type_name: str) -> bool:
    return type_name in MCS_TYPES or type_name.startswith(OWN_PREFIX)


def _is_there(condition: Document, known: dict[str, object]) -> bool:
    other = known.get(text_at(condition, "type"))
    return all(at(other, name) == value for name, value in condition.items())
