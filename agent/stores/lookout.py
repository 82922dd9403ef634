"""Finds the files whose content is not what the store took last.

Rule 1: the content counts, not the time: a file that was touched has not changed. Rule 2: a file
that somebody writes to is not read before he closes it, or leaves it alone for long. Rule 3: what
cannot be read is not gone: a directory without permission, a link that leads nowhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.stores.disk import Disk
from agent.stores.faults import Fault, FaultReason
from agent.stores.file_states import FileState
from agent.stores.notices import Notice, Notices
from agent.stores.reading import content_digest
from agent.stores.tree import Scan, Stamp, scanned, stamp_of

FILE_BYTES_MAX = 8 * 1024 * 1024
UNCLOSED_US = 2_000_000
"""How long a file that nobody closes must have been left alone to be read."""
UNSTEADY_US = 20_000
"""When to look again at a file that changed while it was read."""

_UNREAD: Stamp = (0, 0, 0, 0)
_KEPT = "what it had before is kept"
_SCANS_MAX = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A file that is not as it was."""

    stamp: Stamp | None
    """None where it is not there."""
    digest: str
    content: bytes | None
    """None where it is not there, or `fault` says why it cannot be had."""
    fault: Fault | None = None


class Lookout:
    """One process's eyes on a directory."""

    def __init__(self, root: Path, besides: Path, disk: Disk, notices: Notices | None) -> None:
        """Look at `root`. Without notices everything is looked at every time."""
        self._root, self._besides, self._disk, self._notices = root, besides, disk, notices
        self._dirty: set[str] = set()
        self._writing: dict[str, int] = {}
        self._stamps: dict[str, Stamp] = {}
        self._directories: set[Path] = set()
        self._unsteady_at: int | None = None
        self.closed: tuple[Fault, ...] = ()
        """Directories that cannot be read."""
        self.is_blind = notices is None
        """Whether the kernel tells us nothing, so that only looking again shows what is new."""

    def look(
        self, states: Mapping[str, FileState], now_us: int, *, everything: bool = False
    ) -> dict[str, Seen]:
        """Return the files that are not as in `states`; `OSError` where there is no directory."""
        notice = Notice(is_everything=True) if self._notices is None else self._notices.drain()
        self._hear(notice, now_us)
        if everything or notice.is_everything:
            self._scan(states)
        self._unsteady_at = None
        found: dict[str, Seen] = {}
        for path in sorted(self._dirty - self._writing.keys()):
            seen = self._seen(path, states.get(path), now_us)
            if seen is not None:
                found[path] = seen
            elif self._unsteady_at is None:
                self._dirty.discard(path)
        return found

    def deadline(self) -> int | None:
        """Return when to look again although nobody says that anything has changed."""
        times = [since + UNCLOSED_US for since in self._writing.values()]
        if self._unsteady_at is not None:
            times.append(self._unsteady_at)
        return min(times, default=None)

    def read(self, path: str) -> Seen:
        """Return a file as it is now, whatever it was."""
        where = self._root / path
        try:
            stamp = stamp_of(where)
        except FileNotFoundError:
            if where.is_symlink():
                return _unreadable(path, "is a link that leads nowhere")
            return Seen(None, "", None)
        except NotADirectoryError:
            return Seen(None, "", None)
        except OSError as error:
            return _unreadable(path, error.strerror or "cannot be read")
        if stamp is None:
            return _unreadable(path, "is no file")
        return self._content(path, where, stamp)

    def forget(self) -> None:
        """Look at every file again, whatever its time."""
        self._stamps.clear()

    def _hear(self, notice: Notice, now_us: int) -> None:
        for path in notice.paths:
            self._writing.pop(path, None)
        self._writing.update(dict.fromkeys(notice.writing, now_us))
        over = [path for path, since in self._writing.items() if since + UNCLOSED_US <= now_us]
        for path in over:
            del self._writing[path]
        self._dirty.update(notice.paths, notice.writing, over)

    def _scan(self, states: Mapping[str, FileState]) -> None:
        scan = scanned(self._root)
        for _ in range(_SCANS_MAX):
            known = self._directories
            self._follow(scan)
            if self._directories == known:
                break
            # What was made in a directory before it was followed is found by looking once more.
            scan = scanned(self._root)
        self.closed = tuple(
            Fault(where, 0, "", FaultReason.UNREADABLE, why, f"let this process read it; {_KEPT}")
            for where, why in scan.closed.items()
        )
        self._dirty.update(self._differing(scan, states))

    def _differing(self, scan: Scan, states: Mapping[str, FileState]) -> Iterable[str]:
        for path, stamp in scan.files.items():
            state = states.get(path)
            known = self._stamps.get(path) or (state.stamp if state is not None else None)
            if stamp is None or state is None or stamp != known or state.stamp is None:
                yield path
        for path, state in states.items():
            is_hidden = any(path.startswith(f"{where}/") for where in scan.closed)
            if path not in scan.files and state.stamp is not None and not is_hidden:
                yield path

    def _follow(self, scan: Scan) -> None:
        if self._notices is None:
            self._directories = set(scan.directories.values())
            return
        try:
            self._notices.follow(scan.directories, self._besides)
        except OSError:
            # A directory that has gone meanwhile, or no more watches to be had: look again often.
            self.is_blind = True
            self._directories = set()
            return
        self.is_blind = False
        self._directories = set(scan.directories.values())

    def _seen(self, path: str, state: FileState | None, now_us: int) -> Seen | None:
        seen = self.read(path)
        if seen.stamp is None:
            return seen if state is not None and state.stamp is not None else None
        if seen.fault is None and seen.content is None:
            self._unsteady_at = now_us + UNSTEADY_US
            return None
        if state is None or state.stamp is None or seen.digest != state.digest:
            return seen
        self._stamps[path] = seen.stamp
        return None

    def _content(self, path: str, where: Path, stamp: Stamp) -> Seen:
        try:
            content = self._disk.read(where, FILE_BYTES_MAX)
            after = stamp_of(where)
        except OSError as error:
            return _unreadable(path, error.strerror or "cannot be read")
        if len(content) > FILE_BYTES_MAX:
            problem = f"has more than {FILE_BYTES_MAX:,} bytes"
            remedy = f"make several files of it; {_KEPT}"
            fault = Fault(path, 0, "", FaultReason.TOO_LARGE, problem, remedy)
            return Seen(stamp, f"too large: {stamp[1]}", None, fault)
        if after != stamp:
            return Seen(stamp, "", None)
        return Seen(stamp, content_digest(content), content)


def _unreadable(path: str, problem: str) -> Seen:
    remedy = f"let this process read it, or take it away; {_KEPT}"
    fault = Fault(path, 0, "", FaultReason.UNREADABLE, problem, remedy)
    return Seen(_UNREAD, f"unreadable: {problem}", None, fault)
