"""Streams that others open to us: who may, how many, how long, and what becomes of each.

Nobody is trusted before he has shown who he is, so streams that have not are few, have little time,
and the oldest of them gives way to the next: whoever holds streams open and says nothing keeps
nobody out.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from agent.transport.addresses import shown
from agent.transport.calling import READ_BYTES
from agent.transport.joining import Joining
from agent.transport.settings import StreamLimits
from agent.wire.budgets import Asked as AskedFor
from agent.wire.budgets import Strangers, host_of
from agent.wire.effects import Refused
from agent.wire.header import Pool
from agent.wire.reasons import Reason, WireRefused
from agent.wire.streams import Answerer, Asked, Join, Write
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.identity import Address


@dataclass(slots=True, eq=False)
class Stream:
    """One stream that was opened to us."""

    source: Address
    answerer: Answerer
    scope: trio.CancelScope
    why: Reason = Reason.SLOW
    """What is said of it when its time runs out, or is cut short."""
    response: bytes = b""
    has_response: trio.Event = field(default_factory=trio.Event)


class Answering:
    """All streams that were opened to us."""

    def __init__(
        self,
        limits: StreamLimits,
        strangers: Strangers,
        clock: Callable[[], Instant],
        ask: Callable[[int, Asked], bool],
        notice: Callable[[Refused], None],
    ) -> None:
        """Hand requests, numbered, to `ask`, which tells whether there was room.

        What is refused goes to `notice`.
        """
        self._limits = limits
        self._strangers = strangers
        self._clock = clock
        self._ask = ask
        self._notice = notice
        self._streams: dict[Stream, None] = {}
        self._unproven: OrderedDict[Stream, None] = OrderedDict()
        self._hosts: Counter[str] = Counter()
        self._requests: dict[tuple[Pool, int], Stream] = {}
        self._next = 0
        self._joining = Joining(limits, strangers, clock)

    @property
    def open(self) -> int:
        """Streams under way."""
        return len(self._streams)

    def respond(self, pool: Pool, request: int, data: bytes) -> bool:
        """Answer a request; False where its stream has ended, or it was answered before."""
        stream = self._requests.pop((pool, request), None)
        if stream is None:
            return False
        stream.response = data
        stream.has_response.set()
        return True

    def recheck(self) -> None:
        """Close the streams of those who are not believed any more."""
        for stream in self._streams:
            if not stream.answerer.is_believed:
                stream.why = Reason.CERTIFICATE
                stream.scope.cancel()

    async def serve(self, stream: trio.SocketStream, answerer: Answerer) -> None:
        """See one stream through, and close it."""
        async with stream:
            try:
                source = shown(stream.socket.getpeername())
            except OSError:
                return  # It is gone already.
            opened = Stream(source, answerer, trio.CancelScope())
            try:
                self._admit(opened)
            except WireRefused as refused:
                self._notice(Refused(refused.reason, source, refused.what))
                return
            try:
                await self._see_through(stream, opened)
            finally:
                self._release(opened)

    def _admit(self, opened: Stream) -> None:
        limits, host = self._limits, host_of(opened.source)
        if not self._strangers.may(AskedFor.STREAM, opened.source, self._clock()):
            raise WireRefused(Reason.BUDGET, "more streams than strangers may open")
        if self._hosts[host] >= limits.answered_per_host:
            raise WireRefused(Reason.CROWDED, "as many streams of one host as may be")
        if len(self._streams) >= limits.answered:
            raise WireRefused(Reason.CROWDED, "as many streams as may be")
        if len(self._unproven) >= limits.unproven:
            oldest, _ = self._unproven.popitem(last=False)
            oldest.why = Reason.CROWDED
            oldest.scope.cancel()
        self._streams[opened] = self._unproven[opened] = None
        self._hosts[host] += 1

    def _release(self, opened: Stream) -> None:
        del self._streams[opened]
        self._unproven.pop(opened, None)
        host = host_of(opened.source)
        self._hosts[host] -= 1
        if self._hosts[host] == 0:
            del self._hosts[host]

    async def _see_through(self, stream: trio.SocketStream, opened: Stream) -> None:
        began = trio.current_time()
        opened.scope.deadline = began + self._limits.proving / SECOND
        with opened.scope:
            try:
                await self._converse(stream, opened, began)
            except WireRefused as refused:
                self._notice(Refused(refused.reason, opened.source, refused.what))
            except trio.BrokenResourceError:
                self._notice(Refused(Reason.TRUNCATED, opened.source, "the stream broke"))
        if opened.scope.cancelled_caught:
            self._notice(Refused(opened.why, opened.source, "the stream was cut short"))

    async def _converse(self, stream: trio.SocketStream, opened: Stream, began: float) -> None:
        while True:
            data = await stream.receive_some(READ_BYTES)
            if not data:
                opened.answerer.ended()
            for step in opened.answerer.receive(bytes(data)):
                if isinstance(step, Write):
                    await stream.send_all(step.data)
                elif isinstance(step, Join):
                    self._unproven.pop(opened, None)
                    self._give(opened, self._limits.joining)
                    return await self._joining.join(stream, opened.source, step)
                elif isinstance(step, Asked):
                    return await self._respond(stream, opened, step)
            if opened.answerer.is_proven and opened in self._unproven:
                del self._unproven[opened]
                opened.scope.deadline = began + self._limits.asking / SECOND

    async def _respond(self, stream: trio.SocketStream, opened: Stream, asked: Asked) -> None:
        self._unproven.pop(opened, None)
        self._give(opened, self._limits.responding)
        self._next += 1
        request = self._next
        self._requests[asked.pool, request] = opened
        try:
            if not self._ask(request, asked):
                return
            await opened.has_response.wait()
        finally:
            self._requests.pop((asked.pool, request), None)
        self._give(opened, self._limits.responding)
        await stream.send_all(opened.answerer.respond(opened.response))
        await stream.send_eof()

    def _give(self, opened: Stream, time: Duration) -> None:
        opened.scope.deadline = trio.current_time() + time / SECOND
