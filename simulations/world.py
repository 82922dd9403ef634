"""A world of members that run machines, from one seed.

How to use it:

    world = World(WorldConfig(seed=7, members=128), make)    # make(MemberContext) -> Machine
    world.start_all()                                        # or start(i), one by one
    world.observe(observer)                                  # gets every fact
    world.inject(Crash(at=20 * SECOND, members=(3,)))        # simulations.faults
    world.run_until(60 * SECOND)
    assert world.run_until_true(lambda: ..., limit=90 * SECOND)
    world.check_vacuity()

* Members are numbered from 0. Member i has one place (node, address, clock) and at most one
  process at a time; each process is a new `MemberId` with a higher start number.
* Time here is the world's, in microseconds from 0. Machines see clocks of their own, whose
  epochs differ: subtract nothing across members.
* Facts are the effects that go up. An observer has
  `on_effect(world, member_index, effect, now)`; `observe_orders` gives it orders too.
* `inject` lets a fault strike and end at its times; `strike` lets it strike now and returns
  the `Strike`, which `mend` ends. `crash`, `restart`, `leave` are short for the commonest.
* What is so: `is_up`, `is_faulty`, `can_reach`, `reachable_since`, `up_since`, `strikes`.
* What was sent: `traffic(i)`, `total_traffic()`, `fates`.
* Everything that goes in or out is traced where `trace` is set before the run.

Rule 1: nothing here depends on the order of sets, on hashes, or on the machine it runs on.
Rule 2: what is random is drawn from the generator of its own concern.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant
from failure_detect.events import (
    CertificateNeeded,
    ConnectNode,
    Effect,
    LeaveRequested,
    MembersRestored,
    SendRequest,
    SendResponse,
)
from simulations.config import WorldConfig
from simulations.driver import Driver
from simulations.faults import Crash, Fault, Restart
from simulations.hosts import Host, Process
from simulations.injector import Injector, Strike
from simulations.lifecycle import Lifecycle
from simulations.machine import Arrival, Machine, MemberContext, Snapshotting
from simulations.network import Network
from simulations.randomness import generator
from simulations.schedule import Schedule
from simulations.streams import Streams
from simulations.trace import Trace
from simulations.truth import GroundTruth

_LOOK_EVERY: Duration = 10 * MILLISECOND


class Observer(Protocol):
    """Somebody who watches what machines say.

    It may look at all, and asks for what is to happen by `World.at`: whoever speaks is in the
    middle of a turn.
    """

    def on_effect(self, world: "World", member: int, effect: Effect, now: Instant) -> None:
        """Learn that the process at place `member` gave `effect` at the world's `now`."""
        ...


