"""Whole agents in a small world in which something dies, falls silent or is cut off."""

import pytest

from agent.objects import TRUSTED_CLUSTER
from agent.writes import Delete
from tests.agent.core.town_process import Disk
from tests.agent.core.townscape import Town


def started(agents: int = 2) -> Town:
    town = Town(agents=agents)
    town.start()
    town.settle()
    everything = sorted(
        pod
        for name in ("east", "west")
        for each in town.clusters[name].sites
        for pod in town.pods(each.name)
    )
    town.until(lambda: town.listed("south") == everything, 10)
    town.run(13)  # The nodes were found to answer.
    return town


def removed(town: Town) -> list[str]:
    """Who took anything away from any mesh."""
    return [site for _, site, step in town.writes if isinstance(step, Delete)]


@pytest.mark.parametrize("is_end_known", [True, False])
def test_a_publisher_that_crashes_is_succeeded_and_nothing_is_withdrawn(is_end_known: bool) -> None:
    town = started(agents=3)
    town.is_end_known = is_end_known
    first, before = town.publisher("south"), town.listed("south")
    town.crash(first)
    lost = []

    def succeeded() -> bool:
        lost.append(town.listed("south") != before)
        return town.publisher("south") not in ("", first)

    took = town.until(succeeded, 20)
    assert took < 3 if is_end_known else 5 < took < 17
    assert not any(lost)
    town.serve("east", "127.0.10.77")
    town.until(lambda: "127.0.10.77" in town.listed("south"), 5)


@pytest.mark.parametrize("is_end_known", [True, False])
def test_a_successor_publishes_what_its_predecessor_did(is_end_known: bool) -> None:
    town = started(agents=3)
    town.is_end_known = is_end_known
    first = town.publisher("east")
    before = town.listed("south")
    order = town.order(first, "east")
    assert order is not None
    town.crash(first)

    def is_new() -> bool:
        assert town.listed("south") == before
        orders = [town.order(each, "east") for each in town.bridges("south")]
        return all(each is not None and each.epoch > order.epoch for each in orders)

    town.until(is_new, 25)
    town.run(5)
    assert town.listed("south") == before
    assert removed(town) == []


def test_an_agent_that_dies_without_its_node_withdraws_nothing() -> None:
    town = started(agents=3)
    before, preferred = town.listed("south"), town.preferred("south")
    victim = next(
        each.name for each in town.clusters["east"].sites if each.name != town.publisher("east")
    )
    town.crash(victim)
    for _ in range(15):
        town.run(1)
        assert town.listed("south") == before
        assert town.preferred("south") == preferred
    town.start(victim)
    town.until(town.is_settled, 20)
    assert town.listed("south") == before
    assert removed(town) == []


def test_a_node_that_dies_takes_its_endpoints_with_it_in_seconds() -> None:
    town = started(agents=3)
    before = town.listed("south")
    victim = next(
        each.name for each in town.clusters["east"].sites if each.name != town.publisher("east")
    )
    town.crash_node(victim)
    gone = set(town.pods(victim))
    took = town.until(lambda: town.listed("south") == sorted(set(before) - gone), 15)
    assert took < 9
    town.start(victim)
    town.until(lambda: town.listed("south") == before, 30)


def test_the_publishers_own_node_is_no_exception() -> None:
    town = started(agents=3)
    town.is_end_known = False
    before = town.listed("south")
    victim = town.publisher("east")
    town.crash_node(victim)
    gone = set(town.pods(victim))
    assert town.until(lambda: town.listed("south") == sorted(set(before) - gone), 15) < 9


def test_a_publisher_that_stops_hands_over_in_two_seconds() -> None:
    town = started(agents=3)
    town.is_end_known = False
    first, before = town.publisher("south"), town.listed("south")
    town.stop(first)
    assert town.until(lambda: town.publisher("south") not in ("", first), 5) < 2
    town.until(lambda: not town.process(first).runs, 5)
    assert town.process(first).has_stopped
    town.until(town.is_settled, 10)
    assert town.listed("south") == before
    town.serve("east", "127.0.10.77")
    town.until(lambda: "127.0.10.77" in town.listed("south"), 5)


