"""What one cluster exports, as endpoints and as records, and how that changes.

    exports = Exports(plan, rng)
    records = RecordSet.of(exports.records())
    records = edited(records, exports.flip())        # or each of `roll(service)`, or `churn()`

Sizes are those of real objects: node names as cloud providers make them, addresses out of each
node's block, zones of a region.

Rule 1: equal plans and equal generators give equal records. Rule 2: an endpoint keeps its record
for life; a new one goes to the first record that has room, so a change touches one or two.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeAlias, TypeVar

from discovery.endpoints import (
    ENDPOINTS_MAX,
    Endpoint,
    EndpointPort,
    EndpointRecord,
    encode_endpoints,
    shown_address,
)
from discovery.exports import Exported
from discovery.keys import CLUSTER_KEY, endpoints_key, export_key
from discovery.names import ServiceName
from discovery.records import (
    ClusterRecord,
    ExportRecord,
    Gateway,
    ServicePort,
    encode_cluster,
    encode_export,
)
from discovery.recordset import RecordSet
from simulations.sets.fleet import ADDRESSES, ClusterPlan, service_of

Edits: TypeAlias = dict[bytes, bytes | None]
"""What became of records, by key; None where one is gone."""

_PORTS = (EndpointPort("http", 8_080),)
_HEAD_PORTS = (ServicePort("http", 80, "TCP", "http"),)
_EXPORTED_AT = 1_760_000_000
_POD_NETWORKS = 10 << 24
"""10.0.0.0, of which every cluster has its share."""

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""Of which Kubernetes makes the ends of names."""

_ZONES = "abc"

_FLIPS = 0.7
"""The share of churn that is readiness; the rest are pods that move to other nodes."""

_Picked = TypeVar("_Picked")


def edited(records: RecordSet, edits: Edits) -> RecordSet:
    """Return the set in which these records are as they have become."""
    put = {key: value for key, value in edits.items() if value is not None}
    return records.updated(put, edits.keys() - put.keys())


@dataclass(slots=True)
class _Node:
    name: str
    zone: str
    first_address: int
    last: int = 0
    """Which address of its block it gave away last."""


