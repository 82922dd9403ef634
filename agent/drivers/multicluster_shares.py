"""What one service is to get from other clusters under OSM v1.1, and what cannot be had."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.drivers.multicluster_accounts import LocalHead
from agent.drivers.multicluster_levels import Address, Levels, Part, differing, plan_levels
from agent.drivers.osm_mesh import Mode, excludes, misfits
from agent.drivers.plan import Condition, DriverSettings, Reason, Services
from discovery.endpoints import is_address_of_pod, is_port, packed_address
from discovery.names import Origin
from discovery.records import ServicePort
from discovery.service_view import ServiceView
from discovery.tiers import Target, Via

_NOBODY = Origin("")
_VERIFYING = Mode.IDENTITY
"""OSM v1.1 verifies the ServiceAccount and the trust domain of whoever answers, always."""
_SHOWN_MAX = 3
_WHOLE = 1_000
NOTHING = Levels((), (), 0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The levels of a service, and the reasons for which they are not what the view has."""

    levels: Levels
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a service is to be served."""

    settings: DriverSettings
    view: Services
    head: LocalHead | None
    """The Service of that name that is here."""
    account: str
    """The ServiceAccount by which addresses are found."""


def wanted_of(service: ServiceView, place: Place) -> Wanted:
    """Return what a service is to get; no levels where it can get nothing at all."""
    fault = _local_fault(service, place.head)
    if fault is not None:
        return Wanted(NOTHING, (fault,))
    port = _port_of(service, place.head)
    if port is None:
        what = "no cluster exports the port of the Service here; the numbers must be the same"
        return Wanted(NOTHING, (Condition(Reason.PORT_MISSING, _NOBODY, what),))
    parts, conditions = _parts_of(service, port, place)
    own = place.settings.own
    exported = own in service.merged.order
    own_weight = sum(t.weight for tier in service.tiers for t in tier.targets if t.origin == own)
    ready = 0 if place.head is None else len(place.head.ready)
    levels = plan_levels(parts, own, own_weight if exported else None, ready)
    conditions += _of_levels(levels, parts, own, own_weight, ready, exported=exported)
    conditions += _of_place(service, place)
    return Wanted(levels, tuple(sorted(set(conditions))))


def _local_fault(service: ServiceView, head: LocalHead | None) -> Condition | None:
    """Return why nothing of other clusters can be listed for a service."""
    ports: Sequence[object] = service.ports if head is None else head.ports
    if head is not None and head.unusable:
        return Condition(Reason.LOCAL_UNUSABLE, _NOBODY, f"{head.unusable}; it is served alone")
    if len(ports) != 1:
        what = (
            f"it has {len(ports)} ports, and OSM would send requests for each of them to every "
            "address; other clusters are left out; make a Service for each port"
        )
        return Condition(Reason.SEVERAL_PORTS, _NOBODY, what)
    if head is not None and head.ports[0].protocol != "TCP":
        what = f"its port is one of {head.ports[0].protocol}, which OSM does not take; left out"
        return Condition(Reason.PORT_REFUSED, _NOBODY, what)
    return None


def _port_of(service: ServiceView, head: LocalHead | None) -> ServicePort | None:
    tcp = [each.port for each in service.ports if each.port.protocol == "TCP"]
    if head is not None:
        tcp = [port for port in tcp if port.port == head.ports[0].number]
    return tcp[0] if tcp else None


# --- what can be used --------------------------------------------------------------------


def _parts_of(
    service: ServiceView, port: ServicePort, place: Place
) -> tuple[list[Part], list[Condition]]:
    own = place.settings.own
    parts: list[Part] = []
    conditions: list[Condition] = []
    fits: dict[Origin, bool] = {}
    for rank, tier in enumerate(service.tiers):
        for target in tier.targets:
            origin = target.origin
            if origin == own:
                continue
            if origin not in fits:
                found = list(_misfits(service, origin, place))
                conditions += found
                fits[origin] = not any(_excludes(each) for each in found)
            if not fits[origin]:
                continue
            addresses, found = _addresses_of(service, target, port, place.head)
            conditions += found
            if addresses:
                is_gateway = target.via is Via.GATEWAYS
                parts.append(
                    Part(
                        origin=origin,
                        weight=target.weight,
                        rank=rank,
                        addresses=addresses,
                        is_gateway=is_gateway,
                    )
                )
    return parts, conditions


def _misfits(service: ServiceView, origin: Origin, place: Place) -> Iterator[Condition]:
    yield from misfits(place.view, origin, place.settings.own, _VERIFYING)
    theirs = service.service_accounts.get(origin, "")
    ours = {place.account} if place.head is None else place.head.accounts or {place.account}
    if not theirs:
        what = f"it names no ServiceAccount; served, and clients take none but {place.account}"
        yield Condition(Reason.IDENTITY_UNKNOWN, origin, what)
    elif theirs not in ours:
        what = (
            f"its Pods run as {theirs}, ours as {' and '.join(sorted(ours))}, so clients would "
            "refuse them; left out; run both under one name"
        )
        yield Condition(Reason.ACCOUNT_DIFFERS, origin, what)


def _excludes(condition: Condition) -> bool:
    return condition.reason is Reason.ACCOUNT_DIFFERS or excludes(condition, _VERIFYING)


def _addresses_of(
    service: ServiceView, target: Target, port: ServicePort, head: LocalHead | None
) -> tuple[tuple[Address, ...], list[Condition]]:
    """Return the addresses of a target that Envoy takes, and what is left out."""
    is_gateway = target.via is Via.GATEWAYS
    if is_gateway:
        found = [(each.address, each.port) for each in service.gateways(target)]
    else:
        found = [
            (endpoint.address, each.port)
            for endpoint in service.endpoints(target)
            for each in endpoint.ports
            if each.name == port.name and each.protocol == "TCP"
        ]
    local = frozenset() if head is None else head.ready
    good = [Address(host, n) for host, n in found if is_usable(host, n) and host not in local]
    refused = sorted({f"{host}:{n}" for host, n in found} - {str(each) for each in good})
    conditions = []
    if refused:
        reason = Reason.GATEWAY_UNUSABLE if is_gateway else Reason.ADDRESS_REFUSED
        some = ", ".join(refused[:_SHOWN_MAX])
        what = (
            f"{len(refused)} addresses are left out, as OSM takes IPv4 alone, and none that a "
            f"local Pod has: {some}"
        )
        conditions.append(Condition(reason, target.origin, what))
    if not found:
        what = f"none of its endpoints serves port {port.name or port.port}; left out"
        conditions.append(Condition(Reason.PORT_MISSING, target.origin, what))
    return tuple(sorted(set(good))), conditions


def is_usable(host: str, port: int) -> bool:
    """Tell whether OSM and Envoy take an address (7m: else later good changes are lost too)."""
    try:
        packed = packed_address(host)
    except ValueError:
        return False
    return len(packed) == 4 and is_address_of_pod(packed) and is_port(port, "TCP")


# --- what is to be said ------------------------------------------------------------------


def _of_levels(
    levels: Levels,
    parts: Sequence[Part],
    own: Origin,
    own_weight: int,
    ready: int,
    *,
    exported: bool,
) -> Iterator[Condition]:
    if levels.left_out:
        what = (
            f"{levels.left_out} addresses of the worst tiers are left out: too many for one object"
        )
        yield Condition(Reason.TOO_MANY, _NOBODY, what)
    if not levels.entries and not ready:
        yield Condition(Reason.NO_ENDPOINTS, _NOBODY, "nobody can be used, here or elsewhere")
    if ready and not exported:
        what = "the local Pods have all requests while any is ready, as they are not exported here"
        yield Condition(Reason.LOCAL_NOT_EXPORTED, own, what)
        return
    wanted = {own: own_weight} if own_weight and ready else {}
    for part in parts:
        wanted[part.origin] = wanted.get(part.origin, 0) + part.weight
    whole = sum(wanted.values())
    if not whole:
        return
    wanted = {origin: _WHOLE * weight // whole for origin, weight in wanted.items()}
    shares = dict(levels.shares)
    if differs := differing(wanted, shares):
        some = ", ".join(
            f"{origin} gets {_percent(shares.get(origin, 0))} and should get "
            f"{_percent(wanted.get(origin, 0))}"
            for origin in differs
        )
        hint = " (OSM always uses the local Pods that are ready)" if own in differs else ""
        yield Condition(Reason.WEIGHTS_NOT_HELD, _NOBODY, f"{some}{hint}")


def _percent(share: int) -> str:
    return f"{share // 10}.{share % 10} %" if share % 10 else f"{share // 10} %"


def _of_place(service: ServiceView, place: Place) -> Iterator[Condition]:
    if place.head is None:
        what = (
            f"there is no Service {service.name} here, so OSM does not know it; make one with the "
            "same port and a selector, and run a placeholder Pod for it"
        )
        yield Condition(Reason.NO_LOCAL_POD, _NOBODY, what)
    elif place.head.missing:
        yield Condition(Reason.NO_LOCAL_POD, _NOBODY, place.head.missing)
    if service.session_affinity[0] != "None":
        what = "OSM has no session affinity; requests go to any endpoint"
        yield Condition(Reason.SESSION_AFFINITY, _NOBODY, what)
