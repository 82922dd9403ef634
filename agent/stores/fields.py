"""Which field is whose: server-side apply, over documents without their identity.

Each manager owns the set of fields that it applied last. Rule 1: mappings merge, and so do the
lists that the API knows by a key (`list_keys`); all other lists, and the few mappings that the API
takes whole, are one value. Rule 2: a field that another manager owns with another value is a
conflict, or is taken from him by force. Rule 3: what a manager applied before and does not any
more is removed, unless somebody else owns it too. A path is written as `managedFields` has it:
`f:NAME` for a field, `k:{"KEY":VALUE}` for an item of such a list, `v:VALUE` for one of a set.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import TypeAlias

from agent.objects import NODE, POD, SERVICE, Document, Kind, at, is_list

Path: TypeAlias = tuple[str, ...]
FieldSet: TypeAlias = frozenset[Path]
Owners: TypeAlias = Mapping[str, FieldSet]
"""By manager. Fields of the status have a manager of their own, `NAME/status`."""

_Names: TypeAlias = tuple[str, ...]
_Child: TypeAlias = tuple[str, _Names, object]

_OF_ANY: dict[_Names, tuple[str, ...]] = {
    ("metadata", "finalizers"): (),
    ("metadata", "ownerReferences"): ("uid",),
    ("status", "conditions"): ("type",),
}
_OF_KIND: dict[tuple[Kind, _Names], tuple[str, ...]] = {
    (SERVICE, ("spec", "ports")): ("port", "protocol"),
    (NODE, ("status", "addresses")): ("type",),
    (POD, ("status", "podIPs")): ("ip",),
    (POD, ("spec", "schedulingGates")): ("name",),
    (POD, ("spec", "imagePullSecrets")): ("name",),
    (POD, ("spec", "volumes")): ("name",),
    **{
        (POD, ("spec", containers, *names)): keys
        for containers in ("containers", "initContainers", "ephemeralContainers")
        for names, keys in (
            ((), ("name",)),
            (("env",), ("name",)),
            (("ports",), ("containerPort", "protocol")),
            (("volumeMounts",), ("mountPath",)),
        )
    },
}
_DEFAULTS = {"protocol": "TCP"}
_ATOMIC = frozenset({(SERVICE, ("spec", "selector"))})


class _Nothing:
    """No value at all, where None is one."""


_NOTHING = _Nothing()


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that others own with another value."""

    path: Path
    managers: tuple[str, ...]

    def __str__(self) -> str:
        return f"{shown_path(self.path)} is owned by {' and '.join(self.managers)}"


