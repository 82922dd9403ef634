"""From what is wanted for a service to writes in order, each prefix of which may last for ever.

The order is that of section 0.5 of what was measured: whoever is to get traffic is filled, then the
weights change, then who got it before is taken away, and that only once the mirror shows that no
split names it any more. A Service comes before its Endpoints, whose change pushes it, and a port is
in the Endpoints before it is in the Service (2h, 3d).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agent.drivers.osm_local import is_written_by_us, tcp_ports
from agent.drivers.osm_names import split_name
from agent.drivers.osm_objects import (
    PORTS_ANNOTATION,
    Backend,
    Backing,
    Listed,
    Port,
    apex_of,
    backends_of,
    endpoints_document,
    endpoints_key,
    is_written,
    service_document,
    service_key,
    split_document,
    split_key,
    subsets_of,
)
from agent.drivers.osm_pods import pod_key, pod_steps
from agent.drivers.plan import Step, owner_of
from agent.mirror import Mirror
from agent.objects import (
    ENDPOINTS,
    POD,
    SERVICE,
    TRAFFIC_SPLIT,
    Document,
    ObjectKey,
    map_at,
    resource_version,
    text_at,
)
from agent.writes import Apply, Delete
from discovery.names import ServiceName

Owned = Sequence[tuple[ObjectKey, Document]]
"""The objects of ours that are for one service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be there for a service, its aliases apart."""

    service: ServiceName
    apex: Backing | None = None
    """The Service itself, where it is ours."""
    is_parked: bool = False
    """Whether the Service is ours and nobody can be used: its addresses become unready (1j)."""
    leaves: tuple[Backing, ...] = ()
    split: tuple[Backend, ...] = ()
    """Empty: no split."""


class Splits:
    """Who splits what, looked up once for a plan: a cluster may have thousands."""

    def __init__(self, mirror: Mirror) -> None:
        """Look at all TrafficSplits."""
        self._named: dict[str, set[str]] = {}
        self._of_others: dict[ServiceName, str] = {}
        for key, document in mirror.of(TRAFFIC_SPLIT):
            named = self._named.setdefault(key.namespace, set())
            named.update(each.service for each in backends_of(document))
            if owner_of(key, document) is None:
                self._of_others.setdefault(ServiceName(key.namespace, apex_of(document)), key.name)

    def of_others(self, service: ServiceName) -> str:
        """Return the name of somebody else's split of a service, empty where there is none."""
        return self._of_others.get(service, "")

    def leaves(self, namespace: str) -> frozenset[str]:
        """Return the Services that are leaves of anybody's splits."""
        return frozenset(self._named.get(namespace, ()))


def steps_towards(wanted: Wanted, mirror: Mirror, owned: Owned) -> tuple[Step, ...]:
    """Return the writes by which traffic goes where it is wanted."""
    return tuple(_towards(wanted, mirror, owned))


def _towards(wanted: Wanted, mirror: Mirror, owned: Owned) -> Iterator[Step]:
    splits = [(key, document) for key, document in owned if key.kind == TRAFFIC_SPLIT]
    named = {each.service for _, document in splits for each in backends_of(document)}
    in_use = [each for each in wanted.leaves if each.name.name in named]
    for leaf in wanted.leaves:
        yield from backing_steps(_widened(leaf, mirror) if leaf in in_use else leaf, mirror)
    if wanted.apex is None:
        if wanted.is_parked:
            yield from _parked(wanted.service, mirror)
        yield from _split_steps(wanted, mirror, splits)
    elif wanted.split:
        yield from _split_apex(wanted, wanted.apex, mirror, splits)
    else:
        yield from _flat_apex(wanted.apex, mirror, splits)
    for leaf in in_use:
        if _widened(leaf, mirror) != leaf:
            yield from _narrowed(leaf)
    if wanted.apex is None and not wanted.is_parked:
        apex = wanted.service
        yield from _removed([service_key(apex), endpoints_key(apex)], mirror, owned)


# --- a service that is ours --------------------------------------------------------------


def _split_apex(wanted: Wanted, apex: Backing, mirror: Mirror, splits: Owned) -> Iterator[Step]:
    """Give the writes by which a Service of ours is split.

    Whatever port it has at any moment must be one of a leaf of the split there is then (2f): the
    ports that go leave it before the split changes, and those that come are added after.
    """
    service = service_key(apex.name)
    current = mirror.get(service)
    before = () if current is None else tuple(sorted(tcp_ports(current)))
    kept = _kept_ports(apex, before)
    if not kept:
        if current is not None:
            yield from _deleted(splits, "the service's ports are others now")
            splits = []
        if splits:
            yield from _split_steps(wanted, mirror, splits)
            yield from backing_steps(apex, mirror)
        else:
            yield from backing_steps(apex, mirror)
            yield from _split_steps(wanted, mirror, splits)
        return
    narrowed: frozenset[ObjectKey] = frozenset()
    if len(kept) < len(before):
        less = service_document(_with_ports(apex, kept))
        yield _apply(service, less, "ports that nobody serves any more", current)
        narrowed = frozenset({service})
    yield from _split_steps(wanted, mirror, splits)
    yield from backing_steps(apex, mirror, narrowed)


