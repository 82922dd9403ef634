"""What the core writes is done by the store, and each write is answered once, with words."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from random import Random

import pytest
import trio
import trio.testing

from agent.core.events import HolderEnded, LeaseWriteFinished
from agent.drivers.plan import Step
from agent.drivers.writer_events import WriteError, WriteFinished
from agent.objects import EVENT, LEASE, SERVICE, Document, Kind, ObjectKey, at, integer_at, text_at
from agent.process.storing import EVENTS_KEPT, WITHIN_S, Outcome, Storing, error_of
from agent.store import (
    Change,
    ConflictError,
    ForbiddenError,
    InvalidError,
    Listing,
    NotFoundError,
    NotServedError,
    StoreError,
    UnavailableError,
)
from agent.stores.memory import MemoryShelf, MemoryStore
from agent.writes import Apply, ApplyStatus, Delete, Record

WEB = ObjectKey(SERVICE, "shop", "web")
LABELS = {"app.kubernetes.io/managed-by": "isthmus"}
SPEC = {"ports": [{"name": "http", "port": 80}]}
NOON_MS = 1_800_000_000_000


def service(port: int = 80) -> Document:
    metadata = {"name": "web", "namespace": "shop", "labels": LABELS}
    spec = {"ports": [{"name": "http", "port": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


class Bench:
    """Storing over a store in memory, and what it told."""

    def __init__(self, store: "Slow | None" = None) -> None:
        self.shelf = MemoryShelf(lambda: NOON_MS, Random(1))
        self.ended: set[str] = set()
        self.may = True
        memory = MemoryStore(self.shelf, lambda process: process in self.ended)
        self.outcomes: list[Outcome] = []
        self.wrote: list[tuple[Step, WriteError | None]] = []
        self.unwritten: list[tuple[str, str]] = []
        self.now_ms = NOON_MS
        self.storing = Storing(
            store or memory,
            "node-1",
            lambda: self.now_ms,
            lambda *each: self.wrote.append(each),
            lambda *each: self.unwritten.append(each),
            lambda: self.may,
        )

    async def tell(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    async def write(self, step: Step) -> Outcome:
        await self.storing.write(len(self.outcomes) + 1, step, self.tell)
        return self.outcomes[-1]

    def events(self) -> list[Document]:
        return list(self.shelf.listing(EVENT, "v1").objects)


class Slow:
    """A store that never answers."""

    async def served(self) -> frozenset[tuple[Kind, str]]:
        await trio.sleep_forever()

    async def list(self, kind: Kind, version: str) -> Listing:
        await trio.sleep_forever()

    def watch(
        self, kind: Kind, version: str, since: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Change]]:
        raise NotImplementedError

    async def get(self, key: ObjectKey, version: str) -> Document:
        await trio.sleep_forever()

    async def apply(
        self,
        document: Document,
        *,
        if_version: str | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> Document:
        await trio.sleep_forever()

    async def delete(
        self, key: ObjectKey, *, if_version: str | None = None, dry_run: bool = False
    ) -> None:
        await trio.sleep_forever()

    async def apply_status(
        self, key: ObjectKey, api_version: str, status: Document, *, dry_run: bool = False
    ) -> Document:
        await trio.sleep_forever()

    async def is_gone(self, process: str) -> bool:
        raise UnavailableError("nobody there")


async def test_a_write_is_done_and_answered_with_the_object_as_it_is() -> None:
    bench = Bench()
    step = Apply(WEB, service(), "wanted")
    outcome = await bench.write(step)
    assert outcome == WriteFinished(number=1, document=bench.shelf.get(WEB, "v1"))
    assert bench.wrote == [(step, None)]
    assert await bench.write(Delete(WEB, "gone")) == WriteFinished(number=2)
    assert bench.shelf.keys(SERVICE) == []
    assert await bench.write(Delete(WEB, "gone")) == WriteFinished(number=3), "it was wanted gone"
    assert bench.storing.counts == {"apply": 1, "delete": 2}


async def test_what_the_store_refuses_is_answered_with_its_reason_and_words() -> None:
    bench = Bench()
    step = Apply(WEB, service(), "wanted", if_version="17")
    outcome = await bench.write(step)
    assert isinstance(outcome, WriteFinished)
    assert (outcome.error, outcome.document) == (WriteError.CONFLICT, None)
    assert outcome.words
    assert bench.wrote == [(step, WriteError.CONFLICT)]
    assert bench.storing.counts == {"failed-conflict": 1}


async def test_a_store_that_does_not_answer_counts_as_one_that_may_have_done_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    bench = Bench(Slow())
    began = trio.current_time()
    outcome = await bench.write(Apply(WEB, service(), "wanted"))
    assert trio.current_time() - began == WITHIN_S
    assert outcome == WriteFinished(
        number=1, error=WriteError.UNAVAILABLE, words="no answer within 30 s"
    )
    await bench.storing.write_lease(7, Apply(WEB, service(), ""), bench.tell)
    assert bench.outcomes[-1] == LeaseWriteFinished(7, None)
    assert bench.storing.counts["failed-lease"] == 1


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (ConflictError("x"), WriteError.CONFLICT),
        (NotFoundError("x"), WriteError.CONFLICT),
        (InvalidError("x"), WriteError.INVALID),
        (NotServedError("x"), WriteError.INVALID),
        (ForbiddenError("x"), WriteError.FORBIDDEN),
        (UnavailableError("x"), WriteError.UNAVAILABLE),
    ],
)
def test_each_refusal_has_its_meaning(error: StoreError, means: WriteError) -> None:
    assert error_of(error) is means


async def test_the_lease_is_written_under_its_condition() -> None:
    bench = Bench()
    key = ObjectKey(LEASE, "isthmus-system", "isthmus-publisher")
    document: Document = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": key.name, "namespace": key.namespace},
        "spec": {"holderIdentity": "a"},
    }
    await bench.storing.write_lease(1, Apply(key, document, "", if_version=""), bench.tell)
    assert bench.outcomes == [LeaseWriteFinished(1, bench.shelf.get(key, "v1"))]
    await bench.storing.write_lease(2, Apply(key, document, "", if_version=""), bench.tell)
    assert bench.outcomes[1:] == [LeaseWriteFinished(2, None)], "there is one already"


async def test_that_a_holder_has_ended_is_told_only_where_it_is_known() -> None:
    bench = Bench()
    await bench.storing.ask_holder("a", bench.tell)
    assert bench.outcomes == []
    bench.ended.add("a")
    await bench.storing.ask_holder("a", bench.tell)
    assert bench.outcomes == [HolderEnded("a")]
    deaf = Bench(Slow())
    await deaf.storing.ask_holder("a", deaf.tell)
    assert deaf.outcomes == []


async def test_an_event_that_comes_again_counts_up() -> None:
    bench = Bench()
    record = Record(WEB, "uid-1", "Waiting", "no cluster yet", is_warning=True)
    await bench.storing.tell_people(record)
    bench.now_ms += 5_000
    await bench.storing.tell_people(record)
    await bench.storing.tell_people(Record(WEB, "uid-1", "Served", "from two clusters"))
    warning, normal = sorted(bench.events(), key=lambda each: -(integer_at(each, "count") or 0))
    assert (warning["count"], warning["type"], warning["reason"]) == (2, "Warning", "Waiting")
    assert text_at(warning, "firstTimestamp") < text_at(warning, "lastTimestamp")
    assert at(warning, "involvedObject", "uid") == "uid-1"
    assert at(warning, "source", "host") == "node-1"
    assert (normal["count"], normal["type"]) == (1, "Normal")
    assert bench.storing.counts == {"event": 3}


async def test_of_many_events_the_oldest_begin_anew() -> None:
    bench = Bench()
    for number in range(EVENTS_KEPT + 1):
        await bench.storing.tell_people(Record(WEB, "u", "R", f"note {number}"))
        bench.now_ms += 1
    await bench.storing.tell_people(Record(WEB, "u", "R", "note 0"))
    await bench.storing.tell_people(Record(WEB, "u", "R", f"note {EVENTS_KEPT}"))
    counts = {text_at(each, "message"): each["count"] for each in bench.events()}
    assert counts["note 0"] == 1
    assert counts[f"note {EVENTS_KEPT}"] == 2


async def test_a_word_that_cannot_be_written_is_told_and_stops_nobody() -> None:
    bench = Bench()
    await bench.storing.tell_people(ApplyStatus(WEB, "v1", {"loadBalancer": {}}))
    assert bench.storing.counts == {"failed-status": 1}
    [(what, why)] = bench.unwritten
    assert "Service shop/web" in what
    assert "there is no" in why


async def test_what_was_decided_while_the_lease_was_ours_is_not_done_once_it_is_over() -> None:
    bench = Bench()
    bench.may = False
    over = "the lease was over before the store was asked"
    step = Apply(WEB, service(), "wanted")
    assert await bench.write(step) == WriteFinished(
        number=1, error=WriteError.UNAVAILABLE, words=over
    )
    assert bench.shelf.keys(SERVICE) == []
    bench.may = True
    await bench.write(step)
    assert bench.shelf.keys(SERVICE) == [WEB]


async def test_nor_is_anything_said_to_people_then() -> None:
    bench = Bench()
    await bench.write(Apply(WEB, service(), "wanted"))
    status = ApplyStatus(WEB, "v1", {"conditions": [{"type": "Ready", "status": "True"}]})
    bench.may = False
    await bench.storing.tell_people(status)
    assert "status" not in bench.shelf.get(WEB, "v1")
    assert bench.storing.counts["failed-lease-over"] == 1
    bench.may = True
    await bench.storing.tell_people(status)
    assert "status" in bench.shelf.get(WEB, "v1")
