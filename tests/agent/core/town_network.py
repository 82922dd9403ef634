"""The network of a small world: datagrams and streams between agents, on links that can be cut.

It stands for transport and wire at once: who sends is known, and is let in where the receiver's own
authority believes the sender's certificate. A cut link loses datagrams and leaves streams without
an answer, one way or both.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Protocol

from agent.wire.header import Pool
from failure_detect.clock import MILLISECOND, Duration
from failure_detect.events import (
    DatagramReceived,
    Event,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendDatagram,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, MemberId
from tests.agent.core.town_agenda import Agenda


class Host(Protocol):
    """A running agent, as the network sees it."""

    @property
    def place(self) -> str:
        """The name of its site, which no other has."""
        ...

    @property
    def cluster(self) -> str: ...

    @property
    def member(self) -> MemberId: ...

    @property
    def runs(self) -> bool: ...

    def certificate(self, pool: Pool) -> bytes | None:
        """What it shows in a pool; None where it has no part in it."""
        ...

    def lets_in(self, pool: Pool, certificate: bytes) -> bool:
        """Whether it believes this certificate in a pool."""
        ...

    def receive(self, pool: Pool, event: Event) -> None: ...


@dataclass
class _Stream:
    pool: Pool
    caller: Host
    number: int
    is_done: bool = False


class Network:
    """Carries everything, in its time."""

    def __init__(self, agenda: Agenda, rng: Random) -> None:
        self._agenda, self._rng = agenda, rng
        self._hosts: dict[Address, Host] = {}
        self._streams: dict[int, _Stream] = {}
        self._numbers = count(1)
        self._cuts: set[tuple[str, str]] = set()
        self.datagrams = 0

    # --- what is where ------------------------------------------------------------------------

    def settle(self, addresses: Iterable[Address], host: Host) -> None:
        """From now on this agent is reached there."""
        self._hosts |= dict.fromkeys(addresses, host)

    def cut(self, one: str, other: str) -> None:
        """Let nothing pass from one cluster or site to another; the way back stays open."""
        self._cuts.add((one, other))

    def heal(self, one: str, other: str) -> None:
        """Let it pass again."""
        self._cuts.discard((one, other))

    def heal_all(self) -> None:
        """Let everything pass again."""
        self._cuts.clear()

    def passes(self, sender: Host, place: str, cluster: str) -> bool:
        """Whether something gets from an agent to a site now."""
        return not any(
            (one, other) in self._cuts
            for one in (sender.place, sender.cluster)
            for other in (place, cluster)
        )

    def delay(self, sender: Host, cluster: str) -> Duration:
        """How long something takes now: a millisecond or two, to other clusters some ten."""
        low, high = (1, 3) if sender.cluster == cluster else (8, 15)
        return self._rng.randint(low * MILLISECOND, high * MILLISECOND)

    # --- datagrams ----------------------------------------------------------------------------

    def send(self, sender: Host, pool: Pool, order: SendDatagram) -> None:
        """Bring a datagram to whom it is for, if that is who is there."""
        self.datagrams += 1
        to = self._hosts.get(order.address)
        shown = sender.certificate(pool)
        if to is None or shown is None or not self.passes(sender, to.place, to.cluster):
            return

        def arrive() -> None:
            current = self._hosts[order.address]
            if current.runs and current.member == order.to and current.lets_in(pool, shown):
                current.receive(pool, DatagramReceived(sender.member, order.data))

        self._agenda.after(self.delay(sender, to.cluster), arrive)

    # --- streams ------------------------------------------------------------------------------

    def request(self, sender: Host, pool: Pool, order: SendRequest) -> None:
        """Bring a question to whoever is there, and its answer back; or say that it failed."""
        number, stream = next(self._numbers), _Stream(pool, sender, order.request)
        self._streams[number] = stream
        self._agenda.after(order.timeout, lambda: self._fail(stream))
        shown, to = sender.certificate(pool), self._hosts.get(order.address)
        if to is None or shown is None or not self.passes(sender, to.place, to.cluster):
            return

        def arrive() -> None:
            current = self._hosts[order.address]
            if not self._is_met(sender, current, pool, order.to):
                delay = self.delay(sender, current.cluster)
                self._agenda.after(delay, lambda: self._fail(stream))
            elif current.lets_in(pool, shown):
                current.receive(pool, RequestReceived(number, sender.member, order.data))

        self._agenda.after(self.delay(sender, to.cluster), arrive)

    def _is_met(self, sender: Host, current: Host, pool: Pool, wanted: MemberId | None) -> bool:
        answered = current.certificate(pool) if current.runs else None
        if answered is None or wanted not in (None, current.member):
            return False
        return sender.lets_in(pool, answered)

    def respond(self, sender: Host, order: SendResponse) -> None:
        """Bring an answer back to who asked."""
        stream = self._streams.pop(order.request, None)
        if stream is None:
            return
        caller = stream.caller
        if not self.passes(sender, caller.place, caller.cluster):
            return
        answer = ResponseReceived(stream.number, sender.member, order.data)
        self._agenda.after(self.delay(sender, caller.cluster), lambda: self._end(stream, answer))

    def _fail(self, stream: _Stream) -> None:
        self._end(stream, RequestFailed(stream.number))

    def _end(self, stream: _Stream, event: Event) -> None:
        if not stream.is_done and stream.caller.runs:
            stream.is_done = True
            stream.caller.receive(stream.pool, event)

    def hosts(self) -> Iterator[Host]:
        """All agents that are anywhere now."""
        return iter({id(each): each for each in self._hosts.values()}.values())
