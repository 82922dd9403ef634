"""A few detectors joined directly."""

from dataclasses import replace
from heapq import heappop, heappush
from random import Random

from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    CertificateNeeded,
    CertificateObtained,
    ConnectNode,
    DatagramReceived,
    Effect,
    Event,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SeedsResolved,
    SendDatagram,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, Identity, MemberId, NodeName
from failure_detect.messages import Message
from failure_detect.wire import decode
from simulations.authority import Notary
from tests.failure_detect.peers import LAN

START: Instant = 9_000 * SECOND
SEED = SeedsResolved((Address("c0.example:7946"),))
"""The first of them."""


class Circle:
    """A few detectors that reach each other within a millisecond, but where links are cut."""

    def __init__(
        self, count: int, config: DetectorConfig = LAN, groups: int = 1, twins: int = 0
    ) -> None:
        """Start `count` of them, and on the last nodes so many again."""
        self.now = START
        self.notary = Notary(3)
        self.cut: set[tuple[int, int]] = set()
        self.facts: list[tuple[Instant, int, Effect]] = []
        self.asked: list[tuple[Instant, int, Message | None]] = []
        self.index: dict[MemberId, int] = {}
        self.by_address: dict[Address, int] = {}
        self.identities: list[Identity] = []
        self.detectors: list[FailureDetector] = []
        self._mail: list[tuple[Instant, int, int, Event]] = []
        self._order = 0
        self._streams: list[tuple[int, int]] = []
        for i in range(count):
            self._start(i, config, f"group-{i % groups}", i)
        for i in range(count, count + twins):
            self._start(i, config, self.identities[i - twins].group, i - twins)

    def _start(self, i: int, config: DetectorConfig, group: str, node: int) -> None:
        key = self.notary.member_id("circle", i)
        address = Address(f"c{i}.example:7946")
        identity = Identity(key, NodeName(f"node-{node}"), 1, address, group)
        self.identities.append(identity)
        self.index[key], self.by_address[address] = i, i
        self.detectors.append(
            FailureDetector(
                self.notary.certify(identity),
                config,
                authority=self.notary.signer(key),
                now=self.now,
                rng=Random(i),
            )
        )

    def key(self, i: int) -> MemberId:
        return next(key for key, index in self.index.items() if index == i)

    def tell(self, i: int, event: Event) -> None:
        """Something happens at one of them."""
        self._perform(i, self.detectors[i].handle(event, self.now))

    def isolate(self, i: int) -> None:
        """Cut all links from and to one of them."""
        for j in range(len(self.detectors)):
            self.cut |= {(i, j), (j, i)}

    def run(self, duration: Duration) -> None:
        end = self.now + duration
        while True:
            timers = min((d.deadline, i) for i, d in enumerate(self.detectors))
            arrival = self._mail[0][0] if self._mail else end
            self.now = max(self.now, min(timers[0], arrival, end))
            if self._mail and self._mail[0][0] <= self.now:
                _, _, i, event = heappop(self._mail)
                self.tell(i, event)
            elif self.now >= end:
                return
            else:
                self._perform(timers[1], self.detectors[timers[1]].advance(self.now))

    def _perform(self, i: int, effects: list[Effect]) -> None:
        own = self.key(i)
        for effect in effects:
            match effect:
                case SendDatagram(to, _, data):
                    self._post(i, self.index[to], DatagramReceived(own, data))
                case SendRequest(request, _, address, data, timeout):
                    j = self.by_address[address]
                    self.asked.append((self.now, i, decode(data, 1 << 20).message))
                    self._streams.append((i, request))
                    event = RequestReceived(len(self._streams) - 1, own, data)
                    if not self._post(i, j, event):
                        self._post(i, i, RequestFailed(request), timeout)
                case SendResponse(stream, data):
                    j, request = self._streams[stream]
                    self._post(i, j, ResponseReceived(request, own, data))
                case ConnectNode():
                    pass
                case CertificateNeeded(above):
                    self._renew(i, above)
                case _:
                    self.facts.append((self.now, i, effect))

    def _renew(self, i: int, above: int) -> None:
        identity = self.identities[i] = replace(self.identities[i], start=above)
        self._post(i, i, CertificateObtained(self.notary.certify(identity)))

    def _post(self, i: int, j: int, event: Event, delay: Duration = MILLISECOND) -> bool:
        if (i, j) in self.cut and i != j:
            return False
        self._order += 1
        heappush(self._mail, (self.now + delay, self._order, j, event))
        return True
