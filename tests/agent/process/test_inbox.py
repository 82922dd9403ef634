"""The inbox is bounded, and a flood of datagrams leaves room for everything else."""

import trio

from agent.core.events import ClockRead, Event, FromPool
from agent.process.inbox import FOR_DATAGRAMS, SIZE, sink_of
from agent.wire.header import Pool
from failure_detect.events import DatagramReceived, RequestFailed
from failure_detect.identity import MemberId

DATAGRAM = DatagramReceived(MemberId(b"m" * 32), b"x")


async def test_datagrams_fill_three_quarters_and_outcomes_the_rest() -> None:
    send, receive = trio.open_memory_channel[Event](SIZE)
    sink = sink_of(send)
    taken = 0
    while sink(Pool.LAN, DATAGRAM):
        taken += 1
    assert taken == FOR_DATAGRAMS == SIZE * 3 // 4
    while sink(Pool.WAN, RequestFailed(7)):
        taken += 1
    assert taken == SIZE
    assert receive.receive_nowait() == FromPool(Pool.LAN, DATAGRAM)
    assert sink(Pool.WAN, RequestFailed(8))
    assert not sink(Pool.LAN, DATAGRAM)


async def test_what_else_waits_counts_as_well() -> None:
    send, _ = trio.open_memory_channel[Event](SIZE)
    for _ in range(FOR_DATAGRAMS):
        send.send_nowait(ClockRead(1))
    assert not sink_of(send)(Pool.LAN, DATAGRAM)
    assert sink_of(send)(Pool.LAN, RequestFailed(1))
