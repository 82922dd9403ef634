"""A new bridge is told of its cluster's pool as it is, by the facts that lead there."""

from agent.core.replay import lan_facts
from failure_detect.events import MemberDied, MemberJoined, NodeSilent
from tests.agent.core.townscape import Town


def told(town: Town, site: str) -> list[str]:
    """The facts as words, by node."""
    found = []
    detector = town.process(site).agent.lan.detector
    nodes = {each.identity.member: each.identity.node for each in detector.members()}
    for fact in lan_facts(detector):
        match fact:
            case MemberJoined(identity):
                found.append(f"{identity.node} joined")
            case MemberDied(member, _, accusers):
                assert accusers == ()
                found.append(f"{nodes[member]} died")
            case NodeSilent(node):
                found.append(f"{node} is silent")
            case _:
                raise AssertionError(f"nobody needs {fact} to know the pool as it is")
    return found


def settled() -> Town:
    town = Town(agents=5, names=("east", "west"))
    town.start()
    town.until(town.is_settled, 20)
    town.run(13)
    return town


def test_all_that_live_have_joined() -> None:
    assert sorted(told(settled(), "east-1")) == [f"east-{n} joined" for n in range(1, 6)]


def test_who_died_joined_before_and_its_node_is_silent_only_where_it_is() -> None:
    town = settled()
    town.crash("east-2")
    town.crash_node("east-3")
    town.run(15)
    facts = told(town, "east-1")
    assert facts.index("east-2 joined") < facts.index("east-2 died")
    assert facts.index("east-3 died") < facts.index("east-3 is silent")
    assert "east-2 is silent" not in facts


def test_who_left_is_no_part_of_it() -> None:
    town = settled()
    town.stop("east-3")
    town.run(5)
    assert sorted(told(town, "east-1")) == [f"east-{n} joined" for n in (1, 2, 4, 5)]