def _flat_apex(apex: Backing, mirror: Mirror, splits: Owned) -> Iterator[Step]:
    """Give the writes by which a Service of ours is a flat list, and split no more."""
    service, endpoints = service_key(apex.name), endpoints_key(apex.name)
    current, listed = mirror.get(service), mirror.get(endpoints)
    before = () if current is None else tuple(sorted(tcp_ports(current)))
    if not splits or before == tuple(sorted(apex.ports)):
        yield from backing_steps(apex, mirror)
        yield from _deleted(splits, "nothing is split any more")
        return
    # Leaves lack its new ports, so the split goes before they come; the list is filled before that.
    # Those that go are gone before: nobody who is listed serves them (3d).
    done: frozenset[ObjectKey] = frozenset()
    kept = _kept_ports(apex, before)
    if kept and len(kept) < len(before):
        less = service_document(_with_ports(apex, kept))
        yield _apply(service, less, "ports that nobody who is used serves", current)
        done |= {service}
    if current is not None and listed is not None:
        yield _apply(endpoints, _with_ports_of(apex, listed), "it serves before", listed)
        done |= {endpoints}
    yield from _deleted(splits, "nothing is split any more")
    yield from backing_steps(apex, mirror, done)


def _kept_ports(apex: Backing, before: Sequence[Port]) -> tuple[Port, ...]:
    """Return the ports that a Service has and keeps, as it has them."""
    wanted = {port.number for port in apex.ports}
    return tuple(port for port in before if port.number in wanted)


def _with_ports(apex: Backing, ports: tuple[Port, ...]) -> Backing:
    numbers = {
        port.number: number for port, (_, number) in zip(apex.ports, apex.listed.ports, strict=True)
    }
    named = tuple((port.name, numbers[port.number]) for port in ports)
    return replace(apex, ports=ports, listed=apex.listed._replace(ports=named))


def _deleted(objects: Owned, why: str) -> Iterator[Step]:
    for key, document in objects:
        yield Delete(key, why, if_version=resource_version(document) or None)


def _split_steps(wanted: Wanted, mirror: Mirror, splits: Owned) -> Iterator[Step]:
    name = ServiceName(wanted.service.namespace, split_name(wanted.service.name))
    if wanted.split:
        document = split_document(wanted.service, name, wanted.split)
        current = mirror.get(split_key(name)) if any(splits) else None
        if not is_written(current, document):
            shares = ", ".join(f"{each.service} {each.weight}" for each in wanted.split)
            version = version_of(current)
            yield Apply(split_key(name), document, f"of 1000: {shares}", if_version=version)
        splits = [each for each in splits if each[0] != split_key(name)]
    yield from _deleted(splits, "nothing is split any more")


# --- a Service of ours and its Endpoints -------------------------------------------------


def backing_steps(
    backing: Backing, mirror: Mirror, written: frozenset[ObjectKey] = frozenset()
) -> Iterator[Step]:
    """Give the writes by which a Service of ours has these ports and these addresses.

    `written` are those of its objects that earlier writes of the group have changed.
    """
    yield from pod_steps(backing.pods, mirror)
    service, endpoints = service_key(backing.name), endpoints_key(backing.name)
    current, listed = mirror.get(service), mirror.get(endpoints)
    if current is None and listed is not None:
        # Endpoints that are there first push nothing when the Service comes (1d).
        version = resource_version(listed) or None
        yield Delete(endpoints, "they come after their Service", if_version=version)
        listed = None
    is_touched = endpoints in written
    if current is not None and listed is not None and _lacks_ports(backing, current, listed):
        if not is_touched:
            first = _with_ports_of(backing, listed)
            yield _apply(endpoints, first, "a port comes before the Service has it", listed)
        is_touched = True
    wanted = service_document(backing)
    why = f"{backing.owner} is served elsewhere"
    if service in written:
        yield Apply(service, wanted, why)
    elif not is_written(current, wanted):
        yield _apply(service, wanted, why, current)
    document = endpoints_document(backing)
    if is_touched:
        yield Apply(endpoints, document, "pushes what the Service has become")
    elif not is_written(listed, document):
        # Kubernetes may have made them a moment ago for a Service that selects Pods.
        version = None if backing.pods else version_of(listed)
        of = ", ".join(backing.origins)
        why = f"{len(backing.listed.addresses)} addresses of {of}"
        yield Apply(endpoints, document, why, if_version=version)


