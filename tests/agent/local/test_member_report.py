from agent.local.member_report import members_document
from agent.objects import Document, list_at
from tests.agent.local.scenes import STARTED, bridge_facts, light_facts, met
from tests.discovery.bridgehead import EAST, HOME, WEST, identity


def items(document: Document) -> list[tuple[object, ...]]:
    return [
        (each["pool"], each["cluster"], each["node"], each["bridge"], each["self"])
        for each in list_at(document, "items")
        if isinstance(each, dict)
    ]


def test_both_pools_are_listed_by_cluster_and_node() -> None:
    facts = bridge_facts(met(), identity(WEST, 2), identity(EAST))
    assert items(members_document(facts)) == [
        ("lan", "home", "node-0", True, True),
        ("lan", "home", "node-1", False, False),
        ("wan", "east", "node-0", True, False),
        ("wan", "home", "node-0", True, True),
        ("wan", "west", "node-2", True, False),
    ]
    assert [each[0] for each in items(members_document(facts, "lan"))] == ["lan", "lan"]


def test_a_light_agent_has_one_pool() -> None:
    facts = light_facts()
    assert items(members_document(facts)) == [
        ("lan", "home", "node-0", True, False),
        ("lan", "home", "node-1", False, True),
    ]
    assert items(members_document(facts, "wan")) == []


def test_a_member_has_all_that_the_detector_knows() -> None:
    [first, _] = list_at(members_document(light_facts()), "items")
    assert first == {
        "pool": "lan",
        "cluster": "home",
        "node": "node-0",
        "member": identity(HOME).member.hex(),
        "address": "home-0:1",
        "nodeAddress": None,
        "status": "alive",
        "since": STARTED,
        "incarnation": 1,
        "start": 1,
        "reachable": True,
        "roundTripMillis": None,
        "bridge": True,
        "self": False,
        "nodeSilent": False,
    }
