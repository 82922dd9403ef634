"""Pinging for others: memberlist's side of the indirect probe (`net.go`)."""

from collections import deque
from dataclasses import dataclass

from failure_detect.clock import NEVER, Instant
from failure_detect.events import Effect
from failure_detect.identity import Address, MemberId
from simulations.baseline.directory import address_at
from simulations.baseline.station import Station
from simulations.baseline.wire import Ack, Nack, Ping, PingReq


@dataclass(slots=True)
class _Errand:
    seq: int
    """The number that the asking member gave."""
    to: MemberId
    address: Address


class Proxy:
    """Keeps, for a probe timeout, which ping was sent for whom."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._errands: dict[int, _Errand] = {}
        # Both in the order of time, because every errand has the same two delays.
        self._nacks: deque[tuple[Instant, int, _Errand]] = deque()
        self._ends: deque[tuple[Instant, int]] = deque()
        self._answered: set[int] = set()

    @property
    def deadline(self) -> Instant:
        """When the next errand needs a nack, or is given up."""
        nack_at = self._nacks[0][0] if self._nacks else NEVER
        return min(nack_at, self._ends[0][0] if self._ends else NEVER)

    def on_request(self, request: PingReq, sender: MemberId, now: Instant) -> list[Effect]:
        """Ping the member that another asks about."""
        station = self._station
        config, me = station.config, station.me
        if len(request.target) not in (4, 16) or len(request.source_address) not in (4, 16):
            return []
        seq = station.next_seq()
        errand = _Errand(
            request.seq,
            station.directory.member_id(request.source, sender),
            address_at(request.source_address, request.source_port),
        )
        self._errands[seq] = errand
        self._ends.append((now + config.probe_timeout, seq))
        if request.nack and config.nack_percent:
            self._nacks.append((now + config.nack_delay, seq, errand))
        ping = Ping(seq, request.node, me.packed, me.port, me.name).encode()
        address = address_at(request.target, request.port)
        to = station.directory.member_id(request.node)
        return [*station.gate.send(station.datagram(to, address, ping))]

    def on_ack(self, seq: int) -> list[Effect]:
        """Pass an ack on to the member that asked."""
        errand = self._errands.pop(seq, None)
        if errand is None:
            return []
        self._answered.add(seq)
        return self._answer(errand, Ack(errand.seq).encode())

    def advance(self, now: Instant) -> list[Effect]:
        """Say of whom nothing was heard, and forget what is too old."""
        effects: list[Effect] = []
        while self._nacks and self._nacks[0][0] <= now:
            _, seq, errand = self._nacks.popleft()
            if seq not in self._answered:
                effects += self._answer(errand, Nack(errand.seq).encode())
        while self._ends and self._ends[0][0] <= now:
            _, seq = self._ends.popleft()
            self._errands.pop(seq, None)
            self._answered.discard(seq)
        return effects

    def _answer(self, errand: _Errand, message: bytes) -> list[Effect]:
        station = self._station
        return [*station.gate.send(station.datagram(errand.to, errand.address, message))]
