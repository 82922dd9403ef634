"""Fleets are as large as they are asked to be, and what happens in them comes at its rate."""

from statistics import fmean

import pytest

from failure_detect.clock import SECOND
from simulations.config import WorldConfig
from simulations.randomness import generator
from simulations.sets.fleet import (
    CLUSTERS_MAX,
    ENDPOINTS_OF_CLUSTER_MAX,
    NODES_MAX,
    ClusterPlan,
    fleet,
    instants,
    service_of,
    size_fault,
)


def test_a_fleet_has_clusters_of_one_size_in_regions_by_turns() -> None:
    plan = fleet(8, ClusterPlan(number=0, nodes=10, bridges=3))
    assert (plan.bridges, plan.nodes) == (24, 80)
    assert [cluster.number for cluster in plan.clusters] == list(range(8))
    assert plan.clusters[0].region == plan.clusters[6].region != plan.clusters[1].region
    assert {cluster.network for cluster in plan.clusters} == {"network-0"}
    assert {cluster.gateways for cluster in plan.clusters} == {0}


def test_clusters_of_several_networks_have_gateways() -> None:
    plan = fleet(4, networks=2)
    assert [cluster.network[-1] for cluster in plan.clusters] == ["0", "1", "0", "1"]
    assert {cluster.gateways for cluster in plan.clusters} == {2}


def test_clusters_go_by_the_names_of_their_groups_in_a_world() -> None:
    plan = fleet(3)
    places = WorldConfig(seed=1, members=plan.bridges, clusters=3).places()
    assert [place.group for place in places][:: plan.clusters[0].bridges] == [
        cluster.name for cluster in plan.clusters
    ]
    assert len({cluster.uid for cluster in plan.clusters}) == 3


def test_services_are_the_same_in_all_clusters() -> None:
    assert service_of(21) == service_of(21)
    assert len({service_of(number) for number in range(100)}) == 100


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"number": CLUSTERS_MAX}, "numbered"),
        ({"number": 0, "nodes": 2, "bridges": 3}, "a node for each bridge"),
        ({"number": 0, "nodes": NODES_MAX + 1}, "a node for each bridge"),
        ({"number": 0, "bridges": 0}, "a node for each bridge"),
        ({"number": 0, "endpoints": ENDPOINTS_OF_CLUSTER_MAX + 1}, "at most"),
    ],
)
def test_a_cluster_that_cannot_be_says_why(changed: dict[str, int], why: str) -> None:
    values = {"number": 0, "nodes": 100, "bridges": 3, "endpoints": 50} | changed
    with pytest.raises(ValueError, match=why):
        ClusterPlan(
            number=values["number"],
            nodes=values["nodes"],
            bridges=values["bridges"],
            endpoints=values["endpoints"],
        )


def test_things_happen_at_their_rate_and_apart() -> None:
    counts = []
    for seed in range(50):
        found = instants(generator(seed, "churn"), 5.0, 20 * SECOND)
        assert found == sorted(found)
        assert all(0 <= at < 20 * SECOND for at in found)
        counts.append(len(found))
    assert abs(fmean(counts) - 100) < 6
    assert len(set(counts)) > 5
    same = [instants(generator(3, "churn"), 1.0, 60 * SECOND) for _ in range(2)]
    assert same[0] == same[1]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, None),
        ({"clusters": CLUSTERS_MAX, "nodes": NODES_MAX, "bridges": NODES_MAX}, None),
        ({"clusters": CLUSTERS_MAX + 1}, f"--clusters {CLUSTERS_MAX + 1}: "),
        ({"nodes": NODES_MAX + 1}, f"--nodes {NODES_MAX + 1}: "),
        ({"nodes": 3, "bridges": 4}, "--bridges 4: each has a node, and there are 3"),
        ({"services": ENDPOINTS_OF_CLUSTER_MAX, "endpoints": 2}, "--services x --endpoints: "),
    ],
)
def test_what_a_fleet_cannot_be_is_said_in_words_of_the_options(
    more: dict[str, int], words: str | None
) -> None:
    said = size_fault(**{"nodes": 3, "services": 1, "endpoints": 1, **more})
    assert said is None if words is None else str(said).startswith(words)