def test_a_cluster_that_is_cut_off_goes_to_the_last_tier_and_comes_back() -> None:
    town = started()
    before, west = town.listed("south"), town.pods("west-1", "west-2")
    town.cut_off("east")
    town.until(lambda: town.preferred("south") == west, 20)
    assert town.listed("south") == before
    assert town.listed("west") == town.pods("east-1", "east-2")
    assert town.listed("east") == west
    town.run(30)
    assert town.listed("south") == before
    town.network.heal_all()
    town.until(lambda: town.preferred("south") == before, 60)
    assert removed(town) == []


def test_all_agents_of_a_cluster_that_start_anew_withdraw_nothing() -> None:
    town = started()
    before = {name: town.listed(name) for name in town.clusters}
    town.crash("east-1", "east-2")
    town.run(1)
    town.start("east-1", "east-2")
    for _ in range(20):
        town.run(0.5)
        assert {name: town.listed(name) for name in town.clusters} == before
    town.until(town.is_settled, 20)


def test_while_the_api_server_does_not_answer_everything_else_goes_on() -> None:
    town = started(agents=3)
    before = town.listed("south")
    town.api("east").go_down()
    town.run(20)
    assert town.publisher("east") == ""
    assert len(town.bridges("east")) == 3
    assert town.listed("south") == before
    victim = "east-2"
    town.crash_node(victim)
    gone = set(town.pods(victim))
    town.until(lambda: town.listed("south") == sorted(set(before) - gone), 15)
    town.api("east").come_up()
    town.until(lambda: town.publisher("east") != "", 20)


def test_a_cluster_whose_disks_are_lost_takes_nothing_away() -> None:
    town = started()
    before = town.listed("south")
    town.cut_off("south")
    town.crash("south-1", "south-2")
    for name in ("south-1", "south-2"):
        town.sites[name].disk = Disk()
    town.start("south-1", "south-2")
    town.until(lambda: town.publisher("south") != "", 20)
    town.run(20)
    assert town.listed("south") == before
    town.network.heal_all()
    town.until(town.is_settled, 60)
    assert town.listed("south") == before
    assert removed(town) == []


def test_two_agents_of_one_node_name_do_no_harm() -> None:
    town = started()
    before = town.listed("south")
    twin = town.double("east-1")
    town.start(twin)
    town.run(30)
    assert town.listed("south") == before
    town.crash(twin)
    town.until(lambda: len(town.bridges("east")) == 2 and town.publisher("east") != "", 30)
    assert town.listed("south") == before
    assert removed(town) == []


def test_agents_that_start_anew_without_the_api_server_go_on_with_what_was_kept() -> None:
    town = started()
    before = {name: town.listed(name) for name in town.clusters}
    orders = [town.order(site, "west") for site in town.bridges("east")]
    town.crash("east-1", "east-2")
    town.api("east").go_down()
    town.start("east-1", "east-2")
    took = town.until(lambda: len(town.bridges("east")) == 2, 15)
    assert took >= 5
    assert [town.order(site, "west") for site in town.bridges("east")] == orders
    town.run(20)
    assert {name: town.listed(name) for name in town.clusters} == before
    west = town.pods("west-2")
    town.crash_node("west-2")
    town.until(lambda: not set(west) & set(town.usable(town.process("east-1"))), 15)
    town.api("east").delete(TRUSTED_CLUSTER, "south")
    town.api("east").come_up()
    town.until(lambda: town.publisher("east") != "", 10)
    assert [town.order(site, "south") for site in town.bridges("east")] == [None, None]
    town.until(lambda: town.listed("east") == town.pods("west-1"), 10)
    assert town.listed("south") == sorted(set(before["south"]) - set(west))
    assert removed(town) == []


def test_a_first_start_without_the_api_server_waits_for_it() -> None:
    town = Town()
    town.api("east").go_down()
    town.start()
    town.run(20)
    assert town.bridges("east") == []
    assert [each.agent.is_called for each in town.processes("east")] == [True, True]
    town.api("east").come_up()
    town.settle()
