"""Streams that we open: one request, one response, one outcome, within one time."""

from collections.abc import Callable

import trio

from agent.transport.addresses import split_address
from agent.wire.effects import Refused
from agent.wire.header import Pool
from agent.wire.reasons import Reason, WireRefused
from agent.wire.streams import Answered, Caller, Write
from failure_detect.clock import SECOND, Duration
from failure_detect.identity import Address

READ_BYTES = 65_536


class Calling:
    """All streams that we have open."""

    def __init__(
        self, most: int, notice: Callable[[Refused], None], source: str | None = None
    ) -> None:
        """Open at most `most` at a time; what is refused goes to `notice`.

        They come from the address `source`, None: from whichever leads there.
        """
        self._source = source
        self._most = most
        self._notice = notice
        self._open: dict[trio.CancelScope, tuple[Pool, Caller]] = {}

    @property
    def open(self) -> int:
        """Streams under way."""
        return len(self._open)

    @property
    def is_full(self) -> bool:
        """Tell whether no other may be opened."""
        return len(self._open) >= self._most

    def close(self, pool: Pool) -> None:
        """Give up all streams of a pool."""
        for scope, (of, _) in self._open.items():
            if of is pool:
                scope.cancel()

    def recheck(self) -> None:
        """Give up the streams to those who are not believed any more."""
        for scope, (_, caller) in self._open.items():
            if not caller.is_believed:
                scope.cancel()

    async def call(
        self, pool: Pool, address: Address, caller: Caller, within: Duration
    ) -> Answered | None:
        """Return the answer to what `caller` asks at `address`; None where none comes in time."""
        scope = trio.CancelScope(deadline=trio.current_time() + within / SECOND)
        self._open[scope] = pool, caller
        try:
            with scope:
                return await self._called(address, caller)
        finally:
            del self._open[scope]
        return None

    async def _called(self, address: Address, caller: Caller) -> Answered | None:
        try:
            host, port = split_address(address)
            stream = await trio.open_tcp_stream(host, port, local_address=self._source)
        except (OSError, UnicodeError, ValueError):
            return None  # Nobody there, or nowhere: the layer above knows what that means.
        async with stream:
            try:
                return await _asked(stream, caller)
            except WireRefused as refused:
                self._notice(Refused(refused.reason, address, refused.what))
            except trio.BrokenResourceError:
                self._notice(Refused(Reason.TRUNCATED, address, "the stream broke"))
        return None


async def _asked(stream: trio.SocketStream, caller: Caller) -> Answered | None:
    await stream.send_all(caller.begin())
    while True:
        data = await stream.receive_some(READ_BYTES)
        if not data:
            caller.ended()
            return None
        for step in caller.receive(bytes(data)):
            if isinstance(step, Write):
                await stream.send_all(step.data)
            elif isinstance(step, Answered):
                return step
