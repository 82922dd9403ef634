"""Streams that were opened to us end, each for its own reason, and none is left behind."""

import trio
import trio.testing

from agent.transport.answering import Answering
from agent.transport.settings import StreamLimits
from agent.transport.transport import trio_clock
from agent.wire.budgets import Allowance, StrangerLimits, Strangers
from agent.wire.effects import Refused
from agent.wire.header import Pool
from agent.wire.hops import Cluster
from agent.wire.prefaces import Called
from agent.wire.reasons import Reason
from agent.wire.streams import Answerer, Asked, Caller, Write
from failure_detect.identity import Address
from tests.agent.transport.processes import until
from tests.agent.wire.ends import End, entropy_of

ONE, TWO = End("one"), End("two")


class Served:
    """An answering end by itself, behind a listener."""

    def __init__(self, limits: StreamLimits, strangers: StrangerLimits | None = None) -> None:
        self.refused: list[Refused] = []
        self.asked: list[tuple[int, Asked]] = []
        account = Strangers(strangers or StrangerLimits())
        self.answering = Answering(limits, account, trio_clock, self.take, self.refused.append)

    def take(self, request: int, asked: Asked) -> bool:
        self.asked.append((request, asked))
        return True

    @property
    def reasons(self) -> list[Reason]:
        return [each.reason for each in self.refused]

    async def serve(self, stream: trio.SocketStream) -> None:
        credentials = {Pool.LAN: TWO.credentials(Pool.LAN)}
        answerer = Answerer(TWO.member, credentials, Cluster(), entropy_of("x"), 1_000)
        await self.answering.serve(stream, answerer)

    async def start(self, nursery: trio.Nursery) -> Address:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, self.serve, [listener])
        return Address(f"127.0.0.1:{listener.socket.getsockname()[1]}")


async def opened(where: Address) -> trio.SocketStream:
    host, _, port = where.rpartition(":")
    return await trio.open_tcp_stream(host, int(port))


async def proven(where: Address, data: bytes = b"word") -> tuple[trio.SocketStream, bytes]:
    """Return a stream that has said who it is, and what it has still to say."""
    called = Called(Pool.LAN, TWO.member, is_hop=False)
    caller = Caller(called, data, ONE.credentials(Pool.LAN), entropy_of("c"), 1_000)
    stream = await opened(where)
    await stream.send_all(caller.begin())
    (write,) = caller.receive(bytes(await stream.receive_some()))
    assert isinstance(write, Write)
    await stream.send_all(write.data[:-1])
    return stream, write.data[-1:]


async def test_who_has_said_who_it_is_gets_more_time_and_not_for_ever(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    autojump_clock.autojump_threshold = 0.05  # So long do sockets of loopback need to be heard.
    served = Served(StreamLimits())
    where = await served.start(nursery)
    stream, _ = await proven(where)
    began = trio.current_time()
    assert await stream.receive_some() == b""
    assert 9 < trio.current_time() - began < 11
    assert served.reasons == [Reason.SLOW]
    await stream.aclose()


async def test_a_request_that_nobody_answers_ends_by_time(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    autojump_clock.autojump_threshold = 0.05
    served = Served(StreamLimits())
    stream, rest = await proven(await served.start(nursery))
    await stream.send_all(rest)
    assert await stream.receive_some() == b""
    assert served.reasons == [Reason.SLOW]
    assert not served.answering.respond(Pool.LAN, served.asked[0][0], b"late")
    await stream.aclose()


async def test_a_request_is_answered_once_in_its_own_pool(nursery: trio.Nursery) -> None:
    served = Served(StreamLimits())
    stream, rest = await proven(await served.start(nursery))
    await stream.send_all(rest)
    await until(lambda: bool(served.asked))
    request, asked = served.asked[0]
    assert asked == Asked(Pool.LAN, ONE.member, b"word")
    assert not served.answering.respond(Pool.WAN, request, b"answer")
    assert served.answering.respond(Pool.LAN, request, b"answer")
    assert not served.answering.respond(Pool.LAN, request, b"answer")
    assert len(await stream.receive_some()) > 0
    await stream.aclose()
    await until(lambda: served.answering.open == 0)
    assert served.reasons == []


async def test_a_stream_that_breaks_is_counted_and_let_go(nursery: trio.Nursery) -> None:
    served = Served(StreamLimits())
    stream = await opened(await served.start(nursery))
    await until(lambda: served.answering.open == 1)
    await stream.send_all(b"\1\0")
    await stream.aclose()
    await until(lambda: served.answering.open == 0)
    assert served.reasons == [Reason.TRUNCATED]


async def test_streams_of_strangers_are_within_their_budget(nursery: trio.Nursery) -> None:
    served = Served(StreamLimits(), StrangerLimits(streams=Allowance(1, 10)))
    where = await served.start(nursery)
    streams = [await opened(where) for _ in range(5)]
    await until(lambda: served.reasons == [Reason.BUDGET] * 3)
    for stream in streams:
        await stream.aclose()
