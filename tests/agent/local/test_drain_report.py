"""A drain shows how far it is, and who has not acknowledged it yet."""

from agent.local.drain_report import drains_document, drains_of
from agent.objects import Document, list_at
from discovery.keys import ack_key, drain_key
from discovery.records import AckRecord, DrainRecord, encode_ack, encode_drain
from failure_detect.clock import MINUTE
from failure_detect.events import ReachabilityChanged
from tests.agent.local.scenes import bridge_facts, draining, met
from tests.discovery.bridgehead import EAST, WALL, WEST, Bridgehead, member, pods


def drain(head: Bridgehead) -> Document:
    [found] = drains_of(bridge_facts(head), head.bridge)
    return found


def test_a_drain_half_way_is_waited_for_by_everybody() -> None:
    assert drain(draining()) == {
        "cluster": "east",
        "service": None,
        "drain": "d1",
        "seenAt": "2027-01-15T08:01:00Z",
        "rampSeconds": 20,
        "weight": 500,
        "weightOf": 1000,
        "obeyed": False,
        "neededBy": ["shop/api", "shop/web"],
        "acknowledgedBy": [],
        "waitingFor": ["home", "west"],
        "outOfReach": [],
        "done": False,
    }


def test_who_acknowledged_is_not_waited_for() -> None:
    head = draining()
    head.publish(WEST, {**pods([9]), ack_key(EAST): encode_ack(AckRecord(drain="d1"))})
    found = drain(head)
    assert (found["acknowledgedBy"], found["waitingFor"]) == (["west"], ["home"])


def test_who_is_out_of_reach_is_named_apart() -> None:
    head = draining()
    head.tell(ReachabilityChanged(member(WEST), reachable=False))
    head.wait(MINUTE)
    found = drain(head)
    assert (found["outOfReach"], found["waitingFor"]) == (["west"], ["home"])


def test_who_is_not_told_is_not_waited_for() -> None:
    head = met()
    record = DrainRecord(drain="d1", started_at_ms=WALL)
    head.publish(EAST, {**pods([1]), drain_key(): encode_drain(record)}, audience=("home",))
    assert drain(head)["waitingFor"] == ["home"]


def test_where_nothing_is_drained_the_list_is_empty() -> None:
    head = met()
    assert list_at(drains_document(bridge_facts(head), head.bridge), "items") == []
