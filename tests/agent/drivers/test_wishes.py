"""What waits for a plan."""

from agent.drivers.wishes import Wishes
from discovery.names import ServiceName
from failure_detect.clock import NEVER
from tests.agent.drivers.bench import API, BANK, WEB


def test_nothing_is_wished_for_at_first() -> None:
    wishes = Wishes()
    assert (wishes.ordinary_at, wishes.urgent_at, wishes.view_since) == (NEVER, NEVER, NEVER)
    assert wishes.take_ordinary([WEB]) == set()


def test_a_namespace_stands_for_its_services_that_are_known() -> None:
    wishes = Wishes()
    wishes.namespace("shop", 7)
    wishes.services([ServiceName("bank", "gone")], 9)
    assert wishes.ordinary_at == 7
    assert wishes.take_ordinary([WEB, API, BANK]) == {WEB, API, ServiceName("bank", "gone")}
    assert wishes.ordinary_at == NEVER
    assert wishes.take_ordinary([WEB, API, BANK]) == set()


def test_all_swallows_every_other_wish_but_the_views() -> None:
    wishes = Wishes()
    wishes.view(3)
    wishes.services([WEB], 5)
    wishes.urgent([API], 5)
    wishes.all(5)
    assert wishes.everything
    assert wishes.urgent_at == NEVER
    assert wishes.view_since == 3
    assert wishes.take_ordinary([]) == set()
    assert not wishes.everything


def test_urgent_wishes_come_each_at_its_time() -> None:
    wishes = Wishes()
    wishes.urgent([WEB, API], 10)
    wishes.urgent([API], 5)
    assert wishes.urgent_at == 5
    assert wishes.take_urgent(9) == {API}
    assert wishes.take_urgent(10) == {WEB}


def test_no_services_are_no_wish() -> None:
    wishes = Wishes()
    wishes.services([], 5)
    assert wishes.ordinary_at == NEVER
