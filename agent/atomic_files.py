"""Files that are there whole or not at all, whatever happens in between.

What is written goes into a new file beside the old one, is forced to the disk, and takes the old
one's name; then the directory is forced as well. So a crash, a full disk or a pulled plug leaves
the old content or the new one.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

TEMPORARY = ".new-"
"""What the name of a file begins with that is not finished; `remove_unfinished` takes it away."""


def write_whole(file: Path, pieces: Iterable[bytes], *, mode: int = 0o600) -> None:
    """Write a file, or replace it, atomically and durably. Raises OSError; nothing changed then."""
    replace_whole(file, pieces, mode=mode)
    sync_directory(file.parent)


def replace_whole(file: Path, pieces: Iterable[bytes], *, mode: int = 0o600) -> None:
    """Do as `write_whole`, and leave it to the caller to force the directory to the disk."""
    unfinished = file.with_name(f"{TEMPORARY}{file.name}")
    with suppress(FileNotFoundError):
        unfinished.unlink()  # Of a crash: its mode may be another.
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "wb") as opened:
            opened.writelines(pieces)
            opened.flush()
            os.fsync(descriptor)
        unfinished.replace(file)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()
        raise


def sync_directory(directory: Path) -> None:
    """Force to the disk which files a directory has. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_unfinished(directory: Path) -> None:
    """Remove what a crash left half written; what cannot be removed does no harm."""
    with suppress(OSError):
        for each in directory.iterdir():
            if each.name.startswith(TEMPORARY):
                with suppress(OSError):
                    each.unlink()
