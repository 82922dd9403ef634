"""Bytes of a stream that is passed on come through both ways, and end where they end."""

import pytest
import trio

from agent.transport.joining import Joining
from agent.transport.settings import StreamLimits
from agent.transport.transport import trio_clock
from agent.wire.budgets import Allowance, StrangerLimits, Strangers
from agent.wire.reasons import Reason, WireRefused
from agent.wire.streams import Join
from failure_detect.identity import Address

SOURCE = Address("198.51.100.1:9")


def joining(limits: StreamLimits, hops: Allowance) -> Joining:
    return Joining(limits, Strangers(StrangerLimits(hops=hops)), trio_clock)


async def streams() -> tuple[trio.SocketStream, trio.SocketStream]:
    """Return both ends of a stream over the loopback device."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    one = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
    other = await listener.accept()
    await listener.aclose()
    return one, other


async def all_of(stream: trio.SocketStream) -> bytes:
    data = b""
    while more := await stream.receive_some():
        data += more
    return data


async def test_bytes_come_through_both_ways_and_each_way_ends_by_itself(
    nursery: trio.Nursery,
) -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    where = Address(f"127.0.0.1:{listener.socket.getsockname()[1]}")
    caller, passing = await streams()
    passed = joining(StreamLimits(), Allowance(5, 5))
    nursery.start_soon(passed.join, passing, SOURCE, Join(where, b"begun, "))
    answerer = await listener.accept()
    await caller.send_all(bytes(300_000))
    await caller.send_eof()
    assert await all_of(answerer) == b"begun, " + bytes(300_000)
    await answerer.send_all(b"answer")
    await answerer.aclose()
    assert await all_of(caller) == b"answer"
    await caller.aclose()
    await passing.aclose()
    await listener.aclose()


async def test_an_end_that_breaks_ends_the_other(nursery: trio.Nursery) -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    where = Address(f"127.0.0.1:{listener.socket.getsockname()[1]}")
    caller, passing = await streams()
    passed = joining(StreamLimits(), Allowance(5, 5))
    nursery.start_soon(passed.join, passing, SOURCE, Join(where, b"begun"))
    answerer = await listener.accept()
    await caller.aclose()
    assert await all_of(answerer) == b"begun"
    await answerer.aclose()
    await passing.aclose()
    await listener.aclose()


async def test_an_end_that_is_gone_before_it_was_told_anything_breaks_the_stream_alone(
    nursery: trio.Nursery,
) -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    where = Address(f"127.0.0.1:{listener.socket.getsockname()[1]}")
    caller, passing = await streams()

    async def refuse() -> None:
        accepted = await listener.accept()
        await accepted.receive_some(1)  # What it leaves unread makes the kernel reset the stream.
        await accepted.aclose()

    nursery.start_soon(refuse)
    join = Join(where, bytes(30_000_000))
    with pytest.raises(trio.BrokenResourceError):
        await joining(StreamLimits(), Allowance(5, 5)).join(passing, SOURCE, join)
    for stream in (caller, passing, listener):
        await stream.aclose()


@pytest.mark.parametrize(
    ("limits", "hops", "reason"),
    [
        (StreamLimits(joined=0), Allowance(5, 5), Reason.CROWDED),
        (StreamLimits(), Allowance(0, 0), Reason.BUDGET),
        (StreamLimits(), Allowance(5, 5), Reason.NO_ANSWER),
    ],
)
async def test_what_is_not_passed_on_is_refused_by_its_reason(
    limits: StreamLimits, hops: Allowance, reason: Reason
) -> None:
    caller, passing = await streams()
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    gone = Address(f"127.0.0.1:{listener.socket.getsockname()[1]}")
    await listener.aclose()
    with pytest.raises(WireRefused) as caught:
        await joining(limits, hops).join(passing, SOURCE, Join(gone, b""))
    assert caught.value.reason == reason
    await caller.aclose()
    await passing.aclose()
