"""A node dies, or a cluster's pool falls into halves: what others serve of that cluster.

`node-down`: a node falls silent and its cluster's bridges find out, each a little later than the
one before. Measured from when a strict majority of them knows. `split`: a cluster's `lan` pool
falls into two halves that each find the other one dead. Durations are in microseconds.

It is shown that the word of a cluster's bridges takes dead nodes out everywhere, without publisher
and without API server; that one bridge alone, or against another that hears the node, withdraws
nothing; and that neither half of a split withdraws what lives.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant
from failure_detect.identity import NodeName
from simulations import options
from simulations.experiment import Plan
from simulations.faults import Partition
from simulations.samples import Sample
from simulations.sets.incidents import (
    IncidentExperiment,
    add_last,
    conclude,
    draw,
    others,
    wait,
)
from simulations.sets.pools import Pool
from simulations.sets.safety import UnsafeError
from simulations.sets.served import ServedLog, ready
from simulations.sets.stage import Stage
from simulations.trials import Scene

_REST: Duration = 3 * SECOND
_TENURE: Duration = 25 * SECOND
"""Longer than it takes another bridge to have the lease of one that died, and to publish."""

_LEASE_LASTS: Duration = 8 * SECOND
"""So long after its holder has died nobody else has the lease, and the pool knows of the death."""

_WITHOUT = ("nothing", "publisher", "api-server", "the-bridge-there")
_WAN = ("whole", "split", "severed")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDown(IncidentExperiment):
    """Nodes of one cluster fall silent, one after the other, and come back."""

    plan: ClassVar[Plan] = Plan(
        name="node-down",
        title="a node falls silent: when its endpoints are not ready in any view",
        columns=(
            "node_out_s",
            "node_out_everywhere_s",
            "back_s",
            "back_everywhere_s",
            "nodes_down",
        ),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    clusters: int = options.count(30, "how many clusters there are", least=2)
    incidents: int = options.count(5, "how many nodes fall silent, one after the other")
    spread: int = options.duration(
        500 * MILLISECOND, "over how long the cluster's bridges learn of it"
    )
    checks: int = options.duration(
        1 * SECOND, "how much later than its agent the node itself is found dead"
    )
    without: str = options.choice("nothing", _WITHOUT, "what the cluster has to do without")

    def run(self, scene: Scene) -> Sample:
        """Let nodes fall silent and answer again."""
        stage, sample = self.stage(scene), Sample()
        stage.warm()
        pool, log = Pool(stage, self.struck), ServedLog(stage, [self.struck])
        pool.acquaint()
        stage.run(_REST)
        stage.leases[self.struck].is_served = self.without != "api-server"
        self._doubt(stage, pool, log)
        for _ in range(self.incidents):
            down = _Silence(stage, pool, log, self)
            if self.without == "the-bridge-there":
                down.of_publisher()
            else:
                down.of(_pick(stage, _with_endpoints(stage, pool)))
            if self.without == "publisher":
                down.stop_publisher()
            down.measure(sample)
            stage.run((_REST if down.stopped is None else _TENURE) + draw(stage, SECOND))
        return conclude(stage, sample)

    def _doubt(self, stage: Stage, pool: Pool, log: ServedLog) -> None:
        """Let one bridge alone find a node dead; then all but one, which hears it."""
        node = _pick(stage, pool.plain_nodes())
        first, *rest = pool.bridges
        since, places = stage.world.now, others(stage, self.struck)
        pool.silent(first, node)
        stage.run(_REST)
        for place in rest[:-1]:
            at = stage.world.now + draw(stage, self.spread)
            stage.world.at(at, partial(pool.silent, place, node))
        stage.run(_REST)
        for place in (first, *rest[:-1]):
            pool.answered(place, node)
        stage.run(_REST)
        everything = ready(stage.exports[self.struck])
        if self.bridges > 1:
            log.require_kept({self.struck: everything}, places, since)


class _Silence:
    """One node that falls silent, and answers again."""

    def __init__(self, stage: Stage, pool: Pool, log: ServedLog, options_: NodeDown) -> None:
        self._stage, self._pool, self._log = stage, pool, log
        self._spread, self._checks = options_.spread, options_.checks
        self._began = stage.world.now
        self._node = pool.nodes[-1]
        self.stopped: int | None = None
        """Where the bridge that published was stopped."""

    def of(self, node: NodeName) -> None:
        """Let this node fall silent now."""
        self._node = node

    def of_publisher(self) -> None:
        """Let the node fall silent whose bridge publishes, and that bridge with it."""
        self.stopped = self._publisher()
        self._stage.world.crash_nodes(self.stopped)
        self._node = self._pool.node_of(self.stopped)

    def stop_publisher(self) -> None:
        """Stop the agent that publishes, and wait until it is known to be dead."""
        self.stopped = self._publisher()
        self._stage.world.crash(self.stopped)
        self._stage.run(_LEASE_LASTS)

    def _publisher(self) -> int:
        publisher = self._stage.publisher_of(self._pool.cluster)
        assert publisher is not None
        return publisher

    def measure(self, sample: Sample) -> None:
        """Let bridges find out, wait until all have drawn the consequence, and bring it back."""
        stage, log, cluster = self._stage, self._log, self._pool.cluster
        gone, places = ready(stage.exports[cluster], [self._node]), others(stage, cluster)
        healthy = ready(stage.exports[cluster]) - gone
        bridges = stage.bridges_of(cluster)
        majority = len(self._pool.bridges) // 2 + 1
        self._learn(bridges, self._pool.died)
        stage.run(self._checks)
        known = self._learn(bridges, self._pool.silent)[min(majority, len(bridges)) - 1]
        wait(stage, lambda: all(log.lacks(p, cluster, gone) for p in places), "a dead node is out")
        lost = {each.place: each.at for each in log.lost(cluster, gone, places, self._began)}
        add_last(sample, "node_out", "node_out_everywhere", (at - known for at in lost.values()))
        sample.count("nodes_down")
        stage.run(_REST)
        heard = self._come_back(bridges)
        wait(stage, lambda: all(log.has(p, cluster, gone) for p in places), "a node is back")
        back = log.gained(cluster, gone, places, heard)
        last = {each.place: each.at for each in back}
        add_last(sample, "back", "back_everywhere", (at - heard for at in last.values()))
        log.require_kept({cluster: healthy}, places, self._began)

    def _come_back(self, bridges: list[int]) -> Instant:
        """Let the node answer again; return when the first bridge hears it."""
        if self.stopped is not None:
            self._stage.revive(self.stopped)
            self._pool.acquaint(self.stopped)
            if self._node == self._pool.node_of(self.stopped):
                return self._learn(bridges, self._pool.joined)[0]
        return self._learn(bridges, self._pool.answered)[0]

    def _learn(self, bridges: list[int], tell: Callable[[int, NodeName], None]) -> list[Instant]:
        """Let these bridges learn something of the node; return when, rising."""
        stage, times = self._stage, list[Instant]()
        for place in bridges:
            at = stage.world.now + draw(stage, self._spread)
            stage.world.at(at, partial(tell, place, self._node))
            times.append(at)
        return sorted(times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split(IncidentExperiment):
    """The pool of one cluster falls into two halves, with bridges in both, and heals."""

    plan: ClassVar[Plan] = Plan(
        name="split",
        title="the pool of one cluster falls into two halves: what others serve of it",
        columns=("withdrawn", "cut_off", "called_down", "back_everywhere_s"),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    share: int = options.count(
        (50, 34, 67),
        "how many percent of the nodes are in the half with all bridges but one",
        most=99,
    )
    wan: str = options.choice(
        "whole",
        _WAN,
        "whether bridges still reach each other; severed: those of the second half reach nobody",
    )
    detection: int = options.duration(5 * SECOND, "over how long a half finds the other one dead")
    spread: int = options.duration(
        300 * MILLISECOND, "over how long the bridges of a half learn of one node"
    )
    lasting: int = options.duration(30 * SECOND, "how long it is split")

    def fault(self) -> str | None:
        """Say why there can be no such split."""
        alone = "there are bridges in both halves, and nobody objects to a sole one"
        fault = IncidentExperiment.fault(self)
        return fault or (f"--bridges {self.bridges}: {alone}" if self.bridges < 2 else None)

    def run(self, scene: Scene) -> Sample:
        """Split the pool, and heal it."""
        stage, sample = self.stage(scene), Sample()
        stage.warm()
        cluster = self.struck
        pool, log = Pool(stage, cluster), ServedLog(stage, [cluster])
        pool.acquaint()
        stage.run(_REST)
        healthy, places = ready(stage.exports[cluster]), others(stage, cluster)
        first, second = pool.halves(self.share)
        stage.world.inject(*self._partitions(stage, pool, second))
        for near, far in ((first, second), (second, first)):
            self._find_dead(stage, pool, pool.places_on(near), far)
        stage.run(self.lasting)
        _note(stage, pool, sample)
        healed = stage.world.now
        for near, far in ((first, second), (second, first)):
            for place in pool.places_on(near):
                at = healed + draw(stage, self.spread)
                stage.world.at(at, partial(pool.answered, place, *far))
        wait(stage, lambda: all(log.has(p, cluster, healthy) for p in places), "all is back")
        back = {each.place: each.at for each in log.gained(cluster, healthy, places, healed)}
        if back:
            sample.add("back_everywhere", max(back.values()) - healed)
        kept = healthy if self.wan != "severed" else ready(stage.exports[cluster], first)
        log.require_kept({cluster: kept}, places)
        lost = [each.lost for each in log.lost(cluster, healthy, places)]
        sample.count("withdrawn", len(frozenset().union(*lost)))
        conclude(stage, sample)
        if not all(log.has(place, cluster, healthy) for place in places):
            raise UnsafeError("healed, and something was withdrawn afterwards")
        return sample

    def _partitions(self, stage: Stage, pool: Pool, second: list[NodeName]) -> list[Partition]:
        few = tuple(pool.places_on(second))
        match self.wan:
            case "split":
                rest = tuple(place for place in pool.bridges if place not in few)
            case "severed":
                rest = tuple(place for place in stage.world.members if place not in few)
            case _:
                return []
        now = stage.world.now
        return [Partition(at=now, until=now + self.lasting, groups=(few, rest))]

    def _find_dead(
        self, stage: Stage, pool: Pool, places: list[int], nodes: list[NodeName]
    ) -> None:
        for node in nodes:
            found = stage.world.now + draw(stage, self.detection)
            for place in places:
                at = found + draw(stage, self.spread)
                stage.world.at(at, partial(pool.silent, place, node))


def _note(stage: Stage, pool: Pool, sample: Sample) -> None:
    """Count the bridges that presume themselves cut off, and the nodes that count as down."""
    bridges = [stage.bridge(place) for place in stage.bridges_of(pool.cluster)]
    sample.count("cut_off", sum(bridge.isolation.is_cut_off for bridge in bridges))
    viewer, origin = stage.bridge(0), stage.origin(pool.cluster)
    sample.count("called_down", len(viewer.nodes.nodes_down(origin)))


def _with_endpoints(stage: Stage, pool: Pool) -> list[NodeName]:
    exports = stage.exports[pool.cluster]
    return [node for node in pool.plain_nodes() if ready(exports, [node])]


def _pick(stage: Stage, nodes: Sequence[NodeName]) -> NodeName:
    return nodes[draw(stage, len(nodes))]
