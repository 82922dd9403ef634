"""What the wire holds and how long it waits, each number with what it trades."""

from dataclasses import dataclass, field

from agent.wire.budgets import StrangerLimits
from agent.wire.replay import WINDOW_MAX, WINDOW_MIN
from failure_detect.clock import MINUTE, SECOND, Duration

DATA_BYTES_MAX = 65_000
"""What fits a UDP datagram, sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireLimits:
    """Bounds of one process. Peers, attempts and queues are of each pool."""

    peers: int = 8_192
    """Members with whom a session is kept, some 1.5 KiB each: more than a pool may have."""

    attempts: int = 1_024
    """Handshakes that are under way."""

    queue: int = 8
    """Datagrams that wait for one handshake; the oldest gives way, since probes grow stale."""

    data_bytes: int = 1_200
    """The longest datagram of the layer above: `gossip.datagram_bytes` of the detector."""

    window: int = 256
    """How many datagrams of one sender may overtake another, from 64 to 1,024."""

    idle: Duration = 120 * MINUTE
    """A session that was not used for so long lapses. In a pool of 5,000 two members meet about
    once an hour, so less would have each of these meetings begin with a handshake."""

    recheck: Duration = 60 * SECOND
    """How long a certificate is believed unasked; trust that has changed counts at once."""

    doubt: Duration = 3 * SECOND
    """After so much silence while we send, a handshake is made beside the session: the other end
    may have lost it. Twice as long after each that brought nothing, up to `doubt_max`."""

    doubt_max: Duration = 60 * SECOND
    """The longest of these waits."""

    frame_bytes: int = 2 << 20
    """The longest frame of a stream: must exceed `replicator.frame_bytes` and what goes with it."""

    strangers: StrangerLimits = field(default_factory=StrangerLimits)

    def __post_init__(self) -> None:
        """Raise ValueError, which names the field, for what cannot be."""
        if not WINDOW_MIN <= self.window <= WINDOW_MAX:
            raise ValueError(f"window: must be from {WINDOW_MIN} to {WINDOW_MAX}")
        if not 0 < self.data_bytes <= DATA_BYTES_MAX:
            raise ValueError(f"data_bytes: must be from 1 to {DATA_BYTES_MAX}")
        for name in ("peers", "attempts", "queue", "frame_bytes", "idle", "recheck", "doubt"):
            value: object = getattr(self, name)
            if not isinstance(value, int) or value <= 0:
                raise ValueError(f"{name}: must be above 0")
