"""What is to be there for one service: a flat list of addresses, or a split over leaves.

A service that is not here gets a Service of ours with all addresses that carry traffic; where that
cannot give each cluster its weight, or ports differ, a split over leaves comes on top, with the
flat list beneath in case the split goes. A service that is here keeps its Service, and gets a split
only while others carry traffic: without one its pods may come and go and no route is ever refused,
while a split that names nobody else is one that Envoy refuses when they go (2f).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from agent.drivers.osm_local import LocalService, is_written_by_us, local_service
from agent.drivers.osm_mesh import Mode, excludes, misfits
from agent.drivers.osm_names import leaf_parts, parked_name, split_name
from agent.drivers.osm_objects import (
    LEAF,
    SERVED,
    Backend,
    Backing,
    Listed,
    Port,
    endpoints_key,
    is_tcp,
    protocol_of,
    role_of,
    service_key,
    split_key,
    subsets_of,
)
from agent.drivers.osm_pods import is_pod_taken, pods_for
from agent.drivers.osm_reach import Reach, reaches_of
from agent.drivers.osm_shares import Share, carrying, lending, one_for_tcp, pooled, share_of
from agent.drivers.osm_steps import Splits, Wanted
from agent.drivers.plan import Condition, DriverSettings, Reason, Services, owner_of
from agent.mirror import Mirror
from agent.objects import TRAFFIC_SPLIT, Document, is_ours
from discovery.endpoints import packed_address
from discovery.names import Origin, ServiceName
from discovery.records import ServiceType
from discovery.service_view import ServiceView
from discovery.tiers import WEIGHT_TOTAL

_NOBODY = Origin("")
_LAST_RANK = 1 << 16


@dataclass(slots=True)
class Desk:
    """One service on the desk: all that is known of it, and the conditions found so far."""

    view: Services
    mirror: Mirror
    settings: DriverSettings
    splits: Splits
    mode: Mode
    service: ServiceView
    conditions: list[Condition] = field(default_factory=list)

    @property
    def name(self) -> ServiceName:
        """Which service it is."""
        return self.service.name

    @property
    def is_exported(self) -> bool:
        """Whether it is exported from here."""
        return self.settings.own in self.service.merged.order

    def note(self, reason: Reason, what: str, origin: Origin = _NOBODY) -> None:
        """Keep one more condition."""
        self.conditions.append(Condition(reason, origin, what))


def wanted_for(desk: Desk) -> Wanted | None:
    """Return what is to be there; None where nothing may be concluded yet, so nothing is done.

    What it gives up is in the conditions of the desk.
    """
    nothing = Wanted(service=desk.name)
    if _is_refused(desk):
        return nothing
    _note_what_osm_lacks(desk)
    local = local_service(desk.mirror, desk.name)
    if local is not None:
        return _beside(desk, local) or nothing
    current = desk.mirror.get(service_key(desk.name))
    if current is None and desk.is_exported:
        desk.note(Reason.NO_ENDPOINTS, "it is exported from here, and its Service is not there")
        return None  # It is being made anew, and ours would be in its way.
    return _alone(desk, is_there=current is not None)


def _is_refused(desk: Desk) -> bool:
    if desk.service.type is ServiceType.HEADLESS:
        what = "it is headless: two that share an address and port make Envoy refuse all; left out"
        desk.note(Reason.HEADLESS, what)
        return True
    parts = leaf_parts(desk.name.name)
    other = parts and desk.view.service(ServiceName(desk.name.namespace, parts[0]))
    if parts and other and parts[1] in other.merged.order:
        desk.note(Reason.NAME_TAKEN, f"{desk.name} is what {other.name} is called in {parts[1]}")
        return True
    current = desk.mirror.get(service_key(desk.name))
    if current is not None and owner_of(service_key(desk.name), current) not in (None, desk.name):
        desk.note(Reason.NAME_TAKEN, f"{desk.name} is a {role_of(current)} of ours")
        return True
    return False


def _note_what_osm_lacks(desk: Desk) -> None:
    refused = [each.port for each in desk.service.ports if each.port.protocol != "TCP"]
    if refused:
        ports = ", ".join(f"{each.port}/{each.protocol}" for each in refused)
        desk.note(Reason.PORT_REFUSED, f"OSM carries TCP alone; left out: {ports}")
    if desk.service.session_affinity[0] != "None":
        desk.note(Reason.SESSION_AFFINITY, "OSM has none: requests go to any endpoint")


# --- who can be reached ------------------------------------------------------------------


def _reaches(desk: Desk, ports: Sequence[Port]) -> Iterator[Reach]:
    """Give what of other clusters can be used, of those that fit the mesh."""
    if desk.mode is Mode.INVISIBLE:
        what = "the mesh is in SMI mode, where it sees addresses by Pods alone: nothing is used"
        desk.note(Reason.SMI_MODE, f"{what} unless the driver's setting `smi` is true")
        return
    for origin in sorted(desk.service.merged.order):
        if origin == desk.settings.own:
            continue
        found = list(misfits(desk.view, origin, desk.settings.own, desk.mode))
        desk.conditions += found
        if any(excludes(each, desk.mode) for each in found):
            continue
        reaches, conditions = reaches_of(desk.service, origin, ports)
        desk.conditions += conditions
        if reaches and desk.mode.verifies and not reaches[0].account:
            is_seen = desk.mode is Mode.IDENTITY
            instead = "who answers is not verified" if is_seen else "it is left out"
            what = f"its export names no ServiceAccount: {instead}"
            desk.note(Reason.IDENTITY_UNKNOWN, what, origin)
            reaches = reaches if is_seen else ()
        yield from reaches


def _backing(desk: Desk, name: str, reaches: Sequence[Reach], ports: Sequence[Port]) -> Backing:
    """Return the Service `name` with all addresses of these parts, which have the same numbers."""
    full = ServiceName(desk.name.namespace, name)
    addresses = {address for each in reaches for address in each.addresses}
    listed = (
        reaches[0].listed(ports)._replace(addresses=tuple(sorted(addresses, key=packed_address)))
    )
    return Backing(
        name=full,
        owner=desk.name.name,
        role=SERVED if name == desk.name.name else LEAF,
        ports=reaches[0].ports(ports),
        listed=listed,
        origins=tuple(sorted({each.origin for each in reaches})),
        pods=pods_for(full, desk.name.name, reaches, desk.mode, desk.settings),
    )


def _is_free(desk: Desk, backing: Backing) -> bool:
    """Tell whether a Service's name is nobody else's; note it where it is."""
    service, endpoints = service_key(backing.name), endpoints_key(backing.name)
    current, listed = desk.mirror.get(service), desk.mirror.get(endpoints)
    taken = ""
    if current is not None and not _is_its_own(desk, backing, current):
        taken = str(service)
    elif listed is not None and not is_ours(listed):
        taken = str(endpoints)
    else:
        pods = (str(each.name) for each in backing.pods if is_pod_taken(each, desk.mirror))
        taken = next(pods, "")
    if taken:
        desk.note(Reason.NAME_TAKEN, f"{taken} is somebody else's and is not touched")
    return not taken


def _is_its_own(desk: Desk, backing: Backing, current: Document) -> bool:
    return (
        is_written_by_us(backing.name, current)
        and owner_of(service_key(backing.name), current) == desk.name
        and role_of(current) == backing.role
    )


def _may_split(desk: Desk) -> bool:
    """Tell whether a split can be written; note why where it cannot."""
    if desk.mirror.version(TRAFFIC_SPLIT) is None:
        desk.note(Reason.SPLITS_NOT_SERVED, "without TrafficSplit v1alpha2 weights are not held")
        return False
    theirs = desk.splits.of_others(desk.name)
    if theirs:
        what = f"TrafficSplit {theirs} splits it already: with two, each request may differ"
        desk.note(Reason.SPLIT_OF_OTHERS, what)
        return False
    key = split_key(ServiceName(desk.name.namespace, split_name(desk.name.name)))
    current = desk.mirror.get(key)
    if current is not None and owner_of(key, current) != desk.name:
        desk.note(Reason.NAME_TAKEN, f"{key} is somebody else's and is not touched")
        return False
    return True


def _named(ports: Sequence[Port]) -> tuple[Port, ...]:
    return tuple(sorted(each._replace(name=each.name or f"port-{each.number}") for each in ports))


# --- a service that is not here ----------------------------------------------------------


def _alone(desk: Desk, *, is_there: bool) -> Wanted:
    theirs = desk.splits.of_others(desk.name)
    if theirs and not is_there:  # Until its leaves are filled Envoy would refuse the port (2f).
        what = f"TrafficSplit {theirs} is for a service that is not here: none is made under it"
        desk.note(Reason.SPLIT_OF_OTHERS, what)
        return Wanted(service=desk.name)
    ports = _named([_as_port(each) for each in _tcp(desk.service)])
    found = [share_of(each) for each in _reaches(desk, ports)]
    used = carrying(found)
    if not used:
        desk.note(Reason.NO_ENDPOINTS, "no other cluster can be used, and it is not here")
        # Where Kubernetes has wiped them there is nothing to make unready, and under somebody
        # else's split the port would be refused for as long as the Service is there (2f).
        is_wiped = not subsets_of(desk.mirror.get(endpoints_key(desk.name)))
        return Wanted(service=desk.name, is_parked=is_there and not (theirs and is_wiped))
    lent = lending(used, found, ports)
    pool, shares = pooled(used), (*used, *lent)
    apex = _backing(desk, desk.name.name, pool.reaches, ports)
    if not _is_free(desk, apex):
        return Wanted(service=desk.name)
    if (lent or not pool.is_whole) and not is_tcp(ports) and _may_split(desk):
        whole = _with_all_ports(apex, shares, ports)
        leaves = tuple(_backing(desk, s.name, [s.reach], ports) for s in shares if s.reach)
        if all(_is_free(desk, each) for each in leaves):
            _note_missing_ports(desk, ports, whole.ports, used)
            split = tuple(sorted(Backend(each.name, each.weight) for each in shares))
            return Wanted(service=desk.name, apex=whole, leaves=leaves, split=split)
    _note_missing_ports(desk, ports, apex.ports, used)
    desk.conditions += pool.conditions
    return Wanted(service=desk.name, apex=apex)


def _with_all_ports(apex: Backing, shares: Sequence[Share], ports: Sequence[Port]) -> Backing:
    """Return the flat list with ports besides that only leaves serve: its Service has them all."""
    numbers: dict[int, int] = {}
    for each in shares:
        numbers.update(each.reach.numbers if each.reach else ())
    own = zip(apex.ports, apex.listed.ports, strict=True)
    numbers.update({port.number: number for port, (_, number) in own})
    served = tuple(port for port in ports if port.number in numbers)
    named = tuple((port.name, numbers[port.number]) for port in served)
    return replace(apex, ports=served, listed=apex.listed._replace(ports=named))


def _tcp(service: ServiceView) -> Iterator[tuple[int, str, str]]:
    for each in service.ports:
        if each.port.protocol == "TCP":
            yield each.port.port, each.port.name, each.port.app_protocol


def _as_port(port: tuple[int, str, str]) -> Port:
    number, name, app_protocol = port
    return Port(number, name, protocol_of(app_protocol, name))


def _note_missing_ports(
    desk: Desk, wanted: Sequence[Port], served: Sequence[Port], shares: Sequence[Share]
) -> None:
    gone = [port.number for port in wanted if port not in served]
    if gone:
        what = f"nobody who is used serves ports {', '.join(map(str, gone))} together with the rest"
        desk.note(Reason.PORT_MISSING, what)
    for each in shares:
        lacks = sorted({port.number for port in served} - each.covers)
        if lacks and each.reach is not None:
            what = f"it does not serve ports {', '.join(map(str, lacks))}; others do"
            desk.note(Reason.PORT_MISSING, what, each.origin)


# --- a service that is here as well ------------------------------------------------------


def _beside(desk: Desk, local: LocalService) -> Wanted | None:
    """Return the leaves and the split; None where the local Service is left alone."""
    others = any(each != desk.settings.own for each in desk.service.merged.order)
    if not others:
        return None
    if local.unusable:
        desk.note(Reason.LOCAL_UNUSABLE, f"the local Service is left alone: {local.unusable}")
        return None
    ports = _named(local.ports)
    shares = _competing(desk, local, list(_reaches(desk, ports)), ports)
    used, given_up = one_for_tcp(carrying(shares), ports)
    desk.conditions += given_up
    if not used:
        desk.note(Reason.NO_ENDPOINTS, "no local pod is ready, and no other cluster can be used")
    if all(each.reach is None for each in used) or not _may_split(desk):
        return None
    if local.is_stuck:
        desk.note(Reason.LOCAL_NOT_READY, "no local pod is ready: others have their traffic")
    return _split_over(desk, used, shares, ports)


def _split_over(
    desk: Desk, used: Sequence[Share], shares: Sequence[Share], ports: Sequence[Port]
) -> Wanted | None:
    """Return a split of which each port has a leaf: by those who are used, or by who else has it.

    None: only the own pods serve some port of a TCP service, which has one leaf: they get all.
    """
    lent = lending(used, shares, ports)
    if is_tcp(ports) and any(each.reach is None for each in lent):
        what = "only the own pods serve all ports of this TCP service: they get all of it"
        desk.note(Reason.WEIGHTS_NOT_HELD, what)
        return None
    sharing = (*used, *lent)
    leaves = [_backing(desk, each.name, [each.reach], ports) for each in sharing if each.reach]
    split = [Backend(each.name, each.weight) for each in sharing]
    uncovered = {port.number for port in ports}.difference(*(each.covers for each in sharing))
    parked = [port for port in ports if port.number in uncovered]
    _note_missing_ports(desk, ports, [port for port in ports if port not in parked], used)
    if parked:
        leaves.append(_parked_leaf(desk, leaves[0], parked))
        split.append(Backend(leaves[-1].name.name, 1))
        if not _is_free(desk, leaves[-1]):
            return None
    return Wanted(service=desk.name, leaves=tuple(leaves), split=tuple(sorted(split)))


def _competing(
    desk: Desk, local: LocalService, reaches: Sequence[Reach], ports: Sequence[Port]
) -> list[Share]:
    """Return everybody who could serve: the local pods where any is ready, and leaves."""
    own = desk.settings.own
    shares = [
        share_of(each)
        for each in reaches
        if _is_free(desk, _backing(desk, each.name, [each], ports))
    ]
    if not local.ready_ports:
        return shares
    weight, rank = WEIGHT_TOTAL, -1
    if desk.is_exported:
        found = [
            (rank, target)
            for rank, tier in enumerate(desk.service.tiers)
            for target in tier.targets
            if target.origin == own
        ]
        weight = sum(target.weight for _, target in found)
        rank = min((rank for rank, _ in found), default=_LAST_RANK)
    else:
        shares = [each._replace(weight=0) for each in shares]
        what = "it is here and not exported: its own pods serve it alone while any is ready"
        desk.note(Reason.LOCAL_NOT_EXPORTED, what)
    size = max(1, len(local.ready_ports))
    return [
        Share(own, desk.name.name, weight, rank, size, local.ready_ports, None),
        *shares,
    ]


def _parked_leaf(desk: Desk, like: Backing, ports: Sequence[Port]) -> Backing:
    """Return a leaf for ports that nobody serves: a port whose leaves all drop is refused (2f).

    It has those ports alone, so that it is dropped where somebody does serve.
    """
    listed = Listed(
        like.listed.addresses[:1], tuple((port.name, port.number) for port in ports), is_ready=False
    )
    return Backing(
        name=ServiceName(desk.name.namespace, parked_name(desk.name.name)),
        owner=desk.name.name,
        role=LEAF,
        ports=tuple(ports),
        listed=listed,
        origins=like.origins,
    )
