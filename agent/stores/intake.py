"""What is to become of an object when the documents that make it have changed.

Rule 1: a person's document and ours make one object, field by field; ours is applied after it.
Rule 2: an object goes with the person's document that made it, and what we applied to it goes too.
Rule 3: a status that we gave to one object is not given to the next of the same name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.objects import Document, ObjectKey, text_at
from agent.stores.admission import Admitted, split_status
from agent.stores.file_states import MANAGERS, Lane, Sources
from agent.stores.planning import STATUS, Birth, dropping, planned
from agent.stores.shelf import Shelf, Step

Documents = Callable[[str, ObjectKey], Admitted | None]
"""Gives the document of an object in a file; None where it cannot be had now."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be done about one object."""

    steps: tuple[Step, ...]
    sources: Sources
    """Of which documents the object is made then."""
    is_over: bool = False
    """Whether what we wrote about it is to be removed."""


def outcome(
    shelf: Shelf,
    key: ObjectKey,
    has: Sources,
    wanted: Sources,
    documents: Documents,
    birth: Callable[[], Birth],
) -> Outcome | None:
    """Return what becomes of an object that is made of `has` and is to be made of `wanted`.

    None where nothing does, or nothing can be done now.
    """
    is_there = Lane.PERSON in wanted or (Lane.MANAGED in wanted and Lane.PERSON not in has)
    if not is_there:
        if shelf.held(key) is None and not wanted:
            return None
        return Outcome(dropping(shelf, [key]), {}, is_over=True)
    changed = _Changed(shelf, key, has, wanted)
    admitted: dict[Lane, Admitted] = {}
    for lane in changed.lanes:
        if lane in wanted:
            found = documents(wanted[lane].path, key)
            if found is None or found.digest != wanted[lane].digest:
                return None
            admitted[lane] = found
    return changed.outcome(admitted, birth)


class _Changed:
    """An object, some of whose documents have changed."""

    def __init__(self, shelf: Shelf, key: ObjectKey, has: Sources, wanted: Sources) -> None:
        self._shelf, self._key, self._wanted = shelf, key, wanted
        self._held = shelf.held(key)
        self.lanes = [lane for lane in Lane if _digest(has, lane) != _digest(wanted, lane)]

    def outcome(self, admitted: Mapping[Lane, Admitted], birth: Callable[[], Birth]) -> Outcome:
        sources = dict(self._wanted)
        lanes = list(self.lanes)
        stated = self._stated(admitted)
        if Lane.STATUS in admitted and not self._is_of_this(admitted[Lane.STATUS], stated.uid):
            lanes.remove(Lane.STATUS)
            del sources[Lane.STATUS]
        applied: list[tuple[str, Document]] = []
        for lane in lanes:
            applied += self._applied(lane, admitted.get(lane))
        if not applied:
            return Outcome((), sources)

        def born() -> Birth:
            new = birth()
            return Birth(stated.uid or new.uid, stated.created or new.created)

        plan = planned(self._shelf, stated, applied, born, force=True)
        return Outcome(plan.steps, sources)

    def _applied(self, lane: Lane, admitted: Admitted | None) -> list[tuple[str, Document]]:
        """Return what the managers of a lane apply: nothing, where it has no document now."""
        fields = {} if admitted is None else admitted.fields
        manager = MANAGERS[lane]
        if lane is Lane.STATUS:
            return [(manager, split_status(fields)[1])]
        if not self._has_status(admitted):
            return [(manager, fields)]
        own, status = split_status(fields)
        return (
            [(manager, own)]
            if lane is Lane.MANAGED
            else [
                (manager, own),
                (manager + STATUS, status),
            ]
        )

    def _has_status(self, admitted: Admitted | None) -> bool:
        version = self._version() if admitted is None else admitted.version
        return self._shelf.served.has_status(self._key.kind, version)

    def _version(self) -> str:
        document: Document = {} if self._held is None else self._held.document
        return text_at(document, "apiVersion").rpartition("/")[2]

    def _is_of_this(self, status: Admitted, stated: str) -> bool:
        uid = stated
        if self._held is not None:
            uid = text_at(self._held.document, "metadata", "uid")
        return status.uid in ("", uid)

    def _stated(self, admitted: Mapping[Lane, Admitted]) -> Admitted:
        for lane in (Lane.PERSON, Lane.MANAGED):
            if lane in admitted:
                return admitted[lane]
        return Admitted(self._key, self._version(), {}, uid="", created="")


def _digest(sources: Sources, lane: Lane) -> str:
    source = sources.get(lane)
    return "" if source is None else source.digest
