import json

import pytest

from agent.local.facts import DriverFacts, DriverProblem, Written
from agent.objects import MULTI_CLUSTER_SERVICE, ObjectKey
from tests.agent.commands.running import isthmus, running
from tests.agent.local.ports import Core
from tests.agent.local.scenes import bridge_facts, draining, met
from tests.discovery.bridgehead import EAST, START, WEB, member, overlay_of
from tests.discovery.test_policy import policy_object


def lines(output: str) -> list[str]:
    return [" ".join(line.split()) for line in output.splitlines()]


def test_why_begins_with_one_sentence_and_gives_a_reason_for_each_endpoint() -> None:
    with running(Core(bridge_facts(draining()))) as address:
        result = isthmus("explain", "shop/web", address=address)
    assert result.exit_code == 0
    found = lines(result.output)
    assert found[0] == "shop/web is served by 4 of 4 endpoints, in east, west"
    assert found[1] == "policy: Locality, the default"
    assert "east draining 10s yes 50% it is being drained, and said so" in found
    assert "west 10.1.0.10 node-9 - used tier rest, west has 400 of 1000" in found


def test_one_address_is_asked_for_alone() -> None:
    with running(Core(bridge_facts(met()))) as address:
        result = isthmus("explain", "shop/web", "10.1.0.10", address=address)
        assert result.exit_code == 0
        assert "10.1.0.1 " not in result.output
        result = isthmus("explain", "shop/web", "10.9.9.9", address=address)
        assert result.exit_code == 1
        assert "no record of shop/web has 10.9.9.9" in result.output


@pytest.mark.parametrize("copied", ["10.1.0.10:8080", "[10.1.0.10]:8080"])
def test_an_address_may_be_copied_with_its_port_from_an_object_of_the_mesh(copied: str) -> None:
    with running(Core(bridge_facts(met()))) as address:
        result = isthmus("explain", "shop/web", copied, address=address)
    assert result.exit_code == 0
    assert lines(result.output)[0] == "10.1.0.10 of shop/web is served by 1 of 1 endpoints, in west"


def test_an_address_of_ipv6_is_no_port() -> None:
    with running(Core(bridge_facts(met()))) as address:
        result = isthmus("explain", "shop/web", "fd00::7", address=address)
        assert "no record of shop/web has fd00::7" in result.output
        result = isthmus("explain", "shop/web", "[fd00::7]:80", address=address)
        assert "no record of shop/web has fd00::7\n" in result.output


def test_what_nobody_knows_exits_with_one() -> None:
    with running(Core(bridge_facts(met()))) as address:
        result = isthmus("explain", "shop/nothing", address=address)
    assert (result.exit_code, result.output) == (1, "nobody says anything about shop/nothing\n")


def test_a_node_that_is_down_is_told_as_the_reason() -> None:
    head = met()
    head.overlay(overlay_of(EAST, 0, "node-5", "node-6"), member(EAST))
    head.wait(4_000_000)
    with running(Core(bridge_facts(head))) as address:
        result = isthmus("explain", "shop/api", address=address)
    assert result.exit_code == 1
    assert "node node-5 is down, say bridges of east" in result.output


def test_policies_problems_and_what_was_written_are_told() -> None:
    head = met()
    objects = [policy_object({}), policy_object({"service": "web"}, name="q")]
    head.bridge.view.set_local_policies(objects)
    written = Written(ObjectKey(MULTI_CLUSTER_SERVICE, "shop", "web"), "two serve it", START)
    driver = DriverFacts(
        name="osm-multicluster",
        objects={WEB: (written,)},
        problems=(DriverProblem(WEB, "WeightsNotSupported", "weights are not obeyed"),),
    )
    facts = bridge_facts(head, driver=driver, frozen="upgrade")
    with running(Core(facts)) as address:
        result = isthmus("explain", "shop/web", address=address)
        document = json.loads(isthmus("explain", "shop/web", "-o", "json", address=address).output)
    for expected in (
        "policy: Locality shop/q",
        "policy shop/p does not hold: one for the service wins over one for its namespace",
        "osm-multicluster: weights are not obeyed",
        "written: MultiClusterService shop/web: two serve it",
        "frozen: nothing is written to the mesh",
    ):
        assert expected in lines(result.output)
    assert document["kind"] == "Explanation"


@pytest.mark.parametrize("name", ["web", "shop/", "/web", "a/b/c"])
def test_what_is_no_service_is_a_usage_error(name: str) -> None:
    result = isthmus("explain", name, address="127.0.0.1:1")
    assert result.exit_code == 2
    assert "is not NAMESPACE/SERVICE, such as shop/web" in result.output


def test_a_limit_is_obeyed_and_told() -> None:
    with running(Core(bridge_facts(met()))) as address:
        result = isthmus("explain", "shop/web", "--limit", "1", address=address)
    assert "3 more are not shown (--limit)" in result.output
