"""Streams of others are bounded, and those of who is believed no more are closed."""

import trio

from agent.transport.inbound import Drop
from agent.transport.settings import StreamLimits
from agent.wire.header import Pool
from agent.wire.reasons import Reason
from discovery.wall_time import WallClockRead
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import (
    RequestFailed,
    RequestReceived,
    ResponseReceived,
)
from tests.agent.transport.processes import Process, until
from tests.discovery.trusted import NOW_MS


async def opened(process: Process) -> trio.SocketStream:
    host, _, port = process.address.rpartition(":")
    return await trio.open_tcp_stream(host, int(port))


async def test_who_opens_a_stream_and_says_nothing_is_cut_off_in_time(
    nursery: trio.Nursery,
) -> None:
    limits = StreamLimits(proving=100 * MILLISECOND)
    one = Process("one", streams=limits)
    await one.start(nursery)
    async with await opened(one) as stream:
        with trio.fail_after(5):
            assert await stream.receive_some() == b""
    assert one.transport.statistics().streams_refused == {Reason.SLOW: 1}
    assert one.transport.statistics().streams_answering == 0


async def test_silent_streams_keep_nobody_out(nursery: trio.Nursery) -> None:
    limits = StreamLimits(unproven=4)
    one, two = Process("one"), Process("two", streams=limits)
    await one.start(nursery)
    await two.start(nursery)
    silent = [await opened(two) for _ in range(12)]
    await until(lambda: two.transport.statistics().streams_refused.get(Reason.CROWDED) == 8)
    one.ask(two, b"still")
    assert isinstance((await one.next())[1], ResponseReceived)
    for stream in silent:
        await stream.aclose()


async def test_streams_of_one_host_and_streams_in_all_are_bounded(nursery: trio.Nursery) -> None:
    limits = StreamLimits(answered=5, answered_per_host=3)
    one = Process("one", streams=limits)
    await one.start(nursery)
    streams = [await opened(one) for _ in range(6)]
    await until(lambda: one.transport.statistics().streams_refused.get(Reason.CROWDED) == 3)
    assert one.transport.statistics().streams_answering == 3
    for stream in streams:
        await stream.aclose()
    await until(lambda: one.transport.statistics().streams_answering == 0)


async def test_requests_beyond_what_may_be_open_fail_at_once(nursery: trio.Nursery) -> None:
    one, two = Process("one", streams=StreamLimits(called=2)), Process("two")
    two.echoes = False
    await one.start(nursery)
    await two.start(nursery)
    for number in range(3):
        one.ask(two, b"", number=number, timeout=60 * SECOND)
    assert isinstance((await one.next())[1], RequestFailed)
    assert one.transport.statistics().drops == {Drop.BUSY: 1}


async def test_streams_of_who_is_not_believed_any_more_are_closed_at_once(
    nursery: trio.Nursery,
) -> None:
    one, two = Process("one"), Process("two")
    two.echoes = False
    await one.start(nursery)
    await two.start(nursery)
    one.ask(two, b"", number=1, timeout=60 * SECOND)
    assert isinstance((await two.next())[1], RequestReceived)
    two.book.handle(WallClockRead(NOW_MS + 30 * 3_600_000))
    two.transport.recheck()
    assert await one.next() == (Pool.LAN, RequestFailed(1))
    await until(lambda: two.transport.statistics().streams_answering == 0)
    assert two.transport.statistics().streams_refused == {Reason.CERTIFICATE: 1}


async def test_requests_to_who_is_not_believed_any_more_fail_at_once(
    nursery: trio.Nursery,
) -> None:
    one, two = Process("one"), Process("two")
    two.echoes = False
    await one.start(nursery)
    await two.start(nursery)
    one.ask(two, b"", timeout=60 * SECOND)
    assert isinstance((await two.next())[1], RequestReceived)
    one.book.handle(WallClockRead(NOW_MS + 30 * 3_600_000))
    one.transport.recheck()
    assert await one.next() == (Pool.LAN, RequestFailed(1))


async def test_a_pool_that_is_closed_fails_its_requests(nursery: trio.Nursery) -> None:
    one, two = Process("one"), Process("two")
    two.echoes = False
    await one.start(nursery)
    await two.start(nursery)
    one.ask(two, b"", Pool.WAN, timeout=60 * SECOND)
    assert isinstance((await two.next())[1], RequestReceived)
    one.transport.close(Pool.WAN)
    assert await one.next() == (Pool.WAN, RequestFailed(1))
    one.say(two, b"word", Pool.WAN)
    assert one.refused[-1].reason == Reason.NO_POOL
