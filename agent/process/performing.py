"""What the core orders, done: sockets, the store, the disk, the log.

Rule 1: what is to outlive this process is on the disk before anything that follows from it leaves
it. Rule 2: nothing else is waited for: each write has a task of its own, and its outcome comes back
as an event. Rule 3: the outcome of an order comes exactly once, whatever becomes of it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

import trio

from agent.core import events
from agent.core.agent import Agent
from agent.core.events import Effect, Event, FromPool, Noted, StateChanged, ToPool
from agent.process.feeds import Feeds
from agent.process.saving import Saving
from agent.process.storing import Storing
from agent.transport.transport import Transport
from agent.wire.header import Pool
from discovery.data_path import ConnectRequested, PathTried
from failure_detect import events as pool_events
from failure_detect.clock import Instant
from failure_detect.events import ConnectFinished, MemberLeft, MemberRetired
from failure_detect.identity import Address, short_id

Found: TypeAlias = bool | None
"""Whether anybody answered; None where this host could not try."""

Reason: TypeAlias = events.CertificatesWanted | events.OwnNodeSeen
Turn: TypeAlias = events.BridgeBegan | events.BridgeEnded | events.Stopped


@dataclass(frozen=True, slots=True)
class Hands:
    """With what orders are done."""

    transport: Transport
    storing: Storing
    saving: Saving
    feeds: Feeds
    inbox: trio.MemorySendChannel[Event]
    nursery: trio.Nursery
    """For what takes its time; ends with the process."""
    clock: Callable[[], Instant]


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is told of what is not for the world outside."""

    noted: Callable[[Noted], None]
    """Something happened."""
    changed: Callable[[Turn], None]
    """This agent became a bridge, or is one no more, or may end."""
    answered: Callable[[events.LocalAnswered], None]
    report: Callable[[events.ReportWanted], bytes]
    """Returns the answer to another agent's question, as it travels."""
    certificates: Callable[[Reason], Awaitable[None]]
    """Other certificates are needed, or may be."""


class Performer:
    """Does what the core orders."""

    def __init__(self, agent: Agent, hands: Hands, ears: Ears) -> None:
        """Work for `agent`."""
        self._agent = agent
        self._hands = hands
        self._ears = ears

    async def perform(self, effects: Sequence[Effect]) -> None:
        """Do all of these, in order; return once what must be kept is kept."""
        if any(isinstance(each, StateChanged) for each in effects):
            await self._hands.saving.save(self._agent, self._hands.clock())
        for effect in effects:
            if isinstance(effect, ToPool):
                self._to_pool(effect.pool, effect.order)
            elif isinstance(effect, Noted):
                self._note(effect)
            elif not isinstance(effect, StateChanged):
                self._perform(effect)

    def _note(self, noted: Noted) -> None:
        self._ears.noted(noted)
        match noted.fact:
            case MemberLeft(member) | MemberRetired(member, _) if noted.pool is not None:
                self._hands.transport.forget(noted.pool, member)
            case _:
                pass

    def _to_pool(self, pool: Pool, order: pool_events.Order) -> None:
        transport = self._hands.transport
        match order:
            case pool_events.SendDatagram():
                transport.send(pool, order)
            case pool_events.SendRequest():
                transport.request(pool, order)
            case pool_events.SendResponse():
                transport.respond(pool, order)
            case pool_events.ConnectNode(connect, address, timeout):

                def done(answered: Found) -> None:
                    # Where this host could not try, nobody was found silent.
                    finished = ConnectFinished(connect, answered=answered is not False)
                    self._tell(FromPool(pool, finished))

                transport.connect(address, timeout, done)
            case _:
                assert_never(order)

    def _perform(self, effect: events.Order) -> None:
        match effect:
            case events.BridgeBegan() | events.BridgeEnded() | events.Stopped():
                self._ears.changed(effect)
            case events.ClusterKnown(members, agents):
                bridges = {short_id(member): address for member, address in members.items()}
                self._hands.transport.know_cluster(bridges, agents)
            case events.TrustAltered():
                self._hands.transport.recheck()
            case events.LocalAnswered():
                self._ears.answered(effect)
            case events.ReportWanted(request):
                answer = pool_events.SendResponse(request, self._ears.report(effect))
                self._hands.transport.respond(Pool.LAN, answer)
            case _:
                self._take_time(effect)

    def _take_time(self, effect: events.Order) -> None:
        """Begin what takes its time."""
        hands = self._hands
        begin, storing, tell = hands.nursery.start_soon, hands.storing, hands.inbox.send
        match effect:
            case events.WriteRequested(number, step):
                begin(storing.write, number, step, tell)
            case events.LeaseWriteRequested(number, write):
                begin(storing.write_lease, number, write, tell)
            case events.HolderAsked(holder):
                begin(storing.ask_holder, holder, tell)
            case events.WordSaid(word):
                begin(storing.tell_people, word)
            case events.ListRequested() | events.KindsWanted():
                self._feed(effect)
            case events.CertificatesWanted() | events.OwnNodeSeen():
                begin(self._ears.certificates, effect)
            case ConnectRequested():
                self._connect(effect)
            case _:
                raise AssertionError(f"nobody does {effect!r}")

    def _feed(self, effect: events.ListRequested | events.KindsWanted) -> None:
        if isinstance(effect, events.KindsWanted):
            self._hands.feeds.want(effect.kinds)
        else:
            self._hands.feeds.list_afresh(effect.request, effect.kinds)

    def _connect(self, order: ConnectRequested) -> None:
        host = f"[{order.address}]" if ":" in order.address else order.address

        def done(answered: Found) -> None:
            if answered is not None:  # Where this host could not try, nothing is said.
                self._tell(PathTried(order.attempt, answered))

        self._hands.transport.connect(Address(f"{host}:{order.port}"), order.timeout, done)

    def _tell(self, event: Event) -> None:
        self._hands.nursery.start_soon(self._hands.inbox.send, event)
