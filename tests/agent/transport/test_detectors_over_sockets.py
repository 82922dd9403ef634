"""Failure detectors find to each other over real sockets, and notice who goes."""

from random import Random

import trio

from agent.transport.inbound import Inbound
from agent.transport.settings import TransportSettings
from agent.transport.transport import Transport, trio_clock
from agent.wire.header import Pool
from agent.wire.sealing import Credentials
from discovery.agent_authority import AgentAuthority, Scope
from failure_detect.clock import SECOND
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    Effect,
    Event,
    LeaveRequested,
    MemberDied,
    MemberJoined,
    MemberLeft,
    SeedsResolved,
    SendDatagram,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, MemberId
from tests.agent.transport.processes import LOOPBACK
from tests.agent.wire.ends import book_of, certificate_of, entropy_of, key_of
from tests.discovery.trusted import HOME, VERIFIER


class Agent:
    """A detector and a transport, driven as simply as can be."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.key = key_of(HOME, node)
        self.member = MemberId(self.key.public)
        settings = TransportSettings(listen=LOOPBACK)
        self.transport = Transport(self.member, settings, self.take, entropy=entropy_of(node))
        self.facts: list[Effect] = []
        self.changed = trio.Event()
        self.inbox: list[Inbound] = []
        self.scope = trio.CancelScope()
        self.address = Address("")

    def take(self, pool: Pool, fact: Inbound) -> bool:
        self.inbox.append(fact)
        self.changed.set()
        return True

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        with self.scope:
            async with trio.open_nursery() as nursery:
                address: object = await nursery.start(self.transport.run)
                assert isinstance(address, str)
                self.address = Address(address)
                certificate = certificate_of(HOME, self.node, self.address)
                authority = AgentAuthority(self.key, book_of(HOME), VERIFIER, Scope.LAN)
                credentials = Credentials(
                    keys=self.key, certificate=certificate, authority=authority
                )
                self.transport.open(Pool.LAN, credentials)
                self.detector = FailureDetector(
                    certificate,
                    DetectorConfig.loopback(),
                    authority=authority,
                    now=trio_clock(),
                    rng=Random(self.node),
                )
                task_status.started()
                await self.drive()

    async def drive(self) -> None:
        while True:
            wait = max(0, self.detector.deadline - trio_clock()) / SECOND
            with trio.move_on_after(wait):
                await self.changed.wait()
                self.changed = trio.Event()
            taken, self.inbox = self.inbox, []
            for fact in taken:
                self.perform(self.detector.handle(fact, trio_clock()))
            self.perform(self.detector.advance(trio_clock()))

    def tell(self, event: Event) -> None:
        self.perform(self.detector.handle(event, trio_clock()))
        self.changed.set()

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case SendDatagram():
                    self.transport.send(Pool.LAN, effect)
                case SendRequest():
                    self.transport.request(Pool.LAN, effect)
                case SendResponse():
                    self.transport.respond(Pool.LAN, effect)
                case _:
                    self.facts.append(effect)

    def joined(self) -> set[MemberId]:
        return {fact.identity.member for fact in self.facts if isinstance(fact, MemberJoined)}

    def gone(self) -> set[MemberId]:
        died = {fact.member for fact in self.facts if isinstance(fact, MemberDied)}
        return died | {fact.member for fact in self.facts if isinstance(fact, MemberLeft)}

    async def until_gone(self, member: MemberId) -> None:
        with trio.fail_after(60):
            while member not in self.gone():
                await self.changed.wait()
                await trio.lowlevel.checkpoint()


async def test_four_agents_join_by_a_seed_and_notice_one_that_leaves_and_one_that_dies(
    nursery: trio.Nursery,
) -> None:
    agents = [Agent(f"node-{number}") for number in range(4)]
    for agent in agents:
        await nursery.start(agent.run)
    for agent in agents[1:]:
        agent.tell(SeedsResolved((agents[0].address,)))
    members = {agent.member for agent in agents}
    with trio.fail_after(60):
        for agent in agents:
            while agent.joined() != members - {agent.member}:
                await agent.changed.wait()
                await trio.lowlevel.checkpoint()
    first, second, leaving, dying = agents
    leaving.tell(LeaveRequested())
    for agent in (first, second):
        await agent.until_gone(leaving.member)
    dying.scope.cancel()
    for agent in (first, second):
        await agent.until_gone(dying.member)
        assert agent.gone() == {leaving.member, dying.member}
        assert agent.transport.statistics().drops == {}
    leaving.scope.cancel()
