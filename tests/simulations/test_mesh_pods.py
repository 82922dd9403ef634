"""Pods that hang on a node that is not there, or says nothing (5b, 5c, 5d)."""

from failure_detect.clock import MINUTE, SECOND
from simulations.mesh_events import MeshSettings, Version
from tests.simulations.mesh_world import Cluster, key, lease, node, pod

SHADOW = pod("shadow", "10.1.0.1", node="nowhere")


def watching() -> Cluster:
    return Cluster(settings=MeshSettings(version=Version.V1_2, watches_nodes=True))


def is_there(cluster: Cluster) -> bool:
    return cluster.mesh.registry.document(key(SHADOW)) is not None


def test_5b_a_pod_of_a_node_that_does_not_exist_is_collected_after_a_minute() -> None:
    cluster = watching()
    cluster.write(SHADOW)
    cluster.wait(59 * SECOND)
    assert is_there(cluster)
    cluster.wait(2 * SECOND)
    assert not is_there(cluster)
    assert [each.document for each in cluster.written] == [None]


def test_5c_a_pod_of_a_node_without_heartbeats_is_evicted_after_six_minutes() -> None:
    cluster = watching()
    cluster.write(node("nowhere"), SHADOW)
    cluster.wait(6 * MINUTE - SECOND)
    assert is_there(cluster)
    cluster.wait(2 * SECOND)
    assert not is_there(cluster)


def test_5d_a_pod_lives_while_the_heartbeats_do() -> None:
    cluster = watching()
    cluster.write(node("nowhere"), SHADOW)
    for each in range(90):
        cluster.write(lease("nowhere", each))
        cluster.wait(10 * SECOND)
    assert is_there(cluster)
    cluster.wait(6 * MINUTE)
    assert not is_there(cluster)


def test_a_pod_that_is_over_or_has_no_node_stays() -> None:
    cluster = watching()
    cluster.write(pod("over", "10.1.0.1", node="nowhere", phase="Succeeded"), pod("gate", node=""))
    cluster.wait(20 * MINUTE)
    assert cluster.written == []


def test_nodes_are_not_watched_unless_it_is_asked_for() -> None:
    cluster = Cluster()
    cluster.write(SHADOW)
    cluster.wait(20 * MINUTE)
    assert is_there(cluster)
