"""Processes come and go: each a new member of its node, with a certificate of its own."""

from collections.abc import Callable
from dataclasses import replace

from failure_detect.clock import Instant
from failure_detect.events import (
    CertificateObtained,
    Event,
    MembersRestored,
    SeedsResolved,
)
from failure_detect.identity import Address, Identity, MemberId
from simulations.authority import Notary
from simulations.driver import Driver
from simulations.hosts import Host, Process
from simulations.machine import Gateable, Machine, MemberContext, Snapshotting
from simulations.network import Network
from simulations.randomness import generator
from simulations.schedule import Schedule
from simulations.streams import Streams


class Lifecycle:
    """Starts and stops processes, and stands for the cluster that certifies them."""

    def __init__(
        self,
        schedule: Schedule,
        network: Network,
        driver: Driver,
        streams: Streams,
        make: Callable[[MemberContext], Machine],
        seed: int,
    ) -> None:
        self.notary = Notary(seed)
        self.members: dict[MemberId, tuple[int, Instant]] = {}
        """Every process that ever was: its place, and when it started (us)."""
        self.ended: dict[MemberId, Instant] = {}
        """When those that run no more stopped (us)."""
        self.changed_at: Instant = 0
        """When a process started or stopped last (us)."""
        self.seeds: tuple[Address, ...] = ()
        """What the seed list of every process that starts from now on resolves to."""
        self._schedule, self._network, self._driver = schedule, network, driver
        self._streams, self._make, self._seed = streams, make, seed
        self._kept: dict[int, tuple[bytes, ...]] = {}
        self._moves = 0

    def start(self, host: Host) -> None:
        """Start a process that knows nothing but the seeds."""
        self._start(host, [SeedsResolved(self.seeds)])

    def restart(self, host: Host) -> None:
        """Start a process that gets back what the one before it had kept."""
        kept = self._kept.get(host.index, ())
        restored = [MembersRestored(kept)] if kept else list[Event]()
        self._start(host, [*restored, SeedsResolved(self.seeds)])

    def stop(self, host: Host) -> None:
        """Stop the process without a word; what it keeps stays."""
        process = host.process
        if process is not None:
            if isinstance(process.machine, Snapshotting):
                self._kept[host.index] = tuple(process.machine.snapshot())
            self.ended[process.member] = self._schedule.now
            host.process = None
            self.changed_at = self._schedule.now
            self._streams.end(process)

    def stop_node(self, host: Host) -> None:
        """Let the node go down with all that runs there; nothing answers."""
        host.node_up = False
        self.stop(host)

    def renew(self, host: Host, above: int) -> None:
        """Give the process a certificate of a start number of at least `above`."""
        host.starts = max(host.starts + 1, above)
        self._certify(host)

    def move(self, host: Host) -> None:
        """Give the member an address that nobody had before, and a certificate of it."""
        self._moves += 1
        address = f"10.200.{self._moves >> 8 & 255}.{self._moves & 255}:7946"
        self._network.move(host, Address(address))
        self._certify(host)

    def _certify(self, host: Host) -> None:
        process = host.process
        if process is not None:
            old = process.identity
            process.identity = replace(old, start=host.starts, address=host.address)
            process.certificate = self.notary.certify(process.identity)
            self._driver.deliver(process, CertificateObtained(process.certificate))

    def _start(self, host: Host, events: list[Event]) -> None:
        self.stop(host)
        host.starts += 1
        host.node_up = True
        now = self._schedule.now
        member = self.notary.member_id("member", host.index, host.starts)
        identity = Identity(
            member=member,
            node=host.node,
            start=host.starts,
            address=host.address,
            group=host.group,
            node_address=host.node_address,
        )
        process = Process(host, identity, self.notary.certify(identity), now)
        process.machine = self._make(
            MemberContext(
                index=host.index,
                identity=identity,
                certificate=process.certificate,
                authority=self.notary.signer(member),
                rng=generator(self._seed, "member", host.index, host.starts),
                now=host.clock.read(now),
            )
        )
        process.gateable = isinstance(process.machine, Gateable)
        self.members[member] = (host.index, now)
        host.process = process
        self.changed_at = now
        self._driver.start(process, events)
