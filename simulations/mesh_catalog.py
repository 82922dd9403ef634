"""What OSM's controller makes of the objects: pure, and one service at a time.

The number of a port is that of the Endpoints: of the first subset that has the port's name, or has
but one port, whatever that is called. v1.2.4 calls a port without a number 0; to v1.1.4 there is no
such service.
"""

from collections.abc import Iterator
from ipaddress import IPv6Address, ip_address

from discovery.names import ServiceName
from simulations.mesh_events import MeshSettings, Version
from simulations.mesh_objects import (
    HTTP,
    TCP,
    Identity,
    PortSpec,
    ServiceSpec,
    SplitSpec,
    Subset,
)
from simulations.mesh_registry import Registry
from simulations.mesh_resources import (
    NOTHING,
    Chain,
    Cluster,
    Destination,
    Host,
    Inbound,
    Locality,
    Piece,
    VirtualHost,
    Weighted,
)

LOCAL_ZONE = "local"


class Catalog:
    """Reads a registry as the controller of one release does."""

    def __init__(self, registry: Registry, settings: MeshSettings) -> None:
        """Read `registry`; the modes are set when the controller starts, or told later."""
        self._registry = registry
        self._settings = settings
        self.is_permissive = settings.version is Version.V1_2
        self.has_multi_cluster = False

    # --- who may call what ---------------------------------------------------------------

    def is_in_mesh(self, name: ServiceName) -> bool:
        """Tell whether a service's namespace is monitored."""
        return self._registry.is_monitored(name.namespace, self._settings.mesh_name)

    def outbound(self, client: Identity) -> list[ServiceName]:
        """Return the services that a client's side-car is told of, by name."""
        services = [each.name for each in self._registry.services() if self.is_in_mesh(each.name)]
        if self.is_permissive:
            return services
        allowed = self._destinations(client)
        reached = {name for name in services if self._is_reached(name, allowed)}
        apexes = {
            apex for name in reached for apex in self._registry.apexes_of(name) if apex in services
        }
        return sorted(reached | apexes)

    def _destinations(self, client: Identity) -> set[Identity]:
        return {
            target.destination for target in self._registry.targets() if client in target.sources
        }

    def _is_reached(self, name: ServiceName, allowed: set[Identity]) -> bool:
        service = self._registry.service(name)
        return service is not None and not allowed.isdisjoint(self.identities(service))

    def identities(self, service: ServiceSpec) -> tuple[Identity, ...]:
        """Return the ServiceAccounts of the local Pods of a service, whatever state these are in.

        Without a selector there are none.
        """
        return tuple(sorted({pod.identity for pod in self._registry.selected(service)}))

    # --- what comes of a service ---------------------------------------------------------

    def piece(self, name: ServiceName) -> Piece:
        """Return all that a side-car is sent for a service."""
        service = self._registry.service(name)
        if service is None or not self.is_in_mesh(name):
            return NOTHING
        subsets = self._registry.subsets(name) or ()
        clusters: list[Cluster] = []
        chains: list[Chain] = []
        hosts: list[VirtualHost] = []
        unmeasured: list[tuple[int, str]] = []
        for member, only in self._members(service, subsets):
            for port in service.ports:
                number = port_number(subsets, port.name)
                if number == 0 and self._settings.version is Version.V1_1:
                    continue
                clusters.append(self._cluster(service, member, number, only))
                routed, doubts = self._routed(service, member, port, number)
                unmeasured += [(port.number, doubt) for doubt in doubts]
                is_tcp = port.protocol == TCP
                if not is_tcp:
                    hosts.append(VirtualHost(member, port.number, routed))
                prefixes = _prefixes(service, subsets, number, only)
                if prefixes and (routed or not is_tcp):
                    chain_clusters = routed if is_tcp else ()
                    chains.append(Chain(member, prefixes, port.number, is_tcp, chain_clusters))
        return Piece(
            _unique(clusters), tuple(chains), tuple(hosts), tuple(dict.fromkeys(unmeasured))
        )

    def _members(
        self, service: ServiceSpec, subsets: tuple[Subset, ...]
    ) -> list[tuple[ServiceName, str]]:
        """Return the services that a Service is, each with the hostname that it is limited to."""
        named = dict.fromkeys(
            address.hostname
            for subset in subsets
            for address in subset.ready
            if address.hostname and not service.address
        )
        name = service.name
        return [
            (ServiceName(name.namespace, f"{hostname}.{name.name}"), hostname) for hostname in named
        ] or [(name, "")]

    def _cluster(
        self, service: ServiceSpec, member: ServiceName, number: int, only: str
    ) -> Cluster:
        subsets = self._registry.subsets(service.name) or ()
        identities = self.identities(service)
        local = list(_destinations(subsets, number, only))
        remote: list[Locality] = []
        for each in self._remote_clusters(identities):
            (local.extend(each.destinations) if each.weight == 0 else remote.append(each))
        localities = [Locality(LOCAL_ZONE, 0, 0, tuple(local)), *remote]
        if not self.is_permissive:
            known = self._addresses_of(identities)
            localities = [_among(known, each) for each in localities]
        return Cluster(cluster_name(member, number), member, tuple(localities), identities)

    def _remote_clusters(self, identities: tuple[Identity, ...]) -> Iterator[Locality]:
        if not self.has_multi_cluster:
            return
        for identity in identities:
            for spec in self._registry.remote_clusters(identity):
                for cluster in spec.clusters:
                    host, _, port = cluster.address.partition(":")
                    number = int(port) if port.isascii() and port.isdigit() else 0
                    priority = (cluster.priority or 1) if cluster.weight else 0
                    to = Destination(host, number)
                    yield Locality(cluster.name, priority, cluster.weight, (to,))

    def _addresses_of(self, identities: tuple[Identity, ...]) -> set[str]:
        known = {
            ip
            for identity in identities
            for pod in self._registry.pods_of(identity)
            for ip in pod.ips
        }
        for locality in self._remote_clusters(identities):
            known.update(each.address for each in locality.destinations)
        return known

    # --- routes --------------------------------------------------------------------------

    def _routed(
        self, service: ServiceSpec, member: ServiceName, port: PortSpec, number: int
    ) -> tuple[tuple[Weighted, ...], list[str]]:
        """Return the weighted clusters of a port, and what about them nobody has measured."""
        doubts: list[str] = []
        if port.protocol not in {HTTP, TCP}:
            doubts.append(f"port {port.number} speaks {port.protocol}")
        if not self.is_permissive and len(self.identities(service)) > 1:
            doubts.append("SMI mode, and Pods of several ServiceAccounts behind one Service")
        splits = self._registry.splits_of(service.name) if member == service.name else []
        if not splits:
            return (Weighted(cluster_name(member, number), 100),), doubts
        if len(splits) > 1:
            doubts.append(f"{len(splits)} TrafficSplits for one apex: requests go by either")
        routed = tuple(self._leaves(splits[0], port))
        if port.protocol == TCP and not routed:
            doubts.append("a TrafficSplit of a TCP service of which no leaf is left")
        return routed, doubts

    def _leaves(self, split: SplitSpec, port: PortSpec) -> Iterator[Weighted]:
        for leaf, weight in split.backends:
            number = self._leaf_number(leaf, port)
            if number:
                yield Weighted(cluster_name(leaf, number), weight)

    def _leaf_number(self, leaf: ServiceName, port: PortSpec) -> int:
        """Return the number of a leaf's endpoints; 0: the leaf is dropped."""
        service = self._registry.service(leaf)
        ports = service.ports if service else ()
        found = next((each for each in ports if each.number == port.number), None)
        if found is None:
            return 0
        if self._settings.version is Version.V1_1:  # It keeps naming what is not there any more.
            return found.target if isinstance(found.target, int) else 0
        numbers = (
            each.number
            for subset in self._registry.subsets(leaf) or ()
            for each in subset.ports
            if each.name == found.name
        )
        return next(numbers, 0)

    # --- the other end -------------------------------------------------------------------

    def inbound(self, name: ServiceName) -> tuple[Inbound, ...]:
        """Return what the side-cars of a service's own Pods take because of it."""
        service = self._registry.service(name)
        if service is None or not service.selector or not self.is_in_mesh(name):
            return ()
        subsets = self._registry.subsets(name) or ()
        apexes = [each for each in self._registry.apexes_of(name) if self._registry.service(each)]
        return tuple(
            Inbound(
                name,
                port_number(subsets, port.name),
                port.protocol == TCP,
                service.selector,
                tuple(Host(each, port.number) for each in dict.fromkeys([name, *apexes])),
            )
            for port in service.ports
        )

    def admits(self, client: Identity, server: Identity) -> bool:
        """Tell whether a server's side-car takes a client: in SMI mode by a TrafficTarget."""
        return self.is_permissive or server in self._destinations(client)


