"""The writer reads one bridge's view, and asks it how those stand whose objects it finds."""

from agent.core.view_reader import ViewReader
from agent.objects import TRUSTED_CLUSTER
from discovery.names import Origin, ServiceName
from tests.agent.core.townscape import WEB, Town

EAST, WEST, NOBODY = Origin("east"), Origin("west"), Origin("nobody")


def reader(town: Town, site: str = "south-1") -> ViewReader:
    head = town.process(site).agent.head
    assert head is not None
    return ViewReader(head.bridge)


def settled() -> Town:
    town = Town()
    town.start()
    town.settle()
    return town


def test_services_and_clusters_are_those_of_the_view() -> None:
    seen = reader(settled())
    assert seen.services() == [WEB]
    view = seen.service(WEB)
    assert view is not None
    assert {each.origin for each in view.sources} == {EAST, WEST}
    assert seen.service(ServiceName("shop", "db")) is None
    record = seen.cluster(EAST)
    assert record is not None
    assert record.version == "0.1.0"
    assert seen.cluster(NOBODY) is None


def test_the_diff_is_taken_once() -> None:
    town = settled()
    # The publisher's own writer takes the diff of its view; the other's takes none.
    [other] = set(town.bridges("south")) - {town.publisher("south")}
    seen = reader(town, other)
    assert seen.take_diff().services == (WEB,)
    assert not seen.take_diff().services


def test_who_is_trusted_no_more_is_gone_and_who_was_never_heard_is_awaited() -> None:
    town = Town()
    town.start("south-1")
    town.until(lambda: town.bridges("south") == ["south-1"], 10)
    seen = reader(town)
    assert seen.is_awaited(EAST)
    assert not seen.is_gone(EAST)
    assert seen.is_gone(NOBODY)
    assert not seen.is_awaited(NOBODY)
    assert not seen.is_gone(Origin("south"))
    town.start("east-1")
    town.until(lambda: town.order("south-1", "east") is not None, 20)
    assert not seen.is_awaited(EAST)
    town.api("south").delete(TRUSTED_CLUSTER, "east")
    town.until(lambda: seen.is_gone(EAST), 5)
    assert not seen.is_awaited(EAST)
