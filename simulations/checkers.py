"""The rules of deaths, of bounds and of the machines themselves."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass

from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.events import Effect, MemberDied, MemberSuspected, SendDatagram
from failure_detect.identity import MemberId
from simulations.checking import Checker
from simulations.views import Views
from simulations.world import World

Accusation = Callable[[MemberId, int, MemberId], bytes]
"""The bytes that an accuser signs: of (subject, incarnation, accuser)."""


class DeathHasAccusers(Checker):
    """A death names enough distinct accusers, not the subject, each of whom signed."""

    def __init__(
        self,
        views: Views,
        accusation: Accusation | None = None,
        wanted: int = 3,
        patience: Callable[[int], Duration] | None = None,
    ) -> None:
        """Want `wanted` accusers, or all that the observer could have where those are fewer.

        `views` observe the same world, ahead of this checker. Without `accusation`, whether
        they signed is not asked. One accuser is enough after a suspicion of `patience(members)`
        microseconds by the observer's clock, where there is such a rule.
        """
        super().__init__()
        self._views, self._accusation, self._wanted = views, accusation, wanted
        self._patience = patience
        self._suspected: dict[tuple[MemberId, MemberId], Instant] = {}

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Look at who accuses."""
        if isinstance(effect, MemberSuspected):
            self._suspected[world.member_id(member), effect.member] = now
        elif isinstance(effect, MemberDied):
            self._judge(world, member, effect, now)

    def _judge(self, world: World, member: int, death: MemberDied, now: Instant) -> None:
        about, accusers = f"death of member {world.index_of(death.member)}", death.accusers
        if death.member in accusers:
            self.report(now, member, f"{about}, which accuses itself")
        if len(dict.fromkeys(accusers)) != len(accusers):
            self.report(now, member, f"{about}: an accuser counts twice")
        possible = self._views.alive_count(world, member) + 1  # And itself.
        wanted = 1 if self._has_waited(world, member, death, possible, now) else self._wanted
        if len(accusers) < min(wanted, possible):
            self.report(now, member, f"{about}: {len(accusers)} accusers of {possible} possible")
        if self._accusation is not None:
            for accuser in accusers:
                message = self._accusation(death.member, death.incarnation, accuser)
                if not world.notary.has_signed(accuser, message):
                    self.report(now, member, f"{about}: {world.index_of(accuser)} never signed")

    def _has_waited(
        self, world: World, member: int, death: MemberDied, possible: int, now: Instant
    ) -> bool:
        since = self._suspected.get((world.member_id(member), death.member))
        if self._patience is None or since is None:
            return False
        return now - since >= self._patience(possible)


class Bounded(Checker):
    """Queues, tables and datagrams stay within their limits."""

    def __init__(
        self,
        limits: Mapping[str, int],
        datagram_bytes: int | None = None,
        every: Duration = 1 * SECOND,
    ) -> None:
        """Hold the quantities of `statistics()` to `limits`, at most every `every` us each.

        With `datagram_bytes`, watch orders too (`World.observe_orders`): no datagram may be
        longer, in clear.
        """
        super().__init__()
        self._limits, self._datagram_bytes, self._every = limits, datagram_bytes, every
        self._looked: dict[int, Instant] = {}

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Look at the member that says something."""
        if isinstance(effect, SendDatagram):
            if self._datagram_bytes is not None and len(effect.data) > self._datagram_bytes:
                self.report(now, member, f"a datagram of {len(effect.data)} bytes")
        elif now - self._looked.get(member, -self._every) >= self._every:
            self._look(world, member)

    def finish(self, world: World) -> None:
        """Look at everybody once more."""
        for member in world.members:
            if world.is_up(member):
                self._look(world, member)

    def _look(self, world: World, member: int) -> None:
        self._looked[member] = world.now
        found = quantities(world.machine(member).statistics())
        for name, limit in self._limits.items():
            if name not in found:
                self.report(world.now, member, f"states no {name}")
            elif found[name] > limit:
                self.report(world.now, member, f"{name} is {found[name]}, above {limit}")


class MachineInvariants(Checker):
    """Machines do not contradict themselves: AssertionError goes through, with when and who."""

    def __init__(self, every: Duration = 0) -> None:
        """Ask a machine that says something, at most once in `every` microseconds."""
        super().__init__()
        self._every = every
        self._asked: dict[int, Instant] = {}

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Ask the machine that says something."""
        if now - self._asked.get(member, -self._every) >= self._every:
            self._ask(world, member, type(effect).__name__)

    def finish(self, world: World) -> None:
        """Ask every machine."""
        for member in world.members:
            if world.is_up(member):
                self._ask(world, member, "the end")

    def _ask(self, world: World, member: int, occasion: str) -> None:
        self._asked[member] = world.now
        try:
            world.machine(member).check_invariants()
        except AssertionError as error:
            seed = world.config.seed
            error.add_note(f"seed {seed}, {world.now} us, member {member}, at {occasion}")
            raise


def quantities(statistics: object) -> dict[str, int]:
    """Return the integers of a mapping or of a dataclass, by name."""
    if isinstance(statistics, Mapping):
        items = list(statistics.items())
    elif is_dataclass(statistics):
        items = [(field.name, getattr(statistics, field.name)) for field in fields(statistics)]
    else:
        items = []
    return {str(name): value for name, value in items if isinstance(value, int)}