def cluster_name(service: ServiceName, number: int) -> str:
    """Return what OSM calls the cluster of a service's endpoints on a port."""
    return f"{service}|{number}"


def port_number(subsets: tuple[Subset, ...], name: str) -> int:
    """Return the number of a Service's port as OSM finds it in the Endpoints; 0: nowhere."""
    for subset in subsets:
        for port in subset.ports:
            if not name or len(subset.ports) == 1 or port.name == name:
                return port.number
    return 0


def _destinations(subsets: tuple[Subset, ...], number: int, only: str) -> Iterator[Destination]:
    for subset in subsets:
        for port in subset.ports:
            if number in {0, port.number}:
                for address in subset.ready:
                    if only in {"", address.hostname}:
                        yield Destination(address.ip, port.number)


def _prefixes(
    service: ServiceSpec, subsets: tuple[Subset, ...], number: int, only: str
) -> tuple[str, ...]:
    if service.address:
        return (_prefix(service.address),)
    found = (_prefix(each.address) for each in _destinations(subsets, number, only))
    return tuple(dict.fromkeys(found))


def _prefix(address: str) -> str:
    """Return an address with OSM's /32, which leaves next to nothing of an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return f"{address}/32"
    if isinstance(parsed, IPv6Address):
        return f"{IPv6Address(int(parsed) >> 96 << 96)}/32"
    return f"{address}/32"


def _among(known: set[str], locality: Locality) -> Locality:
    kept = tuple(each for each in locality.destinations if each.address in known)
    return locality._replace(destinations=kept)


def _unique(clusters: list[Cluster]) -> tuple[Cluster, ...]:
    return tuple({cluster.name: cluster for cluster in clusters}.values())
