"""The network between members: datagrams, each with a fate drawn from its own link."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from failure_detect.clock import MILLISECOND, Duration
from failure_detect.events import DatagramReceived, Event, SendDatagram
from failure_detect.identity import Address, MemberId
from simulations.bandwidth import DATAGRAM_OVERHEAD_BYTES, SEGMENT_OVERHEAD_BYTES, Lane
from simulations.hosts import Host, Process
from simulations.links import LAN, Condition, Delay, Fates, Link, LinkQuality, Path, Spell
from simulations.randomness import ADDEND, FACTOR, MASK, derive, flipped, generator, mix
from simulations.schedule import Schedule

_ALL = 1 << 64
_FATE = 0x9FB21C651E98DF25
_HARM = 0xD6E8FEB86659FD93
_TWIN = 0xC2B2AE3D27D4EB4F


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrips:
    """Distances between clusters: each pair draws its own base once."""

    low: Duration = 20 * MILLISECOND
    """The shortest round trip between two clusters, in microseconds."""

    high: Duration = 150 * MILLISECOND
    """The longest, in microseconds."""

    jitter: float = 0.2
    """Each one-way delay lies this share around half of the round trip, uniformly, 0 to 1."""

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise ValueError("the shortest round trip cannot be longer than the longest")
        if not 0.0 <= self.jitter <= 1.0:
            raise ValueError("jitter is a share between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """A network as it is without faults."""

    delay: Delay = LAN
    """One way between members of one cluster, in microseconds."""

    between: RoundTrips = field(default_factory=RoundTrips)
    """How far clusters are from each other; without effect where there is but one."""

    quality: LinkQuality = field(default_factory=LinkQuality)
    """What every link does to its datagrams and segments."""

    bandwidth: int | None = None
    """What each member's access link lets through, in bits per second each way; None: all."""

    bandwidths: tuple[tuple[int, int | None], ...] = ()
    """Members whose access links differ from that, and what these let through."""

    first_window: int | None = None
    """How many segments a stream has under way at first; twice as many after each round trip.

    None: all at once, whatever is to be sent. 10 is usual (RFC 6928).
    """

    def __post_init__(self) -> None:
        if self.first_window is not None and self.first_window < 1:
            raise ValueError("a stream has at least one segment under way")

    @classmethod
    def wan(cls, loss: float = 0.005) -> "NetworkConfig":
        """Return wide-area links: 20 to 150 ms between clusters, `loss` on every link."""
        return cls(quality=LinkQuality(loss=loss))


