"""Last good state on disk: what comes back after a crash, a full disk or a pulled plug.

    lock             held by the agent whose folder it is
    sets/east.state  the set of one origin: manifest and records (`discovery.state`)
    rest.state       floors, items, evidence, pins, holds, and how old the sets' silences are
    start.state      the start number of the last process
    members.state    who was alive in both pools
    objects.state    the objects that say whom the cluster trusts

Each file is replaced whole and has a checksum. Rule 1: sets are written before the rest, which has
their floors: a floor above its set would forbid the set. Where a set cannot be written the rest
stays as it was. Rule 2: only what has changed is written. Rule 3: a file that cannot be read is put
aside as `NAME.damaged`, and everything else is loaded. Rule 4: nothing here raises once the folder
is open: what does not work is a fault, and the agent goes on with what it holds.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TextIO, TypeVar

from agent.atomic_files import remove_unfinished, replace_whole, sync_directory
from agent.objects import Document
from agent.state_files import (
    aged,
    digest,
    mark_of,
    objects_of,
    read_members,
    read_objects,
    read_rest,
    read_set,
    read_start,
    rest_of,
    sealed,
)
from discovery.names import Origin, is_label
from discovery.refusals import Refused
from discovery.state import KeptSet, KeptState, write_state

_REST, _MEMBERS, _START = "rest.state", "members.state", "start.state"
_OBJECTS = "objects.state"

Read = TypeVar("Read")


class StateFolderError(Exception):
    """The folder is another agent's, so that this process must not run with it."""


@dataclass(frozen=True, slots=True)
class StateFault:
    """Something of the folder that does not work now, and what helps."""

    file: Path
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Members:
    """Who was alive in each pool: encoded claims, for `MembersRestored`."""

    lan: tuple[bytes, ...] = ()
    wan: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedState:
    """What was found in the folder."""

    state: KeptState = field(default_factory=KeptState)
    members: Members = Members()
    start: int = 0
    """The last start number, 0 where none is known."""
    trusted: tuple[Document, ...] | None = None
    """The objects that said last whom the cluster trusts; None where that is not known."""
    damaged: tuple[StateFault, ...] = ()
    """Files that were put aside."""


