"""What is so in a world, whatever its members believe."""

from failure_detect.clock import Instant
from failure_detect.identity import Address, Identity, MemberId
from simulations.authority import Notary
from simulations.config import WorldConfig
from simulations.hosts import Host, Process, Traffic
from simulations.injector import Injector, Strike
from simulations.lifecycle import Lifecycle
from simulations.links import Fates
from simulations.machine import Machine
from simulations.network import Network
from simulations.schedule import Schedule
from simulations.streams import Streams


class VacuityError(Exception):
    """Something was set and made no difference, so the run shows less than it claims."""


class GroundTruth:
    """The side of the world that only looks."""

    config: WorldConfig
    _schedule: Schedule
    _hosts: list[Host]
    _network: Network
    _lifecycle: Lifecycle
    _injector: Injector
    _streams: Streams

    # --- when and who ------------------------------------------------------------------

    @property
    def now(self) -> Instant:
        """The world's time, in microseconds since its beginning."""
        return self._schedule.now

    @property
    def members(self) -> range:
        """The indexes of all places."""
        return range(len(self._hosts))

    def machine(self, member: int) -> Machine:
        """Return the machine that runs at this place; LookupError where none does."""
        return self._process(member).machine

    def identity(self, member: int) -> Identity:
        """Return who runs at this place; LookupError where nobody does."""
        return self._process(member).identity

    def member_id(self, member: int) -> MemberId:
        """Return the `MemberId` of the process at this place; LookupError where none runs."""
        return self._process(member).member

    def index_of(self, member: MemberId) -> int | None:
        """Return the place of a process that runs or ever ran; None for any other bytes."""
        known = self._lifecycle.members.get(member)
        return None if known is None else known[0]

    def address(self, member: int) -> Address:
        """Return where the agent at this place listens."""
        return self._hosts[member].address

    def node_address(self, member: int) -> Address:
        """Return where the node itself answers."""
        return self._hosts[member].node_address

    def group(self, member: int) -> str:
        """Return the cluster that this place belongs to."""
        return self._hosts[member].group

    def local_time(self, member: int) -> Instant:
        """Return what the clock at this place shows now, in its own microseconds."""
        return self._hosts[member].clock.read(self.now)

    def seed_addresses(self) -> tuple[Address, ...]:
        """Return what the seed list resolves to now."""
        seeds = [seed for seed in self.config.seeds if seed < len(self._hosts)]
        return tuple(self._hosts[seed].address for seed in seeds)

    @property
    def notary(self) -> Notary:
        """Who certifies and verifies for all, and remembers who signed what."""
        return self._lifecycle.notary

    @property
    def turnover(self) -> int:
        """How many processes have started or stopped so far."""
        return len(self._lifecycle.members) + len(self._lifecycle.ended)

    def running(self) -> list[MemberId]:
        """Return all processes that run, in the order of their places."""
        return [host.process.member for host in self._hosts if host.process is not None]

    # --- what is so -----------------------------------------------------------------------

    def is_up(self, member: int) -> bool:
        """Tell whether an agent runs at this place (if only paused)."""
        return self._hosts[member].process is not None

    def is_member_up(self, member: MemberId) -> bool:
        """Tell whether exactly this process runs."""
        return member in self._lifecycle.members and member not in self._lifecycle.ended

    def is_node_up(self, member: int) -> bool:
        """Tell whether the node at this place is up."""
        return self._hosts[member].node_up

    def is_faulty(self, member: int) -> bool:
        """Tell whether it is down or any fault afflicts it now; faults of links do not count."""
        host = self._hosts[member]
        return host.process is None or bool(host.afflictions)

    def up_since(self, member: int) -> Instant | None:
        """Return when the process at this place started (us); None where none runs."""
        process = self._hosts[member].process
        return None if process is None else process.since

    def down_since(self, member: MemberId) -> Instant | None:
        """Return when this process stopped (us); None where it runs, or never did."""
        return self._lifecycle.ended.get(member)

    def can_reach(self, source: int, target: int) -> bool:
        """Tell whether a datagram sent now could get from one agent to the other, one way.

        Loss is no obstacle unless it is total; a pause is none, for the inbox is open.
        """
        ends = self._hosts[source], self._hosts[target]
        return all(host.process is not None for host in ends) and self._network.passes(*ends)

    def reachable_since(self, source: int, target: int) -> Instant | None:
        """Return since when `can_reach` has held (us); None where it does not."""
        if not self.can_reach(source, target):
            return None
        began = [process.since for process in (self._process(source), self._process(target))]
        ends = [
            strike.ended
            for strike in self.strikes
            if strike.ended is not None and strike.stops(source, target)
        ]
        return max([*began, *ends])

    @property
    def strikes(self) -> list[Strike]:
        """All faults that have struck, in their order; those with `ended` None last."""
        return self._injector.strikes

    @property
    def calm_since(self) -> Instant | None:
        """Since when no fault lasts and no process has come or gone (us).

        None while a fault lasts or is yet to strike. A crash is over as it strikes: who is
        down then is just not there.
        """
        if self._injector.pending:
            return None
        ends = [self._lifecycle.changed_at]
        for strike in self.strikes:
            if strike.ended is None:
                return None
            ends.append(strike.ended)
        return max(ends)

    # --- what was sent ----------------------------------------------------------------------

    def traffic(self, member: int) -> Traffic:
        """Return the running counts of one member; copy them to compare them later."""
        return self._hosts[member].traffic

    def total_traffic(self) -> Traffic:
        """Return the sum over all members."""
        total = Traffic()
        for host in self._hosts:
            total.add(host.traffic)
        return total

    @property
    def fates(self) -> Fates:
        """What became of datagrams that did not simply arrive."""
        return self._network.fates

    @property
    def stray_responses(self) -> int:
        """Responses that machines sent on streams that were not open, or not any more."""
        return self._streams.stray_responses

    def idle_knobs(self) -> list[str]:
        """Name what was set and has made no difference so far."""
        base = self._network.base.effects
        idle = [f"network.{aspect}" for aspect, count in base.items() if not count]
        return idle + [knob for strike in self.strikes for knob in strike.idle_knobs()]

    def check_vacuity(self) -> None:
        """Raise VacuityError where a knob that was set had no effect, or a fault touched none."""
        idle = self.idle_knobs()
        if idle:
            raise VacuityError(f"without any effect: {', '.join(idle)}")

    def _process(self, member: int) -> Process:
        process = self._hosts[member].process
        if process is None:
            raise LookupError(f"nothing runs at place {member}")
        return process
