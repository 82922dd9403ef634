"""What is shown of plans."""

from agent.drivers.plan import Condition, Group, Reason
from agent.drivers.showing import Showing
from discovery.names import Origin
from tests.agent.drivers.bench import API, BANK, WEB

NO_POD = Condition(Reason.NO_LOCAL_POD, Origin(""), "run one")


def test_conditions_of_planned_services_replace_what_was_said_before() -> None:
    showing = Showing()
    showing.conditions({WEB: (NO_POD,), API: ()}, None)
    assert showing.of(WEB) == (NO_POD,)
    assert showing.take_changed() == {WEB: ()}
    showing.conditions({API: (NO_POD,)}, frozenset({API}))
    assert showing.all() == {API: (NO_POD,), WEB: (NO_POD,)}
    showing.conditions({}, frozenset({WEB}))
    assert showing.take_changed() == {API: (), WEB: (NO_POD,)}
    assert showing.of(WEB) == ()


def test_a_plan_of_all_drops_who_is_not_named() -> None:
    showing = Showing()
    showing.conditions({WEB: (NO_POD,)}, None)
    showing.conditions({}, None)
    assert showing.all() == {}


def test_who_forgets_says_so_of_each_service() -> None:
    showing = Showing()
    showing.conditions({WEB: (NO_POD,)}, None)
    showing.take_changed()
    showing.forget()
    assert showing.take_changed() == {WEB: (NO_POD,)}
    assert showing.all() == {}


def test_groups_replace_those_about_the_same_services() -> None:
    showing = Showing()
    web, api, both = Group((WEB,), ()), Group((API,), ()), Group((API, WEB), ())
    showing.show([web, api], None)
    assert showing.groups() == (api, web)
    assert showing.take_groups_changed()
    assert not showing.take_groups_changed()
    showing.show([both], frozenset({API}))
    assert showing.groups() == (both,)
    showing.show([], frozenset({BANK}))
    assert showing.groups() == (both,)
    showing.show_nothing()
    assert showing.groups() == ()
    assert showing.take_groups_changed()