class World(GroundTruth):
    """All members, all links, and the one heap that moves them."""

    def __init__(self, config: WorldConfig, make: Callable[[MemberContext], Machine]) -> None:
        """Prepare the places; no process runs yet. `make` is called at each start."""
        self.config = config
        self.rng = generator(config.seed, "workload")
        """For whoever decides what to do to this world; machines and links have their own."""
        self._schedule = Schedule()
        self._hosts = list(config.places())
        self._network = Network(self._schedule, self._hosts, config.network, config.seed)
        self._driver = Driver(
            self._schedule, config.driver, send=self._network.send, perform=self._perform
        )
        self._network.hand_to(self._driver.deliver)
        self._streams = Streams(self._schedule, self._network, self._hosts, self._driver.deliver)
        self._lifecycle = Lifecycle(
            self._schedule, self._network, self._driver, self._streams, make, config.seed
        )
        self._lifecycle.seeds = self.seed_addresses()
        self._injector = Injector(
            self._schedule, self._hosts, self._network, self._driver, self._lifecycle, self._struck
        )
        self._observers: list[Observer] = []
        self._order_observers: list[Observer] = []
        self._has_changed = False

    # --- time ---------------------------------------------------------------------------

    def at(self, instant: Instant, call: Callable[[], None]) -> None:
        """Make `call` at `instant` (us); at once where that is past."""
        self._schedule.at(instant, partial(self._call, call))

    def run_until(self, until: Instant) -> None:
        """Let everything happen up to and including the instant `until` (us)."""
        self._schedule.run_until(until)

    def run_until_true(self, predicate: Callable[[], bool], limit: Instant) -> bool:
        """Let things happen until `predicate` holds; False where it does not by `limit` (us).

        It is asked at the beginning, after every fact, fault and call (`at`), and every
        10 ms; `now` is when it came true.
        """
        self._has_changed = True
        look_at = self.now
        while True:
            if self._has_changed:
                self._has_changed = False
                if predicate():
                    return True
            if self._schedule.step(min(look_at, limit)):
                continue
            if self.now >= limit:
                return predicate()
            self._has_changed = True
            look_at = self.now + _LOOK_EVERY

    # --- members ------------------------------------------------------------------------

    def start(self, member: int) -> None:
        """Start a first process at this place; one that runs there stops."""
        self._lifecycle.start(self._hosts[member])

    def start_all(self, within: Duration = 0) -> None:
        """Start everywhere, at instants spread over the next `within` microseconds."""
        for member in self.members:
            delay = int(self.rng.random() * within)
            self.at(self.now + delay, partial(self.start, member))
        if not within:
            self.run_until(self.now)

    def deliver(self, member: int, event: Arrival) -> None:
        """Let an event from outside or from the layer above arrive now, if the agent runs."""
        self._schedule.after(0, partial(self._deliver_to, self._hosts[member], event))

    def leave(self, member: int, stop_after: Duration = 1 * SECOND) -> None:
        """Let the process say that it leaves, and stop `stop_after` microseconds later."""
        self.deliver(member, LeaveRequested())
        process = self._hosts[member].process
        self.at(self.now + stop_after, partial(self._stop_if, process))

    def acquaint(self) -> None:
        """Let every process know of all others at once, as after a restart of them all.

        For machines that have `snapshot`: what all of them keep is given to each.
        """
        claims: dict[bytes, None] = {}
        running = [host.process for host in self._hosts if host.process is not None]
        for process in running:
            if isinstance(process.machine, Snapshotting):
                claims.update(dict.fromkeys(process.machine.snapshot()))
        for process in running:
            self.deliver(process.host.index, MembersRestored(tuple(claims)))

    # --- faults -------------------------------------------------------------------------

    def inject(self, *faults: Fault) -> None:
        """Let faults strike and end at the times that they say."""
        for fault in faults:
            self._injector.plan(fault)

    def strike(self, fault: Fault) -> Strike:
        """Let a fault strike now; it ends when it says, or by `mend`."""
        return self._injector.strike(fault)

    def mend(self, strike: Strike) -> None:
        """Let a fault end now."""
        self._injector.end(strike)

    def crash(self, *members: int) -> None:
        """Stop the agents at these places now; their nodes live on."""
        self.strike(Crash(members=members))

    def crash_nodes(self, *members: int) -> None:
        """Let these nodes go down now, with their agents."""
        self.strike(Crash(members=members, node=True))

    def restart(self, *members: int) -> None:
        """Start new processes at these places now, with what the old ones had kept."""
        self.strike(Restart(members=members))

    # --- who watches --------------------------------------------------------------------------

    def observe(self, observer: Observer) -> None:
        """Tell `observer` of every fact from now on."""
        self._observers.append(observer)

    def observe_orders(self, observer: Observer) -> None:
        """Tell `observer` of every order that is carried out, datagrams too: it costs time."""
        self._order_observers.append(observer)
        self._driver.watch_orders(self._announce_order)

    @property
    def trace(self) -> Trace | None:
        """The trace of all that goes in and out of machines, where one is kept."""
        return self._driver.trace

    @trace.setter
    def trace(self, trace: Trace | None) -> None:
        self._driver.keep_trace(trace)

    # --- how it moves -------------------------------------------------------------------------

    def _deliver_to(self, host: Host, event: Arrival) -> None:
        if host.process is not None:
            self._driver.deliver(host.process, event)

    def _call(self, call: Callable[[], None]) -> None:
        self._has_changed = True
        call()

    def _stop_if(self, process: Process | None) -> None:
        if process is not None and process.runs:
            self._lifecycle.stop(process.host)

    def _struck(self, fault: Fault) -> None:
        self._has_changed = True
        if self._driver.trace is not None:
            self._driver.trace.fault(self.now, fault)

    def _perform(self, process: Process, effect: Effect) -> None:
        """Carry out whatever is no datagram."""
        match effect:
            case SendRequest():
                self._streams.request(process, effect)
            case SendResponse():
                self._streams.respond(process, effect)
            case ConnectNode():
                self._streams.connect(process, effect)
            case CertificateNeeded(above):
                renew = partial(self._renew, process, above)
                self._schedule.after(self.config.certificate_delay, renew)
                self._announce(process, effect)
            case _:
                self._announce(process, effect)

    def _renew(self, process: Process, above: int) -> None:
        if process.runs:
            self._lifecycle.renew(process.host, above)

    def _announce(self, process: Process, fact: Effect) -> None:
        self._has_changed = True
        for observer in self._observers:
            observer.on_effect(self, process.host.index, fact, self.now)

    def _announce_order(self, process: Process, order: Effect) -> None:
        for observer in self._order_observers:
            observer.on_effect(self, process.host.index, order, self.now)
