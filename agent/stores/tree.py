"""Which files a store's directory has, and what tells that one has changed.

Names that begin with a dot are passed over: what a store keeps for itself, unfinished files, the
dated directories of a mounted ConfigMap. Links are followed, to files and to directories, each
directory once.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

SUFFIXES = (".yaml", ".yml", ".json")
LEVELS_MAX = 32

Stamp: TypeAlias = tuple[int, int, int, int]
"""Inode, size, and when content and inode changed, in nanoseconds: another one, another file."""


@dataclass(slots=True)
class Scan:
    """What a walk through the directory found."""

    files: dict[str, Stamp | None] = field(default_factory=dict)
    """By path from the top; None where there is no telling: a dangling link, a pipe."""
    directories: dict[str, Path] = field(default_factory=dict)
    """By path from the top, which is empty for the top itself."""
    closed: dict[str, str] = field(default_factory=dict)
    """Directories that cannot be read, and why: what they have is unknown, not absent."""


def is_read(name: str) -> bool:
    """Tell whether a file of this name is one that a store reads."""
    return not name.startswith(".") and name.endswith(SUFFIXES)


def scanned(root: Path) -> Scan:
    """Walk through a directory; `OSError` where its top cannot be read."""
    scan = Scan()
    found = root.stat()
    list(os.scandir(root))
    _walk(scan, root, "", {(found.st_dev, found.st_ino)})
    return scan


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file, None where it is no regular file; `OSError` if not there."""
    found = path.stat()
    return _stamp(found) if stat.S_ISREG(found.st_mode) else None


def _walk(scan: Scan, directory: Path, where: str, seen: set[tuple[int, int]]) -> None:
    scan.directories[where] = directory
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError as error:
        scan.closed[where] = error.strerror or "cannot be read"
        return
    for entry, path in _named(entries, where):
        try:
            found = entry.stat()
        except OSError:
            if is_read(entry.name):
                scan.files[path] = None
            continue
        if not stat.S_ISDIR(found.st_mode):
            if is_read(entry.name):
                scan.files[path] = _stamp(found) if stat.S_ISREG(found.st_mode) else None
            continue
        identity = (found.st_dev, found.st_ino)
        if identity not in seen and path.count("/") < LEVELS_MAX:
            seen.add(identity)
            _walk(scan, directory / entry.name, path, seen)


def _named(entries: list[os.DirEntry[str]], where: str) -> Iterator[tuple[os.DirEntry[str], str]]:
    for entry in entries:
        if not entry.name.startswith("."):
            yield entry, f"{where}/{entry.name}" if where else entry.name


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
