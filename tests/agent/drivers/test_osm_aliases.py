"""Aliases: what a cluster needs so that its pods answer to the names of leaves."""

from agent.drivers.osm_aliases import aliases_of
from agent.drivers.osm_endpoints import RETIRE_AFTER_S
from agent.drivers.plan import Reason
from agent.objects import ENDPOINTS, SERVICE, at
from discovery.records import ServicePort
from tests.agent.drivers.osm_world import HTTP, STORE, Cluster, key, shown
from tests.discovery.view_world import A


def exporting() -> Cluster:
    here = Cluster()
    here.local("10.0.0.1", spec={"publishNotReadyAddresses": True})
    here.exports("a", "10.0.0.1")
    here.settle()
    return here


def test_2b_an_alias_is_the_service_under_another_name() -> None:
    here = exporting()
    spec = at(here.mirror.get(key(SERVICE, "store-mc-a")), "spec")
    assert spec == {
        "type": "ClusterIP",
        "ports": [
            {
                "name": "http-api",
                "port": 14_001,
                "targetPort": 14_001,
                "protocol": "TCP",
                "appProtocol": "http",
            }
        ],
        "selector": {"app": "store"},
        "publishNotReadyAddresses": True,
    }


def test_an_alias_follows_the_service() -> None:
    here = exporting()
    here.local("10.0.0.1", selector={"app": "shop"})
    assert shown(here.settle()) == ["apply Service store-mc-a"]
    alias = here.mirror.get(key(SERVICE, "store-mc-a"))
    assert at(alias, "spec", "selector") == {"app": "shop"}


def test_an_alias_outlives_the_export_until_others_have_obeyed() -> None:
    here = exporting()
    here.withdraws("a")
    [group] = here.plan().groups
    assert shown(group.writes) == ["delete Service store-mc-a"]
    assert group.after_s == RETIRE_AFTER_S


def test_3b_pods_on_several_numbers_have_an_alias_for_each_before_they_are_ready() -> None:
    here = exporting()
    subsets = [
        {"addresses": [{"ip": "10.0.0.1"}], "ports": [{"name": "http-api", "port": 14_001}]},
        {"notReadyAddresses": [{"ip": "10.0.0.2"}], "ports": [{"name": "http-api", "port": 8_081}]},
    ]
    here.put(key(ENDPOINTS, "store"), {"subsets": subsets})
    assert shown(here.settle()) == ["apply Service store-mc14001-a", "apply Service store-mc8081-a"]
    alias = here.mirror.get(key(SERVICE, "store-mc8081-a"))
    assert at(alias, "spec", "ports", 0, "targetPort") == 8_081


def test_a_service_without_selector_has_none_and_says_so() -> None:
    here = Cluster()
    here.local("10.0.0.1", selector={})
    here.exports("a", "10.0.0.1")
    assert here.settle() == []
    assert here.reasons() == {Reason.NO_ALIAS}


def test_a_name_of_somebody_elses_is_not_touched() -> None:
    here = Cluster()
    here.local("10.0.0.1")
    here.exports("a", "10.0.0.1")
    here.put(key(SERVICE, "store-mc-a"), {"spec": {"ports": [{"port": 1}]}})
    assert here.settle() == []
    assert here.reasons() == {Reason.NAME_TAKEN}


def test_ports_of_udp_are_no_part_of_an_alias() -> None:
    here = Cluster()
    here.local("10.0.0.1", ports=(HTTP,))
    ports = [{"port": 53, "protocol": "UDP"}, {"port": 53, "targetPort": "dns"}]
    here.put(key(SERVICE, "store"), {"spec": {"ports": ports, "selector": {"app": "store"}}})
    [write] = aliases_of(here.mirror, STORE, A).writes
    assert at(write.document, "spec", "ports") == [
        {"port": 53, "targetPort": "dns", "protocol": "TCP", "appProtocol": "http"}
    ]


def test_a_service_of_ours_has_no_alias() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1", ports=(ServicePort("http-api", 14_001, "TCP", "http"),))
    here.settle()
    assert aliases_of(here.mirror, STORE, A).names == frozenset()
