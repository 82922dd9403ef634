"""A service as it is served here: who has how much of it, under which policy."""

import pytest

from agent.local.facts import DriverFacts, Written
from agent.local.service_report import service_document, services_document
from agent.objects import MULTI_CLUSTER_SERVICE, ObjectKey, at, list_at
from discovery.names import ServiceName
from tests.agent.local.scenes import bridge_facts, draining, met
from tests.discovery.bridgehead import API, START, WEB
from tests.discovery.test_policy import policy_object


def test_clusters_and_tiers_have_their_shares() -> None:
    head = met()
    found = service_document(bridge_facts(head), head.bridge, WEB)
    assert found is not None
    assert [at(found, each) for each in ("served", "ready", "total", "type")] == [
        True,
        4,
        4,
        "ClusterSetIP",
    ]
    assert at(found, "clusters") == [
        {"cluster": "east", "weight": 750, "ready": 3, "total": 3, "held": 0},
        {"cluster": "west", "weight": 250, "ready": 1, "total": 1, "held": 0},
    ]
    [tier] = list_at(found, "tiers")
    assert (at(tier, "kind"), at(tier, "weight"), at(tier, "lastResort")) == ("rest", 1000, False)
    assert at(found, "ports", 0) == {
        "name": "http",
        "port": 80,
        "protocol": "TCP",
        "appProtocol": "",
        "clusters": ["east", "west"],
    }


def test_the_policy_in_force_says_over_which_others_it_holds() -> None:
    head = met()
    spec = {"mode": "FailOver", "clusters": ["west", "east"]}
    objects = [policy_object(spec), policy_object({"service": "web"}, name="q")]
    head.bridge.view.set_local_policies(objects)
    policy = at(service_document(bridge_facts(head), head.bridge, WEB), "policy")
    assert (at(policy, "name"), at(policy, "mode"), at(policy, "default")) == (
        "q",
        "Locality",
        False,
    )
    [overtaken] = list_at(policy, "overtakes")
    assert overtaken == {
        "namespace": "shop",
        "name": "p",
        "cluster": None,
        "why": "one for the service wins over one for its namespace",
        "conflict": False,
    }


def test_what_the_driver_wrote_for_it_is_there() -> None:
    head = met()
    key = ObjectKey(MULTI_CLUSTER_SERVICE, "shop", "web")
    driver = DriverFacts(objects={WEB: (Written(key, "east and west serve it", START),)})
    facts = bridge_facts(head, driver=driver)
    assert at(service_document(facts, head.bridge, WEB), "written", 0) == {
        "action": "Apply",
        "kind": "MultiClusterService",
        "namespace": "shop",
        "name": "web",
        "why": "east and west serve it",
        "writtenAt": "2027-01-15T08:00:00Z",
    }
    assert at(service_document(facts, head.bridge, API), "written") == []


def test_what_is_drained_to_the_end_and_needed_is_a_last_resort() -> None:
    head = draining()
    head.wait(20_000_000)
    found = service_document(bridge_facts(head), head.bridge, API)
    assert at(found, "tiers", 0, "kind") == "drained"
    assert at(found, "tiers", 0, "lastResort") is True
    assert at(found, "conditions", 0, "type") == "DrainNeeded"


def test_what_nobody_exports_is_none() -> None:
    head = met()
    unknown = ServiceName("shop", "nothing")
    assert service_document(bridge_facts(head), head.bridge, unknown) is None


@pytest.mark.parametrize(
    ("namespace", "after", "most", "names", "rest"),
    [
        ("", "", 2, ["api", "web"], ""),
        ("shop", "", 1, ["api"], "shop/api"),
        ("", "shop/api", 1, ["web"], ""),
        ("bank", "", 2, [], ""),
    ],
)
def test_long_lists_come_in_pages(
    namespace: str, after: str, most: int, names: list[str], rest: str
) -> None:
    head = met()
    found = services_document(bridge_facts(head), head.bridge, namespace, after, most)
    assert [at(each, "name") for each in list_at(found, "items")] == names
    assert at(found, "continue") == rest
