from agent.local.member_report import members_document
from agent.local.pool_metrics import POOL_METRICS, detectors
from agent.objects import at, list_at
from failure_detect.clock import SECOND
from failure_detect.events import DatagramReceived
from failure_detect.messages import Gossip
from tests.agent.local.readings import scraped
from tests.agent.local.scenes import bridge_facts, light_facts, met
from tests.discovery.bridgehead import EAST, START, identity
from tests.failure_detect.inquests import is_silent, kill, prepared


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


def test_a_node_that_is_silent_is_counted_and_named() -> None:
    stage, subject = prepared()
    is_silent(stage, kill(stage, subject))
    stage.hear(
        stage.peers[2], Gossip(), stage.peers[2].report(subject.identity.node, 1, silent=True)
    )
    facts = light_facts(lan=stage.detector)
    assert scraped(facts)["isthmus_pool_silent_nodes", ("lan",)] == 1
    members = list_at(members_document(facts), "items")
    silent = [at(each, "node") for each in members if at(each, "nodeSilent") is True]
    assert silent == [subject.identity.node]
