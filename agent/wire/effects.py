"""What the machines of the wire want done, and what they found."""

from dataclasses import dataclass
from typing import TypeAlias

from agent.wire.header import Pool
from agent.wire.reasons import Reason
from failure_detect.identity import Address, MemberId


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send a datagram, as it is, to an address."""

    address: Address
    data: bytes


@dataclass(frozen=True, slots=True)
class Forward:
    """Pass a datagram on to another agent of our own cluster, as it is."""

    address: Address
    data: bytes


@dataclass(frozen=True, slots=True)
class Delivered:
    """`sender` said this, in this pool: it was sealed by its key, for us, and came once."""

    pool: Pool
    sender: MemberId
    data: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A datagram was refused, or was not sent; it is counted already."""

    reason: Reason
    address: Address
    """Where it came from, or should have gone to."""
    what: str = ""
    """In words, where they say more than the reason does."""


Effect: TypeAlias = Transmit | Forward | Delivered | Refused
