"""A cluster is drained, and comes back: its weight goes down everywhere by each one's own clock.

Durations are in microseconds.

It is shown that each bridge ramps from when it heard of it, in equal steps, that nothing is
withdrawn meanwhile, and that all is as before when the drain is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from discovery.exports import Statements
from discovery.names import ServiceName
from discovery.ramps import DrainSeen
from discovery.records import RAMP_S_MAX, DrainRecord
from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant
from simulations import options
from simulations.experiment import Plan
from simulations.samples import Sample
from simulations.sets.incidents import IncidentExperiment, add_last, conclude, others, wait
from simulations.sets.leases import wall_ms
from simulations.sets.safety import UnsafeError
from simulations.sets.served import ServedLog, ready
from simulations.sets.stage import Stage
from simulations.trials import Scene

_LOOK: Duration = 500 * MILLISECOND
_FULL = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain(IncidentExperiment):
    """The last cluster is drained as a whole."""

    plan: ClassVar[Plan] = Plan(
        name="drain",
        title="a cluster is drained: when nobody sends it anything any more",
        columns=("heard_s", "drained_s", "drained_everywhere_s", "undrained_everywhere_s"),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    ramp: int = options.duration(
        30 * SECOND, "over how long its weight goes down, in whole seconds", least=SECOND
    )

    def fault(self) -> str | None:
        """Say why there can be no such fleet, or no such drain."""
        if self.ramp % SECOND or self.ramp > RAMP_S_MAX * SECOND:
            shown, most = options.show_duration(self.ramp), RAMP_S_MAX
            return f"--ramp {shown}: a drain states whole seconds, {most} at most"
        return IncidentExperiment.fault(self)

    def run(self, scene: Scene) -> Sample:
        """Drain it, watch the weights, and end the drain."""
        stage, sample, cluster = self.stage(scene), Sample(), self.struck
        stage.warm()
        log, healthy = ServedLog(stage, [cluster]), ready(stage.exports[cluster])
        places, began = others(stage, cluster), stage.world.now
        _state(stage, cluster, {None: self._record(began)})
        wait(stage, lambda: all(_seen(stage, p, cluster) for p in places), "all know of it")
        heard = _heard(stage, cluster, began)
        for place in places:
            sample.add("heard", heard[place] - began)
        done = self._ramp_down(stage, places, heard)
        add_last(sample, "drained", "drained_everywhere", (done[p] - heard[p] for p in places))
        ended = stage.world.now
        _state(stage, cluster, {})
        wait(stage, lambda: not any(_seen(stage, p, cluster) for p in places), "it is over")
        sample.add("undrained_everywhere", stage.world.now - ended)
        log.require_kept({cluster: healthy}, places)
        return conclude(stage, sample)

    def _record(self, now: Instant) -> DrainRecord:
        return DrainRecord(drain="drain-1", started_at_ms=wall_ms(now), ramp_s=self.ramp // SECOND)

    def _ramp_down(
        self, stage: Stage, places: list[int], heard: Mapping[int, Instant]
    ) -> dict[int, Instant]:
        """Look at the weights until all are nothing; return when each place obeyed."""
        done: dict[int, Instant] = {}
        limit = stage.world.now + self.ramp + 10 * SECOND
        while len(done) < len(places):
            if stage.world.now > limit:
                raise UnsafeError(f"not drained within {limit} us")
            stage.run(_LOOK)
            for place in places:
                seen = _seen(stage, place, self.struck)
                if seen is None:
                    raise UnsafeError(f"{place} forgot the drain")
                self._check(place, seen, stage.world.now - heard[place])
                if seen.is_obeyed:
                    done.setdefault(place, stage.world.now)
        return done

    def _check(self, place: int, seen: DrainSeen, passed: Duration) -> None:
        """Raise where a weight is not on the ramp, a step of 50 and the look's delay allowed."""
        wanted = max(0, _FULL - _FULL * passed // self.ramp)
        if not wanted <= seen.weight <= wanted + 100:
            raise UnsafeError(f"{place} gives {seen.weight} after {passed} us, not {wanted}")


def _state(stage: Stage, cluster: int, drains: Mapping[ServiceName | None, DrainRecord]) -> None:
    stage.state(cluster, Statements(drains=drains))


def _seen(stage: Stage, place: int, cluster: int) -> DrainSeen | None:
    origin = stage.origin(cluster)
    drains = stage.bridge(place).view.drains()
    return next((each for each in drains if each.origin == origin), None)


def _heard(stage: Stage, cluster: int, since: Instant) -> dict[int, Instant]:
    """Return when each place adopted the first set since then: the one with the drain."""
    found: dict[int, Instant] = {}
    for each in stage.sightings[stage.origin(cluster)]:
        if each.at >= since:
            found.setdefault(each.place, each.at)
    return found
