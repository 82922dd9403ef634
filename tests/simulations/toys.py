"""Small machines for tests of the world that they run in."""

from collections.abc import Callable, Iterable, Mapping

from failure_detect.clock import MILLISECOND, NEVER, SECOND, Duration, Instant
from failure_detect.events import (
    ConnectNode,
    DatagramReceived,
    Effect,
    Event,
    FingerprintChanged,
    RequestReceived,
    SendDatagram,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, Identity, MemberId
from simulations.config import WorldConfig
from simulations.machine import MemberContext
from simulations.world import World


class PingMachine:
    """Pings the members that it is told of, by turns, and answers pings and requests."""

    def __init__(self, context: MemberContext, interval: Duration = SECOND) -> None:
        self.context = context
        self.interval = interval
        self.peers: list[Identity] = []
        self.addresses: dict[MemberId, Address] = {}
        self.events: list[tuple[Event, Instant]] = []
        self.orders: list[Effect] = []
        """What it is to order as soon as anything arrives."""
        self.pings_sent = 0
        self.deadline: Instant = context.now + int(context.rng.random() * interval)

    def meet(self, peers: Iterable[Identity]) -> None:
        self.peers = [peer for peer in peers if peer != self.context.identity]
        self.addresses = {peer.member: peer.address for peer in self.peers}

    def heard(self, data: bytes) -> int:
        """How many datagrams of these bytes came."""
        return sum(isinstance(e, DatagramReceived) and e.data == data for e, _ in self.events)

    def got(self, kind: type[Event]) -> list[Event]:
        return [event for event, _ in self.events if isinstance(event, kind)]

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        self.events.append((event, now))
        orders, self.orders = self.orders, []
        match event:
            case DatagramReceived(sender, b"ping") if sender in self.addresses:
                orders.append(SendDatagram(sender, self.addresses[sender], b"ack"))
            case RequestReceived(number, _, data):
                orders.append(SendResponse(number, b"re: " + data))
            case _:
                pass
        return orders

    def advance(self, now: Instant) -> list[Effect]:
        if now < self.deadline:
            return []
        self.deadline = now + self.interval
        if not self.peers:
            return []
        peer = self.peers[self.pings_sent % len(self.peers)]
        self.pings_sent += 1
        return [SendDatagram(peer.member, peer.address, b"ping")]

    def statistics(self) -> Mapping[str, int]:
        return {"peers": len(self.peers), "events": len(self.events)}

    def check_invariants(self) -> None:
        assert self.context.identity not in self.peers

    def snapshot(self) -> tuple[bytes, ...]:
        return (self.context.certificate,)


class GoroutineMachine(PingMachine):
    """One whose work goes on while a gate is closed on its traffic."""

    def __init__(self, context: MemberContext, interval: Duration = SECOND) -> None:
        super().__init__(context, interval)
        self.gates: list[bool] = []

    def gate(self, closed: bool, now: Instant) -> None:
        self.gates.append(closed)


class ScriptedMachine:
    """Says what it is told to say, whatever arrives."""

    def __init__(self, context: MemberContext) -> None:
        self.context = context
        self.lines: list[Effect] = []
        self.events: list[tuple[Event, Instant]] = []
        self.deadline: Instant = NEVER
        self.counts: dict[str, int] = {}
        self.is_sound = True

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        self.events.append((event, now))
        lines, self.lines = self.lines, []
        return lines

    def advance(self, now: Instant) -> list[Effect]:
        return []

    def statistics(self) -> Mapping[str, int]:
        return self.counts

    def check_invariants(self) -> None:
        assert self.is_sound, "contradiction"

    def got(self, kind: type[Event]) -> list[Event]:
        return [event for event, _ in self.events if isinstance(event, kind)]


def pinging_world(
    config: WorldConfig,
    interval: Duration = SECOND,
    make: Callable[[MemberContext, Duration], PingMachine] = PingMachine,
) -> World:
    """A world of ping machines that all know each other."""
    world = World(config, lambda context: make(context, interval))
    world.start_all()
    meet(world)
    return world


def meet(world: World) -> None:
    everyone = [world.identity(member) for member in world.members if world.is_up(member)]
    for member in world.members:
        if world.is_up(member):
            pinger(world, member).meet(everyone)


def pinger(world: World, member: int) -> PingMachine:
    machine = world.machine(member)
    assert isinstance(machine, PingMachine)
    return machine


def scripted_world(members: int = 3) -> World:
    """A world of machines that say what they are told."""
    world = World(WorldConfig(seed=1, members=members), ScriptedMachine)
    world.start_all()
    return world


def say(world: World, member: int, *effects: Effect) -> None:
    """Let the machine at this place say these now."""
    scripted(world, member).lines += effects
    world.deliver(member, FingerprintChanged(b""))
    world.run_until(world.now)


def scripted(world: World, member: int) -> ScriptedMachine:
    machine = world.machine(member)
    assert isinstance(machine, ScriptedMachine)
    return machine


def request(world: World, source: int, target: int, **options: Duration) -> SendRequest:
    """A request to who runs at `target`, numbered by it."""
    return SendRequest(
        request=target,
        to=world.member_id(target),
        address=world.address(target),
        data=b"hello",
        timeout=options.get("timeout", 5 * SECOND),
    )


def connect(world: World, target: int, timeout: Duration = 500 * MILLISECOND) -> ConnectNode:
    return ConnectNode(connect=target, address=world.node_address(target), timeout=timeout)
