import json

import pytest

from agent.commands.services import PAGE
from discovery.names import ServiceName
from discovery.state import KeptState
from tests.agent.commands.running import isthmus, running
from tests.agent.local.ports import Core
from tests.agent.local.scenes import bridge_facts, met
from tests.discovery.bridgehead import EAST, WEST, Bridgehead, kept, member, overlay_of, pods


def lines(output: str) -> list[str]:
    return [" ".join(line.split()) for line in output.splitlines()]


def test_services_say_where_their_traffic_goes() -> None:
    with running(Core(bridge_facts(met()))) as address:
        result = isthmus("services", address=address)
        assert lines(result.output) == [
            "NAMESPACE NAME READY TRAFFIC GOES TO POLICY TO BE KNOWN",
            "shop api 2/2 east 100% Locality -",
            "shop web 4/4 east 75%, west 25% Locality -",
        ]
        assert "http:80/TCP" in isthmus("services", "-o", "wide", address=address).output
        nothing = isthmus("services", "bank", address=address)
        assert (nothing.exit_code, nothing.output) == (0, "no service is served here\n")


def test_one_service_has_its_tiers() -> None:
    with running(Core(bridge_facts(met()))) as address:
        result = isthmus("services", "shop/web", address=address)
    assert result.exit_code == 0
    assert "rest east 75% 3/3 endpoints -" in lines(result.output)


def test_a_service_that_gets_no_traffic_exits_with_one() -> None:
    head = met()
    head.overlay(overlay_of(EAST, 0, "node-5", "node-6"), member(EAST))
    head.wait(4_000_000)
    with running(Core(bridge_facts(head))) as address:
        result = isthmus("services", "shop/api", address=address)
    assert result.exit_code == 1
    assert "nowhere" in result.output
    assert "NoHealthyEndpoints: nothing healthy is known" in result.output


@pytest.mark.parametrize("name", ["shop/nothing", "shop/No", "shop/a/b", "shop/../../status"])
def test_a_service_that_is_unknown_exits_with_one(name: str) -> None:
    with running(Core(bridge_facts(met()))) as address:
        assert isthmus("services", name, address=address).exit_code == 1


def test_long_lists_are_asked_for_page_by_page() -> None:
    head, records = Bridgehead(), dict[bytes, bytes]()
    for number in range(PAGE + 5):
        records |= pods([1], ServiceName("many", f"s{number:04}"))
    head.restore(KeptState(sets=(kept(WEST, records),)))
    with running(Core(bridge_facts(head))) as address:
        result = isthmus("services", "many", "-o", "json", address=address)
    names = [each["name"] for each in json.loads(result.output)["items"]]
    assert names == [f"s{number:04}" for number in range(PAGE + 5)]
