"""The pool falls into two, and comes together again."""

from dataclasses import dataclass
from typing import ClassVar

from failure_detect.clock import SECOND
from simulations import options
from simulations.experiments.crashes import TRAFFIC
from simulations.experiments.experiment import Experiment, Plan
from simulations.faults import Partition
from simulations.samples import Sample
from simulations.trials import Scene, rested


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted(Experiment):
    """Nothing passes between two sides for a while."""

    plan: ClassVar[Plan] = Plan(
        name="partition",
        title="nothing passes between two sides; then the link is whole again",
        columns=("heal_s", "never_healed", "late_false_deaths", "same_side_deaths", *TRAFFIC),
        members=32,
    )

    duration: int = options.duration((20 * SECOND, 60 * SECOND), "for how long: 5s to 25h")
    side: int = options.count(0, "how many are on the first side; 0 for half", least=0)
    grace: int = options.duration(5 * SECOND, "false deaths count from so long after the repair")
    limit: int = options.duration(120 * SECOND, "how long to wait until all is whole")
    after: int = options.duration(20 * SECOND, "how long to go on when it is")

    def check(self, members: int) -> str | None:
        """Want two sides."""
        if members < 2 or self.side >= members:
            return f"{members} members do not make two sides, the first of {self.side}"
        return None

    def run(self, scene: Scene) -> Sample:
        """Part them, repair, and wait."""
        trial = rested(scene)
        world, ledger = trial.world, trial.ledger
        everyone = list(world.members)
        left = trial.choose(self.side or scene.members // 2, everyone)
        right = tuple(member for member in everyone if member not in left)
        parted = world.strike(Partition(groups=(left, right)))
        trial.run(self.duration)
        world.mend(parted)
        repaired = world.now
        world.run_until_true(lambda: not ledger.mourned, repaired + self.limit)
        trial.run(max(self.after, repaired + self.grace - world.now))
        sample = trial.sample()
        if not ledger.mourned:
            sample.add("heal", max(0, ledger.whole_since - repaired))
        sample.count("never_healed", bool(ledger.mourned))
        sides = dict.fromkeys(left, 0) | dict.fromkeys(right, 1)
        deaths = ledger.false_deaths
        same = [d for d in deaths if sides[d.observer] == sides[d.subject]]
        late = [d for d in deaths if d.at > repaired + self.grace]
        sample.counts["false_positives"] = len({*same, *late})  # The rest could not be told.
        sample.counts["false_positives_at_healthy"] = len({*same, *late})
        sample.count("same_side_deaths", len(same))
        sample.count("deaths_after_repair", sum(d.at > repaired for d in deaths))
        sample.count("late_false_deaths", len(late))
        return sample
