"""Members crash: one by one, or many at once. And nothing happens at all.

Durations are in microseconds.
"""

from dataclasses import dataclass
from typing import ClassVar

from failure_detect.clock import SECOND, Duration
from failure_detect.events import FingerprintChanged
from failure_detect.wire import FINGERPRINT_BYTES_MAX
from simulations import options
from simulations.experiment import Experiment, Plan
from simulations.samples import Sample
from simulations.swim.columns import DETECTION, FALSE, TRAFFIC
from simulations.trials import Scene, Trial, rested

LIMIT: Duration = 120 * SECOND
"""How long a crash is waited for; who is not known then is missed."""

_WHAT = ("node", "agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle(Experiment):
    """Nothing happens: what that costs."""

    plan: ClassVar[Plan] = Plan(
        name="idle",
        title="traffic of a pool in which nothing happens",
        columns=(*TRAFFIC, *FALSE, "member_hours"),
        least=2,
    )

    duration: int = options.duration(60 * SECOND, "for how long")
    fingerprint: int = options.count(
        8,
        "how many bytes the layer above has in each probe; ours alone has room for them",
        least=0,
        most=FINGERPRINT_BYTES_MAX,
    )

    def run(self, scene: Scene) -> Sample:
        """Count what is sent."""
        trial = rested(scene)
        for member in trial.world.members:
            trial.world.deliver(member, FingerprintChanged(bytes(self.fingerprint)))
        trial.run(self.duration)
        return trial.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash(Experiment):
    """Members crash one after another, each when all know of the one before.

    None comes back, so that the last ones crash in a pool that is a little smaller; what is
    told of the dead is over before the next one crashes.
    """

    plan: ClassVar[Plan] = Plan(
        name="crash",
        title="one member crashes: when the first knows, and when everyone",
        columns=(*DETECTION, *FALSE, *TRAFFIC, "member_hours"),
        configurations=("ours", "memberlist", "lifeguard", "swim"),
        least=2,
    )

    crashes: int = options.count(3, "how many crash, one after another, in one run")
    what: str = options.choice("node", _WHAT, "whether the node falls silent or only its agent")
    spacing: int = options.duration(3 * SECOND, "the least pause between two crashes", least=0)

    @property
    def needs(self) -> int:
        """Somebody must be left to see the last one."""
        return self.crashes + 1

    def run(self, scene: Scene) -> Sample:
        """Crash some, one by one."""
        trial = rested(scene)
        for member in trial.choose(self.crashes, list(trial.world.members)):
            crash(trial, (member,), self.what)
            trial.wait_until_known(LIMIT)
            trial.run(self.spacing + trial.draw(trial.jitter))
        return trial.finish_with_detection()


@dataclass(frozen=True, slots=True, kw_only=True)
class MassCrash(Experiment):
    """Many crash at the same instant."""

    plan: ClassVar[Plan] = Plan(
        name="mass-crash",
        title="many members crash at one instant",
        columns=(*DETECTION, *FALSE, *TRAFFIC),
        members=64,
        least=2,
    )

    crashes: int = options.count((20, 32), "how many crash at once")
    what: str = options.choice("node", _WHAT, "whether the nodes fall silent or only their agents")
    after: int = options.duration(
        10 * SECOND, "how long to go on once everyone knows of all", least=0
    )

    @property
    def needs(self) -> int:
        """Somebody must be left to see it."""
        return self.crashes + 1

    def run(self, scene: Scene) -> Sample:
        """Crash many."""
        trial = rested(scene)
        crash(trial, trial.choose(self.crashes, list(trial.world.members)), self.what)
        trial.wait_until_known(LIMIT)
        trial.run(self.after)
        return trial.finish_with_detection()


def crash(trial: Trial, members: tuple[int, ...], what: str) -> None:
    """Let these crash now, with or without their nodes, and wait for nothing."""
    for member in members:
        trial.ledger.expect(trial.world, member)
    if what == "node":
        trial.world.crash_nodes(*members)
    else:
        trial.world.crash(*members)
