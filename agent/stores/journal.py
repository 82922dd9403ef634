"""A file to which processes append whole lines, and which each reads on from where it was.

A line is its checksum and a JSON value. Only who holds the store's lock appends, replaces or cuts
it; everybody reads, without a lock. A line without its end is one that is being written, or the
last word of a process that died: readers wait, the next writer cuts it off. From a line on whose
checksum is wrong nothing counts. The journal is made of the files beside it and can be made anew,
so it is not synced: what counts was synced before it is written here.
"""

import json
import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from agent.objects import Document
from agent.stores.disk import Disk
from agent.stores.yaml_nodes import is_document

SECRET_MODE = 0o600
"""The journal has copies of Secrets, which people keep in files of that mode."""

_CHECKSUM_DIGITS = 8


class DamagedError(Exception):
    """A line in the middle of the journal is not what was written."""


class Journal:
    """One process's view of the file."""

    def __init__(self, path: Path, disk: Disk) -> None:
        """Read `path` from its beginning, when it is there."""
        self.path = path
        self._disk = disk
        self._descriptor = -1
        self._offset = 0
        self._identity = (0, 0)

    @property
    def size(self) -> int:
        """How many bytes were read, or written by us."""
        return self._offset

    def is_current(self) -> bool:
        """Tell whether the file that was read is the one that is there now, and not cut."""
        try:
            found = self.path.stat()
        except OSError:
            return False
        same = (found.st_dev, found.st_ino) == self._identity
        return self._descriptor >= 0 and same and found.st_size >= self._offset

    def open(self) -> bool:
        """Begin to read the file that is there now; tell whether there is one."""
        self.close()
        try:
            self._descriptor = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        found = os.fstat(self._descriptor)
        self._identity = (found.st_dev, found.st_ino)
        self._offset = 0
        return True

    def read(self) -> list[Document]:
        """Return the whole lines that were not read yet; `DamagedError` where one is damaged."""
        if self._descriptor < 0:
            return []
        content = self._content(self._offset)
        end = content.rfind(b"\n") + 1
        found: list[Document] = []
        for line in content[:end].splitlines():
            value = _read_line(line)
            if value is None:
                raise DamagedError(f"{self.path}: a line after byte {self._offset:,} is damaged")
            found.append(value)
            self._offset += len(line) + 1
        return found

    def append(self, values: Iterable[Document]) -> None:
        """Append lines, all or none; all before was read. `OSError` where that fails."""
        content = b"".join(map(_line, values))
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            if os.fstat(descriptor).st_size > self._offset:
                os.ftruncate(descriptor, self._offset)
            self._disk.append(descriptor, content)
        finally:
            os.close(descriptor)
        self._offset += len(content)

    def rewrite(self, values: Iterable[Document]) -> None:
        """Begin a new file with these lines, which are all read. `OSError` where that fails."""
        content = b"".join(map(_line, values))
        self._disk.replace(self.path, content, SECRET_MODE)
        self.open()
        self._offset = len(content)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _content(self, offset: int) -> bytes:
        parts = []
        while part := os.pread(self._descriptor, 1 << 20, offset):
            parts.append(part)
            offset += len(part)
        return b"".join(parts)


def _line(value: Document) -> bytes:
    text = json.dumps(value, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _read_line(line: bytes) -> Document | None:
    checksum, text = line[:_CHECKSUM_DIGITS], line[_CHECKSUM_DIGITS + 1 :]
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    value: object = json.loads(text)
    return value if is_document(value) else None
