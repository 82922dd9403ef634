"""Bridges that lack something: everything, or one record.

`join` lets the only bridge of a cluster start with nothing where a few bridges hold the sets of
hundreds of clusters; it asks for all of them at once. `two-differ` starts two bridges that hold the
sets of as many clusters, equal but for one record: one was away when that changed, so that no
rumour tells it. No publisher runs there, since what those say would be a difference as well.

It is shown that a catalog comes at the speed of the link, at no more bytes than it has when every
set is compressed on its own, and that what differs is found, and repaired, by a comparison and a
pull.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar
from zlib import compress

from discovery.recordset import RecordSet
from discovery.state import KeptSet, KeptState
from failure_detect.clock import MINUTE, SECOND, Duration
from failure_detect.packing import Packable, pack
from simulations import options
from simulations.experiment import Plan, ratio
from simulations.samples import Row, Sample
from simulations.sets.exports import edited
from simulations.sets.fleet import CLUSTERS_MAX, ClusterPlan, fleet, size_fault
from simulations.sets.safety import UnsafeError, check_equal, check_machines, holdings
from simulations.sets.stage import Stage, StageConfig
from simulations.sets.wide import WideExperiment
from simulations.trials import Scene

LIMIT: Duration = 5 * MINUTE
"""How long a bridge may take to hold everything; one that does not by then fails the run."""

_REST: Duration = 5 * SECOND
_ZLIB_LEVEL = 6


def compressed_bytes(sets: Iterable[KeptSet]) -> int:
    """Return how many bytes sets take, each with its manifest packed and compressed by zlib."""
    return sum(len(compress(_packed(each), _ZLIB_LEVEL)) for each in sets)


def _packed(kept: KeptSet) -> bytes:
    pairs: list[Packable] = [part for pair in kept.records for part in pair]
    return pack([kept.manifest.raw, pairs])


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(WideExperiment):
    """A bridge starts with nothing and asks for everything."""

    plan: ClassVar[Plan] = Plan(
        name="join",
        title="a bridge enters a large fleet: how soon it holds all, and for how many bytes",
        columns=(
            "joined_s",
            "catalog_bytes",
            "catalog_zlib_bytes",
            "received_bytes",
            "received_ratio",
            "received_wire_ratio",
            "pulls",
        ),
        configurations=("ours",),
        profile="wan",
        seeds=3,
    )

    origins: int = options.count(511, "how many other clusters there are", most=511)
    providers: int = options.count(3, "how many of these have a bridge here")
    services: int = options.count(20, "how many services each exports")
    endpoints: int = options.count(50, "how many endpoints each of them has")
    nodes: int = options.count(100, "how many nodes each has")

    def fault(self) -> str | None:
        """Say why there can be no such fleet, or no such links."""
        if self.providers > self.origins:
            return f"--providers {self.providers}: there are {self.origins} other clusters"
        return WideExperiment.fault(self) or size_fault(
            nodes=self.nodes, services=self.services, endpoints=self.endpoints
        )

    def run(self, scene: Scene) -> Sample:
        """Let one bridge enter."""
        stage = self._stage(scene)
        joiner = stage.world.members[-1]
        stage.warm(places=stage.world.members[:-1])
        began, before = stage.world.now, _Received(stage, joiner)
        stage.enter(joiner)
        holds_all = stage.run_until(lambda: _holds(stage, joiner) > self.origins, LIMIT)
        if not holds_all:
            raise UnsafeError(f"it holds {_holds(stage, joiner)} sets after {LIMIT // SECOND} s")
        sample, after = Sample(), _Received(stage, joiner)
        sample.add("joined", stage.world.now - began)
        sample.measure("catalog_bytes", sum(each.records.size_bytes for each in stage.first_sets))
        sample.measure("received_bytes", after.payload - before.payload)
        due = compressed_bytes(stage.first_sets)
        sample.measure("catalog_zlib_bytes", due)
        counts = dict(stage.bridge(joiner).replicator.statistics().counts)
        sample.measure("pulls", counts["pulls"])
        sample.count("bytes_came", after.payload - before.payload)
        sample.count("wire_bytes_came", after.wire - before.wire)
        sample.count("bytes_due", due)
        stage.run(_REST)
        check_machines(stage)
        check_equal(stage)
        sample.count("simulated_us", stage.world.now)
        return sample

    def derive(self, counts: Mapping[str, int]) -> Row:
        """Return what came by what was due."""
        return {
            "received_ratio": ratio(counts, "bytes_came", "bytes_due"),
            "received_wire_ratio": ratio(counts, "wire_bytes_came", "bytes_due"),
        }

    def _stage(self, scene: Scene) -> Stage:
        pattern = ClusterPlan(
            number=0,
            nodes=self.nodes,
            bridges=1,
            services=self.services,
            endpoints=self.endpoints,
        )
        plan = fleet(self.origins + 1, pattern)
        holders = self.providers + 1
        return Stage(
            StageConfig(plan=plan, seed=scene.seed, network=self.network(), holders=holders)
        )


def _holds(stage: Stage, place: int) -> int:
    return len(stage.bridge(place).catalog)


class _Received:
    """What has come to one place until now, or was sent by all others."""

    def __init__(self, stage: Stage, place: int) -> None:
        """Count: `payload` is datagrams and answers, in clear; `wire` all that others sent."""
        world = stage.world
        others = [world.traffic(each) for each in world.members if each != place]
        answers = sum(each.response_bytes_sent for each in others)
        self.payload = world.traffic(place).datagram_bytes_received + answers
        self.wire = sum(each.wire_bytes_sent for each in others)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoDiffer(WideExperiment):
    """Two bridges of different clusters hold the same, but for one record of one set."""

    plan: ClassVar[Plan] = Plan(
        name="two-differ",
        title="two catalogs differ in one record: what it takes to find it, and to have it",
        columns=("repaired_s", "requests", "repair_bytes"),
        configurations=("ours",),
        profile="wan",
        seeds=10,
    )

    origins: int = options.count(
        200, "of how many clusters they hold sets", least=3, most=CLUSTERS_MAX
    )
    services: int = options.count(10, "how many services each exports")
    endpoints: int = options.count(50, "how many endpoints each of them has")
    nodes: int = options.count(50, "how many nodes each has")

    def fault(self) -> str | None:
        """Say why there can be no such fleet, or no such links."""
        return WideExperiment.fault(self) or size_fault(
            nodes=self.nodes, services=self.services, endpoints=self.endpoints
        )

    def run(self, scene: Scene) -> Sample:
        """Let them meet."""
        pattern = ClusterPlan(
            number=0,
            nodes=self.nodes,
            bridges=1,
            services=self.services,
            endpoints=self.endpoints,
        )
        plan = fleet(self.origins, pattern)
        stage = Stage(StageConfig(plan=plan, seed=scene.seed, network=self.network(), holders=2))
        for lease in stage.leases:
            lease.is_served = False
        changed = int(stage.world.rng.random() * (self.origins - 2)) + 2
        newer = self._newer(stage, changed)
        stage.warm(0, states={0: newer})
        began, origin = stage.world.now, stage.origin(changed)
        wanted = newer.sets[changed].records.root
        if not stage.run_until(
            lambda: holdings(stage, 1).get(origin, ((), b""))[1] == wanted, LIMIT
        ):
            raise UnsafeError(f"what differs in {origin} was not found in {LIMIT // SECOND} s")
        sample = Sample()
        sample.add("repaired", stage.world.now - began)
        stage.run(_REST)
        streamed = [stage.machine(place).streamed for place in stage.world.members]
        sample.measure("requests", sum(each.requests for each in streamed))
        sample.measure("repair_bytes", sum(each.bytes for each in streamed))
        check_machines(stage)
        check_equal(stage)
        sample.count("simulated_us", stage.world.now)
        return sample

    def _newer(self, stage: Stage, changed: int) -> KeptState:
        """Return the state of all sets, one of which is a version and a record ahead."""
        sets = list(stage.first_sets)
        records: RecordSet = edited(sets[changed].records, stage.exports[changed].flip())
        manifest = stage.credentials.sign(changed, records, epoch=1, version=2)
        sets[changed] = KeptSet(manifest, records)
        return KeptState(sets=tuple(sets))
