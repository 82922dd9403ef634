"""Whole agents in a small world while nothing breaks: they find each other, and obey."""

from agent.core.events import LocalAsked
from agent.demo.layout import trust_of
from agent.objects import FREEZE as FREEZE_KIND
from agent.objects import TRUSTED_CLUSTER, list_at, map_at
from agent.writes import Delete
from discovery.keys import ack_key
from discovery.names import Origin
from discovery.records import decode_ack
from failure_detect.events import MemberDied
from tests.agent.core.town_ground import ring_of
from tests.agent.core.townscape import Town

FREEZE = {
    "apiVersion": "isthmus.dev/v1alpha1",
    "kind": "Freeze",
    "metadata": {"name": "upgrade"},
    "spec": {"reason": "the mesh is being upgraded"},
}
DRAIN = {
    "apiVersion": "isthmus.dev/v1alpha1",
    "kind": "Drain",
    "metadata": {"name": "upgrade"},
    "spec": {"rampSeconds": 2, "reason": "new nodes"},
}


def trust(town: Town, cluster: str, *generations: int) -> None:
    """Let all other clusters believe these keys of a cluster."""
    documents = [trust_of(ring_of(cluster, each).key) for each in generations]
    keys = [key for each in documents for key in list_at(each, "spec", "keys")]
    spec = {**map_at(documents[0], "spec"), "keys": keys}
    for other in town.plan.others(cluster):
        town.api(other).put({**documents[0], "spec": spec})


def started(agents: int = 2) -> Town:
    town = Town(agents=agents)
    town.start()
    town.settle()
    town.run(3)
    return town


def test_all_find_each_other_and_each_set_is_adopted_everywhere() -> None:
    town = started()
    everywhere = sorted(town.sites)
    for process in town.processes():
        own = [each for each in everywhere if each.startswith(process.cluster)]
        lan = sorted(each.identity.node for each in process.agent.lan.detector.members())
        assert lan == own
        assert process.agent.head is not None
        wan = sorted(each.identity.node for each in process.agent.head.wan.detector.members())
        assert wan == everywhere
    everything = town.pods("east-1", "east-2", "west-1", "west-2")
    town.until(lambda: town.listed("south") == everything, 5)
    town.check_invariants()


def test_three_of_five_are_bridges_and_one_of_them_publishes() -> None:
    town = started(agents=5)
    for cluster in town.clusters:
        assert len(town.bridges(cluster)) == 3
        assert town.publisher(cluster) in town.bridges(cluster)
    wan = {each for cluster in town.clusters for each in town.bridges(cluster)}
    for site in wan:
        head = town.process(site).agent.head
        assert head is not None
        assert {each.identity.node for each in head.wan.detector.members()} == wan
    town.check_invariants()


def test_a_light_agent_has_a_bridge_answer_for_it() -> None:
    town = started(agents=4)
    [light] = [each for each in town.processes("east") if each.agent.head is None]
    light.give(LocalAsked(7, "/v1/clusters", {}))
    town.until(lambda: 7 in light.answered, 1)
    answer = light.answered[7]
    assert answer.status == 200
    assert answer.body is not None
    assert answer.body.decode() in {f"{each}/v1/clusters" for each in town.bridges("east")}


def test_an_endpoint_that_changes_changes_in_the_other_clusters() -> None:
    town = started()
    town.run(5)
    west = town.pods("west-1", "west-2")
    town.serve("east", "127.0.10.77")
    took = town.until(lambda: town.listed("south") == sorted(["127.0.10.77", *west]), 5)
    assert took < 1
    assert town.until(lambda: town.listed("west") == ["127.0.10.77"], 5) < 1


def test_what_is_exported_no_more_goes_everywhere() -> None:
    town = started()
    town.run(5)
    town.unexport("east")
    town.until(lambda: town.listed("south") == town.pods("west-1", "west-2"), 5)
    town.until(lambda: town.listed("west") == [], 5)


def test_a_drained_cluster_is_sent_nothing_and_everybody_acknowledges_it() -> None:
    town = started()
    town.run(5)
    town.api("east").put(DRAIN)

    def acknowledged(by: str) -> bool:
        head = town.process(town.publisher("east")).agent.head
        held = None if head is None else head.bridge.catalog.get(Origin(by))
        raw = None if held is None else held.records.get(ack_key(Origin("east")))
        return raw is not None and decode_ack(raw, "ack").done

    town.until(lambda: acknowledged("south") and acknowledged("west"), 60)
    assert town.preferred("south") == town.pods("west-1", "west-2")


def test_while_frozen_nothing_is_written_and_then_everything_is() -> None:
    town = started()
    town.run(5)
    town.api("south").put(FREEZE)
    town.run(1)
    before, count = town.listed("south"), len(town.writes)
    town.serve("east", "127.0.10.77")
    town.run(10)
    assert town.listed("south") == before
    written = [site for _, site, _ in town.writes[count:]]
    assert not [site for site in written if site.startswith("south")]
    assert [site for site in written if site.startswith("west")]
    town.clusters["south"].api.delete(FREEZE_KIND, "upgrade")
    town.until(lambda: "127.0.10.77" in town.listed("south"), 5)


def test_a_dry_run_shows_what_it_would_write() -> None:
    town = Town(settings={"dryRun": True})
    town.start()
    town.until(town.is_settled, 10)
    town.run(10)
    assert town.writes == []
    assert town.listed("south") == []
    head = town.process(town.publisher("south")).agent.head
    assert head is not None
    planned = [step for group in head.writer.planned() for step in group.writes]
    assert [step.key.kind.name for step in planned] == ["MultiClusterService"]


def test_a_cluster_that_is_trusted_no_more_is_forgotten() -> None:
    town = started()
    town.run(5)
    town.api("south").delete(TRUSTED_CLUSTER, "east")
    town.until(lambda: town.listed("south") == town.pods("west-1", "west-2"), 5)
    for site in town.bridges("south"):
        assert town.order(site, "east") is None
    town.run(10)
    assert town.listed("west") == town.pods("east-1", "east-2")


def test_other_keys_are_taken_up_and_nothing_is_withdrawn() -> None:
    town = started()
    town.run(5)
    before = town.listed("south")
    trust(town, "east", 1, 2)
    town.run(2)
    town.use_keys("east", 2)

    def is_new(site: str) -> bool:
        order = town.order(site, "east")
        return order is not None and order.generation == 2

    town.until(lambda: all(map(is_new, town.bridges("south"))), 10)
    town.until(town.is_settled, 10)
    assert town.listed("south") == before
    town.run(20)
    assert town.is_settled()
    assert town.listed("south") == before
    assert not [each for each in town.writes if isinstance(each[2], Delete)]


def test_certificates_that_are_renewed_change_nothing() -> None:
    town = started()
    town.run(5)
    count = len(town.writes)
    for process in town.processes():
        process.renew()
    town.run(20)
    assert town.is_settled()
    assert len(town.writes) == count
    for process in town.processes():
        died = [fact for _, fact in process.facts if isinstance(fact, MemberDied)]
        assert died == []
