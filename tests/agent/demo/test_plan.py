"""Everything of a demonstration has its own place, and all places are on loopback."""

from ipaddress import ip_address
from pathlib import Path

from agent.demo.plan import Ports, plan
from agent.demo.relays import Place


def test_no_two_things_have_one_place() -> None:
    planned = plan(Path("demo"), nodes=3)
    places: list[Place] = []
    for node in planned.nodes:
        places += [node.agent, node.http, node.relay, node.kubelet, *node.pods(8)]
    assert len(places) == len(set(places)) == 9 * 12
    assert all(ip_address(place.host).is_loopback for place in places)


def test_clusters_are_found_by_name_and_nodes_by_host() -> None:
    planned = plan(Path("demo"))
    assert [node.name for node in planned.nodes] == [
        "east-1",
        "east-2",
        "west-1",
        "west-2",
        "south-1",
        "south-2",
    ]
    assert planned.others("west") == ["east", "south"]
    assert planned.by_host()[planned.cluster("south").nodes[1].host] == "south"
    assert planned.cluster("east").objects == Path("demo/east/objects")


def test_a_second_demonstration_takes_other_ports_or_another_network() -> None:
    first = {node.agent for node in plan(Path("a")).nodes}
    assert first.isdisjoint(node.agent for node in plan(Path("b"), ports=Ports(agent=2)).nodes)
    assert first.isdisjoint(node.agent for node in plan(Path("b"), network=40).nodes)
