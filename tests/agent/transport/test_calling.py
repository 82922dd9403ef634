"""A call ends once: by an answer, by nobody, by time, or because it is given up."""

import trio

from agent.transport.calling import Calling
from agent.wire.effects import Refused
from agent.wire.header import Pool
from agent.wire.prefaces import Called
from agent.wire.reasons import Reason
from agent.wire.streams import Caller
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.identity import Address
from tests.agent.transport.processes import until
from tests.agent.wire.ends import End, entropy_of


def caller() -> Caller:
    called = Called(Pool.LAN, None, is_hop=False)
    return Caller(called, b"word", End("one").credentials(Pool.LAN), entropy_of("call"), 1_000)


async def silent(nursery: trio.Nursery, says: bytes | None = None) -> Address:
    """Return where somebody takes a stream and says `says`, or nothing until the end."""

    async def take(stream: trio.SocketStream) -> None:
        if says is None:
            await trio.sleep_forever()
        await stream.receive_some()
        await stream.send_all(says or b"")

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, take, [listener])
    return Address(f"127.0.0.1:{listener.socket.getsockname()[1]}")


async def test_silence_ends_by_time(nursery: trio.Nursery) -> None:
    where = await silent(nursery)
    calling = Calling(4, lambda refused: None)
    began = trio.current_time()
    assert await calling.call(Pool.LAN, where, caller(), 200 * MILLISECOND) is None
    assert trio.current_time() - began >= 0.2
    assert calling.open == 0


async def test_a_stream_that_ends_or_speaks_otherwise_is_refused_by_its_reason(
    nursery: trio.Nursery,
) -> None:
    refused: list[Refused] = []
    calling = Calling(4, refused.append)
    for says in (b"", b"\1", b"HTTP/1.1 400 Bad Request\r\n"):
        where = await silent(nursery, says)
        assert await calling.call(Pool.LAN, where, caller(), 5 * SECOND) is None
    assert [each.reason for each in refused] == [
        Reason.TRUNCATED,
        Reason.TRUNCATED,
        Reason.VERSION,
    ]


async def test_calls_of_a_pool_are_given_up_together(nursery: trio.Nursery) -> None:
    where = await silent(nursery)
    calling, ended = Calling(2, lambda refused: None), list[Pool]()

    async def call(pool: Pool) -> None:
        assert await calling.call(pool, where, caller(), 60 * SECOND) is None
        ended.append(pool)

    for pool in Pool:
        nursery.start_soon(call, pool)
    await until(lambda: calling.is_full)
    calling.recheck()
    calling.close(Pool.WAN)
    await until(lambda: ended == [Pool.WAN])
    assert (calling.open, calling.is_full) == (1, False)
    calling.close(Pool.LAN)
    await until(lambda: calling.open == 0)
