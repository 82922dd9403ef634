"""Who gets what: weights, services that are here as well, ports that only some serve."""

from agent.drivers.osm_endpoints import RETIRE_AFTER_S
from agent.drivers.plan import Reason
from agent.objects import (
    ENDPOINTS,
    NAMESPACE,
    POD,
    SERVICE,
    TRAFFIC_SPLIT,
    at,
)
from tests.agent.drivers.osm_world import (
    ADMIN,
    HTTP,
    REDIS,
    STORE,
    Cluster,
    failed_over,
    key,
    record_of,
    shown,
)
from tests.discovery.view_world import B, C, drain, export, exported

PORTS = (("http-api", 14_001),)


# --- weights ----------------------------------------------------------------------------


def test_weights_that_addresses_give_of_themselves_need_no_split() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1", "10.1.0.2")
    here.exports("c", "10.2.0.1")
    here.settle()
    assert here.backends() == {}
    assert here.listed("store") == [(("10.1.0.1", "10.1.0.2", "10.2.0.1"), PORTS, True)]


def test_other_weights_are_held_by_a_split_written_last() -> None:
    here = Cluster()
    here.weights(b=700, c=300)
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    steps = shown(here.settle())
    assert steps[-1] == "apply TrafficSplit store-mc"
    assert here.backends() == {"store-mc-b": 700, "store-mc-c": 300}
    assert here.reasons() == set()


def test_without_splits_the_weights_are_not_held_and_the_condition_says_who_gets_what() -> None:
    here = Cluster()
    here.mirror.serve([(kind, "v1") for kind in (SERVICE, ENDPOINTS, NAMESPACE, POD)])
    here.weights(b=700, c=300)
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    here.settle()
    assert here.listed("store") == [(("10.1.0.1", "10.2.0.1"), PORTS, True)]
    assert here.reasons() == {Reason.SPLITS_NOT_SERVED, Reason.WEIGHTS_NOT_HELD}
    [held] = [c for c in here.plan().conditions[STORE] if c.reason is Reason.WEIGHTS_NOT_HELD]
    assert held.what == "each address gets the same: b 1 of 2, c 1 of 2"


def test_a_tcp_service_elsewhere_is_one_flat_list_whatever_its_weights() -> None:
    here = Cluster()
    here.weights(b=700, c=300)
    for origin, address in (("b", "10.1.0.1"), ("c", "10.2.0.1")):
        here.exports(origin, address, number=6_379, ports=(REDIS,))
    here.settle()
    assert here.backends() == {}
    assert here.listed("store")[0][0] == ("10.1.0.1", "10.2.0.1")
    assert here.reasons() == {Reason.WEIGHTS_NOT_HELD}


def test_a_split_that_is_needed_no_more_goes_and_then_its_leaves() -> None:
    here = Cluster()
    here.weights(b=700, c=300)
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1")
    here.settle()
    here.weights(b=500, c=500)
    first = here.plan()
    assert shown(first.writes) == ["delete TrafficSplit store-mc"]
    for step in first.writes:
        here.do(step)
    second = here.plan()
    assert [group.after_s for group in second.groups] == [RETIRE_AFTER_S]
    assert shown(second.writes) == [
        "delete Service store-mc-b",
        "delete Service store-mc-c",
        "delete Endpoints store-mc-b",
        "delete Endpoints store-mc-c",
    ]


# --- services that are here as well -----------------------------------------------------


def test_2b_the_exporter_has_an_alias_with_the_same_selector() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    assert shown(here.settle()) == ["apply Service store-mc-a"]
    alias = here.mirror.get(key(SERVICE, "store-mc-a"))
    assert at(alias, "spec", "selector") == {"app": "store"}
    assert at(alias, "spec", "ports", 0, "port") == 14_001


def test_while_the_own_pods_carry_everything_nothing_is_split() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    assert shown(here.settle()) == ["apply Service store-mc-a"]


def test_2a_failover_fills_the_leaf_and_then_moves_the_weight() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    here.settle()
    here.local()
    here.exports("a")
    assert shown(here.settle()) == [
        "apply Service store-mc-b",
        "apply Endpoints store-mc-b",
        "apply TrafficSplit store-mc",
    ]
    assert here.backends() == {"store-mc-b": 1000}
    assert here.reasons() == set()


def test_2f_when_the_own_pods_are_back_the_split_goes_and_later_its_leaf() -> None:
    here = failed_over()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    first = here.plan()
    assert shown(first.writes) == ["delete TrafficSplit store-mc"]
    for step in first.writes:
        here.do(step)
    [group] = here.plan().groups
    assert group.after_s == RETIRE_AFTER_S
    assert shown(group.writes) == ["delete Service store-mc-b", "delete Endpoints store-mc-b"]


def test_2d_2e_from_one_leaf_to_the_next_the_new_one_is_filled_first_and_the_old_taken_last() -> (
    None
):
    here = failed_over()
    here.exports("b")
    here.exports("c", "10.2.0.1")
    assert shown(here.settle()) == [
        "apply Service store-mc-c",
        "apply Endpoints store-mc-c",
        "apply TrafficSplit store-mc",
        "delete Service store-mc-b",
        "delete Endpoints store-mc-b",
    ]


def test_2e_own_pods_that_are_all_unready_lose_their_traffic_before_the_view_knows() -> None:
    here = Cluster()
    here.local(stuck=("10.0.0.1",))
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.backends() == {"store-mc-b": 1000}
    assert here.reasons() == {Reason.LOCAL_NOT_READY}


def test_weights_between_here_and_elsewhere_are_held_by_a_split_that_names_the_service() -> None:
    here = Cluster()
    here.weights(a=600, b=400)
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.backends() == {"store": 600, "store-mc-b": 400}


