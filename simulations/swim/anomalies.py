"""Members that are not dead but not well either: blocked, mute, deaf, paused.

Durations are in microseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from failure_detect.clock import MILLISECOND, SECOND, Duration
from simulations import options
from simulations.experiment import Experiment, Plan, ratio, turns_fault
from simulations.faults import Deaf, Fault, Gate, Mute, Pause
from simulations.samples import Row, Sample
from simulations.swim.columns import FALSE, TRAFFIC
from simulations.trials import Scene, Trial, rested

QUIESCE: Duration = 15 * SECOND
"""How long the paper's runs rest (Lifeguard 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval(Experiment):
    """Lifeguard's Interval experiment: members block for D, breathe for I, and again."""

    plan: ClassVar[Plan] = Plan(
        name="lifeguard",
        title="C members' traffic blocks for D, flows for I, and again (Lifeguard, Interval)",
        columns=(*FALSE, "false_positives_per_run", *TRAFFIC),
        configurations=("ours", "lifeguard", "memberlist", "swim"),
    )

    concurrent: int = options.count((4, 16), "C: how many members block, in step")
    blocked: int = options.duration(16_384 * MILLISECOND, "D: how long they block")
    between: int = options.duration(64 * MILLISECOND, "I: how long they breathe between", least=0)
    duration: int = options.duration(120 * SECOND, "for how long the whole goes on")

    @property
    def needs(self) -> int:
        """Two must be left that one can wrong and the other see."""
        return self.concurrent + 2

    def fault(self) -> str | None:
        """Not too many blocks."""
        return turns_fault(self.duration, self.blocked, self.between)

    def run(self, scene: Scene) -> Sample:
        """Let them block and breathe."""
        trial = rested(scene, self.concurrent, quiet=QUIESCE)
        block(trial, self.blocked, self.between, self.duration)
        return counted(trial.finish())

    def derive(self, counts: Mapping[str, int]) -> Row:
        """Return what published runs are compared by."""
        return {"false_positives_per_run": ratio(counts, "false_positives", "runs")}


def counted(sample: Sample) -> Sample:
    """Let the sample count as one run."""
    sample.count("runs")
    return sample


def block(trial: Trial, blocked: Duration, between: Duration, lasting: Duration) -> None:
    """Block the troubled members' traffic again and again until `lasting` is over (us)."""
    members = tuple(sorted(trial.ledger.troubled))
    at = trial.world.now
    end = at + lasting
    while at < end:
        trial.world.inject(Gate(at=at, until=min(at + blocked, end), members=members))
        at += max(1, blocked + between)
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
        ("mute", "deaf"), ("mute", "deaf"), "whether what they send or what they are sent is lost"
    )
    streams: str = options.choice("lost", ("lost", "pass"), "what becomes of streams meanwhile")
    on: int = options.duration(20 * SECOND, "how long it lasts")
    off: int = options.duration(20 * SECOND, "how long all is well between", least=0)
    duration: int = options.duration(200 * SECOND, "for how long the whole goes on")

    @property
    def needs(self) -> int:
        """Two must be left that one can wrong and the other see."""
        return self.troubled + 2

    def fault(self) -> str | None:
        """Not too many turns."""
        return turns_fault(self.duration, self.on, self.off)

    def run(self, scene: Scene) -> Sample:
        """Let them fall silent by turns."""
        trial = rested(scene, self.troubled)
        world, ledger = trial.world, trial.ledger
        members = tuple(sorted(ledger.troubled))
        for member in members:
            ledger.expect(world, member)
        began = world.now
        for at in range(began, began + self.duration, max(1, self.on + self.off)):
            world.inject(self._fault(at, members))
        world.run_until(began + self.duration)
        sample = trial.finish_with_detection()
        found = sum(failure.first is not None for failure in ledger.failures)
        sample.count("found", found)
        sample.count("not_found", len(members) - found)
        sample.count("troubled_deaths", ledger.troubled_deaths)
        return sample

    def _fault(self, at: int, members: tuple[int, ...]) -> Fault:
        fault = Mute if self.what == "mute" else Deaf
        return fault(at=at, until=at + self.on, members=members, streams=self.streams == "lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Experiment):
    """Processes stand still once, each at its own time, and go on."""

    plan: ClassVar[Plan] = Plan(
        name="pause",
        title="a member stands still once: how often it is declared dead",
        columns=("paused", "declared_dead", "share_declared_dead", *FALSE, *TRAFFIC),
    )

    pause: int = options.duration((2 * SECOND, 3 * SECOND), "how long a member stands still")
    pauses: int = options.count(10, "how many members do, one after another, in one run")
    spacing: int = options.duration(
        10 * SECOND, "from the end of one to the next, at least", least=0
    )

    @property
    def needs(self) -> int:
        """Two must be left that one can wrong and the other see."""
        return self.pauses + 2

    def run(self, scene: Scene) -> Sample:
        """Pause some, one by one."""
        trial = rested(scene, self.pauses)
        world, ledger = trial.world, trial.ledger
        for member in trial.choose(self.pauses, sorted(ledger.troubled)):
            ledger.expect(world, member)
            world.inject(Pause(at=world.now, until=world.now + self.pause, members=(member,)))
            trial.run(self.pause + self.spacing + trial.draw(trial.jitter))
        sample = trial.finish()
        sample.count("paused", self.pauses)
        sample.count("declared_dead", sum(f.first is not None for f in ledger.failures))
        return sample

    def derive(self, counts: Mapping[str, int]) -> Row:
        """Return the share of pauses that ended in a death."""
        return {"share_declared_dead": ratio(counts, "declared_dead", "paused")}