class Network:
    """Carries datagrams from process to process, and says how segments of streams fare."""

    def __init__(
        self,
        schedule: Schedule,
        hosts: list[Host],
        config: NetworkConfig,
        seed: int,
    ) -> None:
        self.fates = Fates()
        self.base = Condition(config.quality)
        self.conditions: list[Condition] = []
        """Those that faults lay on some links now, beside the quality of them all."""
        self.epoch = 0
        self.addresses: dict[Address, Host] = {}
        self._schedule, self._hosts, self._seed = schedule, hosts, seed
        self._config = config
        self._deliver: Callable[[Process, Event], None] = _ignore
        self._paths: dict[tuple[str, str, tuple[int, ...]], Path] = {}
        self._serials = 0
        limits = dict(config.bandwidths)
        for host in hosts:
            self.addresses[host.address] = host
            limit = limits.get(host.index, config.bandwidth)
            if limit is not None:
                host.egress, host.ingress = Lane(limit), Lane(limit)
        is_limited = any(host.ingress is not None for host in hosts)
        self._arrive = self._take_in if is_limited else self._land

    def hand_to(self, deliver: Callable[[Process, Event], None]) -> None:
        """Let `deliver` have all that arrives from now on; until then it is lost."""
        self._deliver = deliver

    def send(self, process: Process, effect: SendDatagram) -> None:
        """Put one datagram on its link."""
        host, data = process.host, effect.data
        traffic = host.traffic
        traffic.datagrams_sent += 1
        traffic.datagram_bytes_sent += len(data)
        link = host.links.get(effect.address) or self.link(host, effect.address)
        if link is None:
            self.fates.nowhere += 1
            return
        if link.epoch != self.epoch:
            self._settle(host, link)
        link.state = state = (link.state * FACTOR + ADDEND) & MASK
        path, queued = link.path, 0
        if host.egress is not None:
            size = len(data) + DATAGRAM_OVERHEAD_BYTES
            queued = host.egress.send(self._schedule.now, size)
        is_suspect = state < path.lose_below or len(data) > path.size_limit or host.impeded
        if is_suspect and self._is_stopped(host, path, state, len(data)):
            return
        flight = (link.end, process.member, effect.to, data)
        if path.plain:
            delay = queued + path.low + (state >> 24) % path.span
            self._schedule.after(delay, partial(self._arrive, flight))
        else:
            self._send_with_care(link, queued, flight)

    def link(self, source: Host, address: Address) -> Link[Host] | None:
        """Return the direction from `source` to who holds `address`; None where nobody does."""
        link = source.links.get(address)
        if link is None:
            target = self.addresses.get(address)
            if target is None:
                return None
            link = self._new_link(source, target)
            source.links[address] = link
        return link

    def between(self, source: Host, target: Host) -> Link[Host]:
        """Return the direction from `source` to `target`, with the path that it has now."""
        link = source.links.get(target.address)
        if link is None:
            link = source.links[target.address] = self._new_link(source, target)
        if link.epoch != self.epoch:
            self._settle(source, link)
        return link

    def passes(self, source: Host, target: Host) -> bool:
        """Tell whether datagrams can get from `source` to `target` at all, now."""
        if not (source.node_up and target.node_up):
            return False
        if source.ailments.mute or target.ailments.deaf:
            return False
        return not any(
            condition.stops_datagrams and condition.covers(source.index, target.index)
            for condition in (self.base, *self.conditions)
        )

    @property
    def first_window(self) -> int:
        """How many segments a stream has under way at first."""
        return self._config.first_window or _ALL

    def backlog(self, source: Host) -> Duration:
        """Return how long until all has left `source` that it has sent so far (us)."""
        return 0 if source.egress is None else source.egress.backlog(self._schedule.now)

    def absorb(self, target: Host, size: int, segments: int) -> Duration:
        """Return how long until `target` has taken in segments, the last of which arrives now.

        They carry `size` bytes in all. In microseconds.
        """
        if target.ingress is None:
            return 0
        size += SEGMENT_OVERHEAD_BYTES * segments
        return target.ingress.receive(self._schedule.now, size)

    def segment(self, source: Host, target: Host, size: int = 0) -> Duration | None:
        """Return the delay of one stream segment sent now, or None where it is lost.

        It carries `size` bytes, and waits for what its source has sent before.
        """
        source.traffic.segments_sent += 1
        source.traffic.segment_bytes_sent += size
        queued = 0
        if source.egress is not None:
            queued = source.egress.send(self._schedule.now, size + SEGMENT_OVERHEAD_BYTES)
        crossing = self._crossing(source, target)
        return None if crossing is None else queued + crossing

    def _crossing(self, source: Host, target: Host) -> Duration | None:
        link = self.between(source, target)
        path = link.path
        if path.blocks_streams:
            path.note("block")
            return None
        if self._ails(source, "mute_streams") or self._ails(target, "deaf_streams"):
            return None
        link.stream_state = state = (link.stream_state * FACTOR + ADDEND) & MASK
        if state < path.lose_below:
            path.note("loss")
            return None
        if self._is_in_burst(link, state):
            return None
        return path.crossing(state)

    def lay(self, condition: Condition) -> None:
        """Let `condition` hold from now on."""
        self._serials += 1
        condition.serial = self._serials
        self.conditions.append(condition)
        self._change()

    def lift(self, condition: Condition) -> None:
        """Let `condition` hold no longer."""
        self.conditions.remove(condition)
        self._change()

    def move(self, host: Host, address: Address) -> None:
        """Let `host` listen at `address` alone; links of others to it are found anew."""
        del self.addresses[host.address]
        self.addresses[address] = host
        for other in self._hosts:
            link = other.links.pop(host.address, None)
            if link is not None:
                other.links[address] = link
        host.address = address

    def _change(self) -> None:
        self.epoch += 1
        self._paths.clear()

    def _new_link(self, source: Host, target: Host) -> Link[Host]:
        state = derive(self._seed, "link", source.index, target.index)
        link = Link(target, state, self._path(source, target))
        link.epoch = self.epoch
        return link

    def _settle(self, source: Host, link: Link[Host]) -> None:
        link.epoch, link.path = self.epoch, self._path(source, link.end)

    def _path(self, source: Host, target: Host) -> Path:
        covering = [c for c in self.conditions if c.covers(source.index, target.index)]
        key = (source.group, target.group, tuple(condition.serial for condition in covering))
        path = self._paths.get(key)
        if path is None:
            delay = self._delay(source.group, target.group)
            path = self._paths[key] = Path(delay, (self.base, *covering))
        return path

    def _delay(self, ours: str, theirs: str) -> Delay:
        if ours == theirs:
            return self._config.delay
        span = self._config.between
        rng = generator(self._seed, "distance", *sorted((ours, theirs)))
        half = (span.low + int(rng.random() * (span.high - span.low))) // 2
        around = int(half * span.jitter)
        return Delay(low=half - around, spread=2 * around)

    def _is_stopped(self, host: Host, path: Path, state: int, size: int) -> bool:
        if host.impeded and self._ails(host, "mute"):
            self.fates.lost += 1
        elif path.blocks_datagrams:
            return False  # Which is told, and counted, as what it is.
        elif size > path.size_limit:
            self.fates.oversize += 1
            path.note("size_limit")
        elif state < path.lose_below:
            self.fates.lost += 1
            path.note("loss")
        else:
            return False
        return True

    def _send_with_care(self, link: Link[Host], queued: Duration, flight: "_Flight") -> None:
        path, fates, state = link.path, self.fates, link.state
        if path.blocks_datagrams:
            fates.blocked += 1
            path.note("block")
            return
        if self._is_in_burst(link, state):
            fates.lost += 1
            return
        fate, harm = mix(state ^ _FATE), mix(state ^ _HARM)
        delay = queued + path.crossing(state)
        if fate < path.reorder_below:
            fates.reordered += 1
            path.note("reordering")
            delay += mix(fate) % (path.reordering_delay + 1)
        landing = self._landing(path, flight, harm)
        self._schedule.after(delay, landing)
        twin = mix(state ^ _TWIN)
        if twin < path.duplicate_below:
            fates.duplicated += 1
            path.note("duplication")
            self._schedule.after(queued + path.crossing(mix(twin)), landing)

    def _landing(self, path: Path, flight: "_Flight", harm: int) -> Callable[[], None]:
        host, sender, to, data = flight
        if harm < path.corrupt_below:
            path.note("corruption")
            return partial(self._refuse, host)
        if mix(harm) < path.tamper_below:
            self.fates.tampered += 1
            path.note("tampering")
            return partial(self._arrive, (host, sender, to, flipped(data, mix(harm ^ _FATE))))
        return partial(self._arrive, flight)

    def _is_in_burst(self, link: Link[Host], state: int) -> bool:
        for burst in link.path.bursts:
            if link.spells is None:
                link.spells = {}
            spell = link.spells.setdefault(burst, Spell())
            words = _words(state)
            if spell.move(burst, self._schedule.now, words) and next(words) < burst.loss * _ALL:
                link.path.note("burst")
                return True
        return False

    def _ails(self, host: Host, kind: str) -> bool:
        if not host.impeded or not getattr(host.ailments, kind):
            return False
        host.blame(kind)
        return True

    def _refuse(self, host: Host) -> None:
        self.fates.corrupted += 1
        host.traffic.refused += 1

    def _take_in(self, flight: "_Flight") -> None:
        """Let a datagram land when all is taken in that came before it."""
        lane, waits = flight[0].ingress, 0
        if lane is not None:
            size = len(flight[3]) + DATAGRAM_OVERHEAD_BYTES
            waits = lane.receive(self._schedule.now, size)
        if waits:
            self._schedule.after(waits, partial(self._land, flight))
        else:
            self._land(flight)

    def _land(self, flight: "_Flight") -> None:
        host, sender, to, data = flight
        process = host.process
        if process is None:
            self.fates.nowhere += 1
            return
        if process.member != to:
            self.fates.misdirected += 1
            host.traffic.refused += 1
            return
        if host.impeded and self._ails(host, "deaf"):
            self.fates.lost += 1
            return
        host.traffic.datagrams_received += 1
        host.traffic.datagram_bytes_received += len(data)
        self._deliver(process, DatagramReceived(sender, data))


_Flight: TypeAlias = tuple[Host, MemberId, MemberId, bytes]
"""To which place, by whom, for whom, what."""


def _ignore(process: Process, event: Event) -> None:
    """Drop what arrives before anybody wants it."""


def _words(state: int) -> Iterator[int]:
    while True:
        state = (state + _FATE) & MASK
        yield mix(state)
