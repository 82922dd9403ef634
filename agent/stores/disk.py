"""What a store does to a disk: whole files or none, and errors that say what to do.

A file is replaced by another of the same directory that was written and synced before, and the
directory is synced after, so at any instant there is the old content or the new one. A name that
begins with a dot is not read by anybody: that is where unfinished files stand.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from agent.store import ForbiddenError, StoreError, UnavailableError

UNFINISHED = ".unfinished"

_FORBIDDEN = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))
_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


class Disk:
    """The operations of a file system; tests hand in some that fail."""

    def __init__(
        self,
        write: Callable[[int, bytes], int] = os.write,
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        """Write by `write` and make durable by `sync`, as `os` has them."""
        self._write, self._sync = write, sync

    def read(self, path: Path, limit: int) -> bytes:
        """Return the content of a file, and of a longer one the first `limit` + 1 bytes."""
        with path.open("rb") as file:
            return file.read(limit + 1)

    def replace(self, path: Path, content: bytes, mode: int = 0o644) -> None:
        """Make a file have this content and mode, as one step; `OSError` where that fails."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.parent / f".{path.name}.{os.getpid()}{UNFINISHED}"
        try:
            self._write_new(unfinished, content, mode)
            unfinished.replace(path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise
        self.sync_directory(path.parent)

    def remove(self, path: Path) -> None:
        """Remove a file if it is there; `OSError` where that fails."""
        try:
            path.unlink()
        except FileNotFoundError:
            return
        self.sync_directory(path.parent)

    def append(self, descriptor: int, content: bytes) -> None:
        """Write at the end of an open file; where that fails it is as long as before."""
        size = os.fstat(descriptor).st_size
        try:
            self._write_all(descriptor, content)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, size)
            raise

    def sync_directory(self, path: Path) -> None:
        """Make durable which files a directory has."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._sync(descriptor)
        finally:
            os.close(descriptor)

    def _write_new(self, path: Path, content: bytes, mode: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        descriptor = os.open(path, flags, mode)
        try:
            self._write_all(descriptor, content)
            self._sync(descriptor)
        finally:
            os.close(descriptor)

    def _write_all(self, descriptor: int, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[self._write(descriptor, bytes(rest)) :]


def is_no_room(error: OSError) -> bool:
    """Tell whether an error says that there is no room."""
    return error.errno in _NO_ROOM


def is_forbidden(error: OSError) -> bool:
    """Tell whether an error says that we may not."""
    return error.errno in _FORBIDDEN


def refusal(error: OSError, what: str) -> StoreError:
    """Return what a store raises for an error of the file system; `what` was to be done."""
    reason = error.strerror or type(error).__name__
    where = f" ({error.filename})" if error.filename else ""
    if is_forbidden(error):
        remedy = "let this process write to the directory; reading goes on"
        return ForbiddenError(f"{what}: {reason}{where}; {remedy}")
    remedy = "make room on the disk" if is_no_room(error) else "see that the directory is there"
    return UnavailableError(f"{what}: {reason}{where}; nothing was changed; {remedy}")
