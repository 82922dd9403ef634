"""The clusters elsewhere, as they are: who serves there, by which names, and where."""

from dataclasses import dataclass, field

from discovery.names import ServiceName
from discovery.records import ServicePort
from simulations.mesh_objects import Identity
from simulations.mesh_traffic import Call

GATEWAY_PORT = 15_443


@dataclass(frozen=True, slots=True)
class Serving:
    """What a cluster has of a service: ready addresses by the numbers that they listen on."""

    ports: tuple[ServicePort, ...]
    numbers: tuple[int, ...]
    """Of each port, where its endpoints listen."""
    ready: tuple[str, ...]
    not_ready: tuple[str, ...] = ()


@dataclass
class Remote:
    """Another cluster as it is."""

    serves: dict[ServiceName, Serving] = field(default_factory=dict)
    is_alive: bool = True
    gateway: str = ""
    """Empty: of our own network."""

    def answers(self, call: Call, origin: str) -> bool:
        """Tell whether anybody here serves a call."""
        found = self.serves.get(call.host.service)
        if found is None or not self.is_alive or not found.ready:
            return False
        if not self._is_name_of(call, origin) or not _is_expected(call):
            return False
        if self.gateway:
            return call.to == (self.gateway, GATEWAY_PORT)
        numbers = dict(zip((port.port for port in found.ports), found.numbers, strict=True))
        return call.to.address in found.ready and numbers.get(call.host.port) == call.to.port

    def _is_name_of(self, call: Call, origin: str) -> bool:
        called = call.host.service
        if call.sni is None or call.sni.namespace != called.namespace:
            return False
        name = call.sni.name
        is_alias = name.startswith(f"{called.name}-mc") and name.endswith(f"-{origin}")
        return name == called.name or is_alias

    def is_served(self, service: ServiceName, port: int) -> bool:
        """Tell whether anybody here serves a port of a service."""
        found = self.serves.get(service)
        if found is None or not found.ready or not self.is_alive:
            return False
        ports = [each.port for each in found.ports]
        return port in ports and (len(ports) == 1 or not self.gateway)


def _is_expected(call: Call) -> bool:
    """Tell whether the client takes the workload that answers: each runs as its service's name."""
    service = call.host.service
    return not call.sans or Identity(service.namespace, service.name) in call.sans
