"""Small machines for tests of the world that they run in."""

from collections.abc import Iterable, Mapping

from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.events import (
    DatagramReceived,
    Effect,
    Event,
    MemberJoined,
    SeedsResolved,
    SendDatagram,
)
from failure_detect.identity import Address, Identity, MemberId
from simulations.machine import MemberContext


class PingMachine:
    """Pings the members that it is told of, by turns, and answers pings."""

    def __init__(self, context: MemberContext, interval: Duration = SECOND) -> None:
        self.context = context
        self.interval = interval
        self.peers: list[Identity] = []
        self.addresses: dict[MemberId, Address] = {}
        self.pings: list[tuple[MemberId, Instant]] = []
        self.acks: list[tuple[MemberId, Instant]] = []
        self.events: list[Event] = []
        self.deadline: Instant = context.now + int(context.rng.random() * interval)
        self._turn = 0

    def meet(self, peers: Iterable[Identity]) -> None:
        self.peers = [peer for peer in peers if peer != self.context.identity]
        self.addresses = {peer.member: peer.address for peer in self.peers}

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        self.events.append(event)
        match event:
            case DatagramReceived(sender, b"ping"):
                self.pings.append((sender, now))
                if sender in self.addresses:
                    return [SendDatagram(sender, self.addresses[sender], b"ack")]
            case DatagramReceived(sender, b"ack"):
                self.acks.append((sender, now))
            case SeedsResolved():
                return [MemberJoined(self.context.identity, 0)]
            case _:
                pass
        return []

    def advance(self, now: Instant) -> list[Effect]:
        if now < self.deadline:
            return []
        self.deadline = now + self.interval
        if not self.peers:
            return []
        peer = self.peers[self._turn % len(self.peers)]
        self._turn += 1
        return [SendDatagram(peer.member, peer.address, b"ping")]

    def statistics(self) -> Mapping[str, int]:
        return {"peers": len(self.peers), "events": len(self.events)}

    def check_invariants(self) -> None:
        assert self.context.identity not in self.peers
