"""A service as it is to be served here: a snapshot, whose endpoints are unpacked on demand."""

from dataclasses import dataclass, replace

from discovery.endpoints import Endpoint, EndpointPort
from discovery.merge import Conflict, Merged, MergedPort
from discovery.names import Origin, ServiceName
from discovery.policy_book import PolicyInForce
from discovery.records import Gateway, ServiceType
from discovery.tiers import Target, Tier, Via
from discovery.view_outcome import Condition
from discovery.view_rows import Row, RowState, Source, rows_of


@dataclass(frozen=True, slots=True)
class ViewEndpoint:
    """An endpoint that is used, and why."""

    origin: Origin
    address: str
    ports: tuple[EndpointPort, ...]
    """Under the names that they have in the merged service; those that it has no place for are
    left out."""
    node: str
    zone: str
    hostname: str
    why: str


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service. Two that are equal mean the same to a driver."""

    name: ServiceName
    merged: Merged
    policy: PolicyInForce
    tiers: tuple[Tier, ...]
    """Best first; empty where no healthy endpoint can be used."""
    conditions: tuple[Condition, ...]
    sources: tuple[Source, ...]
    """What each origin in the tiers has, by origin, packed."""

    @property
    def ports(self) -> tuple[MergedPort, ...]:
        """The ports of the merged service, and who serves each."""
        return self.merged.ports

    @property
    def type(self) -> ServiceType:
        """ClusterSetIP or Headless."""
        return self.merged.type

    @property
    def service_accounts(self) -> dict[Origin, str]:
        """The ServiceAccount behind the service in each origin that names one."""
        return dict(self.merged.service_accounts)

    @property
    def session_affinity(self) -> tuple[str, int | None]:
        """`None` or `ClientIP`, and its timeout in seconds where one is stated."""
        return self.merged.session_affinity, self.merged.session_affinity_timeout_s

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """What its exports disagree about."""
        return self.merged.conflicts

    def endpoints(self, target: Target) -> tuple[ViewEndpoint, ...]:
        """Return the endpoints of a target of this view, healthy ones only.

        Empty for a target that is reached through gateways: there, `gateways` has the addresses.
        """
        source = self._source(target.origin)
        if source is None or target.via is Via.GATEWAYS:
            return ()
        tier = next(tier for tier in self.tiers if target in tier.targets)
        why = _why_used(tier, target, source)
        return tuple(
            _seen(row, target.origin, self.merged, why)
            for row in rows_of(source)
            if is_of(row, target)
        )

    def gateways(self, target: Target) -> tuple[Gateway, ...]:
        """Return the gateways in whose place the endpoints of a target stand; empty otherwise."""
        source = self._source(target.origin)
        return source.gateways if source is not None and target.via is Via.GATEWAYS else ()

    def _source(self, origin: Origin) -> Source | None:
        return next((each for each in self.sources if each.origin == origin), None)


def is_of(row: Row, target: Target) -> bool:
    """Tell whether an endpoint of the target's origin is one that the target uses."""
    if target.held:
        return row.state is RowState.HELD
    return row.state is RowState.HEALTHY and (
        target.zones is None or row.endpoint.zone in target.zones
    )


def _why_used(tier: Tier, target: Target, source: Source) -> str:
    words = f"tier {tier.kind}, weight {target.weight} of 1000"
    if target.held:
        words += f"; held: {source.held_why}"
    return words


def _seen(row: Row, origin: Origin, merged: Merged, why: str) -> ViewEndpoint:
    endpoint: Endpoint = row.endpoint
    served = {
        (each.port.name, each.port.protocol) for each in merged.ports if origin in each.origins
    }
    named = [replace(port, name=merged.port_name(origin, port.name)) for port in row.ports]
    ports = tuple(port for port in named if (port.name, port.protocol) in served)
    return ViewEndpoint(
        origin, endpoint.address, ports, endpoint.node, endpoint.zone, endpoint.hostname, why
    )