def list_keys(kind: Kind, names: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return by which fields the items of a list are known; none: by their value.

    `names` is the path of field names to the list. None where the list is one value.
    """
    keys = _OF_ANY.get(names)
    return _OF_KIND.get((kind, names)) if keys is None else keys


def repeated_item(kind: Kind, document: Document) -> Path | None:
    """Return the path of an item that a list has twice or that lacks its key, else None."""
    return _repeated(kind, (), (), document)


def leaves(kind: Kind, document: Document) -> dict[Path, object]:
    """Return all values that are not taken apart any further, by path."""
    return dict(_leaves(kind, (), (), document))


def owned_by_applying(kind: Kind, document: Document) -> FieldSet:
    """Return the fields that whoever applies `document` owns: its leaves, and its items."""
    found: set[Path] = set()
    for path in leaves(kind, document):
        found.add(path)
        found.update(path[: end + 1] for end, step in enumerate(path) if step[:2] == "k:")
    return frozenset(found)


def conflicts(
    kind: Kind, live: Document, owners: Owners, manager: str, wanted: Document
) -> list[FieldConflict]:
    """Return which fields of `wanted` others own with another value in `live`."""
    others = {each: owned for each, owned in owners.items() if each != manager}
    if not others:
        return []
    before, after = leaves(kind, live), leaves(kind, wanted)
    found = []
    for path, value in after.items():
        if path in before and before[path] == value:
            continue
        if value in ({}, []) and _has_such(before, path, is_list=isinstance(value, list)):
            continue  # An empty container says that it is there, and takes nothing out of it.
        losers = tuple(sorted(each for each in others if _touches(others[each], path, before)))
        if losers:
            found.append(FieldConflict(path, losers))
    return found


def _has_such(before: Iterable[Path], path: Path, *, is_list: bool) -> bool:
    """Tell whether there is something in a list merged by key, or in a mapping, at `path`."""
    within = (each[len(path)] for each in before if each[: len(path)] == path != each)
    return any(step.startswith("k:") == is_list for step in within)


def applied(
    kind: Kind, live: Document, owners: Owners, manager: str, wanted: Document
) -> tuple[Document, Owners]:
    """Return the object, and who owns what, after `manager` has applied `wanted` by force."""
    taken = conflicts(kind, live, owners, manager, wanted)
    kept = {
        each: owned - _lost(owned, [one.path for one in taken if each in one.managers])
        for each, owned in owners.items()
        if each != manager
    }
    ours = owned_by_applying(kind, wanted)
    merged = _merged(kind, (), live, wanted)
    gone = owners.get(manager, frozenset()) - ours
    result = _without(kind, merged, gone, [ours, *kept.values()])
    after = {**kept, manager: ours}
    return result, {each: owned for each, owned in sorted(after.items()) if owned}


def shown_path(path: Path) -> str:
    """Return a path as people write it: `.spec.ports[port=80,protocol="TCP"].name`."""
    shown = ""
    for step in path:
        sort, _, text = step.partition(":")
        if sort == "f":
            shown += f".{text}"
        elif sort == "v":
            shown += f"[{text}]"
        else:
            pairs = json.loads(text)
            shown += "[" + ",".join(f"{key}={json.dumps(pairs[key])}" for key in pairs) + "]"
    return shown


# --- taking documents apart ---------------------------------------------------------------


def _children(kind: Kind, names: _Names, value: object) -> list[_Child] | None:
    """Return the parts of a value, None where it is one value."""
    if isinstance(value, Mapping):
        if (kind, names) in _ATOMIC:
            return None
        return [(f"f:{key}", (*names, key), part) for key, part in value.items()]
    keys = list_keys(kind, names) if is_list(value) else None
    if keys is None or not is_list(value):
        return None
    return [(_item_step(keys, item), names, item) for item in value]


def _item_step(keys: tuple[str, ...], item: object) -> str:
    if not keys:
        return "v:" + json.dumps(item, sort_keys=True)
    pairs = {key: at(item, key) for key in keys}
    pairs.update({key: _DEFAULTS[key] for key in keys if key in _DEFAULTS and pairs[key] is None})
    return "k:" + json.dumps(pairs, separators=(",", ":"))


def _leaves(kind: Kind, path: Path, names: _Names, value: object) -> Iterator[tuple[Path, object]]:
    children = _children(kind, names, value)
    if not children:
        if path:
            yield path, value
        return
    for step, below, child in children:
        # An item of a set is its own value, and has no names below it.
        if step[:2] == "v:":
            yield (*path, step), child
        else:
            yield from _leaves(kind, (*path, step), below, child)


def _repeated(kind: Kind, path: Path, names: _Names, value: object) -> Path | None:
    children = _children(kind, names, value) or []
    seen: set[str] = set()
    for step, below, child in children:
        here = (*path, step)
        if step in seen or (step[:2] == "k:" and None in json.loads(step[2:]).values()):
            return here
        seen.add(step)
        found = _repeated(kind, here, below, child) if step[:2] != "v:" else None
        if found is not None:
            return found
    return None


# --- putting them together ----------------------------------------------------------------


def _merged(kind: Kind, names: _Names, live: object, wanted: Document) -> Document:
    if not isinstance(live, Mapping):
        return wanted
    result = dict(live)
    for key, value in wanted.items():
        result[key] = _merged_value(kind, (*names, key), live.get(key), value)
    return result


def _merged_value(kind: Kind, names: _Names, live: object, wanted: object) -> object:
    if isinstance(wanted, Mapping):
        return wanted if (kind, names) in _ATOMIC else _merged(kind, names, live, wanted)
    keys = list_keys(kind, names)
    if keys is None or not is_list(live) or not is_list(wanted):
        return wanted
    items = {_item_step(keys, item): item for item in live}
    for item in wanted:
        step = _item_step(keys, item)
        both = isinstance(item, Mapping) and step in items
        items[step] = _merged(kind, names, items[step], item) if both else item  # type: ignore[arg-type]  # `both` has looked
    return list(items.values())


def _touches(owned: FieldSet, path: Path, live: Mapping[Path, object]) -> bool:
    """Tell whether somebody who owns these fields owns what a value at `path` would replace."""
    if path in owned:
        return True
    if any(each[: len(path)] == path for each in owned):
        return True
    above = (path[:end] for end in range(1, len(path)))
    return any(each in owned and each in live and live[each] not in ({}, []) for each in above)


def _lost(owned: FieldSet, taken: Iterable[Path]) -> FieldSet:
    paths = tuple(taken)
    return frozenset(
        each
        for each in owned
        if any(each[: len(path)] == path or path[: len(each)] == each for path in paths)
        and each[-1][:2] != "k:"
    )


def _without(
    kind: Kind, document: Document, gone: Iterable[Path], kept: Iterable[FieldSet]
) -> Document:
    """Return the document without the fields of `gone` that nobody of `kept` owns."""
    keep = frozenset[Path]().union(*kept)
    needed = {path[:end] for path in keep for end in range(1, len(path) + 1)}
    removal = _Removal(kind, needed)
    result: object = document
    for path in sorted(gone, key=len):
        if path not in needed:
            result = removal.without((), result, (), path)
    return result if isinstance(result, Mapping) else {}


class _Removal:
    """Takes fields out of a document, and what holds nothing then and is nobody's."""

    def __init__(self, kind: Kind, needed: Set[Path]) -> None:
        self._kind, self._needed = kind, needed

    def without(self, names: _Names, value: object, where: Path, path: Path) -> object:
        """Return a value that is at `where`, without what is at `path` below it."""
        children = _children(self._kind, names, value)
        if children is None or all(step != path[0] for step, _, _ in children):
            return value
        rest: dict[str, object] = {}
        for step, below, child in children:
            part = child
            if step == path[0]:
                here = (*where, step)
                further = path[1:]
                part = self.without(below, child, here, further) if further else _NOTHING
            if not isinstance(part, _Nothing):
                rest[step] = part
        if not rest and where not in self._needed:
            return _NOTHING
        if isinstance(value, Mapping):
            return {step[2:]: part for step, part in rest.items()}
        return list(rest.values())
