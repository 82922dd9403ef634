"""A directory of Kubernetes YAML as one of its processes sees and changes it, without trio.

Processes share the directory by a lock and a journal under `.isthmus/`. Reading takes no lock while
nothing is new. Rule 1: a write is read, compared, written and journalled under the lock; the file
is whole and on the disk before it is acknowledged. Rule 2: a directory that is gone, or replaced
by an empty one, is no deletion. Rule 3: where nothing can be written reading goes on.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from agent.objects import SECRET, ObjectKey
from agent.store import ForbiddenError, StoreError, UnavailableError
from agent.stores.disk import UNFINISHED, Disk, is_forbidden, is_no_room, refusal
from agent.stores.faults import Fault, FaultReason
from agent.stores.file_states import Lane, path_of
from agent.stores.journal import SECRET_MODE, DamagedError, Journal
from agent.stores.keeper import Keeper
from agent.stores.ledger import Ledger, UnknownFormatError
from agent.stores.lockfile import Processes, locked
from agent.stores.lookout import Lookout, Seen
from agent.stores.notices import Notices
from agent.stores.reading import content_digest
from agent.stores.shelf import Shelf
from agent.stores.tree import scanned, stamp_of

RESCAN_US = 5_000_000
"""How often everything is looked at although nobody says that it has changed."""
BLIND_US = 500_000
"""The same, where nobody could say it."""
LOCK_TIMEOUT_S = 10.0
OWN = ".isthmus"
"""The directory within the directory that is the store's own."""

