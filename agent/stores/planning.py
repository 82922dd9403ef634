"""What a request changes, as steps that are not taken yet; or why it is refused.

The rules are those of the API server: what changes nothing makes no version; apply leaves the
status of a kind that has one apart, and applying the status leaves all else; an object with
finalizers is marked by its deletion, and goes with the last of them; with a definition go the
objects of its kind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agent.objects import (
    BUILT_IN,
    CRD,
    MANAGER,
    OURS,
    Document,
    Kind,
    ObjectKey,
    at,
    integer_at,
    list_at,
    map_at,
    resource_version,
    text_at,
)
from agent.store import ConflictError, NotFoundError
from agent.stores.admission import Admitted, admit, split_status
from agent.stores.fields import Owners, applied, conflicts
from agent.stores.served import defined_kind
from agent.stores.shelf import Drop, Held, Put, Shelf, Step

STATUS = "/status"
"""What the name of a manager ends with where it owns fields of the status."""


@dataclass(frozen=True, slots=True)
class Birth:
    """What an object gets when it is made: an identity of its own, and when that was."""

    uid: str
    created: str
    """RFC 3339, to the second."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a request does: the steps in order, and the object as it will be."""

    steps: tuple[Step, ...]
    key: ObjectKey
    document: Document
    """Without its new version, if it gets one."""


def plan_apply(
    shelf: Shelf,
    document: Document,
    birth: Callable[[], Birth],
    *,
    manager: str = MANAGER,
    if_version: str | None = None,
    force: bool = False,
) -> Plan:
    """Return what applying a document does. It raises the errors of `ObjectStore.apply`."""
    kind, version = shelf.served.find(text_at(document, "apiVersion"), text_at(document, "kind"))
    admitted = replace(admit(kind, version, document), deleted="")
    held = shelf.held(admitted.key)
    _check_expected(admitted, held, if_version)
    fields = admitted.fields
    if shelf.served.has_status(kind, version):
        fields, _ = split_status(fields)
    return planned(shelf, admitted, [(manager, fields)], birth, force=force)


def plan_status(
    shelf: Shelf, key: ObjectKey, version: str, status: Document, *, manager: str = MANAGER
) -> Plan:
    """Return what applying the fields of a status does; others' fields are taken by force."""
    shelf.served.require(key.kind, version)
    held = shelf.held(key)
    if held is None:
        raise NotFoundError(f"there is no {key}")
    if not shelf.served.has_status(key.kind, version):
        raise NotFoundError(f"{key} has no status apart from the rest of it ({version})")
    metadata = {"name": key.name, "namespace": key.namespace}
    admitted = admit(key.kind, version, {"metadata": metadata, "status": status})
    wanted = [(manager + STATUS, admitted.fields)]
    return planned(shelf, admitted, wanted, lambda: Birth("", ""), force=True)


def plan_delete(shelf: Shelf, key: ObjectKey, now: str, *, if_version: str | None = None) -> Plan:
    """Return what deleting an object does; `now` is when, in RFC 3339."""
    held = shelf.held(key)
    if not shelf.served.has(key.kind):
        shelf.served.require(key.kind, "")
    if held is None:
        raise NotFoundError(f"there is no {key}")
    if if_version is not None and resource_version(held.document) != if_version:
        raise ConflictError(_is_another(key, held, if_version))
    if not list_at(held.document, "metadata", "finalizers"):
        return Plan(dropping(shelf, [key]), key, held.document)
    if _is_marked(held):
        return Plan((), key, held.document)
    metadata = {**map_at(held.document, "metadata"), "deletionTimestamp": now}
    marked = {**held.document, "metadata": metadata}
    return Plan((Put(key, Held(marked, held.owners)),), key, marked)


def planned(
    shelf: Shelf,
    admitted: Admitted,
    wanted: Sequence[tuple[str, Document]],
    birth: Callable[[], Birth],
    *,
    force: bool,
) -> Plan:
    """Return what becomes of an object whose fields these managers apply, one after the other."""
    key, held = admitted.key, shelf.held(admitted.key)
    live, owners = ({}, {}) if held is None else (_fields(held.document), held.owners)
    before: tuple[Document, Owners] = (live, owners)
    for manager, fields in wanted:
        found = [] if force else conflicts(key.kind, live, owners, manager, fields)
        if found:
            raise ConflictError(f"{key}: " + "; ".join(str(each) for each in found[:5]))
        live, owners = applied(key.kind, live, owners, manager, fields)
    is_marked = bool(admitted.deleted) and held is not None and not _is_marked(held)
    if held is not None and (live, owners) == before and not is_marked:
        return Plan((), key, held.document)
    return _written(shelf, admitted, Held(live, owners), birth)