def test_2g_a_tcp_service_goes_to_one_leaf_and_the_condition_says_so() -> None:
    here = Cluster()
    here.weights(a=400, b=600)
    here.local("10.0.0.1", ports=(REDIS,))
    here.exports("a", "10.0.0.1", number=6_379, ports=(REDIS,))
    here.exports("b", "10.1.0.1", number=6_379, ports=(REDIS,))
    here.settle()
    assert here.backends() == {"store-mc-b": 1000}
    assert here.reasons() == {Reason.WEIGHTS_NOT_HELD}


def test_2j_what_the_user_splits_is_not_split_again() -> None:
    here = failed_over()
    spec = {"service": "store.app.svc.cluster.local", "backends": []}
    here.put(key(TRAFFIC_SPLIT, "canary"), {"spec": spec})
    assert shown(here.settle()) == [
        "delete TrafficSplit store-mc",
        "delete Service store-mc-b",
        "delete Endpoints store-mc-b",
    ]
    assert Reason.SPLIT_OF_OTHERS in here.reasons()


def test_2h_a_leaf_has_the_ports_that_its_cluster_serves_and_no_others() -> None:
    here = Cluster()
    here.weights(a=500, b=500)
    here.local("10.0.0.1", ports=(HTTP, ADMIN))
    here.exports("a", "10.0.0.1", ports=(HTTP, ADMIN))
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.backends() == {"store": 500, "store-mc-b": 500}
    assert here.listed("store-mc-b") == [(("10.1.0.1",), PORTS, True)]
    assert here.reasons() == {Reason.PORT_MISSING}


def test_2f_a_port_that_nobody_serves_is_parked_so_that_its_routes_are_not_refused() -> None:
    here = failed_over()
    here.local(ports=(HTTP, ADMIN))
    here.settle()
    assert here.backends() == {"store-mc-b": 1000, "store-mc0-none": 1}
    assert here.listed("store-mc0-none") == [(("10.1.0.1",), (("http-admin", 9_090),), False)]


def test_a_service_that_is_here_and_not_exported_is_served_here_while_it_can_be() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("b", "10.1.0.1")
    assert here.settle() == []
    assert here.reasons() == {Reason.LOCAL_NOT_EXPORTED}
    here.local()
    here.settle()
    assert here.backends() == {"store-mc-b": 1000}


def test_a_local_service_that_cannot_be_split_is_left_alone_and_said() -> None:
    for spec in ({"clusterIP": "None"}, {"type": "ExternalName"}):
        here = Cluster()
        here.local("10.0.0.1", spec=spec)
        here.exports("b", "10.1.0.1")
        assert here.settle() == []
        assert here.reasons() == {Reason.LOCAL_UNUSABLE}


def test_a_drained_cluster_keeps_its_leaf_until_the_last_request_went_elsewhere() -> None:
    here = Cluster()
    here.weights(b=500, c=500)
    here.exports("b", "10.1.0.1", number=8_080)
    here.exports("c", "10.2.0.1")
    here.settle()
    here.world.put(B, {b"drain": drain(ramp_s=0)})
    here.world.view.advance(1)
    assert shown(here.plan().writes)[-1] == "delete TrafficSplit store-mc"


# --- what only some serve ---------------------------------------------------------------


def test_a_port_that_only_the_own_pods_serve_is_theirs_though_others_have_the_weight() -> None:
    here = Cluster()
    here.weights(b=1)
    here.local("10.0.0.1", ports=(HTTP, ADMIN))
    here.exports("a", "10.0.0.1", ports=(HTTP, ADMIN))
    here.exports("b", "10.1.0.1")
    here.settle()
    assert here.backends() == {"store": 1, "store-mc-b": 1000}
    assert here.reasons() == {Reason.PORT_MISSING}


def test_a_port_that_only_a_cluster_without_weight_serves_is_a_leaf_of_that_port_alone() -> None:
    here = Cluster()
    here.weights(b=1)
    here.local(ports=(HTTP, ADMIN))
    here.exports("a", ports=(HTTP, ADMIN))
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1", ports=(HTTP, ADMIN))
    here.settle()
    assert here.backends() == {"store-mc-b": 1000, "store-mc-c": 1}
    assert here.listed("store-mc-c") == [(("10.2.0.1",), (("http-admin", 9_090),), True)]


def test_2g_own_pods_that_alone_serve_a_port_of_a_tcp_service_get_all_of_it() -> None:
    here = Cluster()
    here.weights(b=1)
    here.local("10.0.0.1", ports=(REDIS, ADMIN))
    here.exports("a", "10.0.0.1", number=6_379, ports=(REDIS, ADMIN))
    here.exports("b", "10.1.0.1", number=6_379, ports=(REDIS,))
    here.settle()
    assert here.backends() == {}
    assert here.reasons() == {Reason.WEIGHTS_NOT_HELD}


def test_session_affinity_is_said_not_to_hold() -> None:
    here = Cluster()
    record = record_of(("10.1.0.1",), *PORTS)
    here.world.put(B, exported(STORE, record, head=export(HTTP, session_affinity="ClientIP")))
    here.settle()
    assert here.reasons() == {Reason.SESSION_AFFINITY}


def test_a_port_that_only_a_drained_cluster_serves_is_still_its_own() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1")
    here.exports("c", "10.2.0.1", ports=(HTTP, ADMIN))
    here.settle()
    here.world.put(C, {b"drain": drain(ramp_s=0)})
    here.world.view.advance(1)
    here.settle()
    assert here.backends() == {"store-mc-b": 1000, "store-mc-c": 1}
    assert here.listed("store-mc-c") == [(("10.2.0.1",), (("http-admin", 9_090),), True)]
    assert [port for _, port in here.listed("store")[0].ports] == [9_090, 14_001]
