"""What of the view OSM can reach: per cluster and set of port numbers, addresses and a weight.

OSM takes IPv4 alone and one number per port of a Service, so the endpoints of a cluster that listen
on other numbers are a leaf of their own (2i, 3b). Its gateways tell services apart by SNI, which
names no port: what is behind one must have a single port.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.drivers.osm_names import leaf_name
from agent.drivers.osm_objects import Listed, Port
from agent.drivers.plan import Condition, Reason
from discovery.endpoints import EndpointPort, is_address_of_pod, is_port, packed_address
from discovery.merge import MergedPort
from discovery.names import Origin
from discovery.service_view import ServiceView
from discovery.tiers import Target, Via, apportion

_SHOWN_MAX = 3
_ROUNDING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A part of one cluster that one Service can stand for."""

    origin: Origin
    name: str
    """Of the leaf."""
    numbers: tuple[tuple[int, int], ...]
    """(the Service's port, the endpoints' port), by the first."""
    addresses: tuple[str, ...]
    """In numerical order."""
    weight: int
    """Out of 1000 over all clusters; 0: it is to be used when better ones fail."""
    rank: int
    """How good its tier is: the lowest first."""
    account: str

    def ports(self, ports: Sequence[Port]) -> tuple[Port, ...]:
        """Return those of a service's ports that are served here."""
        served = dict(self.numbers)
        return tuple(port for port in ports if port.number in served)

    def narrowed(self, ports: Collection[int]) -> "Reach":
        """Return it with these of the service's ports alone."""
        return replace(self, numbers=tuple(each for each in self.numbers if each[0] in ports))

    def listed(self, ports: Sequence[Port]) -> Listed:
        """Return its Endpoints, under the names of a service's ports."""
        served = dict(self.numbers)
        named = tuple((p.name, served[p.number]) for p in ports if p.number in served)
        return Listed(self.addresses, named)


@dataclass(slots=True)
class _Found:
    """What was found of one cluster."""

    by_numbers: dict[tuple[tuple[int, int], ...], set[str]] = field(default_factory=dict)
    full: dict[tuple[tuple[int, int], ...], list[tuple[int, ...]]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)


def merged_ports(view: ServiceView) -> Mapping[str, int]:
    """Return the numbers of the TCP ports of the merged service, by name."""
    tcp = (each.port for each in view.ports if each.port.protocol == "TCP")
    return {port.name: port.port for port in tcp}


def reaches_of(
    view: ServiceView, origin: Origin, ports: Sequence[Port]
) -> tuple[tuple[Reach, ...], tuple[Condition, ...]]:
    """Return what of a cluster can be reached for these ports of a service, and what is left out.

    Where none of its targets has a weight, the best of them stands ready.
    """
    ranked = [
        (rank, target)
        for rank, tier in enumerate(view.tiers)
        for target in tier.targets
        if target.origin == origin
    ]
    if not ranked:
        return (), ()
    used = [each for each in ranked if each[1].weight] or ranked[:1]
    found = _Found()
    for _, target in used:
        if target.via is Via.GATEWAYS:
            _add_gateways(found, view, target, ports)
        else:
            _add_endpoints(found, view, target, ports)
    if found.refused:
        some = ", ".join(sorted(set(found.refused))[:_SHOWN_MAX])
        what = f"{len(set(found.refused))} addresses that OSM cannot take are left out: {some}"
        found.conditions.append(Condition(Reason.ADDRESS_REFUSED, origin, what))
    targets = [target for _, target in used]
    if not is_proportional([(each.weight, each.healthy) for each in targets]):
        what = "its zones get what their endpoints make of it, not the weights of the policy"
        found.conditions.append(Condition(Reason.WEIGHTS_NOT_HELD, origin, what))
    return tuple(_reaches(found, view, used)), tuple(found.conditions)


def _reaches(
    found: _Found, view: ServiceView, used: Sequence[tuple[int, Target]]
) -> Iterator[Reach]:
    origin, rank = used[0][1].origin, used[0][0]
    weight = sum(target.weight for _, target in used)
    sets = sorted(found.by_numbers)
    shares = apportion(weight, [len(found.by_numbers[each]) for each in sets])
    for numbers, share in zip(sets, shares, strict=True):
        distinct = min(found.full[numbers]) if len(sets) > 1 and numbers in found.full else ()
        yield Reach(
            origin=origin,
            name=leaf_name(view.name.name, origin, distinct),
            numbers=numbers,
            addresses=tuple(sorted(found.by_numbers[numbers], key=packed_address)),
            weight=share,
            rank=rank,
            account=view.service_accounts.get(origin, ""),
        )


def _add_endpoints(found: _Found, view: ServiceView, target: Target, ports: Sequence[Port]) -> None:
    wanted, names = {port.number for port in ports}, merged_ports(view)
    for endpoint in view.endpoints(target):
        numbers = sorted(_numbers(endpoint.ports, names))
        served = tuple(each for each in numbers if each[0] in wanted)
        if not is_ipv4(endpoint.address):
            found.refused.append(endpoint.address)
        elif served:
            found.by_numbers.setdefault(served, set()).add(endpoint.address)
            found.full.setdefault(served, []).append(tuple(number for _, number in numbers))


def _numbers(ports: Sequence[EndpointPort], names: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    for port in ports:
        if port.protocol == "TCP" and port.name in names and is_port(port.port, "TCP"):
            yield names[port.name], port.port


def _add_gateways(found: _Found, view: ServiceView, target: Target, ports: Sequence[Port]) -> None:
    origin, gateways = target.origin, view.gateways(target)
    # What counts is what it serves itself, not what others or the Service here have besides.
    served = {each.port.port for each in view.ports if origin in each.origins and _is_tcp(each)}
    if len(served) != 1:
        what = f"it serves {len(served)} ports, and a gateway cannot tell them apart; left out"
        found.conditions.append(Condition(Reason.SEVERAL_PORTS, origin, what))
        return
    (port,) = served
    if port not in {each.number for each in ports}:
        return
    usable: dict[int, set[str]] = {}
    for gateway in gateways:
        if is_ipv4(gateway.address):
            usable.setdefault(gateway.port, set()).add(gateway.address)
    best = sorted(usable, key=lambda each: (-len(usable[each]), each))[:1]
    for number in best:
        found.by_numbers.setdefault(((port, number),), set()).update(usable[number])
    used = sum(len(usable[number]) for number in best)
    if used < len(gateways):
        what = f"of {len(gateways)} gateways {used} can be used: OSM takes IPv4, and one port"
        found.conditions.append(Condition(Reason.GATEWAY_UNUSABLE, origin, what))


def _is_tcp(merged: MergedPort) -> bool:
    return merged.port.protocol == "TCP"


def is_proportional(shares: Sequence[tuple[int, int]]) -> bool:
    """Tell whether weights are in proportion to sizes, but for what rounding does to thousandths.

    `shares` are (weight, size).
    """
    weight, size = sum(each for each, _ in shares), sum(each for _, each in shares)
    if not weight or not size:
        return True
    return all(
        abs(1000 * each * size - 1000 * own * weight) <= _ROUNDING * size * weight
        for each, own in shares
    )


def is_ipv4(address: str) -> bool:
    """Tell whether OSM, and Envoy behind it, can take an address (7m)."""
    try:
        packed = packed_address(address)
    except ValueError:
        return False
    return len(packed) == 4 and is_address_of_pod(packed)
