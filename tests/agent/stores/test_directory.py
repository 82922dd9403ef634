"""A directory is a store like any other, and what people do to it loses nothing."""

import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.objects import Document, ObjectKey, text_at
from agent.stores.directory import opened
from agent.stores.disk import Disk
from agent.stores.folder import Surroundings
from agent.stores.yaml_text import to_yaml
from tests.agent.stores.contract import StoreContract
from tests.agent.stores.site import Site


def surroundings(seed: int = 1) -> Surroundings:
    return Surroundings(lambda: time.time_ns() // 1_000_000, random.Random(seed), Disk())  # noqa: TID251  what is tested is a process's rim


class TestDirectoryStore(StoreContract):
    @pytest.fixture
    async def site(self, tmp_path: Path) -> AsyncIterator[Site]:
        async def by_hand(document: Document) -> None:
            metadata = ("metadata", "name")
            name = f"{text_at(document, 'kind')}-{text_at(document, *metadata)}.yaml"
            (tmp_path / name).write_text(to_yaml(document))

        async def gone(key: ObjectKey) -> None:
            (tmp_path / f"{key.kind.name}-{key.name}.yaml").unlink()

        async with (
            opened(tmp_path, surroundings(1)) as ours,
            opened(tmp_path, surroundings(2)) as theirs,
        ):
            yield Site(ours, theirs, by_hand, gone)
