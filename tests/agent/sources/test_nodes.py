"""What Nodes say of zones, heartbeats and addresses."""

import pytest

from agent.objects import Document
from agent.sources.nodes import NodeBook, heartbeat_stopped, node_address, zones_of
from discovery.isolation import HeartbeatSeen, HeartbeatStopped
from failure_detect.events import NodeDeleted
from failure_detect.identity import NodeName
from tests.agent.sources.written import mirror_of, node

N1 = NodeName("n1")


def with_address(*addresses: tuple[str, str], port: object = 10250) -> Document:
    status = {
        "addresses": [{"type": kind, "address": address} for kind, address in addresses],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }
    return node("n1", status=status)


def heard(ready: str) -> Document:
    return node(
        "n1",
        status={
            "conditions": [{"type": "Disk", "status": "True"}, {"type": "Ready", "status": ready}]
        },
    )


@pytest.mark.parametrize(
    ("document", "address"),
    [
        (with_address(("Hostname", "n1"), ("InternalIP", "192.0.2.7")), "192.0.2.7:10250"),
        (with_address(("InternalIP", "2001:DB8::7")), "[2001:db8::7]:10250"),
        (with_address(("InternalIP", "127.0.0.9"), port=7001), "127.0.0.9:7001"),
        (with_address(("InternalIP", "n1"), ("InternalIP", "192.0.2.7")), "192.0.2.7:10250"),
        (with_address(("InternalIP", "192.0.2.7"), port=None), None),
        (with_address(("InternalIP", "192.0.2.7"), port=0), None),
        (with_address(("ExternalIP", "192.0.2.7")), None),
        (with_address(("InternalIP", "169.254.0.1")), None),
        (node("n1"), None),
    ],
)
def test_a_node_answers_at_its_internal_address_and_its_kubelets_port(
    document: Document, address: str | None
) -> None:
    assert node_address(document) == address


def test_zones_are_those_of_the_nodes() -> None:
    mirror = mirror_of(node("a", "z2"), node("b", "z1"), node("c", "z1"), node("d"))
    assert zones_of(mirror) == ("z1", "z2")


def test_a_heartbeat_has_stopped_where_the_api_server_says_so() -> None:
    assert heartbeat_stopped(heard("Unknown")) is True
    assert heartbeat_stopped(heard("False")) is False
    assert heartbeat_stopped(heard("True")) is False
    assert heartbeat_stopped(node("n1")) is None


def test_each_fact_about_a_node_is_told_once() -> None:
    book = NodeBook()
    assert book.read([("n1", heard("True"))]) == []
    assert book.read([("n1", heard("Unknown"))]) == [HeartbeatStopped(N1)]
    assert book.is_missed("n1")
    assert book.read([("n1", heard("Unknown"))]) == []
    assert book.read([("n1", node("n1"))]) == [HeartbeatSeen(N1)]
    assert not book.is_missed("n1")
    assert book.read([]) == [NodeDeleted(N1)]
    assert book.read([]) == []
    assert not book.is_missed("n1")


def test_a_node_that_is_missed_from_the_beginning_is_told() -> None:
    assert NodeBook().read([("n1", heard("Unknown"))]) == [HeartbeatStopped(N1)]
