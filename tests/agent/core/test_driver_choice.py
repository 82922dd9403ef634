"""A driver is what the settings name, or what the store asks for; one object for each choice."""

import pytest

from agent.core.driver_choice import DriverChoice
from agent.demo.objects import mesh
from agent.drivers.osm_endpoints import OsmEndpoints
from agent.drivers.osm_multicluster import OsmMulticluster
from agent.drivers.plan import DriverSettings
from agent.mirror import Mirror
from agent.objects import MESH_CONFIG, MULTI_CLUSTER_SERVICE, SERVICE, TRAFFIC_SPLIT
from discovery.names import Origin

SETTINGS = DriverSettings(own=Origin("east"))
CONFIG = next(each for each in mesh() if each["kind"] == MESH_CONFIG.name)


def old_osm() -> Mirror:
    mirror = Mirror()
    mirror.serve([(SERVICE, "v1"), *((each, each.versions[0]) for each in OSM)])
    mirror.replace(MESH_CONFIG, [CONFIG])
    return mirror


OSM = (MESH_CONFIG, MULTI_CLUSTER_SERVICE, TRAFFIC_SPLIT)


def test_the_settings_have_the_first_word() -> None:
    none = DriverChoice("none", SETTINGS)
    assert none.look(old_osm())
    assert (none.driver, none.why) == (None, "the settings ask for none")
    named = DriverChoice("osm-endpoints", SETTINGS)
    assert named.look(Mirror())
    assert isinstance(named.driver, OsmEndpoints)
    assert named.why == "the settings name it"


def test_the_store_has_the_second() -> None:
    choice = DriverChoice("auto", SETTINGS)
    assert choice.driver is None
    mirror = Mirror()
    choice.look(mirror)
    assert choice.driver is None
    assert choice.look(old_osm())
    assert isinstance(choice.driver, OsmMulticluster)


def test_a_driver_is_made_once_for_each_choice() -> None:
    choice = DriverChoice("auto", SETTINGS)
    choice.look(old_osm())
    first = choice.driver
    assert not choice.look(old_osm())
    assert choice.driver is first


def test_nobody_asks_for_a_driver_that_there_is_not() -> None:
    with pytest.raises(AssertionError):
        DriverChoice("linkerd", SETTINGS)
