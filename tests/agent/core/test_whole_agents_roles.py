"""Whole agents in a small world that become bridges, stop being bridges, and leave."""

from agent.core.events import ClockRead, TrustAltered
from agent.credentials import LIFETIME_MS
from agent.process.chartering import keys_of
from failure_detect.events import MemberDied, MemberLeft
from failure_detect.members import Status
from tests.agent.core.town_ground import ring_of
from tests.agent.core.townscape import Town


def started() -> Town:
    town = Town(agents=3)
    town.start()
    town.settle()
    town.run(3)
    return town


def heard(town: Town, cluster: str, fact: type[object]) -> int:
    """How often the agents of a cluster learnt such a thing."""
    return sum(isinstance(each, fact) for p in town.processes(cluster) for _, each in p.facts)


def test_a_bridge_that_stops_has_left_the_pool_of_all_clusters_and_nobody_finds_it_dead() -> None:
    town = started()
    town.stop("east-2")
    town.run(20)
    assert not town.process("east-2").runs
    for cluster in town.clusters:
        assert heard(town, cluster, MemberDied) == 0
    for process in town.processes("south"):
        head = process.agent.head
        assert head is not None
        seen = head.wan.detector.member(town.process("east-2").member)
        assert seen is None or seen.status is Status.LEFT
    assert heard(town, "south", MemberLeft) == 3


def split(town: Town) -> None:
    """Let the agents of east find a bridge on either side of a cut, and heal it."""
    sites = [each.name for each in town.clusters["east"].sites]
    for one in sites:
        for other in sites:
            if one != other:
                town.network.cut(one, other)
    town.until(lambda: len(town.bridges("east")) == len(sites), 60)
    town.network.heal_all()
    town.until(lambda: len(town.bridges("east")) == 1, 120)


def test_a_bridge_that_steps_down_has_left_and_one_that_comes_back_is_let_in() -> None:
    town = Town(agents=2, names=("east", "west"), settings={"bridges": 1})
    town.start()
    town.until(lambda: all(map(town.publisher, town.clusters)), 90)
    split(town)
    for process in town.processes():
        process.facts.clear()
    town.run(30)
    assert heard(town, "west", MemberDied) == 0
    [first] = town.bridges("east")
    [second] = {"east-1", "east-2"} - {first}
    town.stop(first)
    town.until(lambda: town.bridges("east") == [second], 30)
    member = town.process(second).member

    def is_in() -> bool:
        [west] = town.bridges("west")
        head = town.process(west).agent.head
        seen = None if head is None else head.wan.detector.member(member)
        return seen is not None and seen.status is Status.ALIVE

    town.until(is_in, 10)
    town.until(lambda: town.publisher("east") == second, 20)


def test_a_certificate_of_an_agent_of_the_own_cluster_expires() -> None:
    town = started()
    process = next(town.processes("east"))
    authority, certificate = process.agent.lan_authority, process.credentials.lan
    assert authority.identify(certificate) is not None
    process.give(ClockRead(town.agenda.wall_ms() + LIFETIME_MS + 1_000))
    assert authority.identify(certificate) is None


def test_an_agent_that_is_no_bridge_looks_at_everybody_again_when_keys_change() -> None:
    town = Town(agents=2, names=("east",), settings={"bridges": 1})
    town.start()
    town.until(lambda: len(town.bridges("east")) == 1, 60)
    [light] = [each for each in town.processes("east") if each.agent.head is None]
    effects = light.agent.handle(keys_of(ring_of("east", 2)), town.agenda.now)
    assert TrustAltered() in effects
