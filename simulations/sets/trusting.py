"""Clusters that trust different clusters hold different sets, for good: what that costs.

Each cluster trusts the next `trusted` ones after it, in a ring. Fingerprints of such bridges differ
always, and a comparison of two that find nothing to pull must not be repeated for ever. The same
fleet in which all trust all is the measure. Nothing changes in either, at first; then endpoints of
all clusters change, one cluster after the other, so that each change is one that of most pairs of
bridges only one or none will ever hold.

It is shown that bridges that will never hold the same soon stop comparing, so that nothing but
probes moves; that they do not begin again whenever something changes that they do not share; and
that what a cluster does not trust is neither held there nor passed on: each bridge holds the sets
of those that its cluster trusts, its own, and no other, and of each the latest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from failure_detect.clock import MINUTE, SECOND
from simulations import options
from simulations.experiment import Plan, ratio
from simulations.samples import Row, Sample
from simulations.sets.adoptions import ChangeLog, moved
from simulations.sets.changes import SETTLES, FleetExperiment
from simulations.sets.safety import (
    UnsafeError,
    check_equal,
    check_held,
    check_machines,
    holdings,
)
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
    """Clusters that trust different ones: first nothing happens, then each change concerns few."""

    plan: ClassVar[Plan] = Plan(
        name="unequal-trust",
        title="clusters trust different ones: what moves when nothing happens",
        columns=(
            "idle_bytes_per_member_s",
            "equal_bytes_per_member_s",
            "idle_ratio",
            "comparisons_per_minute",
            "settling_comparisons",
            "changing_comparisons_per_minute",
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
    changing: int = options.duration(MINUTE, "for how long endpoints change after that")
    spacing: int = options.duration(SECOND, "how long after each change the next one comes")

    def fault(self) -> str | None:
        """Say why trust would not be unequal."""
        fault = FleetExperiment.fault(self)
        others = self.clusters - 1
        if fault is None and self.trusted >= others:
            return (
                f"--trusted {self.trusted}: there are {others} others, and some must be strangers"
            )
        return fault

    def run(self, scene: Scene) -> Sample:
        """Count what moves, where trust is unequal and where it is not."""
        sample = Sample()
        stage = self._idle(scene, RingTrust(self.clusters, self.trusted), "idle", sample)
        self._change(stage, sample)
        for place in stage.running():
            viewer = stage.places[place]
            ahead = range(min(self.trusted, self.clusters - 1) + 1)
            check_held(
                stage, place, [stage.origin((viewer + each) % self.clusters) for each in ahead]
            )
        _check_latest(stage)
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

    def _change(self, stage: Stage, sample: Sample) -> None:
        """Let an endpoint of one cluster after the other change, and count who compares."""
        log, number, before = ChangeLog(stage), 0, comparisons(stage)
        end = stage.world.now + self.changing
        while stage.world.now < end:
            log.flip(number % self.clusters)
            number += 1
            stage.run(min(self.spacing, end - stage.world.now))
        sample.count("changing_comparisons", comparisons(stage) - before)
        sample.count("changing_us", self.changing * len(stage.running()))
        stage.run(SETTLES)
        check_machines(stage)

    def derive(self, counts: Mapping[str, int]) -> Row:
        """Return rates: bytes per member and second, comparisons per member and minute."""
        idle, equal = (counts[f"{name}_us"] / SECOND for name in ("idle", "equal"))
        return {
            "idle_bytes_per_member_s": round(counts["idle_bytes"] / idle, 3),
            "equal_bytes_per_member_s": round(counts["equal_bytes"] / equal, 3),
            "idle_ratio": ratio(counts, "idle_bytes", "equal_bytes"),
            "comparisons_per_minute": round(60 * counts["idle_comparisons"] / idle, 4),
            "changing_comparisons_per_minute": round(
                60 * counts["changing_comparisons"] / (counts["changing_us"] / SECOND), 4
            ),
        }


def _check_latest(stage: Stage) -> None:
    """Raise where a bridge holds of any cluster another set than that cluster's own bridges."""
    owns = [holdings(stage, stage.bridges_of(each)[0]) for each in range(max(stage.places) + 1)]
    latest = {
        origin: owns[at][origin] for at, origin in enumerate(map(stage.origin, range(len(owns))))
    }
    for place in stage.running():
        for origin, held in holdings(stage, place).items():
            if held != latest[origin]:
                raise UnsafeError(f"{place} does not hold the latest set of {origin}")


def comparisons(stage: Stage) -> int:
    """Return how many comparisons all bridges have begun."""
    return sum(
        dict(stage.bridge(place).replicator.statistics().counts).get("comparisons", 0)
        for place in stage.running()
    )
