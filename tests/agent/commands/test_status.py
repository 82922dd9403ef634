import json

from agent.local.facts import DriverFacts, Fault, LeaseFacts, StoreFacts
from discovery.refusals import Refusal, Remembered
from tests.agent.commands.running import isthmus, running
from tests.agent.local.ports import Core
from tests.agent.local.scenes import bridge_facts, light_facts, met
from tests.discovery.bridgehead import START


def test_an_agent_is_shown_at_a_glance() -> None:
    driver = DriverFacts(name="osm-endpoints", why="OSM v1.2 is served", last_at=START)
    store = StoreFacts(description="directory east", faults=(Fault("web.yaml:3", "no YAML"),))
    facts = bridge_facts(met(), driver=driver, store=store, lease=LeaseFacts(holder="node-0"))
    with running(Core(facts)) as address:
        result = isthmus("status", address=address)
    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    for expected in (
        "node-0 of cluster home",
        "ready yes",
        "up for 1m",
        "wan 2 alive",
        "clusters 2 live",
        "services 2, 6 of 6 endpoints ready",
        "driver osm-endpoints (OSM v1.2 is served)",
        "written 0 objects, 1m ago",
        "store directory east; 1 faults",
        "lease node-0",
        "alarm store-fault web.yaml:3 no YAML -",
    ):
        assert expected in lines


def test_who_is_not_ready_exits_with_one_and_says_why() -> None:
    refused = (Remembered(Refusal.MALFORMED, "", "web.yaml: no name", 2),)
    facts = light_facts(
        not_ready=("no store was listed yet",), refused=refused, frozen="upgrade", dry_run=True
    )
    with running(Core(facts)) as address:
        result = isthmus("status", address=address)
        assert result.exit_code == 1
        document = json.loads(isthmus("status", "-o", "json", address=address).output)
    assert "no: no store was listed yet" in result.output
    assert "web.yaml: no name" in result.output
    assert "upgrade" in result.output
    assert document["readiness"]["ready"] is False


def test_help_has_examples_and_exit_codes() -> None:
    result = isthmus("status", "--help")
    assert result.exit_code == 0
    assert "isthmus status --config east-1.yaml" in result.output
    assert "3  the agent cannot be reached" in result.output
