"""The frame of every document of the local API, and what an answer that is none looks like.

Field names are stable, in camelCase as Kubernetes has them: a field may be added, none is renamed
or takes another meaning within `v1`. Times are RFC 3339 in UTC, to the second. `asOf` says of when
a document is; ages are for the reader to compute.
"""

import json
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from agent.local.facts import AgentFacts
from agent.objects import Document, is_list

API_VERSION = "isthmus.dev/v1"

Answer: TypeAlias = tuple[int, Document]
"""An HTTP status and the document that goes with it."""

OK, BAD_REQUEST, NOT_FOUND, UNAVAILABLE = 200, 400, 404, 503

_TRANSIENT = frozenset(
    {
        *("asOf", "answeredBy", "since", "heardAt", "validUntil"),
        *("uptimeSeconds", "ageSeconds", "silentSeconds", "roundTripMillis", "counts"),
    }
)
"""Fields whose change alone is no news to anybody who watches."""


def framed(kind: str, facts: AgentFacts, **fields: object) -> Document:
    """Return a document of one thing."""
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "asOf": facts.clock.shown(facts.clock.now),
        "answeredBy": {"cluster": facts.identity.group, "node": facts.identity.node},
        **fields,
    }


def listed(kind: str, facts: AgentFacts, items: Iterable[Document], **fields: object) -> Document:
    """Return a document of many things, `kind` being that of the list."""
    return framed(kind, facts, **fields, items=list(items))


def no_answer(status: int, reason: str, message: str, remedy: str = "") -> Answer:
    """Return why there is no answer: a reason for programs, words and a remedy for people."""
    return status, {
        "apiVersion": API_VERSION,
        "kind": "Error",
        "reason": reason,
        "message": message,
        "remedy": remedy,
    }


def encoded(document: Document) -> bytes:
    """Return a document as it travels; equal documents give equal bytes."""
    return json.dumps(document, separators=(",", ":")).encode()


def gist(value: object) -> object:
    """Return what of a document makes a difference to who watches: without times and counts."""
    if isinstance(value, Mapping):
        return {key: gist(each) for key, each in value.items() if key not in _TRANSIENT}
    return [gist(each) for each in value] if is_list(value) else value