class StateFolder:
    """One agent's folder. Every method may block for as long as the disk does: use a thread."""

    def __init__(self, path: Path) -> None:
        """Take the folder at `path`, which is made if need be.

        Raises `StateFolderError` where another agent has it. A folder that cannot be made or
        written is a fault (`faults`), and no error.
        """
        self.path = path
        self._sets = path / "sets"
        self._written: dict[Path, bytes] = {}
        """By file a mark of what it has."""
        self._faults: dict[Path, StateFault] = {}
        self._unread: set[Path] = set()
        """What is there and could not be read: it is not ours to remove."""
        self._is_loaded = False
        self._start: int | None = None
        self._lock: TextIO | None = None
        self._open()

    def _open(self) -> None:
        """Make the folder and lock it; what is impossible is a fault, and tried again later."""
        lock = self.path / "lock"
        try:
            self._sets.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600), "r+")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateFolderError(self._taken()) from error
        except OSError as error:
            self.close()
            self._fail(lock, error)
            return
        self._faults.pop(lock, None)
        with suppress(OSError):
            self._lock.truncate()
            self._lock.write(f"{os.getpid()}\n")
            self._lock.flush()
        for folder in (self.path, self._sets):
            remove_unfinished(folder)

    def _taken(self) -> str:
        assert self._lock is not None
        process = self._lock.readline().strip()
        self.close()
        by = f" (process {process})" if process.isdigit() else ""
        return (
            f"{self.path}: is the state of another agent that runs{by}; stop that one, or give this"
            " one a folder of its own by state: in its settings"
        )

    def close(self) -> None:
        """Let go of the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> "StateFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def faults(self) -> tuple[StateFault, ...]:
        """What does not work now, by file; empty once it works again."""
        return tuple(each for _, each in sorted(self._faults.items()))

    # --- what comes back ----------------------------------------------------------------

    def load(self) -> LoadedState:
        """Return all that can be read; what cannot is put aside, and said."""
        damaged: list[StateFault] = []
        sets = list(self._load_sets(damaged))
        rest = self._loaded(self.path / _REST, damaged, read_rest)
        members = self._loaded(self.path / _MEMBERS, damaged, read_members)
        start = self._loaded(self.path / _START, damaged, read_start)
        trusted = self._loaded(self.path / _OBJECTS, damaged, read_objects)
        state, ages = rest or (KeptState(), {})
        self._is_loaded = True
        return LoadedState(
            state=replace(state, sets=tuple(aged(each, ages) for each in sets)),
            members=Members(*members) if members else Members(),
            start=start or 0,
            trusted=trusted,
            damaged=tuple(damaged),
        )

    def _load_sets(self, damaged: list[StateFault]) -> Iterator[KeptSet]:
        for file in self._files():
            kept = self._loaded(file, damaged, partial(read_set, origin=file.stem))
            if kept is not None:
                self._written[file] = mark_of(kept)
                yield kept

    def _loaded(
        self, file: Path, damaged: list[StateFault], read: Callable[[bytes], Read]
    ) -> Read | None:
        """Return what a file has; None where there is none that can be read."""
        data = self._read(file)
        if data is None:
            return None
        try:
            return read(data)
        except ValueError as error:
            damaged.append(self._put_aside(file, error))
            return None

    def _files(self) -> list[Path]:
        try:
            return sorted(each for each in self._sets.iterdir() if each.suffix == ".state")
        except OSError as error:
            self._fail(self._sets, error)
            return []

    def _read(self, file: Path) -> bytes | None:
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._fail(file, error)
            self._unread.add(file)
            return None

    def _put_aside(self, file: Path, error: ValueError) -> StateFault:
        what = error.what if isinstance(error, Refused) else str(error)
        aside = file.with_name(f"{file.name}.damaged")
        try:
            file.replace(aside)
            remedy = f"it was put aside as {aside.name}; what it had comes back from other bridges"
        except OSError as renaming:
            remedy = f"it cannot be put aside: {renaming.strerror}; remove it"
        return StateFault(file, what.removeprefix("state: "), remedy)

    # --- what is kept -------------------------------------------------------------------

    def save(self, state: KeptState) -> tuple[StateFault, ...]:
        """Keep this state and none besides; return what does not work now (`faults`).

        Where nothing is returned all of it is on the disk. To be called after `load` alone, and
        after what that returned was restored: what is not in `state` is removed. Raises
        `StateFolderError` where a folder that could not be locked has another owner by now.
        """
        assert self._is_loaded, "what was never loaded would be removed"
        if self._lock is None:
            self._open()
        if self._start is not None:  # What could not be written then may be written by now.
            self.save_start(self._start)
        files = {self._file(each.manifest.origin): each for each in state.sets}
        changed = [
            (file, kept) for file, kept in files.items() if not self._has(file, mark_of(kept))
        ]
        done = [self._write_set(file, kept) for file, kept in changed]
        if all(done) and self._is_synced(self._sets, changed) and self._write_rest(state):
            self._remove_orphans(files.keys())
        return self.faults

    def _is_synced(self, folder: Path, changed: object) -> bool:
        return not (changed or folder in self._faults) or self._sync(folder)

    def _write_rest(self, state: KeptState) -> bool:
        # When it was saved matters to ages alone, and an age that goes on is a change by itself.
        mark = digest(rest_of(replace(state, saved_at_ms=0)))
        return self._write(_REST, rest_of(state), mark)

    def save_members(self, members: Members) -> tuple[StateFault, ...]:
        """Keep who is alive; return what does not work now."""
        data = sealed((members.lan, members.wan))
        self._write(_MEMBERS, data, digest(data))
        return self.faults

    def save_start(self, start: int) -> tuple[StateFault, ...]:
        """Keep the start number, before it is used; return what does not work now."""
        self._start = start
        data = sealed((start,))
        self._write(_START, data, digest(data))
        return self.faults

    def save_trusted(self, documents: Iterable[Document]) -> tuple[StateFault, ...]:
        """Keep the objects that say whom the cluster trusts; return what does not work now."""
        data = objects_of(documents)
        self._write(_OBJECTS, data, digest(data))
        return self.faults

    def _file(self, origin: Origin) -> Path:
        assert is_label(origin), "a manifest's origin is a label, and so a file's name"
        return self._sets / f"{origin}.state"

    def _has(self, file: Path, mark: bytes) -> bool:
        return self._written.get(file) == mark and file.exists()

    def _write_set(self, file: Path, kept: KeptSet) -> bool:
        bare = KeptState(sets=(KeptSet(kept.manifest, kept.records),))
        return self._replace(file, write_state(bare), mark_of(kept))

    def _write(self, name: str, data: bytes, mark: bytes) -> bool:
        """Write a small file, unless it has what `mark` stands for; tell whether it has."""
        file = self.path / name
        is_new = not self._has(file, mark)
        if is_new and not self._replace(file, [data], mark):
            return False
        return self._is_synced(self.path, is_new)

    def _replace(self, file: Path, pieces: Iterable[bytes], mark: bytes) -> bool:
        self._written.pop(file, None)
        try:
            replace_whole(file, pieces)
        except OSError as error:
            self._fail(file, error)
            return False
        self._written[file] = mark
        self._unread.discard(file)
        self._faults.pop(file, None)
        return True

    def _sync(self, folder: Path) -> bool:
        try:
            sync_directory(folder)
        except OSError as error:
            self._fail(folder, error)
            return False
        self._faults.pop(folder, None)
        return True

    def _remove_orphans(self, kept: Iterable[Path]) -> None:
        for file in set(self._files()) - set(kept) - self._unread:
            try:
                file.unlink(missing_ok=True)
                self._written.pop(file, None)
            except OSError as error:
                self._fail(file, error)

    def _fail(self, file: Path, error: OSError) -> None:
        what = f"cannot be read or written: {error.strerror or error}"
        remedy = (
            "nothing that is learnt now outlives this process; make room, or give this user the "
            "right to write there"
        )
        self._faults[file] = StateFault(file, what, remedy)
