"""Folders to test with: no thread, no trio, a clock that tests set, a disk that need not sync."""

from pathlib import Path
from random import Random
from typing import Protocol

from agent.objects import SERVICE, Document, Kind, text_at
from agent.stores.disk import Disk
from agent.stores.faults import FaultReason
from agent.stores.folder import Folder, Surroundings
from agent.stores.folder_writer import FolderWriter
from agent.stores.keeper import GRACE_US
from agent.stores.notices import Notices

NOON_MS = 1_800_000_000_000


def unsynced(descriptor: int) -> None:
    """Instead of fsync: the machine that runs the tests is not switched off in them."""


class Process:
    """One process that uses a directory."""

    def __init__(
        self,
        root: Path,
        *,
        seed: int = 1,
        disk: Disk | None = None,
        has_notices: bool = True,
        lock_timeout_s: float = 10.0,
        is_known: bool = False,
    ) -> None:
        self.notices = Notices() if has_notices else None
        around = Surroundings(
            lambda: NOON_MS + self.now_us // 1_000,
            Random(seed),
            Disk(sync=unsynced) if disk is None else disk,
            lock_timeout_s,
            is_known,
        )
        self.now_us = 0
        self.folder = Folder(root, around, self.notices)
        self.writer = FolderWriter(self.folder)

    def after(self, us: int = 0) -> "Process":
        """Let time pass, and take what is new."""
        self.now_us += us
        self.folder.catch_up(self.now_us)
        return self

    def settled(self) -> "Process":
        """Let so much time pass that what is gone is believed to be gone."""
        self.after()
        return self.after(GRACE_US)

    def objects(self, kind: Kind) -> tuple[Document, ...]:
        return self.folder.shelf.listing(kind, kind.versions[0]).objects

    def reasons(self) -> list[FaultReason]:
        return [fault.reason for fault in self.folder.faults()]

    def close(self) -> None:
        if self.notices is not None:
            self.notices.close()
        self.folder.close()


class Start(Protocol):
    """Start a process on a directory; it is closed with the test."""

    def __call__(
        self,
        root: Path,
        seed: int = 1,
        *,
        disk: Disk | None = None,
        has_notices: bool = True,
        lock_timeout_s: float = 10.0,
        is_known: bool = False,
    ) -> Process: ...


def names(process: Process) -> list[str]:
    return [text_at(each, "metadata", "name") for each in process.objects(SERVICE)]
