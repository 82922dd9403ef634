"""What there is, found by what it is for."""

from agent.objects import ENDPOINTS, NAMESPACE, POD, TRAFFIC_SPLIT, Document
from simulations.mesh_registry import Registry, meaning_of
from tests.simulations.mesh_world import (
    BUYER,
    STORE,
    endpoints,
    key,
    multi_cluster,
    name,
    namespace,
    pod,
    service,
    split,
    subset,
    target,
)

SELECTING = service("store", selector={"app": "store"})
ALL = (
    SELECTING,
    endpoints("store", subset("10.0.0.1")),
    pod("p1", "10.0.0.1"),
    split("s", "store", leaf=1),
    target("t", STORE, BUYER),
    multi_cluster("m"),
    namespace("app"),
)


def filled(*documents: Document) -> Registry:
    registry = Registry()
    for each in documents:
        assert registry.put(key(each), each)
    return registry


def test_objects_are_found() -> None:
    registry = filled(*ALL)
    found = registry.service(name("store"))
    assert found is not None
    assert list(registry.services("app")) == [found] == list(registry.services())
    assert list(registry.services("client")) == []
    assert [each.name for each in registry.selected(found)] == ["p1"]
    assert [each.name for each in registry.pods_of(STORE)] == ["p1"]
    assert registry.subsets(name("store")) is not None
    assert registry.endpoints() == [name("store")]
    assert [each.name for each in registry.splits_of(name("store"))] == ["s"]
    assert registry.apexes_of(name("leaf")) == [name("store")]
    assert [each.destination for each in registry.targets()] == [STORE]
    assert [each.name for each in registry.remote_clusters(STORE)] == ["m"]
    assert registry.is_monitored("app", "osm")
    assert not registry.is_monitored("app", "another")
    assert registry.keys(POD) == [key(pod("p1"))]


def test_what_is_removed_is_gone_and_found_no_more() -> None:
    registry = filled(*ALL)
    for each in ALL:
        assert registry.remove(key(each))
        assert not registry.remove(key(each))
    assert registry.documents() == {}
    assert registry.service(name("store")) is None
    assert registry.subsets(name("store")) is None
    assert registry.pod(key(pod("p1"))) is None
    assert registry.split(key(split("s", "store"))) is None
    assert list(registry.targets()) == []
    assert not registry.is_monitored("app", "osm")
    assert (
        registry.keys(ENDPOINTS) == registry.keys(NAMESPACE) == registry.keys(TRAFFIC_SPLIT) == []
    )


def test_a_state_that_means_the_same_is_no_change() -> None:
    registry = filled(SELECTING)
    seen_again = {**SELECTING, "metadata": {**meta(), "resourceVersion": "7", "uid": "x"}}
    assert not registry.put(key(SELECTING), seen_again)
    touched = {**SELECTING, "metadata": {**meta(), "annotations": {"a": "b"}}}
    assert registry.put(key(SELECTING), touched)
    assert meaning_of({"kind": "x"}) == {"kind": "x"}


def meta() -> dict[str, object]:
    return {"name": "store", "namespace": "app", "labels": {}}