def _lacks_ports(backing: Backing, current: Document, listed: Document) -> bool:
    names = {name for each in subsets_of(listed) for name, _ in each.ports}
    if not names:  # Wiped: a new port of its Service would have nobody in anybody's split (2f).
        return sorted(tcp_ports(current)) != sorted(backing.ports)
    return not {port.name for port in backing.ports} <= names


def _with_ports_of(backing: Backing, listed: Document) -> Document:
    new = {name for name, _ in backing.listed.ports}
    old = {name: number for each in subsets_of(listed) for name, number in each.ports if name}
    ports = [*backing.listed.ports, *(each for each in sorted(old.items()) if each[0] not in new)]
    said = text_at(listed, "metadata", "annotations", PORTS_ANNOTATION)
    return endpoints_document(backing, backing.listed._replace(ports=tuple(ports)), said)


def _widened(leaf: Backing, mirror: Mirror) -> Backing:
    """Return a leaf with the ports that it has now besides: a split that names it needs them."""
    current = mirror.get(service_key(leaf.name))
    numbers = {
        name: number
        for each in subsets_of(mirror.get(endpoints_key(leaf.name)))
        for name, number in each.ports
    }
    kept = {port.number for port in leaf.ports}
    extra = [
        port
        for port in (() if current is None else tcp_ports(current))
        if port.number not in kept and port.name in numbers
    ]
    if not extra:
        return leaf
    numbers.update(leaf.listed.ports)
    ports: tuple[Port, ...] = tuple(sorted([*leaf.ports, *extra]))
    named = tuple((port.name, numbers[port.name]) for port in ports)
    return replace(leaf, ports=ports, listed=leaf.listed._replace(ports=named))


def _narrowed(leaf: Backing) -> Iterator[Step]:
    yield Apply(service_key(leaf.name), service_document(leaf), "ports that it serves no more")
    yield Apply(endpoints_key(leaf.name), endpoints_document(leaf), "pushes the Service's change")


def _parked(service: ServiceName, mirror: Mirror) -> Iterator[Step]:
    """Make what a Service of ours lists unready: an empty list would take its cluster away (1i)."""
    key = endpoints_key(service)
    current = mirror.get(key)
    subsets = subsets_of(current)
    if current is None or not any(each.is_ready for each in subsets):
        return
    ready = next(each for each in subsets if each.is_ready)
    document: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": service.name,
            "namespace": service.namespace,
            "labels": dict(map_at(current, "metadata", "labels")),
            "annotations": dict(map_at(current, "metadata", "annotations")),
        },
        "subsets": [_unready(ready)],
    }
    yield _apply(key, document, "nobody can be used", current)


def _unready(listed: Listed) -> dict[str, object]:
    return {
        "notReadyAddresses": [{"ip": address} for address in listed.addresses],
        "ports": [
            {"name": name, "port": number, "protocol": "TCP"} for name, number in listed.ports
        ],
    }


def _apply(key: ObjectKey, document: Document, why: str, current: Document | None) -> Apply:
    return Apply(key, document, why, if_version=version_of(current))


def version_of(current: Document | None) -> str | None:
    """Return the version to insist on when an object is written; empty: only if there is none."""
    return "" if current is None else resource_version(current) or None


# --- what is wanted no more --------------------------------------------------------------


def retired(
    wanted: Wanted, mirror: Mirror, owned: Owned, still_named: frozenset[str]
) -> tuple[Step, ...]:
    """Return the deletions of what nothing names any more: leaves, aliases, Pods.

    `still_named` are aliases that are wanted, and leaves of splits in the mirror: these are none
    of them, whatever is wanted.
    """
    kept = {wanted.service.name, *still_named, *(each.name.name for each in wanted.leaves)}
    backings = [*wanted.leaves, *([wanted.apex] if wanted.apex else [])]
    pods = {pod_key(pod) for backing in backings for pod in backing.pods}
    parked = wanted.service.name if wanted.is_parked else ""
    keys = [
        key
        for kind in (SERVICE, ENDPOINTS, POD)
        for key, document in owned
        if key.kind == kind
        and (
            key not in pods and not _is_for(document, parked)
            if kind == POD
            else key.name not in kept
        )
    ]
    return tuple(_removed(keys, mirror, owned))


def _is_for(pod: Document, service: str) -> bool:
    return bool(service) and service in map_at(pod, "metadata", "labels").values()


def _removed(keys: Sequence[ObjectKey], mirror: Mirror, owned: Owned) -> Iterator[Step]:
    documents = dict(owned)
    for key in keys:
        if key not in documents:
            continue
        name = ServiceName(key.namespace, key.name)
        service = mirror.get(service_key(name))
        if key.kind != POD and service is not None and not is_written_by_us(name, service):
            continue  # Endpoints of a Service that became somebody else's are its Service's.
        version = resource_version(documents[key]) or None
        yield Delete(key, "no longer needed", if_version=version)
