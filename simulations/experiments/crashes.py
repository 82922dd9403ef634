"""Members crash: one by one, or many at once. And nothing happens at all."""

from dataclasses import dataclass
from typing import ClassVar

from failure_detect.clock import SECOND, Duration
from simulations import options
from simulations.experiments.experiment import Experiment, Plan
from simulations.samples import Sample
from simulations.trials import JITTER, Scene, rested

DETECTION = ("first_detection_s", "full_detection_s", "missed")
FALSE = ("false_positives", "false_positives_at_healthy")
TRAFFIC = ("bytes_per_member_s", "sealed_bytes_per_member_s", "messages_per_member_s")
LIMIT: Duration = 120 * SECOND
"""How long a crash is waited for; who is not known then is missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle(Experiment):
    """Nothing happens: what that costs."""

    plan: ClassVar[Plan] = Plan(
        name="idle",
        title="traffic of a pool in which nothing happens",
        columns=(*TRAFFIC, *FALSE, "member_hours"),
        least=2,
        seeds=3,
    )

    duration: int = options.duration(60 * SECOND, "for how long")

    def run(self, scene: Scene) -> Sample:
        """Count what is sent."""
        trial = rested(scene)
        trial.run(self.duration)
        return trial.sample()


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash(Experiment):
    """Members crash one after another, each when all know of the one before."""

    plan: ClassVar[Plan] = Plan(
        name="crash",
        title="one member crashes: when the first knows, and when everyone",
        columns=(*DETECTION, *FALSE, *TRAFFIC),
    )

    crashes: int = options.count(3, "how many, one after another, in one run")
    spacing: int = options.duration(3 * SECOND, "the least pause between them")

    def check(self, members: int) -> str | None:
        """Want somebody left to see the last one."""
        if members < self.crashes + 2:
            return f"{self.crashes} crashes need at least {self.crashes + 2} members"
        return None

    def run(self, scene: Scene) -> Sample:
        """Crash some, one by one."""
        trial = rested(scene)
        world, ledger = trial.world, trial.ledger
        for member in trial.choose(self.crashes, list(world.members)):
            ledger.expect(world, member)
            world.crash(member)
            world.run_until_true(lambda: ledger.all_is_known, world.now + LIMIT)
            trial.run(self.spacing + trial.draw(JITTER))
        return trial.sample()


@dataclass(frozen=True, slots=True, kw_only=True)
class MassCrash(Experiment):
    """Many crash at the same instant."""

    plan: ClassVar[Plan] = Plan(
        name="mass-crash",
        title="many members crash at one instant",
        columns=(*DETECTION, *FALSE, *TRAFFIC),
        members=64,
    )

    crashes: int = options.count((20, 32), "how many crash at once")
    after: int = options.duration(10 * SECOND, "how long to go on once everyone knows of all")

    def check(self, members: int) -> str | None:
        """Want somebody left to see it."""
        if members < self.crashes + 2:
            return f"{self.crashes} crashes need at least {self.crashes + 2} members"
        return None

    def run(self, scene: Scene) -> Sample:
        """Crash many."""
        trial = rested(scene)
        world, ledger = trial.world, trial.ledger
        chosen = trial.choose(self.crashes, list(world.members))
        for member in chosen:
            ledger.expect(world, member)
        world.crash(*chosen)
        world.run_until_true(lambda: ledger.all_is_known, world.now + LIMIT)
        trial.run(self.after)
        return trial.sample()


@dataclass(frozen=True, slots=True, kw_only=True)
class Small(Experiment):
    """A pool of two or three: one of them crashes."""

    plan: ClassVar[Plan] = Plan(
        name="small",
        title="one of very few members crashes",
        columns=(*DETECTION, *FALSE, *TRAFFIC),
        members=2,
        seeds=50,
        least=2,
    )

    def run(self, scene: Scene) -> Sample:
        """Crash one."""
        trial = rested(scene)
        world, ledger = trial.world, trial.ledger
        (member,) = trial.choose(1, list(world.members))
        ledger.expect(world, member)
        world.crash(member)
        world.run_until_true(lambda: ledger.all_is_known, world.now + LIMIT)
        trial.run(5 * SECOND)
        return trial.sample()
