"""One agent as a real process: it obeys its signals, and what may change changes while it runs."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.demo.plan import NodePlan
from agent.objects import Document, at, list_at, text_at
from tests.agent.town import Town, fault_about, town, until

pytestmark = pytest.mark.timeout(120)

NETWORK = 40


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[tuple[Town, NodePlan]]:
    with town(tmp_path, ("east", "west"), nodes=1, network=NETWORK) as there:
        node = there.plan.cluster("east").nodes[0]
        there.start(node)
        there.publisher(there.plan.cluster("east"))
        yield there, node


def own_cluster(there: Town, node: NodePlan) -> Document:
    for each in list_at(there.ask(node, "/v1/clusters"), "items"):
        if isinstance(each, dict) and each.get("name") == node.cluster:
            return each
    return {}


def hang_up(there: Town, node: NodePlan) -> None:
    there.agents[node.name].send_signal(signal.SIGHUP)


def test_settings_change_by_a_signal_as_far_as_they_may(alone: tuple[Town, NodePlan]) -> None:
    there, node = alone
    there.configure(node, region="eu-west", bridges=5, log={"level": "debug"})
    hang_up(there, node)
    told = until(
        lambda: fault_about(there.ask(node, "/v1/status"), f"{node.config}: bridges"),
        "the status says that bridges needs a restart",
    )
    assert "restart the agent" in told
    [line] = there.logged(node, "settings_read_again")
    assert line["need_restart"] == ["bridges"]
    assert set(list_at(line, "applied")) == {"region", "log.level"}
    until(lambda: text_at(own_cluster(there, node), "region") == "eu-west", "the region is said")
    until(lambda: there.logged(node, "lease_renewed"), "details are logged")
    good = node.config.read_text()
    node.config.write_text(good.replace("bridges: 5", "bridges: many"))
    hang_up(there, node)
    until(
        lambda: "must be a whole number" in fault_about(there.ask(node, "/v1/status"), "bridges"),
        "the status says what is wrong with the file",
    )
    assert there.logged(node, "settings_refused")
    assert text_at(own_cluster(there, node), "region") == "eu-west"
    there.configure(node, region="eu-west", log={"level": "debug"})
    hang_up(there, node)
    until(
        lambda: not fault_about(there.ask(node, "/v1/status"), "bridges"),
        "nothing is wrong any more",
    )


def test_an_agent_that_is_told_to_stop_says_so_and_ends_well(
    alone: tuple[Town, NodePlan],
) -> None:
    there, node = alone
    assert there.stop(node) == 0
    assert there.logged(node, "agent_stopped")
    assert at(there.logged(node, "signal_received")[-1], "signal") == "SIGTERM"
