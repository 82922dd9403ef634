"""Pods that never run: identities in permissive mode, addresses in SMI mode."""

from agent.drivers.plan import DriverSettings, Reason
from agent.objects import (
    ENDPOINTS,
    MESH_CONFIG,
    POD,
    SERVICE,
    TRAFFIC_SPLIT,
    ObjectKey,
    at,
)
from tests.agent.drivers.osm_world import (
    ADMIN,
    HTTP,
    Cluster,
    failed_over,
    key,
    shown,
)
from tests.discovery.view_world import A

PORTS = (("http-api", 14_001),)


def verifying() -> Cluster:
    return Cluster(DriverSettings(own=A, verify_identities=True))


CONFIG = ObjectKey(MESH_CONFIG, "osm-system", "osm-mesh-config")
SMI_MODE = {"spec": {"traffic": {"enablePermissiveTrafficPolicyMode": False}}}


def in_smi_mode(*, writes_pods: bool) -> Cluster:
    here = Cluster(DriverSettings(own=A, smi=writes_pods))
    here.put(CONFIG, SMI_MODE)
    return here


def test_identities_are_verified_by_a_pod_then_a_service_that_selects_it_then_endpoints() -> None:
    here = verifying()
    here.exports("b", "10.1.0.1", account="store")
    pod, service, endpoints = here.settle()
    assert shown([service, endpoints]) == ["apply Service store", "apply Endpoints store"]
    assert pod.key.kind == POD
    document = here.mirror.get(pod.key)
    assert at(document, "spec", "serviceAccountName") == "store"
    assert at(document, "status") is None
    selector = at(here.mirror.get(key(SERVICE, "store")), "spec", "selector")
    assert selector == {"isthmus.dev/pods-of": "store"}


def test_endpoints_that_kubernetes_wiped_are_restored() -> None:
    here = verifying()
    here.exports("b", "10.1.0.1", account="store")
    here.settle()
    found = here.mirror.get(key(ENDPOINTS, "store"))
    assert found is not None
    here.put(key(ENDPOINTS, "store"), {**found, "subsets": []})
    assert shown(here.settle()) == ["apply Endpoints store"]
    assert here.listed("store") == [(("10.1.0.1",), PORTS, True)]


def test_who_names_no_account_is_served_unverified_and_said() -> None:
    here = verifying()
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.ours() == ["Service store", "Endpoints store"]
    assert here.reasons() == {Reason.IDENTITY_UNKNOWN}


def test_another_trust_domain_excludes_only_where_identities_are_verified() -> None:
    for here, is_served in ((Cluster(), True), (verifying(), False)):
        here.says("a", mesh_root="5eed", trust_domain="cluster.local")
        here.says("b", mesh_root="5eed", trust_domain="beta.example")
        here.exports("b", "10.1.0.1", account="store")
        here.settle()
        assert bool(here.listed("store")) == is_served
        assert Reason.TRUST_DOMAIN_DIFFERS in here.reasons()


def test_5f_5i_in_smi_mode_each_address_has_a_pod_whose_phase_and_address_come_together() -> None:
    here = in_smi_mode(writes_pods=True)
    here.exports("b", "10.1.0.1", "10.1.0.2", account="store")
    steps = here.settle()
    assert [each.split(" ", 2)[:2] for each in shown(steps)] == [
        ["apply", "Pod"],
        ["applystatus", "Pod"],
        ["apply", "Pod"],
        ["applystatus", "Pod"],
        ["apply", "Service"],
        ["apply", "Endpoints"],
    ]
    for step in steps[:4]:
        status = at(here.mirror.get(step.key), "status")
        assert at(status, "phase") == "Succeeded"
        assert at(status, "podIP") in ("10.1.0.1", "10.1.0.2")


def test_5f_pods_are_never_changed_and_go_after_the_endpoints_that_listed_them() -> None:
    here = in_smi_mode(writes_pods=True)
    here.exports("b", "10.1.0.1", account="store")
    here.settle()
    here.exports("b", "10.1.0.2", account="store")
    kinds = [each.split(" ", 2)[:2] for each in shown(here.settle())]
    assert kinds == [
        ["apply", "Pod"],
        ["applystatus", "Pod"],
        ["apply", "Endpoints"],
        ["delete", "Pod"],
    ]


def test_5g_leaves_in_smi_mode_have_pods_too() -> None:
    here = in_smi_mode(writes_pods=True)
    here.local()
    here.exports("a")
    here.exports("b", "10.1.0.1", account="store")
    here.settle()
    leaf = here.mirror.get(key(SERVICE, "store-mc-b"))
    assert at(leaf, "spec", "selector") == {"isthmus.dev/pods-of": "store-mc-b"}


def test_5h_in_smi_mode_without_pods_nothing_is_written_and_a_split_goes() -> None:
    here = failed_over()
    here.put(CONFIG, SMI_MODE)
    assert shown(here.settle())[0] == "delete TrafficSplit store-mc"
    assert Reason.SMI_MODE in here.reasons()
    other = in_smi_mode(writes_pods=False)
    other.exports("b", "10.1.0.1", account="store")
    assert other.plan().writes == ()


def test_what_was_wiped_goes_where_nobody_serves_and_somebody_else_splits_it_2f() -> None:
    here = verifying()
    here.exports("b", "10.1.0.1", account="store")
    here.settle()
    found = here.mirror.get(key(ENDPOINTS, "store"))
    assert found is not None
    here.put(key(ENDPOINTS, "store"), {**found, "subsets": []})
    split = {"service": "store", "backends": [{"service": "store", "weight": 1}]}
    here.put(key(TRAFFIC_SPLIT, "theirs"), {"spec": split})
    here.exports("b", account="store")
    here.settle()
    assert here.mirror.get(key(SERVICE, "store")) is None


def test_a_port_is_in_wiped_endpoints_before_their_service_has_it_2f() -> None:
    here = verifying()
    here.exports("b", "10.1.0.1", account="store")
    here.settle()
    found = here.mirror.get(key(ENDPOINTS, "store"))
    assert found is not None
    here.put(key(ENDPOINTS, "store"), {**found, "subsets": []})
    here.exports("b", "10.1.0.1", ports=(HTTP, ADMIN), account="store")
    writes = ["apply Endpoints store", "apply Service store", "apply Endpoints store"]
    assert shown(here.settle()) == writes
