"""Members as places: a node, its clock, what ails it, and the process that runs there now."""

from collections import deque
from dataclasses import dataclass, fields
from math import prod

from failure_detect.clock import NEVER, Instant
from failure_detect.events import Effect
from failure_detect.identity import Address, Identity, MemberId, NodeName
from simulations.bandwidth import DATAGRAM_OVERHEAD_BYTES, SEGMENT_OVERHEAD_BYTES, Lane
from simulations.clocks import MemberClock
from simulations.links import Link
from simulations.machine import Arrival, Machine


@dataclass(slots=True)
class Traffic:
    """What one member moved and lost so far. Bytes are in clear, without any sealing."""

    datagrams_sent: int = 0
    datagram_bytes_sent: int = 0
    datagrams_received: int = 0
    datagram_bytes_received: int = 0
    requests_sent: int = 0
    request_bytes_sent: int = 0
    responses_sent: int = 0
    response_bytes_sent: int = 0
    segments_sent: int = 0
    """Segments of streams, those that were lost and sent again too; bare acknowledgements not."""
    segment_bytes_sent: int = 0
    """What these carried."""
    connects: int = 0
    """Connects to nodes' own addresses that it tried."""
    refused: int = 0
    """Datagrams that its envelope refused: corrupt, or sealed for another process."""
    inbox_dropped: int = 0
    """Arrivals lost because its inbox was full."""

    def add(self, other: "Traffic") -> None:
        """Add what `other` moved."""
        for field in fields(Traffic):
            name = field.name
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def stream_bytes_sent(self) -> int:
        """Payload bytes of requests and responses that it sent."""
        return self.request_bytes_sent + self.response_bytes_sent

    @property
    def wire_bytes_sent(self) -> int:
        """All that it put on the wire: with headers, sealing, and what was sent again."""
        datagrams = self.datagram_bytes_sent + DATAGRAM_OVERHEAD_BYTES * self.datagrams_sent
        return datagrams + self.segment_bytes_sent + SEGMENT_OVERHEAD_BYTES * self.segments_sent


@dataclass(slots=True, eq=False)
class Affliction:
    """One fault, as one member suffers from it."""

    kind: str
    """A field of `Ailments`."""

    factor: int = 1
    """How many times slower it makes the member, where `kind` is `slow`."""

    touched: int = 0
    """How often it made a difference."""


@dataclass(slots=True)
class Ailments:
    """By how many faults of each kind a member is afflicted at this instant."""

    paused: int = 0
    gated: int = 0
    slow: int = 0
    drifting: int = 0
    mute: int = 0
    """Its datagrams are lost."""
    deaf: int = 0
    """Datagrams to it are lost."""
    mute_streams: int = 0
    """Segments of streams that it sends are lost."""
    deaf_streams: int = 0
    """Segments of streams to it are lost."""


class Host:
    """One member's place in the world."""

    __slots__ = (
        "address",
        "afflictions",
        "ailments",
        "clock",
        "egress",
        "group",
        "hampered",
        "impeded",
        "index",
        "ingress",
        "links",
        "node",
        "node_address",
        "node_up",
        "process",
        "starts",
        "traffic",
    )

    def __init__(self, index: int, group: str, clock: MemberClock) -> None:
        ip = f"10.{index >> 16}.{index >> 8 & 255}.{index & 255}"
        self.index = index
        self.group = group
        self.clock = clock
        self.node = NodeName(f"node-{index}")
        self.address = Address(f"{ip}:7946")
        self.node_address = Address(f"{ip}:10250")
        self.node_up = True
        self.process: Process | None = None
        self.starts = 0
        self.ailments = Ailments()
        self.afflictions: list[Affliction] = []
        self.hampered = False
        """Whether it is paused, gated or slow: the driver's short path is closed."""
        self.impeded = False
        """Whether it is mute or deaf: the network's short path is closed."""
        self.links: dict[Address, Link[Host]] = {}
        self.egress: Lane | None = None
        """What limits how fast it sends; None where nothing does."""
        self.ingress: Lane | None = None
        """What limits how fast it takes in what arrives."""
        self.traffic = Traffic()

    def suffer(self, affliction: Affliction) -> None:
        """Be afflicted from now on."""
        self.afflictions.append(affliction)
        self._judge(affliction.kind, 1)

    def recover(self, affliction: Affliction) -> None:
        """Be rid of `affliction`."""
        self.afflictions.remove(affliction)
        self._judge(affliction.kind, -1)

    def blame(self, kind: str) -> None:
        """Count a difference that the afflictions of this kind made."""
        for affliction in self.afflictions:
            if affliction.kind == kind:
                affliction.touched += 1

    @property
    def slowness(self) -> int:
        """How many times slower than usual it works: the product of all that slows it."""
        return prod(affliction.factor for affliction in self.afflictions)

    def _judge(self, kind: str, change: int) -> None:
        ailments = self.ailments
        setattr(ailments, kind, getattr(ailments, kind) + change)
        self.hampered = bool(ailments.paused or ailments.gated or ailments.slow)
        self.impeded = bool(
            ailments.mute or ailments.deaf or ailments.mute_streams or ailments.deaf_streams
        )


class Process:
    """One run of a member's agent, from its start to its end."""

    __slots__ = (
        "armed_at",
        "backlog",
        "busy",
        "certificate",
        "gateable",
        "host",
        "identity",
        "inbox",
        "machine",
        "member",
        "since",
        "waiting",
    )

    def __init__(self, host: Host, identity: Identity, certificate: bytes, since: Instant) -> None:
        self.host = host
        self.identity = identity
        self.certificate = certificate
        self.member: MemberId = identity.member
        self.since = since
        """The world's instant at which it started."""
        self.machine: Machine
        self.inbox: deque[Arrival] = deque()
        self.waiting: deque[Effect] = deque()
        """Effects that could not be performed yet, because the process stalls."""
        self.gateable = False
        """Whether its machine is told of gates, instead of stalling at them."""
        self.busy = False
        """Whether a slow turn is under way."""
        self.backlog = 0
        """How many arrivals a slow process is to handle before it looks at the time."""
        self.armed_at: Instant = NEVER
        """The member's own instant for which a timer is set."""

    @property
    def runs(self) -> bool:
        """Tell whether this is still what runs at its place."""
        return self.host.process is self
