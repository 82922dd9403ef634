"""What the loops of one member have in common: its list, its queue, its health, its way out."""

from random import Random

from failure_detect.clock import Duration, Instant
from failure_detect.events import Order, SendDatagram
from failure_detect.identity import Address, MemberId
from simulations.baseline.awareness import Awareness
from simulations.baseline.broadcasts import Broadcasts
from simulations.baseline.config import MemberlistConfig
from simulations.baseline.directory import Directory
from simulations.baseline.packing import (
    COMPOUND_ENTRY_BYTES,
    COMPOUND_HEADER_BYTES,
    checked,
    compound,
    shrunk_datagram,
)
from simulations.baseline.table import Member, Table
from simulations.baseline.wire import INCARNATION_MAX


class Gate:
    """Whether traffic passes; orders that were given while it did not are kept in order."""

    __slots__ = ("closed", "held")

    def __init__(self) -> None:
        self.closed = False
        self.held: list[Order] = []

    def send(self, order: Order) -> list[Order]:
        """Return the order, or keep it and return nothing while the gate is closed."""
        if not self.closed:
            return [order]
        self.held.append(order)
        return []


class Station:
    """One member's parts that all of its loops work on."""

    def __init__(
        self, me: Member, directory: Directory, config: MemberlistConfig, rng: Random
    ) -> None:
        self.me = me
        self.directory = directory
        self.config = config
        self.rng = rng
        self.table = Table(me, rng)
        self.broadcasts = Broadcasts(config.retransmit_mult)
        self.awareness = Awareness(config.awareness_max)
        self.gate = Gate()
        self.has_left = False
        self._seq = 0
        self._request = 0

    def next_seq(self) -> int:
        """Return a number for a ping; 32 bits, and it wraps."""
        self._seq = (self._seq + 1) & INCARNATION_MAX
        return self._seq

    def next_request(self) -> int:
        """Return a number for a stream."""
        self._request += 1
        return self._request

    def datagram_to(self, member: Member, message: bytes) -> SendDatagram:
        """Return an order to send `message` to a listed member, and news beside it."""
        return self.datagram(self.directory.member_id(member.name), member.address, message)

    def datagram(self, to: MemberId, address: Address, message: bytes) -> SendDatagram:
        """Return an order to send `message`, and as much news as fits beside it."""
        room = self.config.datagram_bytes - len(message) - COMPOUND_HEADER_BYTES
        news = self.broadcasts.take(room, COMPOUND_ENTRY_BYTES, len(self.table))
        if news:
            message = shrunk_datagram(compound([message, *news]))
        return SendDatagram(to, address, message)

    def datagram_without_news(self, to: Member, messages: list[bytes]) -> SendDatagram:
        """Return an order to send just these; memberlist adds a checksum to such ones."""
        data = messages[0] if len(messages) == 1 else compound(messages)
        return SendDatagram(
            self.directory.member_id(to.name), to.address, checked(shrunk_datagram(data))
        )

    def news(self) -> list[bytes]:
        """Return the claims for a datagram of nothing else."""
        room = self.config.datagram_bytes - COMPOUND_HEADER_BYTES
        return self.broadcasts.take(room, COMPOUND_ENTRY_BYTES, len(self.table))


class Ticker:
    """Beats at fixed times; a beat missed by a busy loop is made up once, the rest are lost."""

    __slots__ = ("_interval", "next_at")

    def __init__(self, first: Instant, interval: Duration) -> None:
        self._interval = interval
        self.next_at = first

    def take(self, now: Instant) -> None:
        """Use up the beats until `now`."""
        if now >= self.next_at:
            self.next_at += ((now - self.next_at) // self._interval + 1) * self._interval
