"""A plan is groups of writes; its objects say whose they are."""

from agent.drivers.plan import Group, Plan, metadata, owner_of, services_touched
from agent.objects import ENDPOINTS, MESH_CONFIG, NAMESPACE, SERVICE, TRAFFIC_SPLIT, ObjectKey
from agent.writes import Delete
from discovery.names import ServiceName

STORE = ServiceName("app", "store")
LEAF = ServiceName("app", "store-mc-beta")
KEY = ObjectKey(ENDPOINTS, "app", "store-mc-beta")


def test_the_writes_of_a_plan_are_those_of_its_groups_in_order() -> None:
    first, second = Delete(KEY, "gone"), Delete(ObjectKey(SERVICE, "app", "cart"), "gone")
    groups = (Group((STORE,), (first,)), Group((ServiceName("app", "cart"),), (second,)))
    assert Plan(groups).writes == (first, second)


def test_an_object_of_ours_names_the_service_it_is_for() -> None:
    document = {"metadata": metadata(LEAF, "store")}
    assert owner_of(KEY, document) == STORE


def test_endpoints_with_a_copied_label_alone_are_not_ours() -> None:
    document = {"metadata": {"labels": {"app.kubernetes.io/managed-by": "isthmus"}}}
    assert owner_of(KEY, document) is None


def test_an_annotation_without_the_label_is_not_ours() -> None:
    document = {"metadata": {"annotations": {"isthmus.dev/service": "store"}}}
    assert owner_of(KEY, document) is None


def test_a_change_touches_the_service_of_that_name_and_the_one_it_is_for() -> None:
    document = {"metadata": metadata(LEAF, "store")}
    assert services_touched(KEY, document) == frozenset({STORE, LEAF})


def test_a_split_touches_the_service_that_it_splits() -> None:
    key = ObjectKey(TRAFFIC_SPLIT, "app", "canary")
    for apex in ("store", "store.app.svc.cluster.local"):
        touched = services_touched(key, {"spec": {"service": apex}})
        assert touched == frozenset({STORE, ServiceName("app", "canary")})


def test_the_mesh_and_a_namespace_touch_everything() -> None:
    assert services_touched(ObjectKey(MESH_CONFIG, "osm-system", "osm-mesh-config"), {}) is None
    assert services_touched(ObjectKey(NAMESPACE, "", "app"), {}) is None
