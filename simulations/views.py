"""Who believes whom to be alive, as far as the facts say; and whether they come to agree."""

from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.events import (
    Effect,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
)
from failure_detect.identity import MemberId
from simulations.checking import Checker
from simulations.world import World

_NOBODY: frozenset[MemberId] = frozenset()


class Views:
    """An observer that keeps every process's set of living members."""

    def __init__(self) -> None:
        self.changed_at: Instant = 0
        """When any view changed last (us)."""
        self._alive: dict[MemberId, set[MemberId]] = {}
        self._running: dict[MemberId, None] = {}
        self._turnover = -1
        self._unseen: dict[MemberId, None] = {}
        self._wrong: dict[MemberId, None] = {}

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        """Bring one view up to date."""
        match effect:
            case MemberJoined(identity):
                self._view(world, member).add(identity.member)
            case MemberReturned(subject):
                self._view(world, member).add(subject)
            case MemberDied(subject) | MemberLeft(subject) | MemberRetired(subject):
                self._view(world, member).discard(subject)
            case _:
                return
        self.changed_at = now
        self._unseen[world.member_id(member)] = None

    def believes_alive(self, world: World, observer: int, subject: int) -> bool:
        """Tell whether the process at `observer` believes the one at `subject` to live."""
        return world.member_id(subject) in self._view(world, observer)

    def alive_count(self, world: World, observer: int) -> int:
        """Return how many others the process at `observer` believes to live."""
        return len(self._view(world, observer))

    def agree(self, world: World) -> bool:
        """Tell whether every running process believes exactly all the other ones to live."""
        if self._turnover != world.turnover:  # Everybody's view is to be looked at again.
            self._turnover = world.turnover
            self._running = dict.fromkeys(world.running())
            self._unseen, self._wrong = dict(self._running), {}
        for observer in self._unseen:
            view = self._alive.get(observer, _NOBODY)
            if len(view) == len(self._running) - 1 and view < self._running.keys():
                self._wrong.pop(observer, None)
            elif observer in self._running:
                self._wrong[observer] = None
        self._unseen = {}
        return not self._wrong

    def errors(self, world: World, observer: int) -> tuple[list[int], list[MemberId]]:
        """Return who runs without the process at `observer` knowing, and its ghosts."""
        view = self._view(world, observer)
        others = [m for m in world.members if m != observer and world.is_up(m)]
        missing = [m for m in others if world.member_id(m) not in view]
        running = {world.member_id(m) for m in others}
        return missing, sorted(view - running)

    def _view(self, world: World, member: int) -> set[MemberId]:
        return self._alive.setdefault(world.member_id(member), set())


class Convergence(Checker):
    """Within a time after calm has come, all that live agree on who lives, and it stays so."""

    def __init__(self, views: Views, within: Duration = 60 * SECOND) -> None:
        """Hold `views`, which observe the same world, to `within` microseconds."""
        super().__init__()
        self._views, self._within = views, within

    def finish(self, world: World) -> None:
        """Look at who disagrees, and at when views changed last."""
        calm = world.calm_since
        if calm is None or world.now < calm + self._within:
            what = f"the run ended before calm had lasted for {self._within} us"
            self.report(world.now, None, what)
            return
        if self._views.changed_at > calm + self._within:
            late = self._views.changed_at - calm
            self.report(world.now, None, f"a view still changed {late} us after calm had come")
        if self._views.agree(world):
            return
        for member in world.members:
            if world.is_up(member):
                missing, ghosts = self._views.errors(world, member)
                if missing or ghosts:
                    what = f"knows nothing of {missing}, believes in {len(ghosts)} that do not run"
                    self.report(world.now, member, what)
