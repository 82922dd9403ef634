"""How much the transport does at a time, and how long it waits for others."""

from dataclasses import dataclass, field

from agent.wire.limits import WireLimits
from failure_detect.clock import SECOND, Duration
from failure_detect.identity import Address

ANYWHERE = Address("[::]:7400")
"""All addresses of both families, at the port that this program has by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """Streams and connections; a file descriptor each."""

    answered: int = 384
    """Streams opened to us that are under way, those that are passed on included."""

    answered_per_host: int = 192
    """Of these from one host; agents that share a host share it."""

    unproven: int = 128
    """Of these from whom nobody knows yet: the oldest gives way to the next."""

    joined: int = 64
    """Of these passed on to another agent of our own cluster; two descriptors each."""

    called: int = 192
    """Streams that we have open to others; a request beyond fails at once."""

    tried: int = 64
    """Connections that are tried at a time; beyond, nothing is found out."""

    proving: Duration = 3 * SECOND
    """How long whoever opens a stream may take to show who it is."""

    asking: Duration = 10 * SECOND
    """How long it may take, in all, until its request is whole."""

    responding: Duration = 10 * SECOND
    """How long the answer may take to be found, and as long again to be written."""

    joining: Duration = 30 * SECOND
    """How long a stream that is passed on may take in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportSettings:
    """What the transport is told once."""

    listen: Address = ANYWHERE
    """Where datagrams and streams are taken: an IP address and a port."""

    batch: int = 64
    """Datagrams that are read before anything else has its turn: a flood holds up nothing."""

    resolving: int = 256
    """Datagrams that may wait for the lookup of a name."""

    is_refusal_silence: bool = False
    """Whether a refused connection counts as silence: on one host all nodes are loopback, where
    somebody always refuses."""

    wire: WireLimits = field(default_factory=WireLimits)
    streams: StreamLimits = StreamLimits()
