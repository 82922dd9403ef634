"""Relays on loopback: what clusters send each other passes one, so it can be cut, one way too.

A relay stands in front of one agent and is what that agent advertises to other clusters. It tells
from the address that something comes from which cluster sent it, and lets it pass, late or not at
all, as the links say at that moment. Rule 1: nothing is read or altered. Rule 2: datagrams that are
not let through are lost; bytes of a stream wait, as TCP would have it, until the link is healed or
an end gives up. Rule 3: what a relay holds is bounded.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from random import Random

import trio

from agent.demo.links import Condition, Links

FLOWS_MAX = 256
"""Senders of datagrams that one relay remembers; the one that was silent longest goes."""

STREAMS_MAX = 256
WAITING_MAX = 4_096
"""Delayed datagrams that one relay holds."""

CHUNK = 65_536
POLL_S = 0.05
"""How often a stream that must wait looks whether it may go on."""


@dataclass(frozen=True, slots=True)
class Place:
    """A host of loopback and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(slots=True)
class Counts:
    """What passed one relay, and what did not."""

    passed: int = 0
    lost: int = 0
    streams: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Flow:
    """The way back to one sender of datagrams."""

    sender: tuple[str, int]
    socket: trio.socket.SocketType
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)


class Relay:
    """One relay, in front of one agent."""

    def __init__(
        self, listen: Place, target: Place, clusters: dict[str, str], links: Links, dice: Random
    ) -> None:
        """Pass what comes to `listen` on to `target`; `clusters` names the one behind each host."""
        self.listen = listen
        self.target = target
        self.counts = Counts()
        self.last = b""
        """The datagram that came last from elsewhere, for whoever plays the eavesdropper."""
        self._clusters = clusters
        self._links = links
        self._dice = dice
        self._flows: OrderedDict[tuple[str, int], _Flow] = OrderedDict()
        self._waiting = 0
        self._streams = 0

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Relay until cancelled. Raises OSError where the place is taken."""
        with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as front:
            await front.bind((self.listen.host, self.listen.port))
            async with trio.open_nursery() as nursery:
                listeners = await trio.open_tcp_listeners(self.listen.port, host=self.listen.host)
                nursery.start_soon(trio.serve_listeners, self._pass_stream, listeners)
                nursery.start_soon(self._pass_datagrams, front, nursery)
                task_status.started()

    # --- datagrams --------------------------------------------------------------------------

    async def _pass_datagrams(self, front: trio.socket.SocketType, nursery: trio.Nursery) -> None:
        while True:
            data, sender = await front.recvfrom(CHUNK)
            self.last = data
            flow = self._flows.get(sender) or await self._new_flow(front, sender, nursery)
            self._flows.move_to_end(sender)
            way = self._links.condition(self._cluster(sender[0]), self._cluster(self.target.host))
            target = (self.target.host, self.target.port)
            await self._carry(way, flow.socket, data, target, nursery)

    async def _new_flow(
        self, front: trio.socket.SocketType, sender: tuple[str, int], nursery: trio.Nursery
    ) -> _Flow:
        if len(self._flows) >= FLOWS_MAX:
            _, oldest = self._flows.popitem(last=False)
            oldest.scope.cancel()
        behind = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM)
        # The target is to see in which cluster this began, as it would without a relay.
        await behind.bind((sender[0], 0))
        flow = self._flows[sender] = _Flow(sender, behind)
        nursery.start_soon(self._pass_back, front, flow, nursery)
        return flow

    async def _pass_back(
        self, front: trio.socket.SocketType, flow: _Flow, nursery: trio.Nursery
    ) -> None:
        with flow.socket, flow.scope:
            while True:
                try:
                    data, sender = await flow.socket.recvfrom(CHUNK)
                except OSError:
                    continue  # Nobody listens at the target just now.
                way = self._links.condition(self._cluster(sender[0]), self._cluster(flow.sender[0]))
                await self._carry(way, front, data, flow.sender, nursery)

    async def _carry(
        self,
        way: Condition,
        socket: trio.socket.SocketType,
        data: bytes,
        to: tuple[str, int],
        nursery: trio.Nursery,
    ) -> None:
        is_lost = way.loss_percent > 0 and self._dice.random() * 100 < way.loss_percent
        if way.is_cut or is_lost or self._waiting >= WAITING_MAX:
            self.counts.lost += 1
            return
        self.counts.passed += 1
        if way.delay_ms:
            self._waiting += 1
            nursery.start_soon(self._carry_later, way, socket, data, to)
            return
        await _send(socket, data, to)

    async def _carry_later(
        self, way: Condition, socket: trio.socket.SocketType, data: bytes, to: tuple[str, int]
    ) -> None:
        try:
            await trio.sleep(way.delay_ms / 1_000)
            await _send(socket, data, to)
        finally:
            self._waiting -= 1

    # --- streams ----------------------------------------------------------------------------

    async def _pass_stream(self, near: trio.SocketStream) -> None:
        if self._streams >= STREAMS_MAX:
            self.counts.refused += 1
            await trio.aclose_forcefully(near)
            return
        self._streams += 1
        self.counts.streams += 1
        try:
            await self._join(near)
        finally:
            self._streams -= 1

    async def _join(self, near: trio.SocketStream) -> None:
        host = near.socket.getpeername()[0]
        source, target = self._cluster(host), self._cluster(self.target.host)
        async with near:
            await self._may_pass(source, target)
            try:
                far = await trio.open_tcp_stream(
                    self.target.host, self.target.port, local_address=host
                )
            except OSError:
                return  # Closing says what the target would have said.
            async with far, trio.open_nursery() as nursery:
                nursery.start_soon(self._pump, near, far, source, target)
                await self._pump(far, near, target, source)
                nursery.cancel_scope.cancel()

    async def _pump(
        self, one: trio.SocketStream, other: trio.SocketStream, source: str, target: str
    ) -> None:
        try:
            while data := await one.receive_some(CHUNK):
                await self._may_pass(source, target)
                await other.send_all(data)
            await other.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    async def _may_pass(self, source: str, target: str) -> None:
        """Wait until the link carries something, and for as long as it takes."""
        while True:
            way = self._links.condition(source, target)
            await trio.sleep(POLL_S if way.is_cut else way.delay_ms / 1_000)
            if not way.is_cut:
                return

    def _cluster(self, host: str) -> str:
        return self._clusters.get(host, "")


async def _send(socket: trio.socket.SocketType, data: bytes, to: tuple[str, int]) -> None:
    try:
        await socket.sendto(data, to)
    except OSError:
        return  # As a network would: a datagram that cannot be delivered is lost.
