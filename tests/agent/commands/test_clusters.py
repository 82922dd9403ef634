from failure_detect.clock import MINUTE
from tests.agent.commands.running import isthmus, running
from tests.agent.local.ports import Core
from tests.agent.local.scenes import bridge_facts, draining, light_facts, met
from tests.discovery.bridgehead import EAST, died, member, overlay_of


def lines(output: str) -> list[str]:
    return [" ".join(line.split()) for line in output.splitlines()]


def test_each_cluster_has_its_verdict_and_why() -> None:
    head = met()
    head.overlay(overlay_of(EAST, 0, "node-5"), member(EAST))
    head.wait(4_000_000)
    with running(Core(bridge_facts(head))) as address:
        result = isthmus("clusters", address=address)
    assert result.exit_code == 0
    top, home, east, west = lines(result.output)
    assert top == "CLUSTER VERDICT SINCE BRIDGES SERVICES READY SAID WHY"
    assert home.startswith("home this one")
    assert east.startswith("east live 1m4s 1 2 4/5 1m4s ago alive, reachable")
    assert east.endswith("nodes down: node-5")
    assert west.startswith("west live")


def test_a_drain_is_told_where_the_cluster_is() -> None:
    with running(Core(bridge_facts(draining()))) as address:
        result = isthmus("clusters", "-o", "wide", address=address)
    assert "drains all of it: 500 of 1000 left, waits for home, west" in result.output
    assert "WITNESSES" in result.output


def test_one_cluster_is_shown_with_the_word_of_every_bridge() -> None:
    head = met()
    head.tell(died(EAST))
    head.wait(MINUTE)
    with running(Core(bridge_facts(head))) as address:
        result = isthmus("clusters", "east", address=address)
    assert result.exit_code == 0
    found = lines(result.output)
    assert "set generation 1, epoch 1, version 1, 4 records, 228 bytes" in found
    assert "may serve */*" in found
    assert any(line.startswith("node-0 no no unknown 1m") for line in found)
    assert any(line.startswith("node-0 alive 2m east-0:1") for line in found)


def test_a_cluster_that_is_unknown_exits_with_one() -> None:
    with running(Core(bridge_facts(met()))) as address:
        result = isthmus("clusters", "../status", address=address)
    assert result.exit_code == 1
    assert "is known here" in result.output or "there is nothing at" in result.output


def test_where_no_bridge_can_be_asked_it_says_so() -> None:
    with running(Core(light_facts())) as address:
        result = isthmus("clusters", address=address)
    assert result.exit_code == 1
    assert "node-0 does not answer" in result.output
    assert "isthmus members" in result.output
