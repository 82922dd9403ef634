"""Drives every process as trio drives the real one: first all that has arrived, then the time.

The short path (`deliver`, `_wake`) is for processes that nothing hampers: what arrives is
handled at once. Else arrivals queue in the inbox and a turn is taken when it can be:

* paused: no turn at all; on resuming, one turn with everything that has arrived;
* gated: arrivals stay outside; the time goes on until the first order to send, with which
  the process stalls (it awaits the socket); on opening, the orders are performed first;
* slow: each arrival takes its time, and its effects are performed at the end of that; the
  time has its turn when all has been handled that had arrived at the time's last turn.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from failure_detect.clock import NEVER, Duration, Instant
from failure_detect.events import (
    ConnectNode,
    Effect,
    SendDatagram,
    SendRequest,
    SendResponse,
)
from simulations.hosts import Process
from simulations.machine import Arrival, Called, Gateable, Machine
from simulations.schedule import Schedule
from simulations.trace import Trace

ORDERS = (SendDatagram, SendRequest, SendResponse, ConnectNode)
"""The effects that go down to the driver; all others are facts."""


class LivelockError(Exception):
    """A machine wants to be advanced at one instant for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverConfig:
    """How processes are driven."""

    inbox_limit: int = 4_096
    """Arrivals that wait for a process that is not ready for them; more are dropped."""

    handling_time: Duration = 100
    """What a member that is slowed takes for one arrival, times its factor, in microseconds.

    Members that nothing slows handle arrivals in no time at all.
    """

    advance_limit: int = 64
    """So many advances at one instant are a livelock."""


