from agent.local.pool_metrics import POOL_METRICS, detectors
from failure_detect.clock import SECOND
from failure_detect.events import DatagramReceived
from tests.agent.local.readings import scraped
from tests.agent.local.scenes import bridge_facts, light_facts, met
from tests.discovery.bridgehead import EAST, START, identity


def test_each_pool_has_its_members_by_status() -> None:
    found = scraped(bridge_facts(met()))
    assert found["isthmus_pool_members", ("lan", "alive")] == 2
    assert found["isthmus_pool_members", ("wan", "alive")] == 2
    assert found["isthmus_pool_members", ("wan", "dead")] == 0
    assert found["isthmus_pool_silent_nodes", ("lan",)] == 0
    assert found["isthmus_pool_isolated", ("lan",)] == 0


def test_a_light_agent_has_no_wan() -> None:
    assert [pool for pool, _ in detectors(light_facts())] == ["lan"]
    pools = {labels[0] for name, labels in scraped(light_facts()) if "_pool_" in name}
    assert pools == {"lan"}


def test_refusals_count() -> None:
    facts = light_facts()
    facts.lan.handle(DatagramReceived(identity(EAST).member, b"x"), START + SECOND)
    assert scraped(facts)["isthmus_refused_total", ("lan", "malformed")] == 1


def test_every_number_of_the_detector_but_its_parts_is_a_metric() -> None:
    assert len(POOL_METRICS) == len({each.name for each in POOL_METRICS})
    found = {name for name, _ in scraped(bridge_facts(met()))}
    silent = {each.name for each in POOL_METRICS} - found
    assert silent <= {"isthmus_pool_messages_sent_total"}, "nothing was sent yet"
