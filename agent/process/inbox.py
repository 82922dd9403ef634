"""The core's inbox: bounded, and what has no room is refused at the door and counted there.

Datagrams may fill three quarters of it: outcomes of our own requests, of which somebody waits for
each, and words of the store find room where a flood finds none.
"""

from collections.abc import Callable

import trio

from agent.core.events import Event, FromPool
from agent.transport.inbound import Inbound
from agent.wire.header import Pool
from failure_detect.events import DatagramReceived

SIZE = 8_192
FOR_DATAGRAMS = SIZE * 3 // 4


def sink_of(
    send: "trio.MemorySendChannel[Event]",
) -> Callable[[Pool, Inbound], bool]:
    """Return what the transport gives to the core by; False where there is no room."""

    def sink(pool: Pool, fact: Inbound) -> bool:
        is_datagram = isinstance(fact, DatagramReceived)
        if is_datagram and send.statistics().current_buffer_used >= FOR_DATAGRAMS:
            return False
        try:
            send.send_nowait(FromPool(pool, fact))
        except trio.WouldBlock:
            return False
        return True

    return sink