_PROBE_BYTES = 64 * 1024
_READ_ONLY = OSError(errno.EACCES, os.strerror(errno.EACCES))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a store needs of the world."""

    wall_clock_ms: Callable[[], int]
    """Milliseconds since 1970."""
    rng: Random
    """For the identities of objects; of the system, so that no two directories have the same."""
    disk: Disk
    lock_timeout_s: float = LOCK_TIMEOUT_S
    is_known: bool = False
    """Whether the directory was used before: one that is empty is not that one, then."""


class ForeignJournalError(UnavailableError):
    """The journal is of another version of this program, which we must not spoil."""


class Folder:
    """One process's view of the directory. Times are monotonic, in microseconds."""

    def __init__(self, root: Path, surroundings: Surroundings, notices: Notices | None) -> None:
        """Look at nothing yet: `catch_up` does."""
        self._root, self._own = root, root / OWN
        self._around, self._disk = surroundings, surroundings.disk
        self._lookout = Lookout(root, self._own, self._disk, notices)
        self.keeper = Keeper(
            Journal(self._own / "journal", self._disk),
            self._lookout.read,
            self.remove,
            surroundings.wall_clock_ms,
            surroundings.rng,
        )
        """What it knows; who writes holds the lock (`writing`)."""
        self.processes = Processes(self._own / "processes")
        self._mode: Fault | None = None
        self._faults: tuple[Fault, ...] = ()
        self._shown: tuple[object, ...] = ()
        self._scanned_us: int | None = None
        self._needs_journal = True
        self._foreign = ""
        self._is_astray = False
        self._is_swept = False

    # --- what it has ---------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """All that is known."""
        return self.keeper.ledger

    @property
    def shelf(self) -> Shelf:
        """The objects."""
        return self.keeper.ledger.shelf

    def faults(self) -> tuple[Fault, ...]:
        """Return what is wrong, as of the last time that it caught up."""
        return self._faults

    def deadline(self, now_us: int) -> int:
        """Return when to catch up, whether anything is new or not."""
        every = BLIND_US if self._lookout.is_blind or self._is_astray else RESCAN_US
        times = [(now_us if self._scanned_us is None else self._scanned_us) + every]
        found = (self._lookout.deadline(), self.keeper.deadline(now_us))
        return min([*times, *(each for each in found if each is not None)])

    def require_seen(self) -> None:
        """Raise `UnavailableError` where nothing of the directory was ever seen.

        What is not there then is not known to be absent.
        """
        if self._scanned_us is None and not self.ledger.files:
            words = "; ".join(f"{each.problem}; {each.remedy}" for each in self._faults)
            raise UnavailableError(words or f"the directory {self._root} was not read yet")

    def register(self, process: str) -> None:
        """Hold the lock of a process's name (`Processes.register`). Makes no directory anew."""
        self._refuse_astray()
        self.processes.register(process)

    def is_settled(self, now_us: int) -> bool:
        """Tell whether nothing waits to be deleted."""
        return self.keeper.deadline(now_us) is None

    # --- what is new ---------------------------------------------------------------------

    def catch_up(self, now_us: int) -> None:
        """Take what has changed, by whomever. It raises nothing: `faults` says what is wrong."""
        try:
            self._refuse_astray()
            self._tail()
            if self._is_behind(now_us):
                self._share(now_us)
            elif not self.keeper.is_private:
                self._mode = None if os.access(self._own, os.W_OK) else _mode_fault(_READ_ONLY)
        except (OSError, StoreError) as error:
            self._mode = _mode_fault(error)
        self._show()

    def _is_behind(self, now_us: int) -> bool:
        """Tell whether the lock is needed: something is new that stands in no journal."""
        everything = self._is_scan_due(now_us)
        seen = self._look(now_us, everything=everything)
        if self.keeper.is_private:
            return bool(seen) or everything or self._is_over(now_us)
        return bool(seen) or self._needs_journal or self._is_over(now_us)

    def _share(self, now_us: int) -> None:
        """Take what is new under the lock; or for us alone, where there can be none."""
        try:
            with self._lock():
                self._take(now_us)
                self._mode = None
        except (OSError, ForeignJournalError) as error:
            self.keeper.is_private = True
            self._mode = _mode_fault(error)
            self._take_alone(now_us)

    def _take(self, now_us: int) -> None:
        """Take what is new. The lock is held. `OSError` where the journal cannot be written."""
        if self.keeper.is_private:
            self._go_public()
        self._sweep()
        self._tail()
        if self._foreign:
            remedy = "run one version everywhere, or remove the journal and it is made anew"
            raise ForeignJournalError(f"the journal is not ours, but of {self._foreign}; {remedy}")
        if self._needs_journal:
            self.keeper.begin()
            self._needs_journal = False
        self._take_alone(now_us)
        if self.keeper.is_private:
            self._probe()
        self.keeper.compact()

    def _take_alone(self, now_us: int) -> None:
        seen = self._look(now_us, everything=self._scanned_us is None)
        self.keeper.take(seen, now_us)
        self.keeper.end_lingering(now_us)

    def _look(self, now_us: int, *, everything: bool) -> dict[str, Seen]:
        seen = self._lookout.look(self.ledger.files, now_us, everything=everything)
        if everything:
            self._scanned_us = now_us
        return seen

    def _is_scan_due(self, now_us: int) -> bool:
        every = BLIND_US if self._lookout.is_blind else RESCAN_US
        return self._scanned_us is None or self._scanned_us + every <= now_us

    def _is_over(self, now_us: int) -> bool:
        deadline = self.keeper.deadline(now_us)
        return deadline is not None and deadline <= now_us

    def close(self) -> None:
        """Read no more. Locks of registered processes are held on."""
        self.keeper.journal.close()

    # --- the journal ---------------------------------------------------------------------

    def _tail(self) -> None:
        """Take what others have written into the journal, without the lock."""
        if self.keeper.is_private:
            return
        journal, ledger = self.keeper.journal, self.ledger
        try:
            ledger.read(journal.read())
            if not journal.is_current():
                self._reopen()
        except (DamagedError, KeyError, ValueError):
            ledger.begin_anew()
            self._needs_journal = True
        except PermissionError:
            self.keeper.is_private = True
        except UnknownFormatError as error:
            self.keeper.is_private = True
            self._foreign = str(error)

    def _reopen(self) -> None:
        journal, ledger = self.keeper.journal, self.ledger
        ledger.begin_anew()
        if not journal.open():
            self._needs_journal = True
            return
        self._needs_journal = False
        ledger.read(journal.read())

    def _refuse_astray(self) -> None:
        """Raise `UnavailableError` where the directory is gone, or replaced by an empty one."""
        if not self._root.is_dir():
            problem, remedy = "is not there", "bring it back"
        elif not os.path.exists(self.keeper.journal.path) and self._lost_all():
            problem = "was replaced by an empty one"
            remedy = "bring its files back, or put a file into it that is to count"
        else:
            self._is_astray = False
            return
        self._is_astray = True
        raise UnavailableError(f"the directory {self._root} {problem}; {remedy}; what it had stays")

    def _lost_all(self) -> bool:
        had_files = self._around.is_known or bool(self.ledger.files)
        return had_files and not scanned(self._root).files

    def _go_public(self) -> None:
        """Go back to the journal, as everybody has it, if it can be written again."""
        self._probe()
        self.keeper.is_private = False
        self._foreign = ""
        self.keeper.journal.close()
        self._lookout.forget()
        self._scanned_us = None

    def _probe(self) -> None:
        probe = self._own / "probe"
        self._disk.replace(probe, bytes(_PROBE_BYTES))
        self._disk.remove(probe)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._refuse_astray()
        self._own.mkdir(mode=0o700, exist_ok=True)
        with locked(self._own / "lock", self._around.lock_timeout_s):
            yield

    def _sweep(self) -> None:
        """Remove what processes that died have left unfinished; the lock is held."""
        if self._is_swept:
            return
        for top in (self._own, self._root / "managed", self._root / "status"):
            for path in top.rglob(f".*{UNFINISHED}"):
                path.unlink(missing_ok=True)
        self._is_swept = True

    # --- writing -------------------------------------------------------------------------

    @contextmanager
    def writing(self, what: str, now_us: int) -> Iterator[None]:
        """Hold the lock, with all taken that is new; say what goes wrong as a `StoreError`."""
        try:
            with self._lock():
                self._take(now_us)
                self._mode = None
                yield
        except OSError as error:
            raise refusal(error, what) from None
        finally:
            self._show()

    def write(self, lane: Lane, key: ObjectKey, content: bytes, now_us: int) -> None:
        """Make our file about an object have this content, and take it. The lock is held."""
        path = path_of(lane, key)
        where = self._root / path
        self._disk.replace(where, content, SECRET_MODE if key.kind == SECRET else 0o644)
        seen = Seen(stamp_of(where), content_digest(content), content)
        self.keeper.take_ours(path, lane, key, seen, now_us)

    def remove(self, path: str) -> None:
        """Remove a file. The lock is held."""
        self._disk.remove(self._root / path)

    def wall_clock_ms(self) -> int:
        """Return milliseconds since 1970."""
        return self._around.wall_clock_ms()

    # --- what is wrong -------------------------------------------------------------------

    def _show(self) -> None:
        shown = (self.ledger.edition, self._mode, self._lookout.closed)
        if shown == self._shown:
            return
        self._shown = shown
        mode = () if self._mode is None else (self._mode,)
        self._faults = tuple(sorted((*mode, *self._lookout.closed, *self.ledger.faults())))


def _mode_fault(error: OSError | StoreError) -> Fault:
    """Return what people are told of an error that concerns the whole of a store."""
    shared = "versions are this process's own until then; reading goes on"
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        if is_forbidden(error):
            remedy = f"let this process write to the directory; {shared}"
            return Fault("", 0, "", FaultReason.READ_ONLY, reason, remedy)
        if is_no_room(error):
            remedy = f"make room on the disk; {shared}"
            return Fault("", 0, "", FaultReason.NO_ROOM, reason, remedy)
        problem = f"{reason}: {error.filename}" if error.filename else reason
        return Fault("", 0, "", FaultReason.DIRECTORY, problem, "see that it can be read")
    problem, _, remedy = str(error).partition("; ")
    is_ours = isinstance(error, ForbiddenError)
    kind = FaultReason.READ_ONLY if is_ours else FaultReason.DIRECTORY
    if isinstance(error, ForeignJournalError):
        kind = FaultReason.JOURNAL
    return Fault("", 0, "", kind, problem, remedy)
