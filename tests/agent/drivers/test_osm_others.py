"""What others have written, or need, is theirs: it is not touched, and a condition says so."""

from agent.drivers.plan import Reason
from agent.objects import (
    ENDPOINTS,
    SERVICE,
    TRAFFIC_SPLIT,
    is_ours,
)
from discovery.names import ServiceName
from tests.agent.drivers.osm_world import (
    Cluster,
    key,
    shown,
)


def test_an_object_of_others_with_a_name_that_is_needed_is_not_touched() -> None:
    here = Cluster()
    here.local()
    here.exports("a")
    here.exports("b", "10.1.0.1")
    here.put(key(SERVICE, "store-mc-b"), {"spec": {"ports": [{"port": 1}]}})
    assert [step.key.name for step in here.plan().writes] == ["store-mc-a"]
    assert Reason.NAME_TAKEN in here.reasons()


def test_endpoints_of_others_under_a_name_that_is_needed_are_not_touched() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.put(key(ENDPOINTS, "store"), {"subsets": []})
    assert here.plan().writes == ()
    assert here.reasons() == {Reason.NAME_TAKEN}


def test_a_split_of_others_under_our_name_is_not_touched() -> None:
    here = Cluster()
    here.weights(b=700, c=300)
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    here.put(key(TRAFFIC_SPLIT, "store-mc"), {"spec": {"service": "other", "backends": []}})
    here.settle()
    assert here.ours() == ["Service store", "Endpoints store"]
    assert Reason.NAME_TAKEN in here.reasons()


def test_endpoints_that_kubernetes_made_for_an_alias_are_not_ours_though_they_have_its_label() -> (
    None
):
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.settle()
    labels = {"app.kubernetes.io/managed-by": "isthmus"}
    here.put(key(ENDPOINTS, "store-mc-a"), {"metadata": {"labels": labels}, "subsets": []})
    found = here.mirror.get(key(ENDPOINTS, "store-mc-a"))
    assert found is not None
    assert is_ours(found)
    here.withdraws("a")
    assert shown(here.settle()) == ["delete Service store-mc-a"]


def test_a_service_of_ours_that_a_user_took_over_is_the_users() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    taken = here.mirror.get(key(SERVICE, "store"))
    assert taken is not None
    spec = {"ports": [{"name": "http-api", "port": 14_001}], "selector": {"app": "store"}}
    here.put(key(SERVICE, "store"), {**taken, "spec": spec})
    here.settle()
    here.withdraws("b")
    here.settle()
    assert here.mirror.get(key(SERVICE, "store")) is not None
    assert here.mirror.get(key(ENDPOINTS, "store")) is not None


def test_a_name_that_is_a_leaf_of_another_service_is_not_imported() -> None:
    here = Cluster()
    leaf = ServiceName("app", "store-mc-b")
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1", service=leaf)
    here.settle()
    assert here.reasons(leaf) == {Reason.NAME_TAKEN}
    assert here.mirror.get(key(SERVICE, "store-mc-b")) is None


def test_a_service_that_its_user_makes_anew_is_not_taken_from_under_him() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    here.settle()
    here.mirror.remove(key(SERVICE, "store"))
    here.mirror.remove(key(ENDPOINTS, "store"))
    assert here.plan().writes == ()


def test_the_name_of_an_alias_of_ours_is_not_imported() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.settle()
    here.exports("b", "10.1.0.1", service=ServiceName("app", "store-mc-a"))
    assert here.settle() == []
    assert here.reasons(ServiceName("app", "store-mc-a")) == {Reason.NAME_TAKEN}


def test_2f_nothing_is_made_under_a_split_that_others_wrote_for_a_service_that_is_not_here() -> (
    None
):
    here = Cluster()
    here.exports("b", "10.1.0.1")
    backends = [{"service": "store-v2", "weight": 1}]
    here.put(key(TRAFFIC_SPLIT, "canary"), {"spec": {"service": "store", "backends": backends}})
    assert here.settle() == []
    assert here.reasons() == {Reason.SPLIT_OF_OTHERS}
