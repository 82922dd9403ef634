"""What members say to each other, decoded. `wire` has the encoding.

A datagram is one message and the claims that ride along; so is a frame on a stream.

    prober            target            relay
      | -- Ping ------> x                 |         0
      | -- Ping ------> x                 |         timeout (also on a stream)
      | -- PingReq ---------------------> |
      |                 x <---- Ping ---- |
      | <------------------------- Nack - |         80 % of what is left
    round over: Suspect to the confirmers, who answer Receipt, then Vouch or Accuse.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from failure_detect.claims import Item
from failure_detect.identity import ShortId


class Accused(IntEnum):
    """What the sender of a ping holds against its receiver (Lifeguard's buddy system)."""

    QUIETLY = 1
    """It is under suspicion; a signed proof of life is wanted, no refutation."""

    OPENLY = 2
    """Enough accusers are known: only a higher incarnation helps."""

    DEAD = 3
    """The verdict has fallen; only a higher incarnation and a vouch help."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Answer with `Ack(seq)`. `tick` is the common time in units of 10 ms.

    `members` is the fingerprint of the member list, `app` that of the layer above.

    Where `accused` is set, so is `incarnation`; `nonce` (8 bytes) asks for a proof of life.
    """

    seq: int
    tick: int
    members: int
    app: bytes
    accused: Accused | None = None
    incarnation: int = 0
    nonce: bytes = b""


@dataclass(frozen=True, slots=True)
class Ack:
    """The answer to `Ping(seq)`; `proof` is the signature over its nonce."""

    seq: int
    members: int
    app: bytes
    proof: bytes = b""


@dataclass(frozen=True, slots=True)
class PingReq:
    """Ping `target` for me; say `Relayed(seq)` when it answers, `Nack(seq)` if not in `wait` us."""

    seq: int
    target: ShortId
    wait: int


@dataclass(frozen=True, slots=True)
class Relayed:
    """The target of `PingReq(seq)` answered the relay."""

    seq: int


@dataclass(frozen=True, slots=True)
class Nack:
    """The relay lives, the target of `PingReq(seq)` has not answered it yet."""

    seq: int


@dataclass(frozen=True, slots=True)
class Suspect:
    """Confirm or refute: I accuse `subject` at `incarnation`, with this signature."""

    subject: ShortId
    incarnation: int
    signature: bytes
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """I am at work on your suspicion of `subject`."""

    subject: ShortId


@dataclass(frozen=True, slots=True)
class Vouch:
    """`subject` answered me; `proof` is its signature over the nonce of your suspicion."""

    subject: ShortId
    nonce: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class Accuse:
    """I found `subject` silent too, with this signature."""

    subject: ShortId
    incarnation: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Gossip:
    """Nothing but what rides along."""


@dataclass(frozen=True, slots=True)
class Compare:
    """Stream: my member list, one hash per bucket. The sender's own claim rides along."""

    buckets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Differ:
    """Stream: my entries in the buckets that differ: (member, status, incarnation)."""

    buckets: tuple[int, ...]
    entries: tuple[tuple[ShortId, int, int], ...]
    fingerprint: int


@dataclass(frozen=True, slots=True)
class Pull:
    """Stream: I want these members' claims; those that you lack ride along."""

    wanted: tuple[ShortId, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """Stream: the claims that were asked for ride along, as many as fit a frame."""


Message: TypeAlias = (
    Ping
    | Ack
    | PingReq
    | Relayed
    | Nack
    | Suspect
    | Receipt
    | Vouch
    | Accuse
    | Gossip
    | Compare
    | Differ
    | Pull
    | Claims
)


@dataclass(frozen=True, slots=True)
class Packet:
    """A decoded datagram or frame. `skipped` counts kinds of a later protocol version."""

    message: Message | None
    items: tuple[Item, ...]
    skipped: int = 0
