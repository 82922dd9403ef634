"""What one service is to get; the facts themselves are in `test_osm_multicluster`."""

import pytest

from agent.drivers.multicluster_shares import NOTHING, Place, is_usable, wanted_of
from agent.drivers.plan import DriverSettings, Reason
from tests.agent.drivers.old_osm import ACCOUNT, OldOsm, head, typical
from tests.discovery.view_world import SHOP, A, B, endpoints, exported


def place(osm: OldOsm) -> Place:
    view = osm.world.view
    return Place(settings=DriverSettings(own=A), view=view, head=None, account=ACCOUNT)


@pytest.mark.parametrize(
    ("host", "port", "usable"),
    [
        ("10.0.0.1", 80, True),
        ("999.1.2.3", 1, False),
        ("10.0.0.1", 99_999, False),
        ("10.0.0.1", 0, False),
        ("fd00::1", 80, False),
        ("gateway.example", 80, False),
        ("224.0.0.1", 80, False),
        ("169.254.0.1", 80, False),
    ],
)
def test_only_what_envoy_takes_is_usable_7m(host: str, port: int, usable: bool) -> None:
    assert is_usable(host, port) is usable


def test_a_service_that_cannot_be_told_from_others_gets_nothing_by_name() -> None:
    osm = OldOsm()
    osm.remote(B, "10.1.0.1")
    service = osm.world.view.service(SHOP)
    assert service is not None
    assert wanted_of(service, place(osm)).levels.entries
    osm.world.view.remove(B)
    assert NOTHING.entries == ()


def test_session_affinity_is_told() -> None:
    osm = OldOsm()
    osm.service()
    osm.pods(1)
    records = exported(SHOP, endpoints("10.1.0.1"), head=head(session_affinity="ClientIP"))
    osm.world.put(B, records)
    assert Reason.SESSION_AFFINITY in osm.reasons()


def test_endpoints_that_lack_the_port_are_told() -> None:
    osm = typical()
    osm.world.put(B, exported(SHOP, endpoints("10.1.0.1"), head=head()))
    osm.service(ports=[("other", 80)])
    assert osm.reasons() == []
    osm.service(ports=[("http", 8080)])
    assert osm.reasons() == [Reason.PORT_MISSING]


def test_where_nobody_can_be_used_it_is_told() -> None:
    osm = typical()
    for origin in (A, B):
        osm.world.put(origin, exported(SHOP, endpoints("10.1.0.9", ready=False), head=head()))
    osm.world.view.remove(osm.world.view.service(SHOP).merged.order[-1])  # type: ignore[union-attr]  # it is in the view
    osm.pods(1, ready=False)
    assert Reason.NO_ENDPOINTS in osm.reasons()
