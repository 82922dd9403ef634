"""Processes that use a directory, closed with the test."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.stores.disk import Disk
from tests.agent.stores.folders import Process, Start


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def started(
            root: Path,
            seed: int = 1,
            *,
            disk: Disk | None = None,
            has_notices: bool = True,
            lock_timeout_s: float = 10.0,
            is_known: bool = False,
        ) -> Process:
            found = Process(
                root,
                seed=seed,
                disk=disk,
                has_notices=has_notices,
                lock_timeout_s=lock_timeout_s,
                is_known=is_known,
            )
            stack.callback(found.close)
            return found.after()

        yield started


@pytest.fixture
def process(tmp_path: Path, start: Start) -> Process:
    return start(tmp_path)
