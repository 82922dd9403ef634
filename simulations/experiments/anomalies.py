"""Members that are not dead but not well either: blocked, mute, deaf."""

from dataclasses import dataclass
from typing import ClassVar

from failure_detect.clock import MILLISECOND, SECOND, Duration
from simulations import options
from simulations.experiments.crashes import FALSE, TRAFFIC
from simulations.experiments.experiment import Experiment, Plan
from simulations.faults import Deaf, Fault, Gate, Mute
from simulations.samples import Sample
from simulations.trials import Scene, Trial, rested

QUIESCE: Duration = 15 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval(Experiment):
    """Lifeguard's Interval experiment (section 5): members block for D, breathe for I, and again."""

    plan: ClassVar[Plan] = Plan(
        name="lifeguard",
        title="C members' traffic blocks for D, flows for I, and again (Lifeguard, Interval)",
        columns=(*FALSE, "false_positives_per_member_hour", *TRAFFIC),
        configurations=("ours", "lifeguard", "memberlist", "swim"),
    )

    concurrent: int = options.count((4, 16), "C: how many members block, in step")
    blocked: int = options.duration(16_384 * MILLISECOND, "D: how long they block")
    between: int = options.duration(64 * MILLISECOND, "I: how long they breathe between")
    duration: int = options.duration(120 * SECOND, "for how long the whole goes on")

    def check(self, members: int) -> str | None:
        """Want a healthy observer."""
        if members <= self.concurrent + 1:
            return f"{self.concurrent} blocked members need at least {self.concurrent + 2} in all"
        return None

    def run(self, scene: Scene) -> Sample:
        """Let them block and breathe."""
        trial = rested(scene, self.concurrent, quiet=QUIESCE)
        block(trial, self.blocked, self.between, self.duration)
        return trial.sample()


def block(trial: Trial, blocked: Duration, between: Duration, lasting: Duration) -> None:
    """Block the troubled members' traffic again and again until `lasting` is over (us)."""
    members = tuple(sorted(trial.ledger.troubled))
    began = trial.world.now
    end = began + lasting
    at = began
    while at < end:
        trial.world.inject(Gate(at=at, until=min(at + blocked, end), members=members))
        at += blocked + between
    trial.world.run_until(end)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeafAndMute(Experiment):
    """Members whose sends, or receipts, are lost for a while, and again."""

    plan: ClassVar[Plan] = Plan(
        name="deaf-and-mute",
        title="what some members send, or what they are sent, is lost by turns",
        columns=("found", *FALSE, "first_detection_s", "full_detection_s", *TRAFFIC),
    )

    troubled: int = options.count((1, 4), "how many members")
    what: str = options.choice(
        ("mute", "deaf"), ("mute", "deaf"), "whether sends or receipts are lost"
    )
    streams: str = options.choice("lost", ("lost", "pass"), "what becomes of streams meanwhile")
    on: int = options.duration(20 * SECOND, "how long it lasts")
    off: int = options.duration(20 * SECOND, "how long all is well between")
    duration: int = options.duration(200 * SECOND, "for how long the whole goes on")

    def check(self, members: int) -> str | None:
        """Want a healthy observer."""
        if members <= self.troubled + 1:
            return f"{self.troubled} troubled members need at least {self.troubled + 2} in all"
        return None

    def run(self, scene: Scene) -> Sample:
        """Let them fall silent by turns."""
        trial = rested(scene, self.troubled)
        world, ledger = trial.world, trial.ledger
        for member in sorted(ledger.troubled):
            ledger.expect(world, member)
        began = world.now
        for at in range(began, began + self.duration, self.on + self.off):
            world.inject(self._fault(at, tuple(sorted(ledger.troubled))))
        world.run_until(began + self.duration)
        sample = trial.sample()
        sample.count("found", sum(f.first is not None for f in ledger.failures))
        sample.count("troubled_deaths", ledger.troubled_deaths)
        return sample

    def _fault(self, at: int, members: tuple[int, ...]) -> Fault:
        fault = Mute if self.what == "mute" else Deaf
        return fault(at=at, until=at + self.on, members=members, streams=self.streams == "lost")
