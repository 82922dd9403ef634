"""Whether another mesh fits ours, and how ours authorises traffic."""

from agent.drivers.osm_mesh import Mode, mode_of
from agent.drivers.plan import DriverSettings, Reason
from agent.mirror import Mirror
from agent.objects import (
    ENDPOINTS,
    MESH_CONFIG,
    MULTI_CLUSTER_SERVICE,
    NAMESPACE,
    SERVICE,
    ObjectKey,
)
from discovery.names import ServiceName
from tests.agent.drivers.osm_world import (
    Cluster,
    shown,
)
from tests.discovery.view_world import A

PORTS = (("http-api", 14_001),)


PLAIN = DriverSettings(own=A)
CONFIG = ObjectKey(MESH_CONFIG, "osm-system", "osm-mesh-config")


def test_a_namespace_that_the_mesh_does_not_look_at_is_left_as_it_is() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    here.namespace("app", mesh="other")
    here.exports("b", "10.1.0.2")
    assert here.plan().writes == ()
    assert here.reasons() == {Reason.NAMESPACE_NOT_MONITORED}
    here.mirror.remove(ObjectKey(NAMESPACE, "", "app"))
    assert here.reasons() == {Reason.NAMESPACE_MISSING}


def test_a_cluster_with_another_root_is_left_out_since_every_request_would_fail() -> None:
    here = Cluster()
    here.says("b", mesh_root="0ther")
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    here.settle()
    assert here.listed("store") == [(("10.2.0.1",), PORTS, True)]
    assert here.reasons() == {Reason.ROOT_DIFFERS}


def test_a_root_that_is_not_known_is_served_and_said() -> None:
    here = Cluster()
    here.says("b")
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.listed("store") == [(("10.1.0.1",), PORTS, True)]
    assert here.reasons() == {Reason.ROOT_UNKNOWN}


def test_nothing_is_concluded_from_kinds_that_were_not_listed() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.settle()
    blind = Mirror()
    blind.serve([(SERVICE, "v1"), (ENDPOINTS, "v1"), (NAMESPACE, "v1")])
    blind.replace(SERVICE, [])
    plan = here.driver.plan(here.world.view, blind, None)
    assert plan.writes == ()
    assert plan.waits_for == (ENDPOINTS, NAMESPACE)


def test_what_is_touched_alone_is_planned() -> None:
    here = Cluster()
    cart = ServiceName("app", "cart")
    here.exports("b", "10.1.0.1")
    here.exports("b", "10.1.0.2", service=cart)
    plan = here.plan(cart)
    assert list(plan.conditions) == [cart]
    assert {step.key.name for step in plan.writes} == {"cart"}
    here.settle()
    here.withdraws("b", cart)
    assert shown(here.plan(cart).writes) == ["delete Service cart", "delete Endpoints cart"]


# --- how the mesh authorises traffic -----------------------------------------------------


def mode(here: Cluster, settings: DriverSettings = PLAIN, *, flag: object) -> Mode:
    here.put(CONFIG, {"spec": {"traffic": {"enablePermissiveTrafficPolicyMode": flag}}})
    return mode_of(here.mirror, settings)


def test_the_mode_is_what_the_mesh_says_and_the_settings_allow() -> None:
    here = Cluster()
    verifying = DriverSettings(own=A, verify_identities=True)
    assert mode(here, flag=True) is Mode.PLAIN
    assert mode(here, verifying, flag=True) is Mode.IDENTITY
    assert mode(here, flag=False) is Mode.INVISIBLE
    assert mode(here, verifying, flag=False) is Mode.INVISIBLE
    assert mode(here, DriverSettings(own=A, smi=True), flag=False) is Mode.SHADOW


def test_where_the_mesh_says_nothing_1_2_is_permissive_and_1_1_is_not() -> None:
    here = Cluster()
    assert mode(here, flag=None) is Mode.PLAIN
    served = [(SERVICE, "v1"), (MESH_CONFIG, "v1alpha2"), (MULTI_CLUSTER_SERVICE, "v1alpha2")]
    here.mirror.serve(served)
    assert mode(here, flag=None) is Mode.INVISIBLE
