"""Each cluster with its verdict, the evidence of every bridge, and what it says of itself."""

from agent.local.cluster_report import cluster_document, clusters_document, origins_of
from agent.objects import Document, at, list_at
from discovery.names import Origin
from discovery.reports import Report, Seen
from discovery.verdict_events import DataPathReported, PeerReport
from failure_detect.clock import MINUTE
from failure_detect.events import ReachabilityChanged
from tests.agent.local.scenes import STARTED, bridge_facts, met
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    WEST,
    Bridgehead,
    died,
    identity,
    joined,
    member,
    pods,
    trusted,
)

NOW = "2027-01-15T08:01:00Z"


def report(head: Bridgehead, origin: Origin = EAST) -> Document:
    document = cluster_document(bridge_facts(head), head.bridge, origin)
    assert document is not None
    return document


def test_a_live_cluster_says_why_and_since_when() -> None:
    found = report(met())
    assert [at(found, each) for each in ("name", "verdict", "since", "serves", "lastTier")] == [
        "east",
        "live",
        STARTED,
        True,
        False,
    ]
    assert at(found, "why") == "alive, reachable, its data path not shut, its manifest fresh"
    assert at(found, "services") == 2
    assert (at(found, "endpoints"), at(found, "healthyEndpoints")) == (5, 5)


def test_its_manifest_has_order_age_and_lifetime() -> None:
    manifest = at(report(met()), "manifest")
    assert [at(manifest, each) for each in ("generation", "epoch", "version", "records")] == [
        1,
        1,
        1,
        4,
    ]
    assert (at(manifest, "adoptedAt"), at(manifest, "ageSeconds")) == (STARTED, 60)
    assert (at(manifest, "freshUntil"), at(manifest, "fresh")) == ("2027-01-15T09:00:00Z", True)


def test_every_bridge_of_ours_is_a_witness_by_its_node() -> None:
    head = met()
    sister = member(HOME, 1)
    head.tell(joined(HOME, 1), DataPathReported(EAST, is_open=True))
    head.tell(PeerReport(sister, Report(1, False, (Seen(EAST, True, False),))))
    found = report(head)
    assert at(found, "evidence") == {
        "witnesses": 2,
        "alive": True,
        "reachable": True,
        "dataPath": "open",
        "whyLost": "",
    }
    assert list_at(found, "witnesses") == [
        {
            "node": "node-0",
            "self": True,
            "isolated": False,
            "alive": True,
            "reachable": True,
            "dataPath": "open",
            "silentSeconds": 0,
            "heardAt": NOW,
        },
        {
            "node": "node-1",
            "self": False,
            "isolated": False,
            "alive": True,
            "reachable": False,
            "dataPath": "unknown",
            "silentSeconds": 0,
            "heardAt": NOW,
        },
    ]


def test_a_cluster_that_cannot_be_reached_is_degraded_and_says_so() -> None:
    head = met()
    head.tell(ReachabilityChanged(member(EAST), reachable=False))
    head.wait(MINUTE)
    found = report(head)
    assert (at(found, "verdict"), at(found, "lastTier")) == ("degraded", True)
    assert at(found, "evidence", "reachable") is False


def test_a_cluster_whose_bridges_died_says_how_it_was_lost() -> None:
    head = met()
    head.tell(died(EAST))
    head.wait(MINUTE)
    found = report(head)
    assert at(found, "verdict") == "unreachable"
    assert at(found, "evidence", "whyLost") == "no bridge of it is alive: 1 died"


def test_who_is_trusted_and_was_never_heard_is_listed_without_a_verdict() -> None:
    head = met()
    head.tell(trusted("north"))
    found = report(head, Origin("north"))
    assert [at(found, each) for each in ("verdict", "manifest", "services")] == [None, None, 0]
    assert at(found, "trust", "trusted") is True


def test_bridges_are_those_that_the_wan_pool_has() -> None:
    head = met()
    facts = bridge_facts(head, identity(EAST), identity(EAST, 1), identity(WEST))
    found = cluster_document(facts, head.bridge, EAST)
    assert at(found, "bridges", "alive") == 2
    assert [at(each, "node") for each in list_at(found, "bridges", "members")] == [
        "node-0",
        "node-1",
    ]


def test_what_trust_allows_is_told() -> None:
    assert at(report(met()), "trust") == {
        "trusted": True,
        "rule": {
            "services": ["*/*"],
            "precedence": 0,
            "policies": False,
            "relayOnly": False,
        },
        "uid": "uid-of-east",
        "generation": 1,
        "problems": [],
    }


def test_what_a_guard_holds_is_counted_and_named() -> None:
    head = met()
    head.publish(WEST, pods(range(20)))
    head.wait(10 * MINUTE)
    head.publish(WEST, pods([0]))
    found = report(head, WEST)
    assert at(found, "heldEndpoints") == 19
    assert list_at(found, "heldServices") == ["shop/web"]


def test_the_own_cluster_comes_first_and_nobody_who_is_unknown_comes_at_all() -> None:
    head = met()
    facts = bridge_facts(head)
    assert origins_of(facts, head.bridge) == [HOME, EAST, WEST]
    first, *_ = list_at(clusters_document(facts, head.bridge), "items")
    assert (at(first, "own"), at(first, "verdict")) == (True, None)
    assert cluster_document(facts, head.bridge, Origin("nobody")) is None
