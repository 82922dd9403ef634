from agent.local.set_metrics import SET_METRICS
from failure_detect.clock import MINUTE
from tests.agent.local.readings import scraped
from tests.agent.local.scenes import bridge_facts, light_facts, met
from tests.discovery.bridgehead import EAST, WEST, died, member, overlay_of, pods


def test_sets_and_verdicts_are_those_of_the_machines() -> None:
    head = met()
    head.tell(died(EAST))
    head.wait(MINUTE)
    found = scraped(bridge_facts(head))
    assert found["isthmus_sets", ()] == 2
    assert found["isthmus_sets_records", ()] == 6
    assert found["isthmus_view_healthy_endpoints", ()] == 6
    assert found["isthmus_clusters", ("unreachable",)] == 1
    assert found["isthmus_clusters", ("live",)] == 1
    assert found["isthmus_cluster_verdict", ("east", "unreachable")] == 1
    assert ("isthmus_cluster_verdict", ("east", "live")) not in found
    assert found["isthmus_cluster_manifest_age_seconds", ("west",)] == 120


def test_nodes_that_are_down_are_counted_by_cluster() -> None:
    head = met()
    assert ("isthmus_cluster_nodes_down", ("east",)) not in scraped(bridge_facts(head))
    head.overlay(overlay_of(EAST, 0, "node-5", "node-6"), member(EAST))
    head.wait(4_000_000)
    assert scraped(bridge_facts(head))["isthmus_cluster_nodes_down", ("east",)] == 2


def test_what_a_guard_holds_and_lets_go_is_counted() -> None:
    head = met()
    head.publish(WEST, pods(range(20)))
    head.wait(10 * MINUTE)
    head.publish(WEST, pods([0]))
    found = scraped(bridge_facts(head))
    assert found["isthmus_guard_held_endpoints", ()] == 19
    assert found["isthmus_guard_holds_total", ()] == 1
    head.publish(WEST, pods(range(20)))
    found = scraped(bridge_facts(head))
    assert found["isthmus_guard_endpoints_released_total", ("returned",)] == 19


def test_the_publisher_is_there_where_it_is() -> None:
    found = scraped(bridge_facts(met()))
    assert found["isthmus_publisher_publishing", ()] == 0
    assert ("isthmus_publisher_version", ()) not in found, "nothing was signed yet"


def test_a_light_agent_has_none_of_them() -> None:
    names = {each.name for each in SET_METRICS}
    assert not {name for name, _ in scraped(light_facts()) if name in names}