class Driver:
    """Hands events to machines, the time too, and performs what comes out."""

    def __init__(
        self,
        schedule: Schedule,
        config: DriverConfig,
        *,
        send: Callable[[Process, SendDatagram], None],
        perform: Callable[[Process, Effect], None],
    ) -> None:
        """Have datagrams sent by `send`, and all other effects performed by `perform`."""
        self.trace: Trace | None = None
        self._watcher: Callable[[Process, Effect], None] | None = None
        self._is_watched = False
        self._schedule, self._config = schedule, config
        self._send, self._perform_other = send, perform

    def keep_trace(self, trace: Trace | None) -> None:
        """Trace all that goes in and out from now on, or trace no more."""
        self.trace = trace
        self._is_watched = trace is not None or self._watcher is not None

    def watch_orders(self, watcher: Callable[[Process, Effect], None]) -> None:
        """Tell `watcher` of every order from now on."""
        self._watcher = watcher
        self._is_watched = True

    def start(self, process: Process, events: Iterable[Arrival]) -> None:
        """Give a new process its first events."""
        if process.host.ailments.gated:
            self.gate(process, closed=True)
        for event in events:
            self._enqueue(process, event)
        self.resume(process)
        if not process.inbox:
            self._arm(process)

    def deliver(self, process: Process, event: Arrival) -> None:
        """Let `event` arrive at `process` now."""
        host, now = process.host, self._schedule.now
        if host.hampered or process.waiting or process.busy:
            self._enqueue(process, event)
            self.resume(process)
            return
        if self.trace is not None:
            self.trace.event(now, host.index, event)
        clock, machine = host.clock, process.machine
        at = clock.read(now) if clock.drift_ppm else now + clock.offset
        effects = _told(machine, event, at)
        deadline = machine.deadline
        if deadline <= at:
            effects = [*effects, *self._advance(process, at)]
            deadline = machine.deadline
        for effect in effects:
            if type(effect) is SendDatagram and not self._is_watched:
                self._send(process, effect)
            else:
                self._perform(process, effect)
        if deadline < process.armed_at:
            self._arm(process)

    def resume(self, process: Process) -> None:
        """Go on, as far as nothing is in the way: waiting effects, arrivals, the time."""
        ailments = process.host.ailments
        if not process.runs or process.busy or ailments.paused:
            return
        if ailments.gated:
            process.backlog = 0
            if process.gateable or not process.waiting:
                self._turn(process, [])
            return
        if process.waiting:
            effects, process.waiting = process.waiting, deque()
            self._perform_all(process, effects)
        self._turn(process, _taken(process))

    def gate(self, process: Process, *, closed: bool) -> None:
        """Tell a machine that wants to know that the gate has closed or opened."""
        machine = process.machine
        if isinstance(machine, Gateable):
            machine.gate(closed, process.host.clock.read(self._schedule.now))
            self._arm(process)

    def rearm(self, process: Process) -> None:
        """Set the timer anew: the member's clock does not go as it went."""
        process.armed_at = NEVER
        self._arm(process)

    # --- one turn ---------------------------------------------------------------------

    def _turn(self, process: Process, arrived: list[Arrival]) -> None:
        host = process.host
        machine, at = process.machine, host.clock.read(self._schedule.now)
        if not arrived and machine.deadline > at:
            self._arm(process)
            return
        effects: list[Effect] = []
        for event in arrived:
            if self.trace is not None:
                self.trace.event(self._schedule.now, host.index, event)
            effects += _told(machine, event, at)
        if machine.deadline <= at and not process.backlog:
            effects += self._advance(process, at)
        if host.ailments.slow:
            host.blame("slow")
            process.busy = True
            pace = self._config.handling_time * host.slowness
            self._schedule.after(pace, partial(self._finish, process, effects))
            return
        self._perform_all(process, effects)
        self._arm(process)

    def _finish(self, process: Process, effects: list[Effect]) -> None:
        process.busy = False
        if process.runs:
            process.waiting.extend(effects)
            self.resume(process)

    def _advance(self, process: Process, at: Instant) -> list[Effect]:
        machine = process.machine
        effects: list[Effect] = []
        for _ in range(self._config.advance_limit):
            if self.trace is not None:
                self.trace.advance(self._schedule.now, process.host.index)
            effects += machine.advance(at)
            if machine.deadline > at:
                return effects
        raise LivelockError(
            f"member {process.host.index} stays due at its instant {at}: its deadline is "
            f"{machine.deadline} after {self._config.advance_limit} advances"
        )

    def _perform_all(self, process: Process, effects: Iterable[Effect]) -> None:
        stalls = process.host.ailments.gated
        for effect in effects:
            is_order = isinstance(effect, ORDERS)
            if stalls and is_order:
                process.host.blame("gated")
            if (stalls and is_order) or (process.waiting and not process.gateable):
                process.waiting.append(effect)
            else:
                self._perform(process, effect)

    def _perform(self, process: Process, effect: Effect) -> None:
        if self.trace is not None:
            self.trace.effect(self._schedule.now, process.host.index, effect)
        if self._watcher is not None and isinstance(effect, ORDERS):
            self._watcher(process, effect)
        if isinstance(effect, SendDatagram):
            self._send(process, effect)
        else:
            self._perform_other(process, effect)

    # --- waiting ----------------------------------------------------------------------

    def _enqueue(self, process: Process, event: Arrival) -> None:
        host = process.host
        host.blame("paused")
        host.blame("gated")
        if len(process.inbox) >= self._config.inbox_limit:
            host.traffic.inbox_dropped += 1
        else:
            process.inbox.append(event)

    def _arm(self, process: Process) -> None:
        deadline = process.machine.deadline
        if deadline < process.armed_at and deadline < NEVER:
            process.armed_at = deadline
            host = process.host
            if host.ailments.drifting:
                host.blame("drifting")
            instant = host.clock.instant_of(deadline)
            self._schedule.timer(instant, partial(self._wake, process, deadline))

    def _wake(self, process: Process, armed_at: Instant) -> None:
        if process.armed_at != armed_at or not process.runs:
            return
        process.armed_at = NEVER
        host = process.host
        if host.hampered or process.waiting or process.busy:
            host.blame("paused")
            self.resume(process)
            return
        at = host.clock.read(self._schedule.now)
        if process.machine.deadline <= at:
            for effect in self._advance(process, at):
                self._perform(process, effect)
        self._arm(process)


def _told(machine: Machine, arrival: Arrival, at: Instant) -> list[Effect]:
    if isinstance(arrival, Called):
        return arrival.call(machine, at)
    return machine.handle(arrival, at)


def _taken(process: Process) -> list[Arrival]:
    """Take out of the inbox what is handled next: one arrival where slow, else all."""
    inbox = process.inbox
    if process.host.ailments.slow and inbox:
        process.backlog = (process.backlog or len(inbox)) - 1
        return [inbox.popleft()]
    process.backlog = 0
    arrived = list(inbox)
    inbox.clear()
    return arrived
