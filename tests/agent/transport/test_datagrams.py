"""Datagrams: handshakes are said again in time, and what cannot be sent is counted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
import trio.testing

from agent.transport.datagrams import Datagrams
from agent.transport.inbound import Drop, Inbound
from agent.transport.ports import open_port
from agent.transport.settings import TransportSettings
from agent.transport.transport import ignore, trio_clock
from agent.wire.header import Pool
from agent.wire.reasons import Reason
from failure_detect.events import SendDatagram
from failure_detect.identity import Address
from tests.agent.transport.processes import LOOPBACK, until
from tests.agent.wire.ends import End


def never(pool: Pool, fact: Inbound) -> bool:
    raise AssertionError("nothing is delivered here")


@asynccontextmanager
async def running(end: End, settings: TransportSettings) -> AsyncIterator[Datagrams]:
    datagrams = Datagrams(end.sessions, settings, trio_clock, never, ignore)
    port = open_port(LOOPBACK)
    async with trio.open_nursery() as nursery:
        await nursery.start(datagrams.run, port)
        yield datagrams
        nursery.cancel_scope.cancel()
    port.udp.close()
    await port.tcp.aclose()


async def test_a_hello_that_nobody_answers_is_said_again_and_given_up(
    autojump_clock: trio.testing.MockClock,
) -> None:
    one, two = End("one"), End("two")
    async with running(one, TransportSettings()) as datagrams:
        datagrams.send(Pool.LAN, SendDatagram(two.member, Address("127.0.0.1:9"), b"word"))
        began = trio.current_time()
        await trio.sleep(60)
        statistics = one.sessions.statistics()
        assert (statistics.transmitted, statistics.attempts[Pool.LAN]) == (4, 0)
        assert statistics.refused == {Reason.NO_ANSWER: 1}
        assert trio.current_time() - began >= 60


async def test_what_cannot_be_sent_is_counted() -> None:
    one, two = End("one"), End("two")
    async with running(one, TransportSettings(resolving=0)) as datagrams:
        datagrams.send(Pool.LAN, SendDatagram(two.member, Address("nonsense"), b"word"))
        assert datagrams.drops == {Drop.UNRESOLVED: 1}
        three, four = End("three"), End("four")
        datagrams.send(Pool.LAN, SendDatagram(three.member, Address("255.255.255.255:9"), b"x"))
        assert datagrams.drops == {Drop.UNRESOLVED: 1, Drop.UNSENDABLE: 1}
        datagrams.send(Pool.LAN, SendDatagram(four.member, Address("name:9"), b"word"))
        assert datagrams.drops == {Drop.UNRESOLVED: 2, Drop.UNSENDABLE: 1}


async def test_all_of_a_flood_is_read_in_batches() -> None:
    one = End("one")
    datagrams = Datagrams(one.sessions, TransportSettings(batch=4), trio_clock, never, ignore)
    port = open_port(LOOPBACK)
    async with trio.open_nursery() as nursery:
        await nursery.start(datagrams.run, port)
        host, _, number = port.address.rpartition(":")
        with trio.socket.socket(type=trio.socket.SOCK_DGRAM) as stranger:
            for _ in range(50):
                await stranger.sendto(b"garbage" * 10, (host, int(number)))
        await until(lambda: datagrams.received == 50)
        assert one.sessions.statistics().refused == {Reason.VERSION: 50}
        nursery.cancel_scope.cancel()
    port.udp.close()
    await port.tcp.aclose()
