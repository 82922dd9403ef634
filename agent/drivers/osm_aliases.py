"""Aliases: Services of ours in the cluster that exports, by which its pods answer to leaves' names.

A client sends the name of the Service that it calls as SNI, and a side-car takes connections only
for names of Services that select its pod. So whoever exports `store` from `beta` has the Service
`store-mc-beta` with the selector of `store` (2b). Kubernetes makes its Endpoints; nobody calls it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.drivers.osm_local import LocalService, local_service, selector_of, tcp_ports
from agent.drivers.osm_names import leaf_name
from agent.drivers.osm_objects import (
    ALIAS,
    ROLE_ANNOTATION,
    Port,
    endpoints_key,
    is_written,
    service_key,
    subsets_of,
)
from agent.drivers.plan import Condition, Reason, metadata, owner_of
from agent.mirror import Mirror
from agent.objects import Document, at, integer_at, list_at, resource_version, text_at
from agent.writes import Apply
from discovery.names import Origin, ServiceName


class Aliases(NamedTuple):
    """What a cluster that exports a service needs."""

    names: frozenset[str]
    """The Services that are to be there."""
    writes: tuple[Apply, ...]
    conditions: tuple[Condition, ...]


NO_ALIASES = Aliases(frozenset(), (), ())


def aliases_of(mirror: Mirror, service: ServiceName, own: Origin) -> Aliases:
    """Return the aliases of a service that `own` exports.

    Where its pods listen on different numbers there is one more for each set of numbers: OSM
    honours the first set alone for a Service that does not name its numbers.
    """
    document, local = mirror.get(service_key(service)), local_service(mirror, service)
    if document is None or local is None:
        return NO_ALIASES
    if not local.selector or not local.ports:
        what = "the exported Service has no selector or no TCP port: it has no leaf elsewhere"
        return Aliases(frozenset(), (), (Condition(Reason.NO_ALIAS, own, what),))
    wanted = {leaf_name(service.name, own): alias_document(document, service, own)}
    sets = _number_sets(mirror, service, local)
    for numbers in sets if len(sets) > 1 else ():
        name = leaf_name(service.name, own, tuple(numbers.values()))
        wanted[name] = alias_document(document, service, own, numbers)
    writes, conditions = [], []
    for name, alias in sorted(wanted.items()):
        key = service_key(ServiceName(service.namespace, name))
        current = mirror.get(key)
        if current is not None and owner_of(key, current) != service:
            what = f"{key} is somebody else's: {service} has no leaf of that name elsewhere"
            conditions.append(Condition(Reason.NAME_TAKEN, own, what))
        elif not is_written(current, alias):
            version = "" if current is None else resource_version(current) or None
            why = f"pods of {service} answer to the name by which other clusters call them"
            writes.append(Apply(key, alias, why, if_version=version))
    return Aliases(frozenset(wanted), tuple(writes), tuple(conditions))


def alias_document(
    document: Document,
    service: ServiceName,
    own: Origin,
    numbers: dict[int, int] | None = None,
) -> Document:
    """Return the alias of a Service; `numbers` by the Service's ports, where it is to name them."""
    name = leaf_name(service.name, own, tuple((numbers or {}).values()))
    own_metadata = metadata(
        ServiceName(service.namespace, name), service.name, **{ROLE_ANNOTATION: ALIAS}
    )
    spec: dict[str, object] = {
        "type": "ClusterIP",
        "ports": list(_ports(document, numbers)),
        "selector": dict(selector_of(document)),
    }
    if at(document, "spec", "publishNotReadyAddresses") is True:
        spec["publishNotReadyAddresses"] = True
    return {"apiVersion": "v1", "kind": "Service", "metadata": own_metadata, "spec": spec}


def _ports(document: Document, numbers: dict[int, int] | None) -> Iterator[dict[str, object]]:
    protocols = {port.number: port.protocol for port in tcp_ports(document)}
    for each in list_at(document, "spec", "ports"):
        number = integer_at(each, "port")
        if number not in protocols or (text_at(each, "protocol") or "TCP") != "TCP":
            continue
        target = at(each, "targetPort") or number
        if numbers is not None:
            if number not in numbers:
                continue
            target = numbers[number]
        port: dict[str, object] = {"port": number, "targetPort": target, "protocol": "TCP"}
        if text_at(each, "name"):
            port["name"] = text_at(each, "name")
        yield {**port, "appProtocol": protocols[number]}


def _number_sets(mirror: Mirror, service: ServiceName, local: LocalService) -> list[dict[int, int]]:
    # Those that are not ready yet count: their alias is there before anybody sends them anything.
    subsets = subsets_of(mirror.get(endpoints_key(service)))
    found = {tuple(_by_port(each.ports, local.ports)) for each in subsets}
    return [dict(each) for each in sorted(found) if each]


def _by_port(listed: Sequence[tuple[str, int]], ports: Sequence[Port]) -> Iterator[tuple[int, int]]:
    named = dict(listed)
    for port in sorted(ports):
        if port.name in named:
            yield port.number, named[port.name]
