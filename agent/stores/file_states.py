"""What a store knows of each of its files, and how its journal has it.

People's files are theirs: the store reads them. What agents apply stands under `managed/`, one
object to a file, and what they say about people's objects and their own under `status/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from typing import TypeAlias

from agent.objects import KINDS, MANAGER, Document, Kind, ObjectKey, is_list, list_at, map_at
from agent.stores.faults import Fault, packed_fault, read_fault
from agent.stores.fields import Owners
from agent.stores.planning import STATUS
from agent.stores.shelf import Held, Numbered
from agent.stores.tree import Stamp

PEOPLE = "directory"
"""The field manager of all that people's files state."""


NAME_MAX = 200
"""Letters of the name of a file that agents write; longer ones are cut and get a digest."""


class Lane(IntEnum):
    """Who writes a file."""

    PERSON = 0
    MANAGED = 1
    STATUS = 2


MANAGERS = {Lane.PERSON: PEOPLE, Lane.MANAGED: MANAGER, Lane.STATUS: MANAGER + STATUS}


@dataclass(frozen=True, slots=True)
class Claim:
    """A file has a document of an object."""

    key: ObjectKey
    digest: str
    """Of the document."""
    line: int


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was taken last."""

    path: str
    stamp: Stamp | None
    """None where it is not there any more, and was not long enough ago to believe it."""
    digest: str
    """Of its content."""
    claims: tuple[Claim, ...]
    lingering: tuple[Claim, ...]
    """What it had before and has no more, while that may be an edit that is half done."""
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Which document of which file was applied to an object."""

    path: str
    digest: str


Sources: TypeAlias = Mapping[Lane, Source]


def lane_of(path: str) -> Lane:
    """Return who writes the file at a path from the top of the directory."""
    top, slash, _ = path.partition("/")
    return (
        {"managed": Lane.MANAGED, "status": Lane.STATUS}.get(top, Lane.PERSON)
        if slash
        else (Lane.PERSON)
    )


def path_of(lane: Lane, key: ObjectKey) -> str:
    """Return where agents write what they apply to an object, or to its status."""
    top = "status" if lane is Lane.STATUS else "managed"
    name = f"{key.namespace}.{key.name}" if key.namespace else key.name
    if len(name) > NAME_MAX:
        # A name of 253 letters is one to the API, and too long for a file beside its namespace.
        digest = blake2b(name.encode(), digest_size=16).hexdigest()
        name = f"{name[: NAME_MAX - len(digest) - 1]}-{digest}"
    return f"{top}/{key.kind}/{name}.yaml"


# --- as the journal has it ----------------------------------------------------------------


def packed_key(key: ObjectKey) -> list[object]:
    """Return a key as JSON has it; a kind that this program does not know with all it is."""
    kind = key.kind
    packed: list[object] = [kind.group, kind.name]
    if kind not in KINDS:
        packed += [kind.plural, list(kind.versions), kind.is_namespaced]
    return [packed, key.namespace, key.name]


def read_key(packed: object) -> ObjectKey:
    """Return the key that `packed_key` packed."""
    kind, namespace, name = _items(packed, 3)
    return ObjectKey(_read_kind(kind), str(namespace), str(name))


def packed_state(state: FileState) -> Document:
    """Return the state of a file as a line of the journal."""
    return {
        "t": "file",
        "path": state.path,
        "stamp": None if state.stamp is None else list(state.stamp),
        "digest": state.digest,
        "claims": [_packed_claim(each) for each in state.claims],
        "lingering": [_packed_claim(each) for each in state.lingering],
        "faults": [packed_fault(each) for each in state.faults],
    }


def read_state(record: Document) -> FileState:
    """Return the state that `packed_state` packed; `ValueError` where it is none."""
    path, stamp = str(record["path"]), record["stamp"]
    return FileState(
        path,
        None if stamp is None else _read_stamp(stamp),
        str(record["digest"]),
        tuple(_read_claim(each) for each in list_at(record, "claims")),
        tuple(_read_claim(each) for each in list_at(record, "lingering")),
        tuple(read_fault(path, _items(each, 5)) for each in list_at(record, "faults")),
    )


def packed_step(step: Numbered, sources: Sources) -> Document:
    """Return what became of an object as a line of the journal."""
    record: dict[str, object] = {
        "t": "object",
        "version": step.version[0],
        "key": packed_key(step.key),
    }
    if step.held is not None:
        owners = {each: sorted(map(list, owned)) for each, owned in step.held.owners.items()}
        record |= {"document": step.held.document, "owners": owners}
        record["sources"] = packed_sources(sources)
    return record


def read_step(record: Document) -> tuple[Numbered, Sources]:
    """Return the step that `packed_step` packed; `ValueError` where it is none."""
    version = record["version"]
    if not isinstance(version, int):
        raise ValueError(f"{version!r} is no version")  # noqa: TRY004  one error for all of it
    key = read_key(record["key"])
    if "document" not in record:
        return Numbered((version, 0), key, None), {}
    owners: Owners = {
        manager: frozenset(tuple(map(str, _items(path))) for path in _items(owned))
        for manager, owned in map_at(record, "owners").items()
    }
    held = Held(map_at(record, "document"), owners)
    return Numbered((version, 0), key, held), read_sources(record["sources"])


def packed_sources(sources: Sources) -> Document:
    """Return sources as JSON has them."""
    return {str(int(lane)): [each.path, each.digest] for lane, each in sources.items()}


def read_sources(packed: object) -> Sources:
    """Return the sources that `packed_sources` packed; `ValueError` where there are none."""
    found: dict[Lane, Source] = {}
    for lane, source in map_at({"": packed}, "").items():
        path, digest = _items(source, 2)
        found[Lane(int(lane))] = Source(str(path), str(digest))
    return found


def _packed_claim(claim: Claim) -> list[object]:
    return [packed_key(claim.key), claim.digest, claim.line]


def _read_claim(packed: object) -> Claim:
    key, digest, line = _items(packed, 3)
    return Claim(read_key(key), str(digest), line if isinstance(line, int) else 0)


def _read_kind(packed: object) -> Kind:
    group, name, *rest = _items(packed)
    for kind in KINDS:
        if (kind.group, kind.name) == (group, name):
            return kind
    plural, versions, is_namespaced = rest
    shown = tuple(str(each) for each in _items(versions))
    return Kind(str(group), str(name), str(plural), shown, bool(is_namespaced))


def _read_stamp(packed: object) -> Stamp:
    one, two, three, four = (int(str(each)) for each in _items(packed, 4))
    return one, two, three, four


def _items(packed: object, count: int | None = None) -> list[object]:
    if not is_list(packed) or (count is not None and len(packed) != count):
        raise ValueError(f"{packed!r} is no list of {count or 'things'}")
    return list(packed)