def dropping(shelf: Shelf, keys: Sequence[ObjectKey]) -> tuple[Step, ...]:
    """Return the steps that end objects, and with a definition the objects of its kind."""
    steps: dict[ObjectKey, Step] = {}
    for key in keys:
        held = shelf.held(key)
        if held is None:
            continue
        if key.kind == CRD:
            steps.update({each: Drop(each) for each in _defined_objects(shelf, held.document)})
        steps[key] = Drop(key)
    return tuple(steps.values())


def _check_expected(admitted: Admitted, held: Held | None, if_version: str | None) -> None:
    key, expected = admitted.key, if_version
    if expected is None:
        expected = admitted.expected or None
    if held is not None and admitted.uid not in ("", text_at(held.document, "metadata", "uid")):
        raise ConflictError(f"{key} is another object: its uid is not {admitted.uid}")
    if expected is None:
        return
    if expected and held is None:
        raise ConflictError(f"there is no {key} any more, and version {expected} was expected")
    if held is not None and resource_version(held.document) != expected:
        raise ConflictError(_is_another(key, held, expected))


def _is_marked(held: Held) -> bool:
    return bool(text_at(held.document, "metadata", "deletionTimestamp"))


def _is_another(key: ObjectKey, held: Held, expected: str) -> str:
    found = resource_version(held.document)
    if not expected:
        return f"{key} is there already, at version {found}"
    return f"{key} is at version {found}, and {expected} was expected"


def _written(shelf: Shelf, admitted: Admitted, after: Held, birth: Callable[[], Birth]) -> Plan:
    key, held = admitted.key, shelf.held(admitted.key)
    metadata = _metadata(admitted, held, birth)
    generation = integer_at(metadata, "generation") or 0
    version = admitted.version
    if held is None or _counts(shelf, key.kind, version, held.document, after.document):
        generation += 1
    metadata = {**metadata, "generation": generation, **map_at(after.document, "metadata")}
    document = {
        "apiVersion": key.kind.api_version(version),
        "kind": key.kind.name,
        "metadata": metadata,
        **{name: each for name, each in after.document.items() if name != "metadata"},
    }
    is_over = text_at(metadata, "deletionTimestamp") and not list_at(metadata, "finalizers")
    if held is not None and is_over:
        return Plan(dropping(shelf, [key]), key, document)
    steps: list[Step] = [Put(key, Held(document, after.owners))]
    if key.kind == CRD and held is not None:
        was = held.document
        if defined_kind(document) != defined_kind(was):
            steps[:0] = [Drop(each) for each in _defined_objects(shelf, was)]
    return Plan(tuple(steps), key, document)


def _defined_objects(shelf: Shelf, definition: Document) -> list[ObjectKey]:
    """Return the objects that are served by nothing but this definition."""
    kind = defined_kind(definition)
    return [] if kind in (*BUILT_IN, *OURS) else shelf.keys(kind)


def _metadata(admitted: Admitted, held: Held | None, birth: Callable[[], Birth]) -> Document:
    """Return what a store alone gives an object."""
    key = admitted.key
    where = {"namespace": key.namespace} if key.namespace else {}
    if held is None:
        born = birth()
        times = {"uid": born.uid, "creationTimestamp": born.created}
        return {"name": key.name, **where, **times}
    names = ("uid", "creationTimestamp", "deletionTimestamp", "generation", "resourceVersion")
    kept = {name: at(held.document, "metadata", name) for name in names}
    own = {name: value for name, value in kept.items() if value is not None}
    if admitted.deleted:
        own = {"deletionTimestamp": admitted.deleted, **own}
    return {"name": key.name, **where, **own}


def _fields(document: Document) -> Document:
    """Return the fields of an object that are owned, without what the store alone gives it."""
    shown = {name: each for name, each in document.items() if name not in ("apiVersion", "kind")}
    metadata = map_at(document, "metadata")
    own = {name: each for name, each in metadata.items() if name not in _GIVEN}
    if own:
        return {**shown, "metadata": own}
    shown.pop("metadata", None)
    return shown


_GIVEN = frozenset(
    (
        *("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"),
        *("generation", "resourceVersion"),
    )
)


def _counts(shelf: Shelf, kind: Kind, version: str, before: Document, after: Document) -> bool:
    """Tell whether a change makes a new generation: anything but metadata and a status apart."""
    apart = {"metadata", "apiVersion", "kind"}
    if shelf.served.has_status(kind, version):
        apart.add("status")
    names = (before.keys() | after.keys()) - apart
    return any(before.get(name) != after.get(name) for name in names)
