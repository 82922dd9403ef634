"""Datagrams: one socket, read in batches and written without waiting.

A batch is read before anything else has its turn, so that a flood costs its datagrams and holds up
no timer. What cannot be written at once is dropped and counted, as the network might have done.
"""

from collections import Counter
from collections.abc import Callable
from math import inf

import trio

from agent.transport.addresses import SocketAddress, shown
from agent.transport.inbound import Drop, Sink
from agent.transport.ports import Port
from agent.transport.resolving import Resolver
from agent.transport.settings import TransportSettings
from agent.wire.effects import Delivered, Effect, Forward, Refused, Transmit
from agent.wire.header import Pool
from agent.wire.sessions import Sessions
from failure_detect.clock import NEVER, SECOND, Instant
from failure_detect.events import DatagramReceived, SendDatagram
from failure_detect.identity import Address


class Datagrams:
    """Moves datagrams between a socket and the sessions."""

    def __init__(
        self,
        sessions: Sessions,
        settings: TransportSettings,
        clock: Callable[[], Instant],
        sink: Sink,
        notice: Callable[[Refused], None],
    ) -> None:
        """Hand what is delivered to `sink`, and what is refused to `notice`."""
        self._sessions = sessions
        self._settings = settings
        self._clock = clock
        self._sink = sink
        self._notice = notice
        self.drops: Counter[Drop] = Counter()
        self.received = 0
        """Datagrams that came, good or not."""
        self._port: Port | None = None
        self._resolver: Resolver | None = None
        self._nursery: trio.Nursery | None = None
        self._resolving = 0
        self._due: Instant = NEVER
        self._sooner = trio.Event()

    async def run(
        self, port: Port, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Read and write until cancelled; started as soon as something can be sent."""
        self._port = port
        self._resolver = Resolver(self._clock, is_ipv6=port.is_ipv6)
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._advance)
                task_status.started()
                await self._read(port)
        finally:
            self._port = self._nursery = None

    def send(self, pool: Pool, order: SendDatagram) -> None:
        """Seal a datagram and send it, or let it wait for a handshake."""
        now = self._clock()
        self._perform(self._sessions.send(pool, order.to, order.address, order.data, now))
        self._hurry()

    # --- in ---------------------------------------------------------------------------------

    async def _read(self, port: Port) -> None:
        most = self._sessions.longest + 1  # One more, so that what is too long shows.
        while True:
            await trio.lowlevel.wait_readable(port.udp)
            for _ in range(self._settings.batch):
                try:
                    data, source = port.udp.recvfrom(most)
                except BlockingIOError:
                    break
                except OSError:
                    continue  # The kernel's word on something sent earlier.
                self.received += 1
                effects = self._sessions.handle_datagram(data, shown(source), self._clock())
                self._perform(effects)
            self._hurry()

    async def _advance(self) -> None:
        while True:
            self._due = self._sessions.deadline
            wait = inf if self._due >= NEVER else (self._due - self._clock()) / SECOND
            with trio.move_on_after(max(0, wait)):
                await self._sooner.wait()
            self._sooner = trio.Event()
            self._perform(self._sessions.advance(self._clock()))

    # --- out --------------------------------------------------------------------------------

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Delivered(pool, sender, data):
                    if not self._sink(pool, DatagramReceived(sender, data)):
                        self.drops[Drop.DATAGRAM] += 1
                case Transmit(address, data) | Forward(address, data):
                    self._write(address, data)
                case Refused():
                    self._notice(effect)

    def _hurry(self) -> None:
        if self._sessions.deadline < self._due:
            self._sooner.set()

    def _write(self, address: Address, data: bytes) -> None:
        if self._resolver is None or self._nursery is None:
            self.drops[Drop.UNSENDABLE] += 1
            return
        where, is_known = self._resolver.known(address)
        if is_known:
            self._write_to(where, data)
        elif self._resolving < self._settings.resolving:
            self._resolving += 1
            self._nursery.start_soon(self._write_when_resolved, self._resolver, address, data)
        else:
            self.drops[Drop.UNRESOLVED] += 1

    async def _write_when_resolved(self, resolver: Resolver, address: Address, data: bytes) -> None:
        try:
            where = await resolver.resolve(address)
        finally:
            self._resolving -= 1
        self._write_to(where, data)

    def _write_to(self, where: SocketAddress | None, data: bytes) -> None:
        if where is None:
            self.drops[Drop.UNRESOLVED] += 1
        elif self._port is not None:
            try:
                self._port.udp.sendto(data, where)
            except BlockingIOError:
                self.drops[Drop.SEND_BUFFER] += 1
            except OSError:
                self.drops[Drop.UNSENDABLE] += 1
