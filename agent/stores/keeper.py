"""Takes what has changed in files into the ledger, and writes that into the journal.

Who calls holds the store's lock. Rule 1: a change is in the journal before anybody is told of it;
where the journal cannot be written it is ours alone (`is_private`), under versions that say so,
until it can. Rule 2: what was in a file and is in it no more goes after `GRACE_US`: an editor
empties, moves and writes anew what it saves. Rule 3: definitions of kinds are taken before objects.
"""

from collections.abc import Callable, Iterable, Mapping
from random import Random
from uuid import UUID

from agent.objects import CRD, ObjectKey
from agent.stores.admission import Admitted
from agent.stores.faults import Fault, FaultReason
from agent.stores.file_states import Claim, FileState, Lane, Sources, lane_of
from agent.stores.intake import outcome
from agent.stores.journal import Journal
from agent.stores.ledger import Ledger
from agent.stores.lookout import Seen
from agent.stores.planning import Birth
from agent.stores.reading import FileReading, read_file
from agent.stores.shelf import Drop, Step
from discovery.wall_time import shown_time

GRACE_US = 300_000
COMPACT_BYTES = 256 * 1024
"""A journal is begun anew when it is so much, and four times as long, as when it was begun."""


class Keeper:
    """One process's share in keeping the ledger of a directory."""

    def __init__(
        self,
        journal: Journal,
        read: Callable[[str], Seen],
        remove: Callable[[str], None],
        wall_clock_ms: Callable[[], int],
        rng: Random,
    ) -> None:
        """Read and remove files by their path from the top of the directory."""
        self.ledger = Ledger()
        self.journal = journal
        self.is_private = False
        """Whether what is taken stands in no journal."""
        self._read, self._remove = read, remove
        self._wall_clock_ms, self._rng = wall_clock_ms, rng
        self._lingering: dict[str, int] = {}
        self._parsed: dict[str, FileReading] = {}
        self._unwritten: list[FileState] = []
        self._begun_bytes = 0

    # --- the journal ---------------------------------------------------------------------

    def begin(self) -> None:
        """Begin the journal anew with all that is known; `OSError` where that fails."""
        ledger = self.ledger
        if not ledger.identity:
            ledger.identity = self._uid()
        # Ahead of all that a journal that was lost has given: it has not counted milliseconds.
        version = max(ledger.shelf.version[0] + 1, self._wall_clock_ms())
        self._rewrite(version)
        ledger.shelf.advance((version, 0))

    def compact(self) -> None:
        """Begin the journal anew if it has grown; `OSError` where that fails."""
        if self.is_private or self.journal.size < max(COMPACT_BYTES, 4 * self._begun_bytes):
            return
        self._rewrite(self.ledger.shelf.version[0])

    def _rewrite(self, version: int) -> None:
        self.ledger.begin_anew()
        self.journal.rewrite(self.ledger.packed(version))
        self._begun_bytes = self.journal.size

    # --- files ---------------------------------------------------------------------------

    def take(self, seen: Mapping[str, Seen], now_us: int) -> None:
        """Take files as they were seen."""
        self._parsed.clear()
        keys: set[ObjectKey] = set()
        for path, each in seen.items():
            keys |= self._take_file(self._state(path, each), now_us)
        self._settle(keys, now_us)

    def take_ours(self, path: str, lane: Lane, key: ObjectKey, seen: Seen, now_us: int) -> None:
        """Take what we wrote of an object, though it be what stood there before.

        Others may have taken fields of it since.
        """
        sources = self.ledger.sources.get(key, {})
        self.ledger.sources[key] = {each: sources[each] for each in sources if each is not lane}
        self.take({path: seen}, now_us)

    def end_lingering(self, now_us: int) -> None:
        """Let go of what has been in no file for long enough."""
        self._note_lingering(now_us)
        self._parsed.clear()
        keys: set[ObjectKey] = set()
        for path in [path for path, since in self._lingering.items() if since + GRACE_US <= now_us]:
            state = self.ledger.files[path]
            if state.stamp is None and self._read(path).stamp is not None:
                # It is back, and is taken when whoever writes to it closes it.
                continue
            rest = FileState(path, state.stamp, state.digest, state.claims, (), state.faults)
            keys |= self._take_file(rest, now_us)
        self._settle(keys, now_us)

    def deadline(self, now_us: int) -> int | None:
        """Return when something ends to linger."""
        self._note_lingering(now_us)
        return min((since + GRACE_US for since in self._lingering.values()), default=None)

    def _note_lingering(self, now_us: int) -> None:
        """Begin to count for what lingers, whoever has seen it go."""
        lingering = self.ledger.lingering
        for path in self._lingering.keys() - lingering:
            del self._lingering[path]
        for path in lingering - self._lingering.keys():
            self._lingering[path] = now_us

    def _take_file(self, state: FileState, now_us: int) -> set[ObjectKey]:
        keys = self.ledger.keys_of(state.path)
        self.ledger.take_file(state)
        self._unwritten.append(state)
        if state.lingering:
            self._lingering[state.path] = now_us
        return keys | self.ledger.keys_of(state.path)

    def _state(self, path: str, seen: Seen) -> FileState:
        """Return the state that a file gets: what it says, and what it keeps."""
        before = self.ledger.files.get(path)
        had = () if before is None else (*before.claims, *before.lingering)
        if seen.fault is not None:
            kept = () if before is None else before.claims
            lingering = () if before is None else before.lingering
            return FileState(path, seen.stamp, seen.digest, kept, lingering, (seen.fault,))
        if seen.content is None:
            return FileState(path, None, "", (), self._lingers(path, had), ())
        served = self.ledger.shelf.served
        reading = self._parsed[path] = read_file(path, seen.content, served)
        kept = tuple(each for each in had if reading.keeps(each.key) and served.has(each.key.kind))
        claims = (*reading.claims.values(), *kept)
        claimed = {each.key for each in claims}
        gone = tuple(each for each in had if each.key not in claimed and served.has(each.key.kind))
        faults = list(reading.faults)
        if kept and not faults:
            remedy = "write it, or delete the file; what it had before is kept"
            faults.append(Fault(path, 0, "", FaultReason.EMPTY, "has no object", remedy))
        lingering = self._lingers(path, gone)
        return FileState(path, seen.stamp, seen.digest, claims, lingering, tuple(faults))

    def _lingers(self, path: str, gone: tuple[Claim, ...]) -> tuple[Claim, ...]:
        # What agents write they write at once, and whole.
        return gone if lane_of(path) is Lane.PERSON else ()

    # --- objects -------------------------------------------------------------------------

    def _settle(self, keys: set[ObjectKey], now_us: int) -> None:
        """Make the objects what their documents say, and write it down."""
        definitions = {key for key in keys if key.kind == CRD}
        if definitions and self._resolve(definitions):
            for path in self._served_otherwise():
                seen = self._read(path)
                if seen.stamp is None or seen.content is not None:
                    keys |= self._take_file(self._state(path, seen), now_us)
        self._resolve(keys)
        self._commit((), {}, is_last=True)

    def _served_otherwise(self) -> list[str]:
        """Return the files that say something else since other kinds are served."""
        served = self.ledger.shelf.served
        return [
            path
            for path, state in self.ledger.files.items()
            if any(fault.reason is FaultReason.NOT_SERVED for fault in state.faults)
            or any(not served.has(claim.key.kind) for claim in state.claims)
        ]

    def _resolve(self, keys: Iterable[ObjectKey]) -> bool:
        ledger = self.ledger
        steps: list[Step] = []
        sources: dict[ObjectKey, Sources] = {}
        over: set[ObjectKey] = set()
        for key in sorted(keys):
            has, wanted = ledger.sources.get(key, {}), ledger.wanted(key)
            found = None
            if has != wanted:
                found = outcome(ledger.shelf, key, has, wanted, self.document, self.born)
            if found is not None:
                steps += found.steps
                sources[key] = found.sources
                over |= {key} if found.is_over else set()
                over |= {step.key for step in found.steps if isinstance(step, Drop)}
        for key in over:
            self._remove_ours(key)
        self._commit(steps, sources)
        return bool(steps)

    def _commit(
        self,
        steps: Iterable[Step],
        sources: Mapping[ObjectKey, Sources],
        *,
        is_last: bool = False,
    ) -> None:
        """Write changes, and in the end the files that made them, then take the changes."""
        steps = tuple(steps)
        states = self._unwritten if is_last else []
        if not (steps or sources or states):
            return
        shelf = self.ledger.shelf
        if not self.is_private:
            numbered = shelf.numbered(steps)
            try:
                self.journal.append(self.ledger.packed_changes(numbered, sources, states))
            except OSError:
                self.is_private = True
            else:
                self.ledger.take_steps(numbered, sources)
        if self.is_private:
            self.ledger.take_steps(shelf.numbered(steps, is_private=True), sources)
        if is_last:
            self._unwritten = []

    def _remove_ours(self, key: ObjectKey) -> None:
        """Remove what agents wrote about an object that is no more."""
        for lane in (Lane.MANAGED, Lane.STATUS):
            path = self.ledger.claimant(lane, key)
            if path is None:
                continue
            try:
                self._remove(path)
            except OSError:
                # It is removed when it can be: until then the object stands in the journal.
                self.is_private = True
                continue
            state = FileState(path, None, "", (), (), ())
            self.ledger.take_file(state)
            self._unwritten.append(state)

    def document(self, path: str, key: ObjectKey) -> Admitted | None:
        """Return what a file says of an object, None where that cannot be had now."""
        reading = self._parsed.get(path)
        if reading is None:
            content = self._read(path).content
            if content is None:
                return None
            reading = self._parsed[path] = read_file(path, content, self.ledger.shelf.served)
        return reading.admitted.get(key)

    def born(self) -> Birth:
        """Return the identity of an object that is made now."""
        return Birth(self._uid(), shown_time(self._wall_clock_ms()))

    def _uid(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4))
