"""The driver for OSM v1.1: what holds for any sequence of views and objects."""

from hypothesis import given
from hypothesis import strategies as st

from agent.objects import (
    ENDPOINTS,
    POD,
    SERVICE,
    list_at,
    text_at,
)
from discovery.importing import ImportRule
from discovery.standing import Verdict
from tests.agent.drivers.old_osm import OldOsm, active_active
from tests.discovery.view_world import (
    CART,
    SHOP,
    B,
    C,
)

# --- properties --------------------------------------------------------------------------

_ADDRESSES = st.lists(st.integers(1, 30), max_size=8, unique=True)


def change(osm: OldOsm, data: st.DataObject) -> None:
    """Let something become of the view or of the objects here."""
    match data.draw(st.integers(0, 5)):
        case 0:
            osm.pods(data.draw(st.integers(0, 3)), ready=data.draw(st.booleans()))
        case 1:
            osm.service(ports=[("http", 80), ("more", 81)][: data.draw(st.integers(1, 2))])
        case 2:
            osm.own(data.draw(st.integers(0, 3)))
        case 3:
            active_active(osm, a=data.draw(st.integers(1, 5)), b=data.draw(st.integers(0, 5)))
        case 4:
            osm.world.stands(B, data.draw(st.sampled_from(list(Verdict))))
        case _:
            osm.world.rules.table[C] = data.draw(st.sampled_from([None, ImportRule()]))
            osm.world.view.rules_changed()
    for number, origin in enumerate((B, C)):
        if data.draw(st.booleans()):
            osm.remote(origin, *(f"10.{number + 1}.0.{n}" for n in data.draw(_ADDRESSES)))


@given(st.data())
def test_each_plan_done_leaves_levels_without_holes_and_nothing_to_do(data: st.DataObject) -> None:
    osm = OldOsm()
    osm.service()
    for _ in range(data.draw(st.integers(1, 6))):
        change(osm, data)
        plan = osm.apply()
        assert len(plan.writes) == len({each.key for each in plan.writes})
        assert osm.plan().groups == ()
        assert osm.plan((SHOP, CART)).groups == ()
        document = osm.object()
        if document is None:
            continue
        entries = list_at(document, "spec", "clusters")
        assert entries
        for field in ("name", "address"):
            assert len({text_at(each, field) for each in entries}) == len(entries)
        levels = sorted(set(osm.levels()) - {0})
        assert levels == list(range(1, len(levels) + 1))


@given(st.data())
def test_what_is_planned_bit_by_bit_is_what_is_planned_at_once(data: st.DataObject) -> None:
    osm, once = OldOsm(), OldOsm()
    for each in (osm, once):
        each.service()
    once.world = osm.world
    for _ in range(data.draw(st.integers(1, 6))):
        change(osm, data)
        for kind in (POD, SERVICE, ENDPOINTS):
            once.mirror.replace(kind, [document for _, document in osm.mirror.of(kind)])
        osm.apply(osm.plan((SHOP,)))
        once.apply()
        assert osm.object() == once.object()
