"""Small worlds for the tests of the view: sets, rules, and a naive look at what must be served."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.importing import ImportRule
from discovery.keys import endpoints_key, export_key, policy_key
from discovery.names import Origin, ServiceName
from discovery.policy import TrafficPolicy, packed_spec
from discovery.problems import Problem
from discovery.records import (
    ClusterRecord,
    DrainRecord,
    ExportRecord,
    Gateway,
    PolicyRecord,
    ServicePort,
    encode_cluster,
    encode_drain,
    encode_export,
    encode_policy,
)
from discovery.recordset import EMPTY, RecordSet
from discovery.standing import Standing, Verdict
from discovery.view import View
from failure_detect.clock import Instant

A, B, C = Origin("a"), Origin("b"), Origin("c")
SHOP = ServiceName("shop", "checkout")
CART = ServiceName("shop", "cart")
BANK = ServiceName("bank", "ledger")
HTTP = ServicePort("http", 80)
GATEWAY = Gateway("192.0.2.1", 15_443)


def export(*ports: ServicePort, at: int = 0, **fields: object) -> ExportRecord:
    """A head; `at` is when it was exported."""
    return replace(ExportRecord(ports=ports or (HTTP,), exported_at=at), **fields)  # type: ignore[arg-type]  # fields by name, for brevity in tests


def endpoints(*addresses: str, ready: bool = True, node: str = "", zone: str = "") -> bytes:
    """A record of endpoints that are all alike."""
    return record(*(Endpoint(each, ready=ready, node=node, zone=zone) for each in addresses))


def record(*each: Endpoint, port: int = 8080, name: str = "http") -> bytes:
    """A record of these endpoints."""
    return encode_endpoints(EndpointRecord((EndpointPort(name, port),), each))


def cluster(**fields: object) -> bytes:
    """What a cluster says of itself."""
    return encode_cluster(replace(ClusterRecord(), **fields))  # type: ignore[arg-type]  # fields by name, for brevity in tests


def exported(
    service: ServiceName, *records: bytes, head: ExportRecord | None = None
) -> dict[bytes, bytes]:
    """The records of one exported service."""
    found = {export_key(service): encode_export(head or export())}
    found.update({endpoints_key(service, at): each for at, each in enumerate(records)})
    return found


@dataclass
class Rules:
    """Trust as a table; who is not in it is trusted to serve everything, None is not at all."""

    table: dict[Origin, ImportRule | None] = field(default_factory=dict)
    wrong: list[Problem] = field(default_factory=list)

    def rule(self, origin: Origin) -> ImportRule | None:
        return self.table.get(origin, ImportRule())

    def problems(self) -> list[Problem]:
        return self.wrong


class World:
    """A view of cluster `a`, and the sets that it was told of."""

    def __init__(self, rules: Rules | None = None, zones: tuple[str, ...] = ()) -> None:
        self.rules = rules or Rules()
        self.view = View(A, self.rules, 0, zones=zones)
        self.sets: dict[Origin, RecordSet] = {}

    def put(
        self,
        origin: Origin,
        records: Mapping[bytes, bytes],
        delete: Iterable[bytes] = (),
        now: Instant = 0,
    ) -> None:
        """Let `origin` publish these records beside what it has."""
        before = self.sets.get(origin, EMPTY)
        after = self.sets[origin] = before.updated(records, delete)
        self.view.apply(origin, after.changes_since(before), now)

    def stands(self, origin: Origin, verdict: Verdict) -> None:
        """Give a verdict."""
        self.view.set_standing(origin, Standing(verdict, 0, f"{origin} is {verdict}"))

    def shares(self, service: ServiceName = SHOP) -> dict[str, int]:
        """What each origin gets of a service, those that get nothing included."""
        view = self.view.service(service)
        found: dict[str, int] = {}
        for tier in view.tiers if view else ():
            for target in tier.targets:
                found[target.origin] = found.get(target.origin, 0) + target.weight
        return found

    def tiers(self, service: ServiceName = SHOP) -> list[tuple[str, list[str]]]:
        """The tiers of a service: kind, and the origins in it."""
        view = self.view.service(service)
        return [
            (tier.kind.value, [str(target.origin) for target in tier.targets])
            for tier in (view.tiers if view else ())
        ]

    def addresses(self, service: ServiceName = SHOP) -> set[str]:
        """Every address that is in the view of a service."""
        view = self.view.service(service)
        return {
            endpoint.address
            for tier in (view.tiers if view else ())
            for target in tier.targets
            for endpoint in (view.endpoints(target) if view else ())
        }


def canonical(view: View) -> dict[ServiceName, object]:
    """All that a driver could read out of a view."""
    found: dict[ServiceName, object] = {}
    for name in view.services():
        service = view.service(name)
        assert service is not None
        targets = [target for tier in service.tiers for target in tier.targets]
        found[name] = (
            service.merged,
            service.policy,
            service.tiers,
            service.conditions,
            [(service.endpoints(target), service.gateways(target)) for target in targets],
        )
    return found


def drain(name: str = "d1", ramp_s: int = 20) -> bytes:
    """A drain."""
    return encode_drain(DrainRecord(drain=name, started_at_ms=1, ramp_s=ramp_s))


def two() -> World:
    """Checkout in clusters b (2 endpoints) and c (2), seen from a."""
    world = World()
    world.put(B, exported(SHOP, endpoints("10.1.0.1", "10.1.0.2")))
    world.put(C, exported(SHOP, endpoints("10.2.0.1", "10.2.0.2")))
    world.view.take_diff()
    return world


def travelling() -> dict[bytes, bytes]:
    """A policy for checkout that travels."""
    policy = TrafficPolicy(namespace="shop", name="p", service="checkout")
    return {policy_key("shop", "p"): encode_policy(PolicyRecord(spec=packed_spec(policy)))}
