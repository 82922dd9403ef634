"""A directory is a store like any other, and what people do to it loses nothing."""

import random
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from agent.objects import SERVICE, SERVICE_EXPORT, Document, ObjectKey, at, text_at
from agent.store import ConflictError, ObjectStore, UnavailableError
from agent.stores.directory import opened
from agent.stores.disk import Disk
from agent.stores.faults import FaultReason
from agent.stores.folder import Surroundings
from agent.stores.yaml_text import to_yaml
from tests.agent.stores.contract import StoreContract
from tests.agent.stores.site import Site, definition, next_change, service

WEB = ObjectKey(SERVICE, "shop", "web")


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


async def test_what_a_process_does_another_learns_in_time(tmp_path: Path) -> None:
    async with opened(tmp_path, surroundings(1)) as ours:
        command = [sys.executable, "-c", OTHER, str(tmp_path)]
        listing = await ours.list(SERVICE, "v1")
        async with ours.watch(SERVICE, "v1", listing.version) as watch:
            with trio.fail_after(60):
                await trio.run_process(command)
                change = await next_change(watch)
        assert at(change.document, "metadata", "name") == "web"
        assert await ours.is_gone("other")
        await ours.register("ours")
        async with opened(tmp_path, surroundings(2)) as theirs:
            assert not await theirs.is_gone("ours")
            assert theirs.identity == ours.identity
            assert len(ours.identity) == 36


OTHER = """
import sys
from pathlib import Path

import trio

from agent.stores.directory import opened
from tests.agent.stores.site import service
from tests.agent.stores.test_directory import surroundings


async def main():
    async with opened(Path(sys.argv[1]), surroundings(2)) as store:
        await store.register("other")
        await store.apply(service())


trio.run(main)
"""


async def test_what_is_wrong_is_shown_and_mended_without_being_asked(tmp_path: Path) -> None:
    async with opened(tmp_path, surroundings()) as store:
        (tmp_path / "web.yaml").write_text("kind: [")
        with trio.fail_after(60):
            while not store.faults():
                await store.fault_news.wait()
        (fault,) = store.faults()
        assert (fault.where, fault.reason) == ("web.yaml", FaultReason.SYNTAX)
        (tmp_path / "web.yaml").write_text(to_yaml(service()))
        with trio.fail_after(60):
            while store.faults():
                await store.fault_news.wait()


async def test_what_was_deleted_while_nobody_looked_is_gone_when_it_is_opened(
    tmp_path: Path,
) -> None:
    (tmp_path / "web.yaml").write_text(to_yaml(service()))
    async with opened(tmp_path, surroundings()) as store:
        assert (await store.list(SERVICE, "v1")).objects
    (tmp_path / "web.yaml").unlink()
    async with opened(tmp_path, surroundings()) as store:
        assert not (await store.list(SERVICE, "v1")).objects


async def test_what_goes_wrong_inside_comes_out_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ConflictError, match="mine"):
        async with opened(tmp_path, surroundings()):
            raise ConflictError("mine")


async def test_a_definition_that_is_dropped_in_is_served(tmp_path: Path) -> None:
    async with opened(tmp_path, surroundings()) as store:
        (tmp_path / "crd.yaml").write_text(to_yaml(definition("v1beta1", "v1alpha1")))
        served = {version for kind, version in await store.served() if kind == SERVICE_EXPORT}
    assert served == {"v1beta1", "v1alpha1"}


WEB = ObjectKey(SERVICE, "shop", "web")


async def test_what_was_never_seen_is_not_known_to_be_absent(tmp_path: Path) -> None:
    root = tmp_path / "root"
    async with opened(root, surroundings()) as store:
        for ask in (store.served, lambda: store.list(SERVICE, "v1"), lambda: store.get(WEB, "v1")):
            with pytest.raises(UnavailableError, match="is not there"):
                await ask()
        assert "is not there" in str(store.faults()[0])
        root.mkdir()
        (root / "web.yaml").write_text(to_yaml(service()))
        assert [text_at(each, "metadata", "name") for each in await listed(store)] == ["web"]
        root.rename(tmp_path / "away")
        assert len(await listed(store)) == 1, "what was seen is served on"


async def listed(store: ObjectStore) -> tuple[Document, ...]:
    return (await store.list(SERVICE, "v1")).objects


async def test_a_disk_that_does_not_answer_holds_nobody_who_gives_up(tmp_path: Path) -> None:
    stuck, goes_on = trio.Event(), threading.Event()

    def sync(_: int) -> None:
        trio.from_thread.run_sync(stuck.set)
        goes_on.wait()

    around = Surroundings(lambda: 0, random.Random(1), Disk(sync=sync))
    try:
        async with opened(tmp_path, around) as store, trio.open_nursery() as nursery:
            nursery.start_soon(store.apply, service("web"))
            await stuck.wait()
            nursery.cancel_scope.deadline = trio.current_time() + 0.01
    finally:
        goes_on.set()
