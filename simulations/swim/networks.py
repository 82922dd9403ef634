"""The network fails: it parts, it loses, it loses by turns. And many join through a poor one.

Durations are in microseconds.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from failure_detect.clock import MILLISECOND, SECOND
from simulations import options
from simulations.experiment import Experiment, Plan, turns_fault
from simulations.faults import Degrade, Partition
from simulations.links import LinkQuality
from simulations.samples import Sample
from simulations.swim.columns import FALSE, TRAFFIC
from simulations.trials import Scene, Trial, rested
from simulations.views import Views


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted(Experiment):
    """Nothing passes between two sides for a while."""

    plan: ClassVar[Plan] = Plan(
        name="partition",
        title="nothing passes between two sides; then the link is whole again",
        columns=("heal_s", "never_healed", "late_false_deaths", "same_side_deaths", *TRAFFIC),
        members=32,
        least=2,
    )

    duration: int = options.duration((20 * SECOND, 60 * SECOND), "for how long: 5s to 25h")
    side: int = options.count(0, "how many are on the first side; 0 for half", least=0)
    grace: int = options.duration(
        5 * SECOND, "false deaths are late from so long after repair", least=0
    )
    limit: int = options.duration(120 * SECOND, "how long to wait until all is whole")
    after: int = options.duration(20 * SECOND, "how long to go on when it is", least=0)

    @property
    def needs(self) -> int:
        """There must be two sides."""
        return max(2, self.side + 1)

    def run(self, scene: Scene) -> Sample:
        """Part them, repair, and wait."""
        trial = rested(scene)
        world, ledger = trial.world, trial.ledger
        left = self._left(trial)
        right = tuple(member for member in world.members if member not in left)
        parted = world.strike(Partition(groups=(left, right)))
        trial.run(self.duration)
        world.mend(parted)
        repaired = world.now
        world.run_until_true(lambda: not ledger.mourned, repaired + self.limit)
        trial.run(max(self.after, repaired + self.grace - world.now))
        sample = trial.finish()
        if not ledger.mourned:
            sample.add("heal", max(0, ledger.whole_since - repaired))
        sample.count("never_healed", bool(ledger.mourned))
        self._count_deaths(trial, sample, left, repaired)
        return sample

    def _left(self, trial: Trial) -> tuple[int, ...]:
        """Choose who is on the first side; a cluster is never cut in two unless it must be."""
        world = trial.world
        size = self.side or len(world.members) // 2
        groups = list(dict.fromkeys(world.group(member) for member in world.members))
        if len(groups) == 1:
            return trial.choose(size, list(world.members))
        order = [groups[place] for place in trial.choose(len(groups), list(range(len(groups))))]
        return tuple(
            [m for group in order for m in world.members if world.group(m) == group][:size]
        )

    def _count_deaths(
        self, trial: Trial, sample: Sample, left: tuple[int, ...], repaired: int
    ) -> None:
        """Count which deaths were false; those of the other side could not be told from true."""
        deaths = trial.ledger.false_deaths
        side = frozenset(left)
        same = [d for d in deaths if (d.observer in side) == (d.subject in side)]
        late = [d for d in deaths if d.at > repaired + self.grace]
        sample.counts["false_positives"] = len({*same, *late})
        sample.counts["false_positives_at_healthy"] = len({*same, *late})
        sample.count("same_side_deaths", len(same))
        sample.count("deaths_after_repair", sum(d.at > repaired for d in deaths))
        sample.count("late_false_deaths", len(late))


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss(Experiment):
    """Every link loses a share of all that is sent over it."""

    plan: ClassVar[Plan] = Plan(
        name="loss",
        title="all links lose datagrams and segments",
        columns=("false_positives", "false_positives_per_member_hour", "member_hours", *TRAFFIC),
        configurations=("ours", "memberlist", "swim"),
        least=2,
    )

    loss: float = options.share((0.10, 0.25), "the share that is lost")
    duration: int = options.duration(300 * SECOND, "for how long")

    def run(self, scene: Scene) -> Sample:
        """Let the links lose."""
        trial = rested(scene)
        trial.world.strike(Degrade(quality=LinkQuality(loss=self.loss)))
        trial.run(self.duration)
        return trial.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipFlop(Experiment):
    """A few members have bad links for a while, good ones for a while, and again (Rapid 7)."""

    plan: ClassVar[Plan] = Plan(
        name="flip-flop",
        title="1 % of the members lose 30 % by turns",
        columns=(*FALSE, "troubled_deaths", *TRAFFIC),
        members=1_000,
        seeds=5,
    )

    share: float = options.share(0.01, "the share of the members that are troubled")
    loss: float = options.share(0.30, "the share that they lose of what they send and are sent")
    on: int = options.duration(20 * SECOND, "how long it lasts")
    off: int = options.duration(20 * SECOND, "how long all is well between", least=0)
    duration: int = options.duration(200 * SECOND, "for how long the whole goes on")

    def fault(self) -> str | None:
        """Not too many turns."""
        return turns_fault(self.duration, self.on, self.off)

    def run(self, scene: Scene) -> Sample:
        """Let them flip and flop."""
        trial = rested(scene, max(1, round(self.share * scene.members)))
        world, began = trial.world, trial.world.now
        members = tuple(sorted(trial.ledger.troubled))
        bad = Degrade(quality=LinkQuality(loss=self.loss), sources=members, both_ways=True)
        for at in range(began, began + self.duration, max(1, self.on + self.off)):
            world.inject(replace(bad, at=at, until=at + self.on))
        world.run_until(began + self.duration)
        sample = trial.finish()
        sample.count("troubled_deaths", trial.ledger.troubled_deaths)
        return sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Experiment):
    """All start at about the same time and know one seed."""

    plan: ClassVar[Plan] = Plan(
        name="join",
        title="many join through one seed over links that lose",
        columns=("join_s", "never_joined", *FALSE, *TRAFFIC),
        seeds=50,
        least=2,
    )

    loss: float = options.share(0.10, "the share of all datagrams and segments that is lost")
    within: int = options.duration(100 * MILLISECOND, "over how long they start", least=0)
    limit: int = options.duration(240 * SECOND, "how long to wait until all know all")
    after: int = options.duration(10 * SECOND, "how long to go on when they do", least=0)

    def run(self, scene: Scene) -> Sample:
        """Start them, the seed first, and wait."""
        quality = LinkQuality(loss=self.loss)
        trial = Trial(replace(scene, network=replace(scene.network, quality=quality)), seeds=(0,))
        world, views = trial.world, Views()
        world.observe(views)
        world.observe(trial.ledger)
        world.start(0)
        for member in world.members[1:]:  # The seed is there before anybody asks it.
            world.at(1 + trial.draw(self.within), partial(world.start, member))
        joined = world.run_until_true(
            lambda: len(world.running()) == len(world.members) and views.agree(world), self.limit
        )
        known_at = world.now
        trial.run(self.after)
        sample = trial.finish()
        if joined:
            sample.add("join", known_at)
        sample.count("never_joined", not joined)
        return sample
