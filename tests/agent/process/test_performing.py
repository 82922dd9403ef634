"""What the core orders is done, in order; what must outlive the process is on the disk first."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
import trio
import trio.testing

from agent.core import events
from agent.core.events import Event, FromPool, Noted, StateChanged, ToPool
from agent.demo.objects import node
from agent.drivers.writer_events import WriteFinished
from agent.objects import NODE, SERVICE, ObjectKey
from agent.process.feeds import Feeds
from agent.process.performing import Ears, Hands, Performer, Reason
from agent.process.saving import Saving
from agent.process.storing import Storing
from agent.state_folder import StateFolder
from agent.stores.memory import MemoryShelf, MemoryStore
from agent.transport.inbound import Drop
from agent.transport.settings import TransportSettings
from agent.transport.transport import Transport
from agent.wire.header import Pool
from agent.wire.reasons import Reason as WireReason
from agent.writes import Delete
from discovery.data_path import ConnectRequested, PathTried
from discovery.names import Origin
from failure_detect import events as pool_events
from failure_detect.clock import SECOND
from failure_detect.events import ConnectFinished, MemberLeft, RequestFailed
from failure_detect.identity import Address, MemberId
from tests.agent.core.townscape import Town

OTHER = MemberId(b"o" * 32)


@dataclass
class Stage:
    """A performer with real hands, whose ears write down what they hear."""

    performer: Performer
    transport: Transport
    folder: StateFolder
    shelf: MemoryShelf
    inbox: "trio.MemoryReceiveChannel[Event]"
    heard: list[object]
    town: Town = field(repr=False)

    async def told(self) -> Event:
        with trio.fail_after(5):
            return await self.inbox.receive()


def nothing(*_: object) -> None:
    """What was written is not looked at here."""


def ears_of(heard: list[object], look: Callable[[], object]) -> Ears:
    """Return ears that write down what they hear; `look` is called when something is noted."""

    def noted(fact: Noted) -> None:
        heard.append(fact)
        look()

    async def certificates(reason: Reason) -> None:
        heard.append(reason)

    def report(asked: events.ReportWanted) -> bytes:
        heard.append(asked)
        return b"report"

    return Ears(
        noted=noted,
        changed=heard.append,
        answered=heard.append,
        report=report,
        certificates=certificates,
    )


@asynccontextmanager
async def staged(path: Path, look: Callable[[], object] = list) -> AsyncIterator[Stage]:
    """Give a stage; `look` is called whenever something is noted."""
    town = Town()
    town.start()
    town.settle()
    process = town.process("east-1")
    send, inbox = trio.open_memory_channel[Event](64)
    wall_ms, heard = town.agenda.wall_ms, list[object]()
    shelf = MemoryShelf(wall_ms, Random(1))
    store = MemoryStore(shelf)

    def sink(pool: Pool, fact: pool_events.Event) -> bool:
        send.send_nowait(FromPool(pool, fact))
        return True

    settings = TransportSettings(listen=Address("127.0.40.9:0"))
    transport = Transport(process.member, settings, sink, entropy=Random(1).randbytes)
    with StateFolder(path / "state") as folder:
        folder.load()
        async with trio.open_nursery() as nursery:
            await nursery.start(transport.run)
            hands = Hands(
                transport=transport,
                storing=Storing(store, "east-1", wall_ms, nothing, nothing, lambda: True),
                saving=Saving(folder),
                feeds=Feeds(store, send, Random(1), lambda: 0),
                inbox=send,
                nursery=nursery,
                clock=lambda: town.agenda.now,
            )
            nursery.start_soon(hands.feeds.run)
            performer = Performer(process.agent, hands, ears_of(heard, look))
            yield Stage(performer, transport, folder, shelf, inbox, heard, town)
            nursery.cancel_scope.cancel()


async def test_what_must_outlive_the_process_is_on_the_disk_before_anything_is_said(
    tmp_path: Path,
) -> None:
    kept: list[set[str]] = []

    def look() -> None:
        kept.append({each.name for each in (tmp_path / "state").rglob("*.state")})

    async with staged(tmp_path, look) as stage:
        await stage.performer.perform([Noted("first"), StateChanged()])
        [files] = kept
        assert {"rest.state", "east.state", "west.state", "objects.state"} <= files


async def test_turns_answers_and_facts_go_to_who_hears_them_in_order(tmp_path: Path) -> None:
    orders: list[events.Effect] = [
        events.BridgeBegan(),
        Noted("a fact", Pool.LAN),
        events.LocalAnswered(7, 200, b"{}"),
        events.BridgeEnded(),
        events.Stopped(),
    ]
    async with staged(tmp_path) as stage:
        await stage.performer.perform(orders)
        assert stage.heard == orders


async def test_a_write_is_done_by_the_store_and_its_outcome_comes_back(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.told()
        key = ObjectKey(SERVICE, "shop", "web")
        await stage.performer.perform([events.WriteRequested(5, Delete(key, "gone"))])
        assert await stage.told() == WriteFinished(number=5)


async def test_kinds_are_fed_as_they_are_wanted_and_listed_afresh(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.told()
        document = stage.shelf.apply(node(stage.town.sites["east-1"].node))
        await stage.performer.perform([events.KindsWanted((NODE,))])
        assert await stage.told() == events.ObjectsListed(NODE, (document,), 0)
        await stage.performer.perform([events.ListRequested(3, (NODE,))])
        assert await stage.told() == events.ObjectsListed(NODE, (document,), 0, 3)


async def test_a_request_in_a_pool_that_is_not_open_fails_once(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.told()
        order = pool_events.SendRequest(9, OTHER, Address("127.0.40.9:9"), b"?", SECOND)
        await stage.performer.perform([ToPool(Pool.WAN, order)])
        assert await stage.told() == FromPool(Pool.WAN, RequestFailed(9))
        assert stage.transport.statistics().streams_refused == {WireReason.NO_POOL: 1}


async def test_an_answer_whose_stream_has_ended_is_counted(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.performer.perform([events.ReportWanted(4, "/v1/status", {})])
        assert stage.heard == [events.ReportWanted(4, "/v1/status", {})]
        assert stage.transport.statistics().drops[Drop.LATE] == 1


@pytest.mark.parametrize("listens", [True, False])
async def test_a_connection_to_a_node_or_an_endpoint_is_tried(
    tmp_path: Path, listens: bool
) -> None:
    async with staged(tmp_path) as stage:
        await stage.told()
        host = "127.0.40.9"
        [listener] = await trio.open_tcp_listeners(0, host=host)
        port = listener.socket.getsockname()[1]
        if not listens:
            await listener.aclose()
        connect = pool_events.ConnectNode(2, Address(f"{host}:{port}"), SECOND)
        await stage.performer.perform([ToPool(Pool.LAN, connect)])
        finished = await stage.told()
        assert finished == FromPool(Pool.LAN, ConnectFinished(2, answered=True)), "a refusal too"
        order = ConnectRequested(6, Origin("west"), host, port, SECOND)
        await stage.performer.perform([order])
        assert await stage.told() == PathTried(6, answered=True)
        await listener.aclose()


async def test_who_left_a_pool_is_forgotten_by_the_transport(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        left = Noted(MemberLeft(OTHER), Pool.LAN)
        await stage.performer.perform([left])
        assert stage.heard == [left]


async def test_certificates_are_made_beside_everything_else(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        wanted = events.CertificatesWanted(5, "a rival")
        await stage.performer.perform([wanted, events.OwnNodeSeen(None)])
        await trio.testing.wait_all_tasks_blocked()
        assert sorted(map(str, stage.heard)) == sorted(map(str, [wanted, events.OwnNodeSeen(None)]))
