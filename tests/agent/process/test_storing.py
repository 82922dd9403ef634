"""Writes of the core, done by the store."""

from random import Random

from agent.drivers.plan import Step
from agent.drivers.writer_events import WriteError, WriteFinished
from agent.objects import SERVICE, Document, ObjectKey
from agent.process.storing import Outcome, Storing
from agent.stores.memory import MemoryStore
from agent.stores.memory_shelf import MemoryShelf
from agent.writes import Apply, ApplyStatus

WEB: Document = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"ports": [{"port": 80}]},
}
KEY = ObjectKey(SERVICE, "shop", "web")


def ignore_step(_: Step, __: WriteError | None) -> None:
    """What became of it is told anyway."""


def ignore_failure(_: str, __: str) -> None:
    """Nothing fails here."""


class Desk:
    """What is written for, and what it was told."""

    def __init__(self) -> None:
        self.may = True
        self.store = MemoryStore(MemoryShelf(lambda: 0, Random(1)))
        self.storing = Storing(
            self.store, "east-1", lambda: 0, ignore_step, ignore_failure, self.is_ours
        )
        self.told: list[Outcome] = []

    def is_ours(self) -> bool:
        return self.may

    async def tell(self, outcome: Outcome) -> None:
        self.told.append(outcome)

    async def count(self) -> int:
        return len((await self.store.list(SERVICE, "v1")).objects)


async def test_what_was_decided_while_the_lease_was_ours_is_not_done_once_it_is_over() -> None:
    desk = Desk()
    desk.may = False
    await desk.storing.write(7, Apply(KEY, WEB, "a test", None), desk.tell)
    [outcome] = desk.told
    assert isinstance(outcome, WriteFinished)
    assert (outcome.number, outcome.error) == (7, WriteError.UNAVAILABLE)
    assert outcome.words == "the lease was over before the store was asked"
    assert await desk.count() == 0
    desk.may = True
    await desk.storing.write(8, Apply(KEY, WEB, "a test", None), desk.tell)
    assert await desk.count() == 1


async def test_nor_is_anything_said_to_people_then() -> None:
    desk = Desk()
    await desk.storing.write(1, Apply(KEY, WEB, "a test", None), desk.tell)
    status = ApplyStatus(KEY, "v1", {"conditions": [{"type": "Ready", "status": "True"}]})
    desk.may = False
    await desk.storing.tell_people(status)
    assert "status" not in await desk.store.get(KEY, "v1")
    assert desk.storing.counts["failed-lease-over"] == 1
    desk.may = True
    await desk.storing.tell_people(status)
    assert "status" in await desk.store.get(KEY, "v1")
