"""The driver for OSM v1.2, which has no multicluster mode: Services, Endpoints and TrafficSplits.

OSM v1.2 takes whatever addresses the core/v1 Endpoints of a Service list, so a service of other
clusters is a Service without a selector. It has no priorities and no outlier detection: failover
is decided by the view, and written. What it makes of what is written was measured on v1.2.4; the
numbers in comments here and in the modules beside (1a, 2f, ...) are rows of those measurements.

Whoever applies a plan: forces fields of objects that bear our label, since Kubernetes' endpoints
controller owns some of them after it has wiped one; and plans anew a service whose objects changed,
which is how what was wiped is restored, and how what a split named is taken away after it.
"""

from collections.abc import Collection, Iterator, Mapping

from agent.drivers.choice import OSM_ENDPOINTS
from agent.drivers.osm_aliases import NO_ALIASES, Aliases, aliases_of
from agent.drivers.osm_mesh import mode_of, namespace_fault
from agent.drivers.osm_names import name_stem
from agent.drivers.osm_steps import Owned, Splits, Wanted, retired, steps_towards
from agent.drivers.osm_wanted import Desk, wanted_for
from agent.drivers.plan import (
    Capabilities,
    Capability,
    Condition,
    DriverSettings,
    Group,
    Plan,
    Services,
    Support,
    owner_of,
)
from agent.mirror import Mirror
from agent.objects import (
    ENDPOINTS,
    MESH_CONFIG,
    NAMESPACE,
    POD,
    SERVICE,
    TRAFFIC_SPLIT,
    Document,
    Kind,
    ObjectKey,
)
from discovery.names import ServiceName
from discovery.records import ServiceType

RETIRE_AFTER_S = 30
"""How long what nobody names any more stays: OSM pushes within 10 s, and the clusters that call an
alias hear of it by gossip and push then."""

_FEW = 16
_WRITES = (SERVICE, ENDPOINTS, TRAFFIC_SPLIT, POD)

CAPABILITIES = Capabilities(
    tiers=Capability(Support.PARTLY, "the view decides on failover, and it is written"),
    weights=Capability(Support.PARTLY, "for HTTP by a TrafficSplit; TCP goes to one cluster"),
    several_ports=Capability(Support.FULL, "one leaf for each set of port numbers"),
    tcp=Capability(Support.FULL, "a flat list, or all to one leaf"),
    identities=Capability(Support.PARTLY, "with verify_identities or smi, by Pods that never run"),
    gateways=Capability(Support.PARTLY, "IPv4, and services of one port"),
    headless=Capability(Support.NONE, "left out"),
    ipv6=Capability(Support.NONE, "left out"),
    local_services=Capability(Support.FULL, "a TrafficSplit while others carry traffic"),
)


class OsmEndpoints:
    """Plans for OSM v1.2, and for v1.1 with its multicluster mode off."""

    def __init__(self, settings: DriverSettings) -> None:
        """Plan for the mesh that the settings name."""
        self._settings = settings

    @property
    def name(self) -> str:
        """`osm-endpoints`."""
        return OSM_ENDPOINTS

    @property
    def reads(self) -> frozenset[Kind]:
        """Pods are among them only where any may be written: a cluster has many."""
        kinds = {SERVICE, ENDPOINTS, NAMESPACE, TRAFFIC_SPLIT, MESH_CONFIG}
        return frozenset(kinds | ({POD} if self._settings.writes_pods else set()))

    @property
    def capabilities(self) -> Capabilities:
        """What OSM v1.2 can be made to do."""
        return CAPABILITIES

    def plan(self, view: Services, mirror: Mirror, touched: Collection[ServiceName] | None) -> Plan:
        """Return what to write. See `plan.Driver`."""
        unknown = tuple(sorted(kind for kind in self.reads if not mirror.knows(kind)))
        if unknown:
            return Plan(waits_for=unknown)
        owned, splits = _owned(mirror, touched), Splits(mirror)
        mode = mode_of(mirror, self._settings)
        names = {*view.services(), *owned} if touched is None else set(touched)
        groups: list[Group] = []
        conditions: dict[ServiceName, tuple[Condition, ...]] = {}
        for name in sorted(names):
            service, objects = view.service(name), owned.get(name, ())
            if service is None:
                groups += _groups(Wanted(service=name), mirror, objects, splits)
                continue
            desk = Desk(view, mirror, self._settings, splits, mode, service)
            groups += self._served(desk, objects)
            conditions[name] = tuple(sorted(set(desk.conditions)))
        return Plan(tuple(groups), conditions)

    def _served(self, desk: Desk, objects: Owned) -> Iterator[Group]:
        """Give the writes for one service of the view."""
        fault = namespace_fault(desk.mirror, desk.name.namespace, self._settings)
        if fault is not None:
            desk.conditions.append(fault)
            return
        wanted = wanted_for(desk)
        if wanted is None:
            return
        aliases = NO_ALIASES
        if desk.is_exported and desk.service.type is not ServiceType.HEADLESS:
            aliases = aliases_of(desk.mirror, desk.name, self._settings.own)
            desk.conditions += aliases.conditions
        yield from _groups(wanted, desk.mirror, objects, desk.splits, aliases)


def _groups(
    wanted: Wanted, mirror: Mirror, objects: Owned, splits: Splits, aliases: Aliases = NO_ALIASES
) -> Iterator[Group]:
    name = (wanted.service,)
    kept = aliases.names | splits.leaves(wanted.service.namespace)
    if aliases.writes:
        yield Group(name, aliases.writes)
    steps = steps_towards(wanted, mirror, objects)
    if steps:
        yield Group(name, steps)
    unused = retired(wanted, mirror, objects, kept)
    if unused:
        yield Group(name, unused, RETIRE_AFTER_S)


def _owned(mirror: Mirror, touched: Collection[ServiceName] | None) -> Mapping[ServiceName, Owned]:
    """Return the objects of ours by the service that they are for: all, or at least those touched.

    Where few are touched their names tell enough: to look into each object takes much longer.
    """
    few = touched is not None and len(touched) <= _FEW
    stems = tuple({name_stem(each.name) for each in touched or ()}) if few else ("",)
    found: dict[ServiceName, list[tuple[ObjectKey, Document]]] = {}
    for kind in _WRITES:
        for key, document in mirror.of(kind):
            service = owner_of(key, document) if key.name.startswith(stems) else None
            if service is not None:
                found.setdefault(service, []).append((key, document))
    return found
