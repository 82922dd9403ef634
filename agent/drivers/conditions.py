"""Conditions in the status of objects: what is said of them, and when it is worth a write.

On a ServiceExport `isthmus.dev/Served`: True, or False for reasons of the driver and the writer. On
a TrafficPolicy:

| type       | True       | False                                |
|------------|------------|--------------------------------------|
| Accepted   | Accepted   | Malformed, CannotTravel              |
| InForce    | InForce    | AboutNothing, Overtaken, NothingGood |
| Expressed  | Expressed  | reasons for which the mesh cannot    |
| Conflicted | Conflicted | NoConflicts                          |

A condition's `lastTransitionTime` is when its status became what it is, as the Kubernetes API has
it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent.drivers.findings import Finding, shown
from agent.drivers.plan import Reason
from agent.objects import Document, at, integer_at, list_at, text_at
from discovery.names import ServiceName
from discovery.policy_status import PolicyStatus
from discovery.wall_time import shown_time

SERVED = "isthmus.dev/Served"

MESSAGE_CHARACTERS_MAX = 32_768
_SHOWN_MAX = 8
_REASON_CHARACTERS_MAX = 1_024
_REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")

UNEXPRESSED = frozenset({Reason.WEIGHTS_NOT_HELD, Reason.LOCAL_NOT_EXPORTED})
"""Reasons for which traffic is not spread as a policy has it."""


class Status(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Said:
    """One condition, without its time."""

    type: str
    status: Status
    reason: str
    """CamelCase; several are joined by commas."""
    message: str = ""
    generation: int | None = None
    """`metadata.generation` of the object that it was made of."""

    def __post_init__(self) -> None:
        """Raise ValueError for a reason that the API server would refuse."""
        if not _REASON.fullmatch(self.reason) or len(self.reason) > _REASON_CHARACTERS_MAX:
            raise ValueError(f"{self.type}: {self.reason[:80]!r} is no reason of a condition")


def with_times(there: Sequence[object], said: Iterable[Said], wall_ms: int) -> list[Document]:
    """Return conditions as documents, by type; `there` is what the object has.

    `wall_ms`, milliseconds since 1970, is the time of those whose status is another than it was.
    """
    before = {text_at(each, "type"): each for each in there}
    return [
        _document(before.get(each.type), each, wall_ms)
        for each in sorted(said, key=lambda each: each.type)
    ]


def _document(before: object, said: Said, wall_ms: int) -> Document:
    since = text_at(before, "lastTransitionTime")
    if not since or text_at(before, "status") != said.status:
        since = shown_time(wall_ms)
    document: dict[str, object] = {
        "type": said.type,
        "status": said.status.value,
        "reason": said.reason,
        "message": said.message[:MESSAGE_CHARACTERS_MAX],
        "lastTransitionTime": since,
    }
    if said.generation is not None:
        document["observedGeneration"] = said.generation
    return document


def status_to_apply(document: Document, said: Iterable[Said], wall_ms: int) -> Document | None:
    """Return the status to apply to an object, None where it has that already."""
    there = list_at(document, "status", "conditions")
    conditions = with_times(there, said, wall_ms)
    known = {text_at(each, "type"): each for each in there}
    if all(_has(known.get(text_at(each, "type")), each) for each in conditions):
        return None
    return {"conditions": conditions}


def _has(there: object, wanted: Document) -> bool:
    return all(at(there, field) == value for field, value in wanted.items())


# --- services ----------------------------------------------------------------------------


def served_condition(findings: Sequence[Finding], generation: int | None = None) -> Said:
    """Return what is to be said of how the mesh here serves a service, on its ServiceExport."""
    if not findings:
        return Said(SERVED, Status.TRUE, "Served", "", generation)
    return Said(SERVED, Status.FALSE, _reasons(findings), _listed(map(shown, findings)), generation)


def _reasons(findings: Iterable[Finding]) -> str:
    return ",".join(dict.fromkeys(each.reason.value for each in findings))


def _listed(words: Iterable[str]) -> str:
    found = list(words)
    more = f"; and {len(found) - _SHOWN_MAX} more" if len(found) > _SHOWN_MAX else ""
    return "; ".join(found[:_SHOWN_MAX]) + more


# --- policies ----------------------------------------------------------------------------


def policy_conditions(
    status: PolicyStatus,
    findings: Mapping[ServiceName, Sequence[Finding]],
    generation: int | None = None,
) -> tuple[Said, ...]:
    """Return what is to be said of a TrafficPolicy; `findings` are those of services, by name."""
    conflicts = [each for each in status.overtaken if each.is_conflict]
    words = _listed(f"{each.service}: {each.by} holds, {each.why}" for each in conflicts)
    reason = "Conflicted" if conflicts else "NoConflicts"
    conflicted = Status.TRUE if conflicts else Status.FALSE
    return (
        _accepted(status, generation),
        _in_force(status, generation),
        _expressed(status, findings, generation),
        Said("Conflicted", conflicted, reason, words, generation),
    )


def _accepted(status: PolicyStatus, generation: int | None) -> Said:
    if status.is_refused:
        words = _listed(f"{each.field}: {each.reason}" for each in status.faults)
        if status.policy is not None:
            words += "; the last good version holds until this is mended"
        return Said("Accepted", Status.FALSE, "Malformed", words, generation)
    if status.cannot_travel:
        words = f"it holds here alone: {status.cannot_travel}"
        return Said("Accepted", Status.FALSE, "CannotTravel", words, generation)
    words = "it travels to clusters that let this one configure them" if status.travels else ""
    return Said("Accepted", Status.TRUE, "Accepted", words, generation)


def _in_force(status: PolicyStatus, generation: int | None) -> Said:
    if status.holds:
        unnamed = [f"{each.service}: {each.what}" for each in status.names_nobody]
        words = f"it holds for {_listed(map(str, status.holds))}"
        words += f"; {_listed(unnamed)}" if unnamed else ""
        return Said("InForce", Status.TRUE, "InForce", words, generation)
    if status.policy is None:
        return Said("InForce", Status.FALSE, "NothingGood", "see Accepted", generation)
    if status.overtaken:
        words = _listed(f"{e.service}: {e.by} holds, {e.why}" for e in status.overtaken)
        return Said("InForce", Status.FALSE, "Overtaken", words, generation)
    words = "no service that is served here has the name that it is about"
    return Said("InForce", Status.FALSE, "AboutNothing", words, generation)


def _expressed(
    status: PolicyStatus,
    findings: Mapping[ServiceName, Sequence[Finding]],
    generation: int | None,
) -> Said:
    found = [
        (name, each)
        for name in status.holds
        for each in findings.get(name, ())
        if each.reason in UNEXPRESSED
    ]
    if not found:
        return Said("Expressed", Status.TRUE, "Expressed", "", generation)
    words = _listed(f"{name}: {shown(each)}" for name, each in found)
    return Said("Expressed", Status.FALSE, _reasons(each for _, each in found), words, generation)


def generation_of(document: Document) -> int | None:
    """Return `metadata.generation`, None where the store counts none."""
    return integer_at(document, "metadata", "generation")
