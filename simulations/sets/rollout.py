"""A Deployment rolls: pod by pod its endpoints come, are ready, terminate and go.

Steps come at equal intervals, `surge` pods at a time; each is told to the cluster's bridges as the
API server would tell it. What is moved because of it is counted as in `change`. One bridge of
another cluster takes the diff of its view whenever it is told that there may be one, as an agent
does that writes EndpointSlices or routes.

It is shown that a rollout costs as many versions as the publisher's pace allows, and no more, that
a bridge is told of changes as seldom as that, and that the last step comes as soon as the first.
"""

from dataclasses import dataclass
from typing import ClassVar

from discovery.bridge_events import Effect, ViewTouched
from failure_detect.clock import MINUTE
from simulations import options
from simulations.experiment import Plan
from simulations.samples import Sample
from simulations.sets.adoptions import ChangeLog
from simulations.sets.changes import SETTLES, FleetExperiment, check_end
from simulations.sets.stage import Stage
from simulations.trials import Scene

_STEPS = 4
"""Of each batch of pods: there, ready, terminating, gone."""


class ViewWatch:
    """Takes the diff of one bridge's view whenever it says that there may be one."""

    def __init__(self, stage: Stage, place: int) -> None:
        """Watch the bridge at `place`, from now on."""
        self.diffs = 0
        """How many diffs named a service."""
        self._stage, self._place = stage, place
        stage.bridge(place).view.take_diff()
        stage.listeners.append(self._on_said)

    def _on_said(self, place: int, fact: Effect) -> None:
        if place == self._place and isinstance(fact, ViewTouched):
            self.diffs += bool(self._stage.bridge(place).view.take_diff())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout(FleetExperiment):
    """The first service of the first cluster rolls."""

    plan: ClassVar[Plan] = Plan(
        name="rollout",
        title="a Deployment rolls: bytes, versions, and changes of a view elsewhere",
        columns=(
            "rollout_bytes",
            "steps",
            "versions",
            "view_changes",
            "step_adoption_s",
            "last_step_s",
        ),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    clusters: int = options.count(11, "how many clusters there are", least=2)
    nodes: int = options.count(100, "how many nodes each has", least=3)
    endpoints: int = options.count(500, "how many pods the Deployment has, in each cluster")
    surge: int = options.count(5, "how many pods are replaced at a time")
    duration: int = options.duration(2 * MINUTE, "how long the rollout takes")

    def run(self, scene: Scene) -> Sample:
        """Let it roll."""
        sample, logs, watches = Sample(), list[ChangeLog](), list[ViewWatch]()

        def happen(stage: Stage) -> None:
            logs.append(ChangeLog(stage))
            watches.append(ViewWatch(stage, stage.running()[-1]))
            self._roll(stage, logs[0])
            stage.run(SETTLES)

        stage, caused = self.caused(scene, happen)
        log, watch = logs[0], watches[0]
        check_end(stage)
        sample.measure("rollout_bytes", caused)
        sample.measure("steps", len(log.changes))
        sample.measure("versions", len(log.versions[stage.origin(0)]))
        sample.measure("view_changes", watch.diffs)
        for change in log.changes:
            for at in log.arrivals(change).values():
                sample.add("step_adoption", at - change.at)
        last = log.changes[-1]
        for at in log.arrivals(last).values():
            sample.add("last_step", at - last.at)
        sample.count("simulated_us", stage.world.now)
        return sample

    def _roll(self, stage: Stage, log: ChangeLog) -> None:
        exports = stage.exports[0]
        service = exports.services[0]
        steps = _STEPS * -(-self.endpoints // self.surge)
        began = stage.world.now
        for number, _ in enumerate(exports.roll(service, surge=self.surge)):
            stage.world.run_until(began + number * self.duration // steps)
            log.say(0, service)
