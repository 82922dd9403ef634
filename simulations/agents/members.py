"""Members of real pools, many in one process, each with sockets of its own.

A member of a `lan` pool is what an agent is there, its detector. One of `wan` is a bridge with all
that it tells others, and with a signed set of its cluster that never changes. Its cluster's store,
its mesh and its files are left out: they are nothing to those whom it gossips with.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import trio

from agent.core.lan_member import LanMember
from agent.credentials import Credentials, KeyRing, Place
from agent.process import clock, entropy
from agent.process.loop import drive
from agent.transport.inbound import Inbound
from agent.transport.settings import TransportSettings
from agent.transport.transport import Transport
from agent.wire.header import Pool
from agent.wire.sealing import Credentials as WireCredentials
from discovery import bridge_events
from discovery.agent_authority import AgentAuthority, Scope
from discovery.bridge import Bridge
from discovery.bridge_config import Agent, BridgeConfig
from discovery.bridge_events import StateRestored
from discovery.member import WanMember
from discovery.signing import NaclVerifier
from discovery.state import KeptState
from discovery.trust import TrustBook
from discovery.trust_events import ObjectApplied
from discovery.wall_time import WallClockRead
from failure_detect.clock import Instant
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    Event,
    MembersRestored,
    SeedsResolved,
    SendDatagram,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, MemberId

ROOM = 4_096
"""Events that may wait for one member."""

_SCOPES = {Pool.LAN: Scope.LAN, Pool.WAN: Scope.WAN}


class Machine(Protocol):
    """What a member is driven as."""

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        ...

    def handle(self, event: Event, now: Instant) -> Sequence[object]:
        """Take in one fact."""
        ...

    def advance(self, now: Instant) -> Sequence[object]:
        """Do what is due."""
        ...


Listener: TypeAlias = Callable[[object], None]


def ignore(_fact: object) -> None:
    """Let it be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """What all members of one cluster have in common."""

    pool: Pool
    ring: KeyRing
    uid: str
    config: DetectorConfig
    trusts: tuple[ObjectApplied, ...] = ()
    """Whom its bridges trust; for members of `wan`."""
    kept: KeptState = field(default_factory=KeptState)
    """What its bridges hold from the beginning; likewise."""


class Member:
    """One member."""

    def __init__(self, kin: Kin, place: Place, listener: Listener = ignore) -> None:
        """Be where `place` says, and run not yet; `listener` hears what is for no network."""
        self.kin = kin
        keys = Credentials(entropy.secret(32), kin.ring, place, clock.wall_ms(), clock.wall_ms())
        self.member: MemberId = keys.member
        self._listener = listener
        book = TrustBook(place.cluster, kin.ring.own_keys, NaclVerifier(), kin.uid)
        authority = AgentAuthority(keys.signer, book, NaclVerifier(), _SCOPES[kin.pool])
        self.address: Address = place.lan if kin.pool is Pool.LAN else place.wan
        certificate = keys.lan if kin.pool is Pool.LAN else keys.wan
        self._wire = WireCredentials(keys=keys.signer, certificate=certificate, authority=authority)
        now = clock.now()
        self.detector = FailureDetector(
            certificate, kin.config, authority=authority, now=now, rng=entropy.dice()
        )
        self.machine: Machine = LanMember(self.detector)
        if kin.pool is Pool.WAN:
            identity = authority.identify(certificate)
            assert identity is not None, "the detector has believed it"
            agent = Agent(identity, keys.signer)
            bridge = Bridge(agent, book, BridgeConfig(), now=now, rng=entropy.dice())
            self.machine = WanMember(self.detector, bridge)
        self._send, self._receive = trio.open_memory_channel[Event](ROOM)
        self.transport = Transport(
            self.member,
            TransportSettings(listen=self.address),
            self._take,
            entropy=entropy.secret,
            clock=clock.now,
        )
        self._joined = trio.Event()
        self.lost = 0
        """Events for which there was no room."""

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be there until cancelled, and a member once `join` was called.

        Raises `ListenError` where the address is taken.
        """
        async with trio.open_nursery() as nursery:
            await nursery.start(self.transport.run)
            self.transport.open(self.kin.pool, self._wire)
            task_status.started()
            await self._joined.wait()
            self._begin()
            await drive(self.machine, self._receive, self._perform, clock.now)

    def join(self, seeds: Sequence[Address], known: Sequence[bytes] = ()) -> None:
        """Find the others by `seeds`; whose claims are `known`, of those it need not learn."""
        self._send.send_nowait(MembersRestored(tuple(known)))
        self._send.send_nowait(SeedsResolved(tuple(seeds)))
        self._joined.set()

    def _begin(self) -> None:
        """Tell a bridge the time, whom it trusts, and what its cluster serves."""
        if isinstance(self.machine, WanMember):
            told: list[bridge_events.Event] = [WallClockRead(clock.wall_ms()), *self.kin.trusts]
            for event in (*told, StateRestored(self.kin.kept)):
                self._do(self.machine.tell(event, clock.now()))

    def _take(self, _pool: Pool, fact: Inbound) -> bool:
        try:
            self._send.send_nowait(fact)
        except trio.WouldBlock:
            self.lost += 1
            return False
        return True

    async def _perform(self, effects: Sequence[object]) -> None:
        self._do(effects)

    def _do(self, effects: Sequence[object]) -> None:
        pool, transport = self.kin.pool, self.transport
        for effect in effects:
            match effect:
                case SendDatagram():
                    transport.send(pool, effect)
                case SendRequest():
                    transport.request(pool, effect)
                case SendResponse():
                    transport.respond(pool, effect)
                case _:
                    self._listener(effect)
