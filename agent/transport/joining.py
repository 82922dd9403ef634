"""Streams that a load balancer gave to the wrong agent: joined to the right one, once.

Bytes are copied as they come; they are sealed for others. Each direction ends when its sender ends.
"""

from collections.abc import Callable

import trio

from agent.transport.addresses import split_address
from agent.transport.calling import READ_BYTES
from agent.transport.settings import StreamLimits
from agent.wire.budgets import Asked, Strangers
from agent.wire.reasons import Reason, WireRefused
from agent.wire.streams import Join
from failure_detect.clock import Instant
from failure_detect.identity import Address


class Joining:
    """All streams that are passed on; how long each may take is the scope of who calls."""

    def __init__(
        self, limits: StreamLimits, strangers: Strangers, clock: Callable[[], Instant]
    ) -> None:
        """Pass on within the limits, and the budget for strangers."""
        self._limits = limits
        self._strangers = strangers
        self._clock = clock
        self._open = 0

    async def join(self, stream: trio.SocketStream, source: Address, join: Join) -> None:
        """Copy a stream from `source` to where it goes on, and back, until both have ended.

        Raises `WireRefused`: CROWDED, BUDGET, NO_ANSWER; or `trio.BrokenResourceError`.
        """
        if self._open >= self._limits.joined:
            raise WireRefused(Reason.CROWDED, "as many streams as may be are passed on")
        if not self._strangers.may(Asked.HOP, source, self._clock()):
            raise WireRefused(Reason.BUDGET, "more than is passed on for strangers")
        self._open += 1
        try:
            await _joined(stream, join)
        finally:
            self._open -= 1


async def _joined(stream: trio.SocketStream, join: Join) -> None:
    host, port = split_address(join.address)
    try:
        onward = await trio.open_tcp_stream(host, port)
    except OSError as error:
        what = f"a stream for {join.address} could not be passed on"
        raise WireRefused(Reason.NO_ANSWER, what) from error
    async with onward:
        await onward.send_all(join.data)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_copy, stream, onward)
            nursery.start_soon(_copy, onward, stream)


async def _copy(one: trio.SocketStream, other: trio.SocketStream) -> None:
    try:
        while data := await one.receive_some(READ_BYTES):
            await other.send_all(data)
        await other.send_eof()
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        # Whichever end is gone, the other has nobody to talk to.
        await one.aclose()
        await other.aclose()
