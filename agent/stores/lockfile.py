"""Locks between the processes of one machine, which end with the process that holds them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from agent.store import ConflictError, UnavailableError
from agent.stores.disk import refusal

POLL_S = 0.002
"""How often a lock that somebody holds is tried again; he holds it for some milliseconds."""
ASKING_S = 0.5


@contextmanager
def locked(path: Path, timeout_s: float) -> Iterator[None]:
    """Hold the lock of a store; `UnavailableError` where others hold it for `timeout_s`.

    `OSError` where there can be no lock: a directory that is read-only, or gone.
    """
    lock = FileLock(
        path, timeout=timeout_s, poll_interval=POLL_S, thread_local=False, fallback_to_soft=False
    )
    try:
        lock.acquire()
    except Timeout:
        remedy = "see which process holds it, and why it does not go on"
        raise UnavailableError(f"{path} is locked for {timeout_s:g} s; {remedy}") from None
    try:
        yield
    finally:
        lock.release()


class Processes:
    """Which processes live: each holds a lock of its name for as long."""

    def __init__(self, directory: Path) -> None:
        """Keep the locks in `directory`, which is made when the first is taken."""
        self._directory = directory
        self._held: dict[str, FileLock] = {}

    def register(self, process: str) -> None:
        """Hold the lock of a name until this process ends, or `release`.

        `ConflictError` where another process has it.
        """
        if process in self._held:
            return
        path = self._path(process)
        # Whoever asks whether the process lives holds the lock for an instant.
        lock = FileLock(
            path, timeout=ASKING_S, poll_interval=POLL_S, thread_local=False, fallback_to_soft=False
        )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise ConflictError(f"another process is registered as {process}") from None
        except OSError as error:
            raise refusal(error, f"register the process {process}") from None
        self._held[process] = lock

    def release(self, process: str) -> None:
        """Let go of a name: for others this process is gone."""
        lock = self._held.pop(process, None)
        if lock is not None:
            lock.release()

    def is_gone(self, process: str) -> bool:
        """Tell whether a process that was registered has ended; of one that never was: False."""
        if process in self._held:
            return False
        try:
            descriptor = os.open(self._path(process), os.O_RDONLY)
        except OSError:
            return False
        try:
            # A shared lock: two who ask at once do not take each other for the process.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

    def _path(self, process: str) -> Path:
        return self._directory / f"{quote(process, safe='')}.lock"