class Exports:
    """What one cluster exports now: its services, their endpoints, each in its record."""

    def __init__(self, plan: ClusterPlan, rng: Random, hosts: Sequence[str] = ()) -> None:
        """Fill the cluster; `rng` decides who is where, and all that happens later.

        The first nodes are called as `hosts` says, which is how a world calls those of bridges.
        """
        self.plan = plan
        self._hosts = tuple(hosts)
        self.services: tuple[ServiceName, ...] = tuple(map(service_of, range(plan.services)))
        self._rng = rng
        self._block = ADDRESSES // plan.nodes
        self._nodes = [self._make_node(index) for index in range(plan.nodes)]
        self._used: set[int] = set()
        self._records: dict[ServiceName, list[list[Endpoint]]] = {}
        self._numbers: dict[str, int] = {}
        """In which record of its service each address is."""
        for service in self.services:
            pods = [self._new_pod(ready=True) for _ in range(plan.endpoints)]
            self._records[service] = [
                pods[first : first + ENDPOINTS_MAX] for first in range(0, len(pods), ENDPOINTS_MAX)
            ]
            self._numbers.update((pod.address, at // ENDPOINTS_MAX) for at, pod in enumerate(pods))

    # --- what there is ------------------------------------------------------------------

    def records(self) -> dict[bytes, bytes]:
        """Return the whole set: the cluster's record, heads, endpoints."""
        found = {CLUSTER_KEY: encode_cluster(self.cluster())}
        for service in self.services:
            found[export_key(service)] = encode_export(self._head(service))
            for number, endpoints in enumerate(self._records[service]):
                if endpoints:
                    found[endpoints_key(service, number)] = _encoded(endpoints)
        return found

    def endpoints(self, service: ServiceName) -> tuple[Endpoint, ...]:
        """Return the endpoints of a service, in the order of its records."""
        return tuple(each for record in self._records[service] for each in record)

    def cluster(self) -> ClusterRecord:
        """Return what the cluster says of itself."""
        plan = self.plan
        return ClusterRecord(
            region=plan.region,
            network=plan.network,
            gateways=tuple(
                Gateway(f"203.0.{plan.number >> 4}.{(plan.number & 15) * 16 + each}", 15_443)
                for each in range(plan.gateways)
            ),
            mesh_root="5e" * 32,
            trust_domain="cluster.local",
            version="0.1.0",
        )

    def exported(self, service: ServiceName) -> Exported:
        """Return a service as a publisher is told of it."""
        return Exported(service, self._head(service), {_PORTS: self.endpoints(service)})

    def node_names(self) -> tuple[str, ...]:
        """Return the names of all nodes; bridges run on the first of them."""
        return tuple(node.name for node in self._nodes)

    # --- what happens -------------------------------------------------------------------

    def flip(self, service: ServiceName | None = None) -> Edits:
        """Let the readiness of one endpoint flip, of any service where none is named."""
        chosen = service or self._pick(self.services)
        endpoint = self._pick_endpoint(chosen)
        ready = not endpoint.ready
        return self._replaced(chosen, endpoint, replace(endpoint, ready=ready, serving=ready))

    def move(self, service: ServiceName | None = None) -> Edits:
        """Let one pod be gone and another be ready in its place, most likely elsewhere."""
        chosen = service or self._pick(self.services)
        old = self._pick_endpoint(chosen)
        edits = self._replaced(chosen, old, None)
        return {**edits, **self._added(chosen, self._new_pod(ready=True))}

    def churn(self) -> Edits:
        """Let something happen to one endpoint of any service."""
        return self.flip() if self._rng.random() < _FLIPS else self.move()

    def node_down(self, node: str) -> Edits:
        """Let the endpoints on a node be not ready, as a publisher would say it."""
        edits: Edits = {}
        for service in self.services:
            for endpoint in self.endpoints(service):
                if endpoint.node == node and endpoint.ready:
                    gone = replace(endpoint, ready=False, serving=False)
                    edits |= self._replaced(service, endpoint, gone)
        return edits

    def roll(self, service: ServiceName, *, surge: int = 1) -> Iterator[Edits]:
        """Let a Deployment roll, `surge` pods at a time; each step is what changes at once.

        A pod is there, it is ready, an old one terminates, it is gone: four steps.
        """
        waiting = list(self.endpoints(service))
        while waiting:
            old, waiting = waiting[:surge], waiting[surge:]
            new = [self._new_pod(ready=False) for _ in old]
            yield _together(self._added(service, each) for each in new)
            ready = [replace(each, ready=True, serving=True) for each in new]
            yield self._swapped(service, new, ready)
            ending = [replace(each, ready=False, terminating=True) for each in old]
            yield self._swapped(service, old, ending)
            yield _together(self._replaced(service, each, None) for each in ending)

    # --- the inside ---------------------------------------------------------------------

    def _pick(self, among: Sequence[_Picked]) -> _Picked:
        return among[int(self._rng.random() * len(among))]

    def _pick_endpoint(self, service: ServiceName) -> Endpoint:
        records = self._records[service]
        at = int(self._rng.random() * sum(map(len, records)))
        for record in records:
            if at < len(record):
                return record[at]
            at -= len(record)
        raise ValueError(f"{service} has no endpoint")

    def _make_node(self, index: int) -> _Node:
        word, letters = self._rng.getrandbits(32), self._rng.getrandbits(28)
        end = "".join(_LETTERS[(letters >> 7 * at & 127) % len(_LETTERS)] for at in range(4))
        name = f"{self.plan.name}-pool-1-{word:08x}-{end}"
        return _Node(
            self._hosts[index] if index < len(self._hosts) else name,
            f"{self.plan.region}{_ZONES[index % len(_ZONES)]}",
            _POD_NETWORKS + self.plan.number * ADDRESSES + index * self._block,
        )

    def _new_pod(self, *, ready: bool) -> Endpoint:
        if len(self._used) >= self._block * len(self._nodes):
            raise ValueError(f"{self.plan.name} has no address left")
        while True:
            node = self._pick(self._nodes)
            # The next of the node's block, so that an address is not used again soon.
            for _ in range(self._block):
                node.last = (node.last + 1) % self._block
                address = node.first_address + node.last
                if address not in self._used:
                    self._used.add(address)
                    return self._pod(node, address, ready=ready)

    def _pod(self, node: _Node, address: int, *, ready: bool) -> Endpoint:
        return Endpoint(
            address=shown_address(address.to_bytes(4)),
            ready=ready,
            serving=ready,
            node=node.name,
            zone=node.zone,
        )

    def _added(self, service: ServiceName, endpoint: Endpoint) -> Edits:
        records = self._records[service]
        number = next((n for n, each in enumerate(records) if len(each) < ENDPOINTS_MAX), None)
        if number is None:
            number = len(records)
            records.append([])
        records[number].append(endpoint)
        self._numbers[endpoint.address] = number
        return self._edit(service, number)

    def _replaced(self, service: ServiceName, old: Endpoint, new: Endpoint | None) -> Edits:
        records = self._records[service]
        number = self._numbers[old.address]
        at = records[number].index(old)
        records[number][at : at + 1] = [] if new is None else [new]
        if new is None:
            del self._numbers[old.address]
            self._used.remove(int.from_bytes(bytes(map(int, old.address.split(".")))))
        return self._edit(service, number)

    def _swapped(
        self, service: ServiceName, old: Sequence[Endpoint], new: Sequence[Endpoint]
    ) -> Edits:
        pairs = zip(old, new, strict=True)
        return _together(self._replaced(service, before, after) for before, after in pairs)

    def _edit(self, service: ServiceName, number: int) -> Edits:
        endpoints = self._records[service][number]
        return {endpoints_key(service, number): _encoded(endpoints) if endpoints else None}

    def _head(self, service: ServiceName) -> ExportRecord:
        return ExportRecord(
            ports=_HEAD_PORTS,
            service_account=service.name,
            exported_at=_EXPORTED_AT + self.plan.number,
            ip_families=("IPv4",),
            labels={"app": service.name, "team": service.namespace},
        )


def _encoded(endpoints: Sequence[Endpoint]) -> bytes:
    return encode_endpoints(EndpointRecord(_PORTS, tuple(endpoints)))


def _together(steps: Iterable[Edits]) -> Edits:
    """Return several edits, one after the other, as one."""
    edits: Edits = {}
    for step in steps:
        edits.update(step)
    return edits
