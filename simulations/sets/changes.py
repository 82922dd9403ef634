"""Endpoints change one by one: what that costs, and how soon everybody knows.

`change` lets one endpoint of a large service change, again and again, each time when all is quiet.
What is moved because of it is what the fleet moves more than the same fleet does, from the same
seed and for the same time, when nothing changes. `churn` lets clusters change all the time,
independently of each other. Durations are in microseconds.

It is shown that a change costs what changed: a signed manifest and a record or two for each bridge,
however large the service, and that it comes to every bridge in a round trip or three. In the end
all bridges hold exactly what the sources of all clusters say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from discovery.bridge_config import BridgeConfig
from failure_detect.clock import MILLISECOND, SECOND, Duration
from simulations import options
from simulations.experiment import Plan
from simulations.network import NetworkConfig
from simulations.randomness import generator
from simulations.samples import Sample
from simulations.sets.adoptions import ChangeLog, moved, moved_in_quiet
from simulations.sets.fleet import ClusterPlan, fleet, instants, size_fault
from simulations.sets.safety import UnsafeError, check_equal, check_exported, check_machines
from simulations.sets.stage import Stage, StageConfig, Trusts, trusts_all
from simulations.sets.wide import WideExperiment
from simulations.trials import Scene

SETTLES: Duration = 10 * SECOND
"""How long a fleet may take to be equal everywhere when nothing changes any more."""

_JITTER: Duration = 1_000 * MILLISECOND
"""Over how long instants are spread: a probe period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetExperiment(WideExperiment):
    """An experiment with equal clusters; its own options come after these."""

    clusters: int = options.count(11, "how many clusters there are", least=2)
    nodes: int = options.count(1_000, "how many nodes each has", least=3)
    bridges: int = options.count(3, "how many bridges each has")
    services: int = options.count(1, "how many services each exports")
    endpoints: int = options.count(5_000, "how many endpoints each of them has, in each cluster")

    def fault(self) -> str | None:
        """Say why there can be no such fleet, or no such links."""
        return WideExperiment.fault(self) or size_fault(
            clusters=self.clusters,
            nodes=self.nodes,
            bridges=self.bridges,
            services=self.services,
            endpoints=self.endpoints,
        )

    def stage(
        self,
        scene: Scene,
        network: NetworkConfig | None = None,
        trusts: Trusts = trusts_all,
        *,
        certified: bool = False,
        config: BridgeConfig | None = None,
    ) -> Stage:
        """Return a fleet of these options in which nothing runs yet."""
        pattern = ClusterPlan(
            number=0,
            nodes=self.nodes,
            bridges=self.bridges,
            services=self.services,
            endpoints=self.endpoints,
        )
        return Stage(
            StageConfig(
                plan=fleet(self.clusters, pattern),
                seed=scene.seed,
                network=network or self.network(),
                config=BridgeConfig() if config is None else config,
                trusts=trusts,
                certified=certified,
            )
        )

    def caused(self, scene: Scene, happen: Callable[[Stage], None]) -> tuple[Stage, int]:
        """Let something happen to a warm fleet; return it, and the bytes moved because of it.

        That is what is moved in all, less what the same fleet moves in the same time when nothing
        happens; never below 0, since chance may have it that quiet costs more.
        """
        stage = self.stage(scene)
        stage.warm()
        began, before = stage.world.now, moved(stage)
        happen(stage)
        lasting, in_all = stage.world.now - began, moved(stage) - before
        quiet = self.stage(scene)
        quiet.warm()
        return stage, max(0, in_all - moved_in_quiet(quiet, began, lasting))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOne(FleetExperiment):
    """One endpoint changes when all is quiet, by turns in every cluster."""

    plan: ClassVar[Plan] = Plan(
        name="change",
        title="one endpoint of a large service changes: what is moved, and when all know",
        columns=("change_bytes", "adoption_s", "everywhere_s", "changed"),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    changes: int = options.count(10, "how many times one changes, one after the other")
    spacing: int = options.duration(5 * SECOND, "how long it is quiet after each, at least")

    def run(self, scene: Scene) -> Sample:
        """Change one endpoint after the other."""
        sample, logs = Sample(), list[ChangeLog]()

        def happen(stage: Stage) -> None:
            log = ChangeLog(stage)
            logs.append(log)
            for number in range(self.changes):
                log.flip(number % self.clusters)
                stage.run(self.spacing + int(stage.world.rng.random() * _JITTER))

        stage, caused = self.caused(scene, happen)
        sample.measure("change_bytes", caused // self.changes)
        sample.count("changed", self.changes)
        return concluded(stage, logs[0], sample)


@dataclass(frozen=True, slots=True, kw_only=True)
class Churn(FleetExperiment):
    """Endpoints change all the time, in any service of any cluster."""

    plan: ClassVar[Plan] = Plan(
        name="churn",
        title="endpoints of all clusters change all the time: what each change costs",
        columns=("change_bytes", "adoption_s", "everywhere_s", "changed", "versions"),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    rate: int = options.count(20, "how many endpoints change in a second, over all clusters")
    duration: int = options.duration(30 * SECOND, "for how long they change")

    def run(self, scene: Scene) -> Sample:
        """Let endpoints change at their rate, then wait until all is quiet."""
        sample, logs = Sample(), list[ChangeLog]()
        rng = generator(scene.seed, "churn")
        times = instants(rng, self.rate, self.duration)
        if not times:
            raise UnsafeError("nothing changed: it takes a higher --rate or a longer --duration")

        def happen(stage: Stage) -> None:
            log = ChangeLog(stage)
            logs.append(log)
            began = stage.world.now
            for at in times:
                stage.world.run_until(began + at)
                _churn(stage, log, int(rng.random() * self.clusters))
            stage.world.run_until(began + self.duration + SETTLES)

        stage, caused = self.caused(scene, happen)
        sample.measure("change_bytes", caused // max(1, len(times)))
        sample.count("changed", len(times))
        sample.measure("versions", sum(map(len, logs[0].versions.values())))
        return concluded(stage, logs[0], sample)


def _churn(stage: Stage, log: ChangeLog, cluster: int) -> None:
    exports = stage.exports[cluster]
    before = {service: exports.endpoints(service) for service in exports.services}
    exports.churn()
    log.say(cluster, *(each for each in before if exports.endpoints(each) != before[each]))


def check_end(stage: Stage) -> None:
    """Check that nothing was lost: all bridges hold what the sources of all clusters say."""
    check_machines(stage)
    check_equal(stage)
    check_exported(stage, stage.running()[0])


def concluded(stage: Stage, log: ChangeLog, sample: Sample) -> Sample:
    """Check that nothing was lost, and add how soon every change was everywhere."""
    check_end(stage)
    log.measure(sample)
    sample.count("simulated_us", stage.world.now)
    return sample
