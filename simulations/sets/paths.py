"""Paths that are missing or slow: who has no direct one, and who cannot keep up.

`relay` cuts all paths between the bridges of two clusters, for good; both change by turns. In
`fast-origin` a service changes faster than the access link of one bridge elsewhere can pull: many
records at each step, more than a rumour has room for. The same fleet runs once more with no slow
link, to tell whether anybody else is delayed by the one.

It is shown that what a cluster signed comes through others as if they were wires, that those two
hold each other in the last tier and never for lost while others see them alive; and that a bridge
behind a slow link goes on to adopt newer sets, each whole, while all others go at their own pace.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from discovery.bridge_events import Effect
from discovery.standing import Verdict
from discovery.verdict_events import StandingChanged
from failure_detect.clock import MILLISECOND, SECOND, Duration
from simulations import options
from simulations.experiment import Plan, ratio
from simulations.faults import Partition
from simulations.network import NetworkConfig
from simulations.samples import Row, Sample
from simulations.sets.adoptions import ChangeLog
from simulations.sets.changes import SETTLES, FleetExperiment, check_end
from simulations.sets.safety import UnsafeError
from simulations.sets.stage import Stage
from simulations.trials import Scene, check_vacuity

_CATCHES_UP: Duration = 60 * SECOND
"""How long the slow bridge may take until it holds the last version."""

_KILO = 1_000


class StandingWatch:
    """Keeps what bridges hold of other clusters, now and ever."""

    def __init__(self, stage: Stage) -> None:
        """Watch all bridges from now on."""
        self.now: dict[tuple[int, str], Verdict] = {}
        self._ever: dict[tuple[tuple[int, str], Verdict], None] = {}
        stage.listeners.append(self._on_said)

    def _on_said(self, place: int, fact: Effect) -> None:
        if isinstance(fact, StandingChanged):
            key = (place, fact.origin)
            self.now[key] = fact.standing.verdict
            self._ever[key, fact.standing.verdict] = None

    def require_none_lost(self) -> None:
        """Raise UnsafeError where a cluster was ever held for lost or gone."""
        for (place, origin), verdict in self._ever:
            if verdict is Verdict.UNREACHABLE or not verdict.serves:
                words = f"{place} held {origin}, which others saw alive, for {verdict}"
                raise UnsafeError(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay(FleetExperiment):
    """No direct path between the first two clusters."""

    plan: ClassVar[Plan] = Plan(
        name="relay",
        title="two clusters have no direct path: when changes come through others",
        columns=("direct_s", "relayed_s", "changed", "degraded_share"),
        configurations=("ours",),
        profile="wan",
        seeds=5,
    )

    clusters: int = options.count(6, "how many clusters there are", least=3)
    nodes: int = options.count(50, "how many nodes each has", least=3)
    endpoints: int = options.count(200, "how many endpoints each of them has, in each cluster")
    changes: int = options.count(20, "how many times one changes, by turns in either")
    spacing: int = options.duration(2 * SECOND, "how long it is quiet after each")
    settling: int = options.duration(60 * SECOND, "how long the cut lasts before the first")

    def run(self, scene: Scene) -> Sample:
        """Cut them apart, and let both change."""
        stage = self.stage(scene)
        watch = StandingWatch(stage)
        stage.warm()
        sides = tuple(tuple(stage.bridges_of(cluster)) for cluster in (0, 1))
        stage.world.strike(Partition(groups=sides))
        stage.run(self.settling)
        log = ChangeLog(stage)
        for number in range(self.changes):
            log.flip(number % 2)
            stage.run(self.spacing + int(stage.world.rng.random() * SECOND))
        stage.run(self.spacing)
        check_vacuity(stage.world)
        check_end(stage)
        sample = Sample()
        for change in log.changes:
            for place, at in log.arrivals(change).items():
                if stage.places[place] > 1:
                    sample.add("direct", at - change.at)
                elif stage.places[place] != change.cluster:
                    sample.add("relayed", at - change.at)
        self._judge(stage, watch, sample)
        sample.count("changed", self.changes)
        sample.count("simulated_us", stage.world.now)
        return sample

    def _judge(self, stage: Stage, watch: StandingWatch, sample: Sample) -> None:
        """Count who holds the other in the last tier; raise where one is held for lost."""
        watch.require_none_lost()
        for cluster, other in ((0, 1), (1, 0)):
            for place in stage.bridges_of(cluster):
                sample.count("cut_off")
                verdict = watch.now.get((place, stage.origin(other)))
                sample.count("degraded", verdict is Verdict.DEGRADED)

    def derive(self, counts: Mapping[str, int]) -> Row:
        """Return which share of the bridges of the two held the other in the last tier."""
        return {"degraded_share": ratio(counts, "degraded", "cut_off")}


@dataclass(frozen=True, slots=True, kw_only=True)
class FastOrigin(FleetExperiment):
    """The first cluster changes faster than the last bridge can pull."""

    plan: ClassVar[Plan] = Plan(
        name="fast-origin",
        title="an origin changes faster than a slow link can pull",
        columns=(
            "versions",
            "slow_adopted",
            "gap_s",
            "staleness_s",
            "caught_up_s",
            "others_s",
            "others_alone_s",
        ),
        configurations=("ours",),
        profile="wan",
        seeds=5,
    )

    clusters: int = options.count(6, "how many clusters there are", least=3)
    nodes: int = options.count(100, "how many nodes each has", least=3)
    bridges: int = options.count(2, "how many bridges each has")
    endpoints: int = options.count(1_000, "how many endpoints each of them has, in each cluster")
    kilobits: int = options.count(128, "what the slow link lets through, kbit/s each way")
    flips: int = options.count(60, "how many endpoints change at each step")
    every: int = options.duration(250 * MILLISECOND, "how often there is a step")
    duration: int = options.duration(30 * SECOND, "for how long")

    def run(self, scene: Scene) -> Sample:
        """Let it change, once with the slow link and once without."""
        sample, slow = Sample(), self.clusters * self.bridges - 1
        stage, log = self._changing(scene, self.network((slow,), self.kilobits * _KILO))
        ends, versions = stage.world.now, log.versions.get(stage.origin(0))
        if not versions:
            raise UnsafeError("nothing was published: so many flips undo each other")
        last = versions[-1]
        if not stage.run_until(lambda: log.has_come(last, slow), _CATCHES_UP):
            raise UnsafeError(f"the slow bridge has not {last.order} after {_CATCHES_UP} us")
        sample.add("caught_up", stage.world.now - ends)
        stage.run(SETTLES)
        check_end(stage)
        self._measure_slow(stage, log, slow, sample)
        _measure_others(log, slow, "others", sample)
        sample.measure("versions", len(log.versions[stage.origin(0)]))
        sample.count("simulated_us", stage.world.now)
        unhindered, log = self._changing(scene, self.network())
        unhindered.run(SETTLES)
        _measure_others(log, slow, "others_alone", sample)
        return sample

    def _changing(self, scene: Scene, network: NetworkConfig) -> tuple[Stage, ChangeLog]:
        """Return a fleet on such a network that has changed for its time."""
        stage = self.stage(scene, network)
        stage.warm()
        log = ChangeLog(stage)
        exports, until = stage.exports[0], stage.world.now + self.duration
        service = exports.services[0]
        while stage.world.now < until:
            for _ in range(self.flips):
                exports.flip(service)
            log.say(0, service)
            stage.run(self.every)
        return stage, log

    def _measure_slow(self, stage: Stage, log: ChangeLog, slow: int, sample: Sample) -> None:
        """Note the gaps between adoptions of the slow bridge, and how old was what it adopted."""
        origin = stage.origin(0)
        versions = {each.order: each.at for each in log.versions[origin]}
        before = log.changes[0].at
        for seen in stage.sightings[origin]:
            if seen.place == slow and seen.order in versions:
                sample.add("gap", seen.at - before)
                sample.add("staleness", seen.at - versions[seen.order])
                sample.count("slow_adopted")
                before = seen.at


def _measure_others(log: ChangeLog, slow: int, name: str, sample: Sample) -> None:
    """Note how soon all but the slow bridge had each change."""
    for change in log.changes:
        for place, at in log.arrivals(change).items():
            if place != slow:
                sample.add(name, at - change.at)
