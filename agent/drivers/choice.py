"""Which driver a cluster needs, by what its store serves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.drivers.plan import Driver, DriverSettings
from agent.mirror import Mirror
from agent.objects import MESH_CONFIG, MULTI_CLUSTER_SERVICE, TRAFFIC_SPLIT, Kind, ObjectKey, at

OSM_MULTICLUSTER = "osm-multicluster"
OSM_ENDPOINTS = "osm-endpoints"

CHOICE_READS: frozenset[Kind] = frozenset({MESH_CONFIG})
"""The kinds that must be in the mirror before a choice can be made."""

Make = Callable[[DriverSettings], Driver]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The name of the driver that fits (None: none), and why."""

    name: str | None
    why: str


def choice(mirror: Mirror, settings: DriverSettings) -> Chosen:
    """Return which driver fits what the store serves.

    The mode of OSM v1.1 and before is read by its controller once, at its start: who turns it on
    later has to restart the controller, and until then its objects are ignored.
    """
    if not mirror.knows(MESH_CONFIG):
        return Chosen(None, "what the store serves is not known yet")
    if mirror.version(MULTI_CLUSTER_SERVICE) and _multicluster_mode(mirror, settings):
        where = f"MeshConfig {settings.mesh_namespace}/{settings.mesh_config}"
        return Chosen(OSM_MULTICLUSTER, f"MultiClusterService is served and {where} has it on")
    if mirror.version(MESH_CONFIG):
        return Chosen(OSM_ENDPOINTS, "MeshConfig is served, without multicluster mode")
    if mirror.version(TRAFFIC_SPLIT):
        return Chosen(OSM_ENDPOINTS, "TrafficSplit v1alpha2 is served")
    kinds = f"{MESH_CONFIG}, {MULTI_CLUSTER_SERVICE} and {TRAFFIC_SPLIT}"
    return Chosen(None, f"no mesh is known here: the store serves none of {kinds}")


def choose(
    mirror: Mirror, settings: DriverSettings, drivers: Mapping[str, Make]
) -> Driver | Chosen:
    """Return the driver that fits, made from `drivers` by name; or why there is none."""
    chosen = choice(mirror, settings)
    if chosen.name is None:
        return chosen
    make = drivers.get(chosen.name)
    if make is None:
        return Chosen(None, f"{chosen.why}, but there is no driver {chosen.name}")
    return make(settings)


def _multicluster_mode(mirror: Mirror, settings: DriverSettings) -> bool:
    key = ObjectKey(MESH_CONFIG, settings.mesh_namespace, settings.mesh_config)
    flag = at(mirror.get(key), "spec", "featureFlags", "enableMulticlusterMode")
    return flag is True
