"""What each part of Lifeguard is worth: the paper's table, with ours beside it.

Durations are in microseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from failure_detect.clock import MILLISECOND, SECOND
from simulations import options
from simulations.experiment import Experiment, Plan, turns_fault
from simulations.samples import Row, Sample
from simulations.swim.anomalies import QUIESCE, Interval, block
from simulations.swim.columns import DETECTION, FALSE, TRAFFIC
from simulations.trials import Scene, rested


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation(Experiment):
    """Two experiments of the paper in one: Interval for the errors, Threshold for the latency."""

    plan: ClassVar[Plan] = Plan(
        name="ablation",
        title="SWIM, each part of Lifeguard alone, all of it, memberlist, and ours",
        columns=(*FALSE, "false_positives_per_run", *DETECTION, *TRAFFIC, "messages", "bytes"),
        configurations=(
            "swim",
            "swim+lha-probe",
            "swim+lha-suspicion",
            "swim+buddy",
            "lifeguard",
            "memberlist",
            "ours",
        ),
        merges_cells=True,
        seeds=2,
    )

    concurrent: int = options.count((1, 4, 16), "C: how many members block, in step")
    blocked: int = options.duration(
        (2_048 * MILLISECOND, 16_384 * MILLISECOND), "D: how long they block"
    )
    between: int = options.duration(
        (64 * MILLISECOND, 4_096 * MILLISECOND), "I: how long they breathe between", least=0
    )
    duration: int = options.duration(120 * SECOND, "for how long the whole goes on")
    threshold: int = options.duration(
        32_768 * MILLISECOND, "how long they block in the run for the latency"
    )

    @property
    def needs(self) -> int:
        """Two must be left that one can wrong and the other see."""
        return self.concurrent + 2

    def fault(self) -> str | None:
        """Not too many blocks."""
        return turns_fault(self.duration, self.blocked, self.between)

    def run(self, scene: Scene) -> Sample:
        """Run Interval for the counts and Threshold for the latency."""
        interval = Interval(
            concurrent=self.concurrent,
            blocked=self.blocked,
            between=self.between,
            duration=self.duration,
        )
        sample = interval.run(scene)
        latency = self._threshold(scene)
        sample.durations = latency.durations
        for name in ("failures", "missed"):
            sample.count(name, latency.counts[name])
        return sample

    def _threshold(self, scene: Scene) -> Sample:
        """Block once, for long, and see when that is found."""
        trial = rested(scene, self.concurrent, quiet=QUIESCE)
        for member in sorted(trial.ledger.troubled):
            trial.ledger.expect(trial.world, member)
        block(trial, self.threshold, 0, self.threshold)
        return trial.finish_with_detection()

    def derive(self, counts: Mapping[str, int]) -> Row:
        """Return the totals that the paper has, and the rate per run."""
        return {
            **Interval().derive(counts),
            "messages": counts["datagrams"] + counts["streams"],
            "bytes": counts["datagram_bytes"] + counts["stream_bytes"],
        }
