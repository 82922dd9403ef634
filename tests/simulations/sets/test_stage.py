"""A fleet warms up, tells everyone what changes, and does the same again from the same seed."""

from functools import cache

from discovery.bridge_events import ViewTouched
from discovery.manifest import Order
from discovery.names import ServiceName
from discovery.publisher_events import Published
from failure_detect.clock import SECOND
from simulations.network import NetworkConfig
from simulations.sets.fleet import ClusterPlan, fleet
from simulations.sets.stage import Stage, StageConfig
from simulations.trace import Trace

PLAN = fleet(3, ClusterPlan(number=0, nodes=4, bridges=2, services=2, endpoints=20))


def config(seed: int = 1, **fields: object) -> StageConfig:
    return StageConfig(plan=PLAN, seed=seed, network=NetworkConfig(), **fields)  # type: ignore[arg-type]  # Fields by name.


def warmed(seed: int = 1) -> Stage:
    stage = Stage(config(seed))
    stage.warm()
    return stage


def orders(stage: Stage, cluster: int) -> set[Order | None]:
    """The order of a cluster's set that each running bridge holds."""
    origin = stage.origin(cluster)
    held = [stage.bridge(place).catalog.get(origin) for place in stage.running()]
    return {None if each is None else each.manifest.order for each in held}


def change(stage: Stage, cluster: int) -> ServiceName:
    """Let a pod of a service of a cluster become unready, and the cluster's sources say so."""
    exports = stage.exports[cluster]
    service = exports.services[0]
    exports.flip(service)
    stage.export(cluster, service)
    return service


@cache
def warm_once() -> Stage:
    """A warm stage for those who only look."""
    return warmed()


def test_after_the_warming_all_hold_everything_and_know_everybody() -> None:
    stage = warm_once()
    assert stage.running() == list(range(6))
    for place in stage.running():
        bridge = stage.bridge(place)
        assert len(bridge.catalog) == 3
        assert bridge.replicator.statistics().peers == 5
        assert len(bridge.view.services()) == 2
        bridge.check_invariants()
    assert [len(orders(stage, cluster)) for cluster in range(3)] == [1, 1, 1]
    assert len({stage.bridge(place).replicator.fingerprint for place in stage.running()}) == 1


def test_each_cluster_has_one_publisher_and_its_set_has_its_epoch() -> None:
    stage = warm_once()
    for cluster in range(3):
        publisher = stage.publisher_of(cluster)
        assert publisher in stage.bridges_of(cluster)
        [order] = orders(stage, cluster)
        assert order is not None
        assert order.epoch == stage.leases[cluster].epoch
    said = {place for _, place, fact in stage.said if isinstance(fact, Published)}
    assert said == {stage.publisher_of(cluster) for cluster in range(3)}


def test_places_go_by_cluster() -> None:
    stage = warm_once()
    assert stage.places == [0, 0, 1, 1, 2, 2]
    assert [stage.bridges_of(cluster) for cluster in range(3)] == [[0, 1], [2, 3], [4, 5]]
    assert stage.origin(2) == "cluster-2"


def test_what_was_adopted_is_on_the_disk() -> None:
    stage = warm_once()
    for place in stage.running():
        kept = stage.disks[place]
        assert {each.manifest.origin for each in kept.sets} == {stage.origin(at) for at in range(3)}
        assert kept.floors == stage.bridge(place).catalog.floors()


def test_a_change_reaches_everybody() -> None:
    stage = warmed()
    [before] = orders(stage, 1)
    service = change(stage, 1)
    assert stage.run_until(
        lambda: len(orders(stage, 1)) == 1 and before not in orders(stage, 1), 30 * SECOND
    )
    ready = sum(each.ready for each in stage.exports[1].endpoints(service))
    for place in stage.running():
        view = stage.bridge(place).view.service(service)
        assert view is not None
        served = stage.bridge(place).view.explain(service).endpoints
        there = [each for each in served if each.origin == stage.origin(1)]
        assert sum(each.reason.is_in_view for each in there) == ready
    last = stage.sightings[stage.origin(1)][-6:]
    assert sorted(each.place for each in last) == list(range(6))
    assert any(isinstance(fact, ViewTouched) for at, _, fact in stage.said if at > 12 * SECOND)


def test_the_api_server_of_a_cluster_that_is_down_stops_its_changes_and_nothing_else() -> None:
    stage = warmed()
    stage.leases[1].is_served = False
    stage.run(20 * SECOND)
    before = orders(stage, 1)
    change(stage, 1)
    stage.run(5 * SECOND)
    assert orders(stage, 1) == before
    stage.leases[1].is_served = True
    assert stage.run_until(lambda: not orders(stage, 1) & before, 30 * SECOND)


def test_when_the_publisher_dies_the_other_bridge_goes_on_with_a_higher_epoch() -> None:
    stage = warmed()
    first = stage.publisher_of(1)
    assert first is not None
    [before] = orders(stage, 1)
    stage.world.crash(first)
    change(stage, 1)
    assert stage.run_until(
        lambda: all(
            each is not None and before is not None and each > before for each in orders(stage, 1)
        ),
        60 * SECOND,
    )
    assert stage.publisher_of(1) not in (None, first)
    [after] = orders(stage, 1)
    assert before is not None
    assert after is not None
    assert after.epoch > before.epoch


def test_a_bridge_that_starts_with_its_disk_serves_before_it_has_met_anybody() -> None:
    stage = warmed()
    kept = stage.disks[5]
    stage.world.restart(5)
    stage.run(0)
    stage.awake(5, kept)
    stage.run(0)
    assert len(stage.bridge(5).catalog) == 3
    assert len(stage.bridge(5).view.services()) == 2
    assert stage.run_until(lambda: all(len(orders(stage, at)) == 1 for at in range(3)), 60 * SECOND)


def test_who_is_not_trusted_is_held_nowhere_else() -> None:
    stage = Stage(
        config(trusts=lambda viewer, other: None if 2 in (viewer, other) else {"services": ["*/*"]})
    )
    stage.warm()
    held = [sorted(each.manifest.origin for each in stage.bridge(at).catalog) for at in (0, 2, 4)]
    assert held == [["cluster-0", "cluster-1"], ["cluster-0", "cluster-1"], ["cluster-2"]]


def test_only_some_clusters_need_have_bridges_and_the_sets_of_all_are_there() -> None:
    stage = Stage(config(holders=2))
    stage.warm()
    assert stage.places == [0, 0, 1, 1]
    assert [len(stage.bridge(place).catalog) for place in stage.running()] == [3] * 4


def trace_of(seed: int) -> str:
    stage = Stage(config(seed))
    trace = stage.world.trace = Trace()
    stage.warm(3 * SECOND)
    change(stage, 0)
    stage.run(2 * SECOND)
    return trace.digest()


def test_equal_seeds_give_equal_traces_and_others_give_others() -> None:
    first = trace_of(7)
    assert first == trace_of(7)
    assert first != trace_of(8)
