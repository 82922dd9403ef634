"""Ends of a wire in memory: real keys and certificates, a clock by hand, and a line that may lose.

An `End` is one process: its sessions, the address where it gets datagrams, and all that came of
them. A `Line` carries what they transmit, in order, and lets a test alter, drop or repeat it.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from agent.wire.effects import Delivered, Effect, Forward, Refused, Transmit
from agent.wire.header import Pool
from agent.wire.limits import WireLimits
from agent.wire.reasons import Reason
from agent.wire.sealing import Credentials
from agent.wire.sessions import Sessions
from discovery.agent_authority import AgentAuthority, Scope
from discovery.certificates import issue_agent_certificate
from discovery.names import Origin
from discovery.signing import SigningKey
from discovery.trust import TrustBook
from discovery.wall_time import WallClockRead
from failure_detect.clock import NEVER, Instant
from failure_detect.identity import Address, MemberId
from tests.discovery.trusted import (
    EAST,
    HOME,
    NOW_MS,
    VERIFIER,
    agent_body,
    key,
    trusted_cluster,
    uid,
)

SCOPES = {Pool.LAN: Scope.LAN, Pool.WAN: Scope.WAN}
START: Instant = 1_000_000_000


def book_of(own: Origin, *trusted: Origin) -> TrustBook:
    book = TrustBook(own, {1: key(own, 1).public}, VERIFIER, uid(own))
    book.handle(WallClockRead(NOW_MS))
    for name in trusted:
        book.handle(trusted_cluster(name))
    return book


def certificate_of(
    origin: Origin, node: str, address: Address, versions: tuple[int, int] = (1, 1), start: int = 1
) -> bytes:
    body = replace(agent_body(origin, node), address=address, versions=versions, start=start)
    return issue_agent_certificate(body, key(origin, 1)).raw


def key_of(origin: Origin, node: str) -> SigningKey:
    return key(origin, "agent", node)


def entropy_of(seed: object) -> Callable[[int], bytes]:
    return Random(str(seed)).randbytes


class End:
    """One process."""

    def __init__(
        self,
        node: str,
        *,
        origin: Origin = HOME,
        pools: tuple[Pool, ...] = (Pool.LAN, Pool.WAN),
        limits: WireLimits | None = None,
        versions: tuple[int, int] = (1, 1),
    ) -> None:
        self.node, self.origin = node, origin
        self.address = Address(f"192.0.2.{Random(node + origin).randrange(1, 255)}:7400")
        self.key = key_of(origin, node)
        self.member = MemberId(self.key.public)
        self.book = book_of(origin, *({HOME, EAST} - {origin}))
        self.certificate = certificate_of(origin, node, self.address, versions)
        self.sessions = Sessions(self.member, entropy=entropy_of((node, origin)), limits=limits)
        for pool in pools:
            self.sessions.open(pool, self.credentials(pool))
        self.delivered: list[Delivered] = []
        self.refused: list[Refused] = []

    def credentials(self, pool: Pool) -> Credentials:
        authority = AgentAuthority(self.key, self.book, VERIFIER, SCOPES[pool])
        return Credentials(keys=self.key, certificate=self.certificate, authority=authority)

    @property
    def said(self) -> list[bytes]:
        return [each.data for each in self.delivered]

    @property
    def reasons(self) -> list[Reason]:
        return [each.reason for each in self.refused]


@dataclass(frozen=True)
class Sent:
    """A datagram on its way."""

    source: Address
    to: Address
    data: bytes


class Line:
    """Carries datagrams between ends."""

    def __init__(self, *ends: End) -> None:
        self.ends = {end.address: end for end in ends}
        assert len(self.ends) == len(ends), "two ends have one address"
        self.now = START
        self.queue: deque[Sent] = deque()
        self.seen: list[Sent] = []
        self.is_lost: Callable[[Sent], bool] = lambda sent: False

    def send(self, sender: End, to: End, data: bytes, pool: Pool = Pool.LAN) -> None:
        self.take(sender, sender.sessions.send(pool, to.member, to.address, data, self.now))

    def take(self, end: End, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Transmit(address, data) | Forward(address, data):
                    self.queue.append(Sent(end.address, address, data))
                case Delivered():
                    end.delivered.append(effect)
                case Refused():
                    end.refused.append(effect)

    def inject(self, to: End, data: bytes, source: Address) -> list[Effect]:
        effects = to.sessions.handle_datagram(data, source, self.now)
        to.sessions.check_invariants()
        self.take(to, effects)
        return effects

    def step(self) -> Sent:
        sent = self.queue.popleft()
        self.seen.append(sent)
        if sent.to in self.ends and not self.is_lost(sent):
            self.inject(self.ends[sent.to], sent.data, sent.source)
        return sent

    def settle(self) -> None:
        """Carry everything that is on its way, and what comes of it."""
        while self.queue:
            self.step()

    def run(self, duration: int) -> None:
        """Let time pass."""
        until = self.now + duration
        self.settle()
        while (soonest := min(end.sessions.deadline for end in self.ends.values())) <= until:
            assert soonest < NEVER
            self.now = max(self.now, soonest)
            for end in self.ends.values():
                self.take(end, end.sessions.advance(self.now))
                end.sessions.check_invariants()
            self.settle()
        self.now = until
