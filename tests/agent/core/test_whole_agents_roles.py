"""Whole agents in a small world that become bridges, stop being bridges, and leave."""

from failure_detect.events import MemberDied, MemberLeft
from failure_detect.members import Status
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
