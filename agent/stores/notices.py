"""What the kernel says about a directory tree (inotify): which files may have changed.

A notice is a hint to read again, never the news itself. A file that somebody has open for writing
is not read until he closes it, so that nobody takes half of a file for the whole.
"""

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inotify_simple import (  # type: ignore[import-untyped]  # it ships no types
    INotify,
    flags,
)

from agent.stores.tree import is_read

_MASK = (
    flags.CLOSE_WRITE
    | flags.MOVED_TO
    | flags.MOVED_FROM
    | flags.DELETE
    | flags.CREATE
    | flags.MODIFY
    | flags.ATTRIB
    | flags.DELETE_SELF
    | flags.MOVE_SELF
    | flags.ONLYDIR
)
_WRITING = flags.MODIFY | flags.CREATE


@dataclass(slots=True)
class Notice:
    """What may have changed since the last one."""

    paths: set[str] = field(default_factory=set)
    """Files to be read again, by path from the top."""
    writing: set[str] = field(default_factory=set)
    """Files that somebody is writing to."""
    is_everything: bool = False
    """Nobody knows what: look at all."""


class Notices:
    """Watches the directories of one tree, and one besides, whose notices only wake."""

    def __init__(self) -> None:
        """Watch nothing yet; `OSError` where the kernel gives us no more of these."""
        self._inotify = INotify()
        self._directories: dict[int, tuple[str, Path] | None] = {}

    @property
    def descriptor(self) -> int:
        """Readable when there is something to be drained."""
        number: int = self._inotify.fileno()
        return number

    def follow(self, directories: Mapping[str, Path], besides: Path) -> None:
        """Watch these directories, by path from the top, and no others; `OSError` if it cannot."""
        wanted: dict[int, tuple[str, Path] | None] = {}
        for where, path in directories.items():
            wanted[self._inotify.add_watch(path, _MASK)] = (where, path)
        if besides.is_dir():
            wanted[self._inotify.add_watch(besides, flags.MODIFY | flags.MOVED_TO)] = None
        for stale in self._directories.keys() - wanted.keys():
            try:
                self._inotify.rm_watch(stale)
            except OSError:
                # The directory is gone, and its watch with it.
                continue
        self._directories = wanted

    def drain(self) -> Notice:
        """Return what was said since the last time, without waiting."""
        notice = Notice()
        for event in self._inotify.read(timeout=0):
            self._add(notice, event.wd, event.mask, event.name)
        return notice

    def close(self) -> None:
        """Watch nothing any more."""
        self._inotify.close()

    def _add(self, notice: Notice, watch: int, mask: int, name: str) -> None:
        if watch not in self._directories:
            # Of a directory that is not followed any more; or the kernel has lost some.
            notice.is_everything = notice.is_everything or bool(mask & flags.Q_OVERFLOW)
            return
        place = self._directories[watch]
        if place is None or (name.startswith(".") and not name.startswith("..")):
            return
        where, directory = place
        is_of_tree = mask & (flags.ISDIR | flags.IGNORED | flags.DELETE_SELF | flags.MOVE_SELF)
        if is_of_tree or not name or name.startswith(".."):
            notice.is_everything = True
        elif is_read(name):
            path = f"{where}/{name}" if where else name
            is_written = mask & _WRITING and _is_being_written(mask, directory / name)
            (notice.writing.add if is_written else notice.writing.discard)(path)
            (notice.paths.discard if is_written else notice.paths.add)(path)


def _is_being_written(mask: int, path: Path) -> bool:
    """Tell whether a file that was made or changed will be closed by somebody.

    A link that was made is whole at once.
    """
    if mask & flags.MODIFY:
        return True
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1
