"""The driver is chosen by what the store serves, and none before that is known."""

from agent.drivers.choice import OSM_ENDPOINTS, OSM_MULTICLUSTER, Chosen, choice, choose
from agent.drivers.plan import DriverSettings
from agent.mirror import Mirror
from agent.objects import (
    MESH_CONFIG,
    MULTI_CLUSTER_SERVICE,
    SERVICE,
    TRAFFIC_SPLIT,
    Kind,
)
from discovery.names import Origin

OWN = DriverSettings(own=Origin("alpha"))


def serving(*kinds: tuple[Kind, str], multicluster: object = None) -> Mirror:
    mirror = Mirror()
    mirror.serve([(SERVICE, "v1"), *kinds])
    if any(kind == MESH_CONFIG for kind, _ in kinds):
        config = {
            "metadata": {"name": "osm-mesh-config", "namespace": "osm-system"},
            "spec": {"featureFlags": {"enableMulticlusterMode": multicluster}},
        }
        mirror.replace(MESH_CONFIG, [config])
    return mirror


def test_multicluster_mode_needs_the_kind_and_the_flag() -> None:
    both = (MESH_CONFIG, "v1alpha2"), (MULTI_CLUSTER_SERVICE, "v1alpha2")
    assert choice(serving(*both, multicluster=True), OWN).name == OSM_MULTICLUSTER
    assert choice(serving(*both, multicluster=False), OWN).name == OSM_ENDPOINTS
    assert choice(serving(*both, multicluster="true"), OWN).name == OSM_ENDPOINTS


def test_osm_1_2_keeps_the_flag_without_the_kind() -> None:
    mirror = serving((MESH_CONFIG, "v1alpha2"), multicluster=True)
    assert choice(mirror, OWN).name == OSM_ENDPOINTS


def test_splits_alone_are_enough() -> None:
    assert choice(serving((TRAFFIC_SPLIT, "v1alpha2")), OWN).name == OSM_ENDPOINTS
    assert choice(serving((TRAFFIC_SPLIT, "v1alpha4")), OWN).name is None


def test_nothing_is_chosen_before_the_mesh_was_looked_at() -> None:
    unasked, unlisted = Mirror(), Mirror()
    unlisted.serve([(MESH_CONFIG, "v1alpha2")])
    for mirror in (unasked, unlisted):
        assert choice(mirror, OWN) == Chosen(None, "what the store serves is not known yet")


def test_a_store_without_a_mesh_has_no_driver_and_says_what_was_looked_for() -> None:
    chosen = choose(serving(), OWN, {})
    assert isinstance(chosen, Chosen)
    assert "MeshConfig.config.openservicemesh.io" in chosen.why


def test_a_driver_that_is_not_there_is_named() -> None:
    chosen = choose(serving((TRAFFIC_SPLIT, "v1alpha2")), OWN, {})
    assert isinstance(chosen, Chosen)
    assert chosen.why == "TrafficSplit v1alpha2 is served, but there is no driver osm-endpoints"
