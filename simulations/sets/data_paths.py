"""The traffic between two clusters is shut, and their bridges go on to reach each other.

What connections find is played here: who is asked answers after the round trip of the two clusters,
and nobody answers where the traffic is shut. Now and then an endpoint is dead as well, and its own
cluster does not say so. Durations are in microseconds.

It is shown that both hold each other in the last tier soon after it was shut, and soon after it is
open no more; that nobody else does; that a dead endpoint alone shuts nothing; and that the pace of
connections is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, TypeAlias

from discovery.bridge_events import Effect
from discovery.data_path import ConnectRequested, PathTried
from discovery.data_path_config import DataPathConfig
from discovery.names import Origin
from discovery.standing import Verdict
from failure_detect.clock import MILLISECOND, MINUTE, SECOND, Duration, Instant
from simulations import options
from simulations.experiment import Plan
from simulations.samples import Row, Sample
from simulations.sets.changes import FleetExperiment
from simulations.sets.incidents import wait
from simulations.sets.paths import StandingWatch
from simulations.sets.safety import UnsafeError, check_machines
from simulations.sets.stage import Stage
from simulations.trials import Scene

_LIMIT: Duration = 2 * MINUTE
_CONFIG = DataPathConfig()
_Judged: TypeAlias = frozenset[tuple[int, Origin]]
"""Who holds whom: places of bridges, and clusters."""

_NOBODY: _Judged = frozenset()


class Roads:
    """Answers what bridges try."""

    def __init__(self, stage: Stage, dead_percent: int) -> None:
        """Answer from now on; so many percent of all connections meet a dead endpoint."""
        self.tried = 0
        self.is_shut = False
        """Whether the traffic between the first two clusters is."""
        self._stage = stage
        self._dead_percent = dead_percent
        self._last: dict[int, Instant] = {}
        self._numbers = {stage.origin(at): at for at in range(max(stage.places) + 1)}
        stage.listeners.append(self._on_said)

    def _on_said(self, place: int, fact: Effect) -> None:
        if not isinstance(fact, ConnectRequested):
            return
        world, self.tried = self._stage.world, self.tried + 1
        now = world.local_time(place)
        if now - self._last.get(place, -SECOND) < _CONFIG.gap:
            raise UnsafeError(f"{place} connects {now - self._last[place]} us after it did last")
        self._last[place] = now
        ends = {self._stage.places[place], self._numbers[fact.origin]}
        is_dead = world.rng.random() * 100 < self._dead_percent
        answered = not is_dead and not (self.is_shut and ends == {0, 1})
        after = 100 * MILLISECOND if answered else fact.timeout
        process = world.member_id(place)
        told = partial(self._tell, place, process, PathTried(fact.attempt, answered))
        world.at(world.now + after, told)

    def _tell(self, place: int, process: bytes, event: PathTried) -> None:
        world = self._stage.world
        if world.is_up(place) and world.member_id(place) == process:
            self._stage.tell(place, event)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPaths(FleetExperiment):
    """The traffic between the first two clusters is shut for a while."""

    plan: ClassVar[Plan] = Plan(
        name="data-path",
        title="traffic between two clusters is shut, while their bridges reach each other",
        columns=("path_shut_s", "path_open_s", "tried_per_minute"),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    clusters: int = options.count(5, "how many clusters there are", least=3)
    nodes: int = options.count(20, "how many nodes each has", least=3)
    endpoints: int = options.count(40, "how many endpoints each of them has, in each cluster")
    dead: int = options.count(5, "how many percent of connections meet a dead endpoint", most=20)
    settling: int = options.duration(60 * SECOND, "how long it stays so, open or shut")

    def run(self, scene: Scene) -> Sample:
        """Shut it, and open it again."""
        stage, sample = self.stage(scene), Sample()
        watch, roads = StandingWatch(stage), Roads(stage, self.dead)
        stage.warm()
        stage.run(self.settling)
        self._require(stage, watch, _NOBODY)
        both = frozenset(
            (place, stage.origin(other))
            for cluster, other in ((0, 1), (1, 0))
            for place in stage.bridges_of(cluster)
        )
        for is_shut, name in ((True, "path_shut"), (False, "path_open")):
            at, roads.is_shut = stage.world.now, is_shut
            wanted = Verdict.DEGRADED if is_shut else Verdict.LIVE
            reached = partial(_all_are, watch, both, wanted)
            wait(stage, reached, f"both hold each other for {wanted}", _LIMIT)
            sample.add(name, stage.world.now - at)
            self._require(stage, watch, both if is_shut else _NOBODY)
            stage.run(self.settling)
        self._require(stage, watch, _NOBODY)
        watch.require_none_lost()
        check_machines(stage)
        sample.count("tried", roads.tried)
        sample.count("tried_us", stage.world.now * len(stage.running()))
        sample.count("simulated_us", stage.world.now)
        return sample

    def derive(self, counts: Mapping[str, int]) -> Row:
        """Return how many connections a bridge makes in a minute."""
        return {"tried_per_minute": round(counts["tried"] * MINUTE / counts["tried_us"], 2)}

    def _require(self, stage: Stage, watch: StandingWatch, shut: _Judged) -> None:
        """Raise where anybody else holds another cluster for degraded."""
        for key, verdict in watch.now.items():
            if verdict is Verdict.DEGRADED and key not in shut:
                raise UnsafeError(f"{key[0]} holds {key[1]} for {verdict} at {stage.world.now}")


def _all_are(watch: StandingWatch, keys: _Judged, verdict: Verdict) -> bool:
    return all(watch.now.get(key) is verdict for key in keys)
