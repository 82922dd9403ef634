"""The mirror as it is once our own writes are seen in it: what drivers plan from.

A watch brings our own writes back a little later. Who planned from the mirror in between would
take steps for undone that are done, and the next plan would be safe from a state that is not there:
weights would go to a leaf that has just been emptied. So the store's answer to each write is laid
over the mirror until the mirror has shown it. Rule 1: once the mirror shows the version that we
wrote, the mirror counts. Rule 2: where it shows other changes instead (someone wrote after us, and
the watch was begun anew in between), it counts after a while. Rule 3: where it shows nothing at all
of the object, our own word is the newest there is, until a list that began after the write came in.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.mirror import Mirror
from agent.objects import Document, Kind, ObjectKey, resource_version
from failure_detect.clock import NEVER, SECOND, Duration, Instant

CATCH_UP_MAX: Duration = 5 * SECOND
"""How long after another change of the object its mirror counts, though ours was not seen."""


@dataclass(slots=True)
class _Own:
    document: Document | None
    before: str
    """The version that the mirror had when it was written."""
    at: Instant
    """When the store said that it was written."""
    other_since: Instant = NEVER
    """Since when the mirror has shown a version that is neither that nor ours."""


class Overlay(Mirror):
    """A mirror, and over it what we have written since: to be read, never to be told."""

    def __init__(self, mirror: Mirror) -> None:
        """Show `mirror` as it is."""
        super().__init__()
        self._mirror = mirror
        self._own: dict[ObjectKey, _Own] = {}
        self._begun: dict[ObjectKey, str] = {}

    def begin(self, key: ObjectKey) -> None:
        """Note that a write of an object is on its way to the store."""
        self._begun[key] = self._shown(key)

    def wrote(self, key: ObjectKey, document: Document | None, now: Instant) -> None:
        """Take the state that the store says an object has by that write; None: it is gone."""
        before = self._begun.pop(key, self._shown(key))
        self._own[key] = _Own(document, before, now)
        self._settle(key, now)

    def failed(self, key: ObjectKey) -> None:
        """Note that nothing came of that write."""
        self._begun.pop(key, None)

    def changed(self, key: ObjectKey, now: Instant) -> bool:
        """Look at an object that changed in the mirror; tell whether it was others who did it.

        False where the mirror has caught up with what we wrote, or is still on its way there.
        """
        if key in self._begun:  # `wrote` looks at it again, and knows then what to look for.
            return False
        if key not in self._own:
            return True
        return not self._settle(key, now) and key not in self._own

    def _settle(self, key: ObjectKey, now: Instant) -> bool:
        """Drop what the mirror shows itself; tell whether it was seen to."""
        own, shown = self._own[key], self._shown(key)
        if shown == ("" if own.document is None else resource_version(own.document)):
            del self._own[key]
            return True
        if shown != own.before:
            own.other_since = min(own.other_since, now)
        if now - own.other_since >= CATCH_UP_MAX:
            del self._own[key]
        return False

    def listed(self, kind: Kind, begun_at: Instant) -> list[ObjectKey]:
        """Let the mirror count for a kind that was listed by a request begun at `begun_at`.

        Return the objects that it shows otherwise than we wrote them before that, by key.
        """
        keys = [key for key, own in self._own.items() if key.kind == kind and own.at < begun_at]
        for key in keys:
            del self._own[key]
        return sorted(keys)

    def expire(self, now: Instant) -> list[ObjectKey]:
        """Give up what others have overwritten unseen; return these objects, by key."""
        keys = [key for key, own in self._own.items() if now - own.other_since >= CATCH_UP_MAX]
        for key in keys:
            del self._own[key]
        return sorted(keys)

    @property
    def deadline(self) -> Instant:
        """When `expire` has something to do; `NEVER` where it has not."""
        since = min((own.other_since for own in self._own.values()), default=NEVER)
        return NEVER if since == NEVER else since + CATCH_UP_MAX

    def _shown(self, key: ObjectKey) -> str:
        document = self._mirror.get(key)
        return "" if document is None else resource_version(document)

    # --- what it has ---------------------------------------------------------------------

    def version(self, kind: Kind) -> str | None:
        """Return the version in which the store serves a kind; None where it does not."""
        return self._mirror.version(kind)

    def knows(self, kind: Kind) -> bool:
        """Tell whether all objects of a kind are here."""
        return self._mirror.knows(kind)

    def get(self, key: ObjectKey) -> Document | None:
        """Return an object, None where there is none."""
        own = self._own.get(key)
        return self._mirror.get(key) if own is None else own.document

    def of(self, kind: Kind, namespace: str | None = None) -> Iterator[tuple[ObjectKey, Document]]:
        """Give the objects of a kind, by key: all of them, or those of one namespace."""
        objects = dict(self._mirror.of(kind, namespace))
        for key, own in self._own.items():
            if key.kind != kind or (namespace is not None and key.namespace != namespace):
                continue
            if own.document is None:
                objects.pop(key, None)
            else:
                objects[key] = own.document
        for key in sorted(objects):
            yield key, objects[key]
