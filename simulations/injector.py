"""Makes faults come true, and remembers which were when and what difference they made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from failure_detect.clock import Instant
from simulations.driver import Driver
from simulations.faults import (
    Crash,
    Deaf,
    Degrade,
    Drift,
    Fault,
    Gate,
    Move,
    Mute,
    Partition,
    Pause,
    Restart,
    Slow,
    Step,
    kind_of,
)
from simulations.hosts import Affliction, Host
from simulations.lifecycle import Lifecycle
from simulations.links import Condition, LinkQuality
from simulations.network import Network
from simulations.schedule import Schedule


@dataclass(slots=True, eq=False)
class Strike:
    """One fault that struck, and what came of it."""

    fault: Fault
    began: Instant
    """Microseconds of the world."""
    ended: Instant | None = None
    """None while it lasts; a momentary fault ends as it begins."""
    afflicted: list[tuple[Host, Affliction]] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    changed: int = 0
    """How many members a momentary fault found in a state that it could change."""

    def touches(self, member: int) -> bool:
        """Tell whether the fault is about this member itself, not about links."""
        return member in getattr(self.fault, "members", ())

    def covers(self, source: int, target: int) -> bool:
        """Tell whether the fault lies on the direction between two members."""
        return any(condition.covers(source, target) for condition in self.conditions)

    def stops(self, source: int, target: int) -> bool:
        """Tell whether the fault lets no datagram pass from one member to the other."""
        for host, affliction in self.afflicted:
            if (host.index, affliction.kind) in ((source, "mute"), (target, "deaf")):
                return True
        return any(
            condition.stops_datagrams and condition.covers(source, target)
            for condition in self.conditions
        )

    def idle_knobs(self) -> list[str]:
        """Name what was set and made no difference."""
        kind = kind_of(self.fault)
        if self.conditions:
            aspects = {a: 0 for condition in self.conditions for a in condition.effects}
            for condition in self.conditions:
                for aspect, count in condition.effects.items():
                    aspects[aspect] += count
            return [f"{kind}.{aspect}" for aspect, count in aspects.items() if not count]
        touched = self.changed + sum(affliction.touched for _, affliction in self.afflicted)
        return [] if touched else [kind]


class Injector:
    """Lets faults strike and end."""

    def __init__(
        self,
        schedule: Schedule,
        hosts: list[Host],
        network: Network,
        driver: Driver,
        lifecycle: Lifecycle,
        observe: Callable[[Fault], None],
    ) -> None:
        """Tell `observe` of every fault that strikes or ends."""
        self.strikes: list[Strike] = []
        """All that have struck, in their order."""
        self.pending = 0
        """Faults that are yet to strike."""
        self._schedule, self._hosts, self._network = schedule, hosts, network
        self._driver, self._lifecycle, self._observe = driver, lifecycle, observe

    def plan(self, fault: Fault) -> None:
        """Let `fault` strike when it says, and end when it says."""
        self.pending += 1
        self._schedule.at(fault.at, partial(self._strike_planned, fault))

    def strike(self, fault: Fault) -> Strike:
        """Let `fault` strike now, whatever it says of its beginning."""
        strike = Strike(fault, self._schedule.now)
        self.strikes.append(strike)
        self._observe(fault)
        match fault:
            case Crash() | Restart() | Move() | Step():
                strike.ended = strike.began
                for index in fault.members:
                    strike.changed += self._change(self._hosts[index], fault)
            case Degrade() | Partition():
                strike.conditions = _conditions(fault)
                for condition in strike.conditions:
                    self._network.lay(condition)
            case _:
                self._afflict(strike, fault)
        if strike.ended is None and fault.until is not None:
            self._schedule.at(fault.until, partial(self.end, strike))
        return strike

    def end(self, strike: Strike) -> None:
        """Let the fault end now, if it has not ended."""
        if strike.ended is not None:
            return
        strike.ended = self._schedule.now
        self._observe(strike.fault)
        for condition in strike.conditions:
            self._network.lift(condition)
        for host, affliction in strike.afflicted:
            host.recover(affliction)
            if isinstance(strike.fault, Drift):
                host.clock.set_drift(strike.ended, host.clock.drift_ppm - strike.fault.ppm)
            self._settle(host, strike.fault, closed=False)

    def _strike_planned(self, fault: Fault) -> None:
        self.pending -= 1
        self.strike(fault)

    def _change(self, host: Host, fault: Crash | Restart | Move | Step) -> bool:
        """Let a momentary fault strike one member; tell whether it made a difference."""
        ran = host.process is not None
        match fault:
            case Crash(node=True):
                ran = host.node_up
                self._lifecycle.stop_node(host)
            case Crash():
                self._lifecycle.stop(host)
            case Restart(keep=True):
                self._lifecycle.restart(host)
                return True
            case Restart():
                self._lifecycle.start(host)
                return True
            case Move():
                self._lifecycle.move(host)
            case Step():
                host.clock.step(fault.by)
                self._settle(host, fault, closed=False)
        return ran

    def _afflict(self, strike: Strike, fault: Pause | Gate | Slow | Mute | Deaf | Drift) -> None:
        factor = fault.factor if isinstance(fault, Slow) else 1
        for index in fault.members:
            host = self._hosts[index]
            for kind in _ailments(fault):
                affliction = Affliction(kind, factor)
                host.suffer(affliction)
                strike.afflicted.append((host, affliction))
            if isinstance(fault, Drift):
                host.clock.set_drift(self._schedule.now, host.clock.drift_ppm + fault.ppm)
            self._settle(host, fault, closed=True)

    def _settle(self, host: Host, fault: Fault, *, closed: bool) -> None:
        """Let the process of `host` go on in the way that is left to it."""
        process = host.process
        if process is None:
            return
        if isinstance(fault, Drift | Step):
            self._driver.rearm(process)
        elif isinstance(fault, Gate):
            self._driver.gate(process, closed=closed or host.ailments.gated > 0)
        if not closed:
            self._driver.resume(process)


def _ailments(fault: Pause | Gate | Slow | Mute | Deaf | Drift) -> list[str]:
    match fault:
        case Mute():
            return ["mute"] * fault.datagrams + ["mute_streams"] * fault.streams
        case Deaf():
            return ["deaf"] * fault.datagrams + ["deaf_streams"] * fault.streams
        case Pause():
            return ["paused"]
        case Gate():
            return ["gated"]
        case Slow():
            return ["slow"]
        case Drift():
            return ["drifting"]


def _conditions(fault: Degrade | Partition) -> list[Condition]:
    if isinstance(fault, Partition):
        blocks = LinkQuality(blocks_datagrams=fault.datagrams, blocks_streams=fault.streams)
        return [Condition(blocks, groups=fault.groups)]
    there = Condition(fault.quality, sources=fault.sources, targets=fault.targets)
    back = Condition(fault.quality, sources=fault.targets, targets=fault.sources)
    return [there, back] if fault.both_ways else [there]
