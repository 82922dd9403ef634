import json

from tests.agent.commands.running import isthmus, running
from tests.agent.local.ports import Core
from tests.agent.local.scenes import bridge_facts, light_facts, met


def test_members_of_both_pools_are_shown() -> None:
    with running(Core(bridge_facts(met()))) as address:
        result = isthmus("members", address=address)
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert lines == [
        "POOL CLUSTER NODE STATUS SINCE ADDRESS RTT REACHABLE NOTES",
        "lan home node-0 alive 1m home-0:1 - - this agent, bridge",
        "lan home node-1 alive 1m home-1:1 - yes -",
        "wan east node-0 alive 1m east-0:1 - yes -",
        "wan home node-0 alive 1m home-0:1 - - this agent",
    ]


def test_one_pool_can_be_asked_for() -> None:
    with running(Core(bridge_facts(met()))) as address:
        result = isthmus("members", "--pool", "wan", "-o", "json", address=address)
        assert {each["pool"] for each in json.loads(result.output)["items"]} == {"wan"}
        assert isthmus("members", "--pool", "man", address=address).exit_code == 2


def test_a_light_agent_is_in_no_wan() -> None:
    with running(Core(light_facts())) as address:
        result = isthmus("members", "--pool", "wan", address=address)
    assert (result.exit_code, result.output) == (0, "this agent is not in that pool\n")
