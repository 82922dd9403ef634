"""What is to be known of a service here, and the Events that tell of what is new."""

from collections.abc import Sequence
from typing import TypeAlias

from agent.drivers.admission import Trouble
from agent.drivers.plan import Condition
from agent.mirror import Mirror
from agent.objects import SERVICE, SERVICE_EXPORT, ObjectKey, text_at
from agent.writes import Record
from discovery.names import ServiceName

Finding: TypeAlias = Condition | Trouble
"""What a driver says that the mesh cannot do, or what keeps the writer from writing it."""

NOTE_CHARACTERS_MAX = 1_024
"""The most that Kubernetes takes for the note of an Event."""


def shown(finding: Finding) -> str:
    """Return a finding in words: whom it is about, and what."""
    return f"{finding.origin}: {finding.what}" if finding.origin else finding.what


def subject_of(name: ServiceName, mirror: Mirror) -> tuple[ObjectKey, str] | None:
    """Return the object that Events and conditions of a service are about, and its UID.

    Its ServiceExport, else its Service; None where neither is here: then it is in the API alone.
    """
    for kind in (SERVICE_EXPORT, SERVICE):
        key = ObjectKey(kind, name.namespace, name.name)
        document = mirror.get(key)
        if document is not None:
            return key, text_at(document, "metadata", "uid")
    return None


def records_of(
    name: ServiceName, before: Sequence[Finding], after: Sequence[Finding], mirror: Mirror
) -> list[Record]:
    """Return an Event for each finding that was not there before, and one where all are gone."""
    subject = subject_of(name, mirror)
    if subject is None:
        return []
    key, uid = subject
    known = {(each.reason, each.origin) for each in before}
    records = [
        Record(key, uid, each.reason.value, _cut(shown(each)), is_warning=True)
        for each in after
        if (each.reason, each.origin) not in known
    ]
    if before and not after:
        records.append(Record(key, uid, "Served", "the mesh serves it as it should"))
    return records


def _cut(text: str) -> str:
    return text if len(text) <= NOTE_CHARACTERS_MAX else text[: NOTE_CHARACTERS_MAX - 1] + "…"
