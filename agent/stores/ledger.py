"""All that a directory store knows: its objects, its files, and which file made which object.

Every process that reads the same journal has the same ledger. Rule 1: of several files of one lane
that have the same object the first by name counts; one that only had it before counts when no
other has it. Rule 2: objects are taken in the order of their versions; what the beginning of a
journal says is taken whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.objects import CRD, Document, ObjectKey, integer_at, text_at
from agent.stores.faults import Fault, FaultReason
from agent.stores.file_states import (
    Claim,
    FileState,
    Lane,
    Source,
    Sources,
    lane_of,
    packed_key,
    packed_sources,
    packed_state,
    packed_step,
    read_key,
    read_sources,
    read_state,
    read_step,
)
from agent.stores.shelf import Numbered, Shelf, read_version

FORMAT = 1


class UnknownFormatError(Exception):
    """The journal is of another version of this program."""


@dataclass(slots=True)
class _Beginning:
    """What a journal begins with: everything, as it was when it was begun."""

    version: int
    objects: dict[ObjectKey, Numbered] = field(default_factory=dict)
    sources: dict[ObjectKey, Sources] = field(default_factory=dict)
    files: dict[str, FileState] = field(default_factory=dict)


class Ledger:
    """The state of one directory store."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.shelf = Shelf()
        self.identity = ""
        """Of the directory: given once, by whoever used it first."""
        self.files: dict[str, FileState] = {}
        self.sources: dict[ObjectKey, Sources] = {}
        self._claims: dict[tuple[Lane, ObjectKey], dict[str, Claim]] = {}
        self.lingering: set[str] = set()
        """Files that have something no more, and since too short a time to believe it."""
        self.edition = 0
        """Another number, other files."""
        self._faulty: set[str] = set()
        self._contested: set[tuple[Lane, ObjectKey]] = set()
        self._beginning: _Beginning | None = None

    # --- what it says --------------------------------------------------------------------

    def wanted(self, key: ObjectKey) -> Sources:
        """Return which documents are to make an object, by the files as they are."""
        found: dict[Lane, Source] = {}
        for lane in Lane:
            path = self.claimant(lane, key)
            if path is not None:
                found[lane] = Source(path, self._claims[lane, key][path].digest)
        return found

    def claimant(self, lane: Lane, key: ObjectKey) -> str | None:
        """Return which file of a lane counts for an object, None where none has it."""
        paths = self._claims.get((lane, key))
        if not paths:
            return None
        claims = ((path, claim) for path, claim in paths.items())
        return min((claim in self.files[path].lingering, path) for path, claim in claims)[1]

    def keys_of(self, path: str) -> set[ObjectKey]:
        """Return which objects a file has, or had until lately."""
        state = self.files.get(path)
        return set() if state is None else {each.key for each in (*state.claims, *state.lingering)}

    def faults(self) -> Iterator[Fault]:
        """Give what is wrong in the files, objects in two of them included."""
        for path in self._faulty:
            yield from self.files[path].faults
        for lane, key in self._contested:
            first = self.claimant(lane, key)
            for path, claim in self._claims[lane, key].items():
                if path == first or claim in self.files[path].lingering:
                    continue
                problem = f"{key} stands in {first} already"
                remedy = "keep one of the two; the first file by name counts"
                reason = FaultReason.DUPLICATE_OBJECT
                yield Fault(path, claim.line, "metadata.name", reason, problem, remedy)

    # --- what it takes -------------------------------------------------------------------

    def take_file(self, state: FileState) -> None:
        """Know a file by this state; one without anything is forgotten."""
        self.edition += 1
        self._forget(state.path)
        if state.stamp is None and not state.claims and not state.lingering:
            return
        self.files[state.path] = state
        if state.lingering:
            self.lingering.add(state.path)
        if state.faults:
            self._faulty.add(state.path)
        lane = lane_of(state.path)
        for claim in (*state.lingering, *state.claims):
            claims = self._claims.setdefault((lane, claim.key), {})
            claims[state.path] = claim
            if len(claims) > 1:
                self._contested.add((lane, claim.key))

    def _forget(self, path: str) -> None:
        lane = lane_of(path)
        for key in self.keys_of(path):
            claims = self._claims[lane, key]
            del claims[path]
            if not claims:
                del self._claims[lane, key]
            if len(claims) <= 1:
                self._contested.discard((lane, key))
        self.lingering.discard(path)
        self._faulty.discard(path)
        self.files.pop(path, None)

    def take_steps(self, steps: Iterable[Numbered], sources: Mapping[ObjectKey, Sources]) -> None:
        """Take what became of objects, and of which documents they are made now."""
        steps = tuple(steps)
        self.shelf.take(steps)
        for step in steps:
            if step.held is None:
                self.sources.pop(step.key, None)
        for key, each in sources.items():
            if self.shelf.held(key) is not None:
                self.sources[key] = each

    # --- as the journal has it -----------------------------------------------------------

    def read(self, records: Iterable[Document]) -> None:
        """Take lines of the journal; `ValueError` or `UnknownFormatError` where that fails."""
        for record in records:
            if self._beginning is not None:
                self._begin(self._beginning, record)
            else:
                self._read(record)

    def packed(self, version: int) -> Iterator[Document]:
        """Give all of it as the lines that a journal begins with, at this version."""
        yield {"t": "head", "format": FORMAT, "version": version, "id": self.identity}
        kinds = sorted(self.shelf.kinds(), key=lambda kind: (kind != CRD, kind))
        for key in (key for kind in kinds for key in self.shelf.keys(kind)):
            held = self.shelf.held(key)
            assert held is not None, "it was listed"
            found = read_version(text_at(held.document, "metadata", "resourceVersion"))
            step = Numbered(found or (0, 0), key, held)
            yield packed_step(step, self.sources.get(key, {}))
        for state in self.files.values():
            yield packed_state(state)
        yield {"t": "begun"}

    def packed_changes(
        self,
        steps: Iterable[Numbered],
        sources: Mapping[ObjectKey, Sources],
        states: Iterable[FileState],
    ) -> Iterator[Document]:
        """Give changes as lines that go on a journal: objects first, then their files."""
        stepped = set()
        for step in steps:
            stepped.add(step.key)
            yield packed_step(step, sources.get(step.key, {}))
        for key, each in sources.items():
            if key not in stepped:
                yield {"t": "sources", "key": packed_key(key), "sources": packed_sources(each)}
        for state in states:
            yield packed_state(state)

    def _read(self, record: Document) -> None:
        match record.get("t"):
            case "head":
                if record.get("format") != FORMAT:
                    raise UnknownFormatError(f"format {record.get('format')!r}")
                self.identity = text_at(record, "id")
                self._beginning = _Beginning(integer_at(record, "version") or 0)
            case "object":
                step, sources = read_step(record)
                self.take_steps([step], {step.key: sources})
            case "sources":
                key = read_key(record["key"])
                self.take_steps([], {key: read_sources(record["sources"])})
            case "file":
                self.take_file(read_state(record))
            case _:
                # Of a later version of this program, which would have raised the format if it
                # were needed.
                pass

    def _begin(self, beginning: _Beginning, record: Document) -> None:
        match record.get("t"):
            case "object":
                step, sources = read_step(record)
                beginning.objects[step.key] = step
                beginning.sources[step.key] = sources
            case "file":
                state = read_state(record)
                beginning.files[state.path] = state
            case "begun":
                self._beginning = None
                self._take_whole(beginning)
            case _:
                pass

    def _take_whole(self, beginning: _Beginning) -> None:
        """Take what a journal begins with, unless it is what is here already."""
        version = (beginning.version, 0)
        if self.shelf.version != version:
            self.shelf.reset(beginning.objects.values(), version)
        self.sources = beginning.sources
        self.files, self._claims, self.lingering = {}, {}, set()
        self._faulty, self._contested = set(), set()
        for state in beginning.files.values():
            self.take_file(state)

    def begin_anew(self) -> None:
        """Forget a beginning that was read in part: the journal is read from its start again."""
        self._beginning = None
