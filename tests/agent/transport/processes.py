"""Processes' worth of transports in one trio run, over real sockets of the loopback device."""

from collections.abc import Callable
from math import inf

import trio

from agent.transport.inbound import Inbound
from agent.transport.settings import StreamLimits, TransportSettings
from agent.transport.transport import Transport
from agent.wire.effects import Refused
from agent.wire.header import Pool
from agent.wire.limits import WireLimits
from agent.wire.sealing import Credentials
from discovery.agent_authority import AgentAuthority
from discovery.names import Origin
from failure_detect.clock import SECOND
from failure_detect.events import RequestReceived, SendDatagram, SendRequest, SendResponse
from failure_detect.identity import Address, MemberId
from tests.agent.wire.ends import SCOPES, book_of, certificate_of, entropy_of, key_of
from tests.discovery.trusted import EAST, HOME, VERIFIER

LOOPBACK = Address("127.0.0.1:0")


class Process:
    """A transport with what it told."""

    def __init__(
        self,
        node: str,
        *,
        origin: Origin = HOME,
        pools: tuple[Pool, ...] = (Pool.LAN, Pool.WAN),
        listen: Address = LOOPBACK,
        streams: StreamLimits | None = None,
        wire: WireLimits | None = None,
    ) -> None:
        self.key = key_of(origin, node)
        self.member = MemberId(self.key.public)
        self.book = book_of(origin, *({HOME, EAST} - {origin}))
        self.node, self.origin, self.pools = node, origin, pools
        self.address = Address("")
        settings = TransportSettings(
            listen=listen, streams=streams or StreamLimits(), wire=wire or WireLimits()
        )
        self.refused: list[Refused] = []
        self.transport = Transport(
            self.member,
            settings,
            self.take,
            entropy=entropy_of((node, origin)),
            notice=self.refused.append,
        )
        self.has_room = True
        self.echoes = True
        self._in, self._out = trio.open_memory_channel[tuple[Pool, Inbound]](inf)

    def take(self, pool: Pool, fact: Inbound) -> bool:
        if not self.has_room:
            return False
        self._in.send_nowait((pool, fact))
        if self.echoes and isinstance(fact, RequestReceived):
            response = SendResponse(fact.request, b"echo " + fact.data)
            self.transport.respond(pool, response)
        return True

    async def start(self, nursery: trio.Nursery) -> None:
        address: object = await nursery.start(self.transport.run)
        assert isinstance(address, str)
        self.address = Address(address.replace("[::]", "[::1]"))
        for pool in self.pools:
            self.transport.open(pool, self.credentials(pool))

    def credentials(self, pool: Pool) -> Credentials:
        authority = AgentAuthority(self.key, self.book, VERIFIER, SCOPES[pool])
        certificate = certificate_of(self.origin, self.node, self.address)
        return Credentials(keys=self.key, certificate=certificate, authority=authority)

    async def next(self) -> tuple[Pool, Inbound]:
        with trio.fail_after(20):
            return await self._out.receive()

    def say(
        self, to: "Process", data: bytes, pool: Pool = Pool.LAN, at: Address | None = None
    ) -> None:
        self.transport.send(pool, SendDatagram(to.member, at or to.address, data))

    def ask(
        self,
        to: "Process",
        data: bytes,
        pool: Pool = Pool.LAN,
        *,
        at: Address | None = None,
        number: int = 1,
        timeout: int = 5 * SECOND,
    ) -> None:
        order = SendRequest(number, to.member, at or to.address, data, timeout)
        self.transport.request(pool, order)


async def until(holds: Callable[[], bool]) -> None:
    """Let others run until something holds."""
    with trio.fail_after(20):
        while not holds():
            await trio.lowlevel.checkpoint()
