"""All agents of a cluster restart at once: it goes on above everything that it ever signed.

A process that starts again has forgotten the lease and its epoch, and finds on its disk what the
old one had kept, something older, or nothing. It may have been stopped while a version of its set
was on its way to the others, or while an epoch was being written into the Lease. Durations are in
microseconds.

It is shown that nothing healthy is withdrawn elsewhere, that no two sets ever claim one place in
the order, and that the next change comes everywhere once somebody has the lease.
"""

from dataclasses import dataclass
from typing import ClassVar

from discovery import publisher_events
from discovery.bridge_events import Effect
from discovery.state import KeptState
from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant
from simulations import options
from simulations.experiment import Plan
from simulations.samples import Sample
from simulations.sets.incidents import (
    IncidentExperiment,
    Signed,
    conclude,
    draw,
    flip,
    others,
    wait,
)
from simulations.sets.safety import check_exported
from simulations.sets.served import NONE, ServedLog, ready
from simulations.sets.stage import Stage
from simulations.trials import Scene

_REST: Duration = 3 * SECOND
_ROUND_TRIP: Duration = 5 * MILLISECOND
_BETWEEN: Duration = 100 * MILLISECOND
"""Within this of its publication a set has left its publisher, and not come everywhere."""

_DISKS = ("kept", "stale", "lost")
_MOMENTS = ("quiet", "publishing", "proposing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(IncidentExperiment):
    """All bridges of the last cluster stop at one instant, and new processes start."""

    plan: ClassVar[Plan] = Plan(
        name="restart",
        title="all agents of a cluster restart at once: when its next change is everywhere",
        columns=("publishes_s", "next_everywhere_s", "signed"),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    disk: str = options.choice(_DISKS, _DISKS, "what the new processes find on their disks")
    moment: str = options.choice(
        _MOMENTS, _MOMENTS, "what the cluster is about when they stop: an epoch is proposed twice"
    )
    before: int = options.count(3, "how many changes there were before")
    down: int = options.duration(1 * SECOND, "for how long nothing runs there")

    def run(self, scene: Scene) -> Sample:
        """Restart them, and let an endpoint change."""
        stage, sample, cluster = self.stage(scene), Sample(), self.struck
        signed = Signed(stage)
        stage.warm()
        log = ServedLog(stage, [cluster])
        old, flipped = dict(stage.disks), NONE
        for _ in range(self.before):
            flipped |= flip(stage, cluster)
            stage.run(_REST)
        stop = _Stop(stage, cluster)
        if self.moment == "publishing":
            stop.when(publisher_events.Published, draw(stage, _BETWEEN))
            flipped |= flip(stage, cluster)
        else:
            stop.now()
        wait(stage, lambda: stop.is_done, "all bridges of the cluster are stopped")
        disks = {"kept": dict(stage.disks), "stale": old, "lost": dict[int, KeptState]()}
        self._start(stage, stop, disks[self.disk])
        if self.moment == "proposing":
            stop.when(publisher_events.EpochProposed, draw(stage, _ROUND_TRIP))
            wait(stage, lambda: stop.is_done, "they are stopped while they propose an epoch")
            self._start(stage, stop, disks[self.disk])
        began, count = stage.world.now, len(signed.of(stage.origin(cluster)))
        flipped |= flip(stage, cluster)
        self._measure(stage, signed, began, count, sample)
        log.require_kept({cluster: ready(stage.exports[cluster]) - flipped}, others(stage, cluster))
        conclude(stage, sample)
        signed.require_rising(stage.origin(cluster))
        signed.require_no_evidence()
        check_exported(stage, stage.running()[0])
        sample.count("signed", len(signed.of(stage.origin(cluster))))
        return sample

    def _start(self, stage: Stage, stop: "_Stop", disks: dict[int, KeptState]) -> None:
        stage.run(self.down)
        for place in stop.take():
            stage.revive(place, disks)

    def _measure(
        self, stage: Stage, signed: Signed, began: Instant, count: int, sample: Sample
    ) -> None:
        """Wait for the first set that the new processes sign, and until all have it."""
        origin = stage.origin(self.struck)
        wait(stage, lambda: len(signed.of(origin)) > count, "the new processes publish")
        sample.add("publishes", stage.world.now - began)
        places = stage.running()

        def has_come() -> bool:
            newest = signed.of(origin)[-1].order
            held = (stage.bridge(place).catalog.get(origin) for place in places)
            return all(each is not None and each.manifest.order >= newest for each in held)

        wait(stage, has_come, "the next change is everywhere")
        sample.add("next_everywhere", stage.world.now - began)


class _Stop:
    """Stops all bridges of a cluster at once, now or in the middle of something."""

    def __init__(self, stage: Stage, cluster: int) -> None:
        self._stage, self._cluster = stage, cluster
        self._kind: type[Effect] | None = None
        self._delay: Duration = 0
        self._stopped: list[int] = []
        stage.listeners.append(self._on_said)

    @property
    def is_done(self) -> bool:
        """Whether they are stopped."""
        return bool(self._stopped)

    def now(self) -> None:
        """Stop them now."""
        self._stopped = self._stage.bridges_of(self._cluster)
        self._stage.world.crash(*self._stopped)

    def when(self, kind: type[Effect], delay: Duration) -> None:
        """Stop them `delay` microseconds after one of them says something of this kind."""
        self._kind, self._delay = kind, delay

    def take(self) -> list[int]:
        """Return the places where they were stopped, and be ready for another time."""
        stopped, self._stopped = self._stopped, []
        return stopped

    def _on_said(self, place: int, fact: Effect) -> None:
        if self._kind is None or self._stage.places[place] != self._cluster:
            return
        if isinstance(fact, self._kind):
            self._kind = None
            self._stage.world.at(self._stage.world.now + self._delay, self.now)
