"""Why an endpoint is served, or is not, in one sentence and in full."""

from agent.local.explain_report import explain_document
from agent.local.facts import DriverFacts, DriverProblem
from agent.objects import Document, at, list_at
from discovery.keys import endpoints_key, export_key
from discovery.names import ServiceName
from discovery.records import ExportRecord, ServicePort, encode_export
from failure_detect.clock import MINUTE
from tests.agent.local.scenes import bridge_facts, met
from tests.discovery.bridgehead import (
    API,
    EAST,
    HOME,
    WEB,
    WEST,
    Bridgehead,
    died,
    distrusted,
    joined,
    member,
    overlay_of,
    pods,
)


def explained(head: Bridgehead, service: ServiceName = WEB, address: str | None = None) -> Document:
    return explain_document(bridge_facts(head), head.bridge, service, address)


def test_what_is_served_says_where_and_how_much() -> None:
    found = explained(met())
    assert at(found, "summary") == "shop/web is served by 4 of 4 endpoints, in east, west"
    assert (at(found, "served"), at(found, "endpointsTotal")) == (True, 4)
    assert at(found, "reasons") == {"used": 4}
    assert at(found, "endpoints", 0) == {
        "cluster": "east",
        "record": 0,
        "address": "10.1.0.1",
        "node": "node-0",
        "zone": "",
        "reason": "used",
        "inView": True,
        "why": "tier rest, east has 750 of 1000",
        "tier": "rest",
        "targetWeight": 750,
        "notes": [],
    }


def test_one_address_is_explained_alone() -> None:
    found = explained(met(), WEB, "10.1.0.10")
    assert [at(each, "cluster") for each in list_at(found, "endpoints")] == ["west"]
    assert at(found, "address") == "10.1.0.10"
    nowhere = explained(met(), WEB, "10.9.9.9")
    assert at(nowhere, "summary") == "no record of shop/web has 10.9.9.9"


def test_a_node_that_is_down_is_the_reason_for_its_endpoints() -> None:
    head = met()
    head.overlay(overlay_of(EAST, 0, "node-5", "node-6"), member(EAST))
    head.wait(4_000_000)
    found = explained(head, API)
    why = "node-down (node node-5 is down, say bridges of east)"
    assert at(found, "summary") == f"shop/api gets no traffic: {why}"
    assert (at(found, "served"), at(found, "inView")) == (False, True)
    assert at(found, "conditions", 0, "type") == "NoHealthyEndpoints"


def test_a_cluster_in_the_last_tier_says_why() -> None:
    head = met()
    head.tell(died(EAST))
    head.wait(MINUTE)
    found = explained(head)
    assert at(found, "clusters", 0, "verdict") == "unreachable"
    assert at(found, "clusters", 0, "lastTier") is True
    assert at(found, "endpoints", 0, "reason") == "last-tier"


def test_what_nobody_says_anything_about_is_not_known() -> None:
    found = explained(met(), ServiceName("shop", "nothing"))
    assert (at(found, "known"), at(found, "served")) == (False, False)
    assert at(found, "summary") == "nobody says anything about shop/nothing"


def test_long_answers_are_cut_and_counted() -> None:
    head = met()
    found = explain_document(bridge_facts(head), head.bridge, WEB, None, 2)
    assert len(list_at(found, "endpoints")) == 2
    assert at(found, "endpointsTotal") == 4


def test_what_the_driver_cannot_do_is_told_where_it_matters() -> None:
    head = met()
    problems = (DriverProblem(API, "A", "of api"), DriverProblem(None, "B", "of all"))
    facts = bridge_facts(head, driver=DriverFacts(name="osm-endpoints", problems=problems))
    found = explain_document(facts, head.bridge, WEB)
    assert list_at(found, "driverProblems") == [{"reason": "B", "message": "of all"}]
    assert at(found, "driver") == "osm-endpoints"


def test_the_own_cluster_has_no_verdict_and_a_stranger_is_gone() -> None:
    head = met()
    head.tell(joined(HOME, 1), distrusted("west"))
    head.publish(HOME, pods([50]))
    found = explained(head)
    assert [(at(e, "cluster"), at(e, "verdict")) for e in list_at(found, "clusters")] == [
        ("east", "live"),
        ("home", None),
    ]


def test_records_that_are_refused_and_conflicts_are_told() -> None:
    head = met()
    other = {endpoints_key(WEB, 0): b"junk"}
    head.publish(EAST, {**pods(range(3)), **other})
    port = ExportRecord(ports=(ServicePort("http", 81),), exported_at=2)
    head.publish(WEST, {**pods([9]), export_key(WEB): encode_export(port)})
    found = explained(head)
    assert at(found, "faults", 0, "cluster") == "east"
    assert at(found, "faults", 0, "lastGoodHolds") is True
    assert at(found, "conflicts", 0, "reason") == "PortConflict"
    assert (at(found, "conflicts", 0, "winner"), at(found, "conflicts", 0, "losers")) == (
        "east",
        ["west"],
    )
    assert at(found, "endpoints", 0, "notes") != []


def test_who_departed_is_named_as_gone() -> None:
    head = met()
    head.publish(WEST, {}, departs=True)
    found = explained(head, ServiceName("shop", "nothing"))
    assert at(found, "gone", 0, "cluster") == "west"
    assert at(found, "gone", 0, "verdict") == "departed"
    words = "nobody says anything about shop/nothing; west served here once and is gone"
    assert at(found, "summary") == words
