"""Relays pass everything on, or nothing, in the direction that is cut; over real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import trio

from agent.demo.links import Condition, Link, Links
from agent.demo.relays import Place, Relay

WEST, EAST, FRONT = "127.0.101.1", "127.0.102.1", "127.0.100.1"
CLUSTERS = {WEST: "west", EAST: "east"}


class Setting:
    """An agent of east behind a relay, and somebody of west who talks to it."""

    def __init__(self, relay: Relay, links: Links, sockets: list[trio.socket.SocketType]) -> None:
        self.relay, self.links = relay, links
        self.west, self.east = sockets
        self.front = (relay.listen.host, relay.listen.port)

    async def heard_by_east(self) -> tuple[bytes, tuple[str, int]]:
        with trio.fail_after(10):
            data, sender = await self.east.recvfrom(2_000)
            return data, sender


async def bound(host: str) -> trio.socket.SocketType:
    socket = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM)
    await socket.bind((host, 0))
    return socket


@asynccontextmanager
async def setting() -> AsyncIterator[Setting]:
    west, east = await bound(WEST), await bound(EAST)
    front = await bound(FRONT)
    port = front.getsockname()[1]
    front.close()
    links = Links()
    target = Place(EAST, east.getsockname()[1])
    relay = Relay(Place(FRONT, port), target, CLUSTERS, links, Random(1))
    with west, east:
        async with trio.open_nursery() as nursery:
            await nursery.start(relay.run)
            yield Setting(relay, links, [west, east])
            nursery.cancel_scope.cancel()


async def test_a_datagram_passes_both_ways_and_shows_where_it_began() -> None:
    async with setting() as here:
        await here.west.sendto(b"hello", here.front)
        data, sender = await here.heard_by_east()
        assert data == b"hello"
        assert sender[0] == WEST
        await here.east.sendto(b"answer", sender)
        with trio.fail_after(10):
            data, sender = await here.west.recvfrom(2_000)
        assert (data, sender) == (b"answer", here.front)


async def test_a_cut_holds_in_its_direction_alone() -> None:
    async with setting() as here:
        await here.west.sendto(b"first", here.front)
        _, back = await here.heard_by_east()
        here.links.cut("west", "east")
        await here.west.sendto(b"lost", here.front)
        await here.east.sendto(b"passes", back)
        with trio.fail_after(10):
            assert (await here.west.recvfrom(2_000))[0] == b"passes"
        here.links.heal()
        await here.west.sendto(b"second", here.front)
        assert (await here.heard_by_east())[0] == b"second"
        assert here.relay.counts.lost == 1


async def test_a_slow_link_passes_late_and_a_lossy_one_not_all() -> None:
    async with setting() as here:
        way = Link("west", "east")
        here.links.conditions[way] = Condition(delay_ms=50)
        began = trio.current_time()
        await here.west.sendto(b"slow", here.front)
        await here.heard_by_east()
        assert trio.current_time() - began >= 0.05
        here.links.conditions[way] = Condition(loss_percent=50)
        for number in range(100):
            await here.west.sendto(bytes([number]), here.front)
        here.links.heal()
        await here.west.sendto(b"end", here.front)
        heard = 0
        while (await here.heard_by_east())[0] != b"end":
            heard += 1
        assert 20 <= heard <= 80


async def test_a_stream_passes_and_waits_while_the_link_is_cut() -> None:
    async with setting() as here, trio.open_nursery() as nursery:
        taken: list[bytes] = []

        async def echo(stream: trio.SocketStream) -> None:
            assert stream.socket.getpeername()[0] == WEST
            while data := await stream.receive_some(1_000):
                taken.append(data)
                await stream.send_all(data.upper())

        port = here.relay.target.port
        listeners = await trio.open_tcp_listeners(port, host=EAST)
        nursery.start_soon(trio.serve_listeners, echo, listeners)
        stream = await trio.open_tcp_stream(*here.front, local_address=WEST)
        async with stream:
            await stream.send_all(b"one")
            with trio.fail_after(10):
                assert await stream.receive_some(100) == b"ONE"
            here.links.cut("east", "west")
            await stream.send_all(b"two")
            with trio.move_on_after(0.2) as waited:
                await stream.receive_some(100)
            assert waited.cancelled_caught
            assert taken == [b"one", b"two"]
            here.links.heal()
            with trio.fail_after(10):
                assert await stream.receive_some(100) == b"TWO"
        nursery.cancel_scope.cancel()


async def test_a_target_that_nobody_listens_at_closes_the_stream() -> None:
    async with (
        setting() as here,
        await trio.open_tcp_stream(*here.front, local_address=WEST) as stream,
    ):
        with trio.fail_after(10):
            assert await stream.receive_some(100) == b""
