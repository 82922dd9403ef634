"""Clusters that trust different clusters hold different sets, for good: what that costs.

Each cluster trusts the next `trusted` ones after it, in a ring. Fingerprints of such bridges differ
always, and a comparison of two that find nothing to pull must not be repeated for ever. The same
fleet in which all trust all is the measure. Nothing changes in either.

It is shown that bridges that will never hold the same soon stop comparing, so that nothing but
probes moves, and that what a cluster does not trust is neither held there nor passed on: each
bridge holds the sets of those that its cluster trusts, its own, and no other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from failure_detect.clock import MINUTE, SECOND
from simulations import options
from simulations.experiment import Plan, ratio
from simulations.samples import Row, Sample
from simulations.sets.adoptions import moved
from simulations.sets.changes import FleetExperiment
from simulations.sets.safety import check_equal, check_held, check_machines
from simulations.sets.stage import Stage, Trusts, trusts_all
from simulations.trials import Scene


@dataclass(frozen=True, slots=True)
class RingTrust:
    """Each cluster trusts so many that follow it in a ring of `clusters`."""

    clusters: int
    trusted: int

    def __call__(self, viewer: int, other: int) -> Mapping[str, object] | None:
        """Return what `viewer` lets `other` serve; None where it does not trust it."""
        ahead = (other - viewer) % self.clusters
        return trusts_all(viewer, other) if 1 <= ahead <= self.trusted else None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnequalTrust(FleetExperiment):
    """Nothing happens between clusters that trust different ones."""

    plan: ClassVar[Plan] = Plan(
        name="unequal-trust",
        title="clusters trust different ones: what moves when nothing happens",
        columns=(
            "idle_bytes_per_member_s",
            "equal_bytes_per_member_s",
            "idle_ratio",
            "comparisons_per_minute",
            "settling_comparisons",
        ),
        configurations=("ours",),
        profile="wan",
        seeds=5,
    )

    clusters: int = options.count(12, "how many clusters there are", least=3)
    nodes: int = options.count(20, "how many nodes each has", least=3)
    bridges: int = options.count(2, "how many bridges each has")
    endpoints: int = options.count(50, "how many endpoints each of them has, in each cluster")
    trusted: int = options.count(6, "how many of the others each trusts")
    settling: int = options.duration(60 * SECOND, "how long they have to find that out")
    duration: int = options.duration(2 * MINUTE, "for how long it is counted then")

    def run(self, scene: Scene) -> Sample:
        """Count what moves, where trust is unequal and where it is not."""
        sample = Sample()
        stage = self._idle(scene, RingTrust(self.clusters, self.trusted), "idle", sample)
        for place in stage.running():
            viewer = stage.places[place]
            ahead = range(min(self.trusted, self.clusters - 1) + 1)
            check_held(
                stage, place, [stage.origin((viewer + each) % self.clusters) for each in ahead]
            )
        for viewer in range(self.clusters):
            check_equal(stage, stage.bridges_of(viewer))
        check_equal(self._idle(scene, trusts_all, "equal", sample))
        return sample

    def _idle(self, scene: Scene, trusts: Trusts, name: str, sample: Sample) -> Stage:
        stage = self.stage(scene, trusts=trusts)
        stage.warm(self.settling)
        before, compared = moved(stage), comparisons(stage)
        stage.run(self.duration)
        check_machines(stage)
        sample.count(f"{name}_bytes", moved(stage) - before)
        sample.count(f"{name}_us", self.duration * len(stage.running()))
        sample.count(f"{name}_comparisons", comparisons(stage) - compared)
        if name == "idle":
            sample.count("settling_comparisons", compared)
        sample.count("simulated_us", stage.world.now)
        return stage

    def derive(self, counts: Mapping[str, int]) -> Row:
        """Return rates: bytes per member and second, comparisons per member and minute."""
        idle, equal = (counts[f"{name}_us"] / SECOND for name in ("idle", "equal"))
        return {
            "idle_bytes_per_member_s": round(counts["idle_bytes"] / idle, 3),
            "equal_bytes_per_member_s": round(counts["equal_bytes"] / equal, 3),
            "idle_ratio": ratio(counts, "idle_bytes", "equal_bytes"),
            "comparisons_per_minute": round(60 * counts["idle_comparisons"] / idle, 4),
        }


def comparisons(stage: Stage) -> int:
    """Return how many comparisons all bridges have begun."""
    return sum(
        dict(stage.bridge(place).replicator.statistics().counts).get("comparisons", 0)
        for place in stage.running()
    )
