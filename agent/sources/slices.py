"""What EndpointSlices and Endpoints say: addresses behind a service, by the ports they listen on.

An object is read by itself, and once for as long as it stays as it is (documents are never
altered). What the API leaves out has the API's meaning: `ready` is true, `serving` is what `ready`
is, `terminating` is false. Of several addresses of one endpoint the first counts, as the API says.
Topology hints are not taken over: they divide the endpoints among the zones of *their* cluster.

Refused, each by itself: what is no address or not of the slice's family, what can be no pod's
(unspecified, link-local, multicast), slices of names (`FQDN`), ports that are none. Loopback is
refused unless it is allowed, for clusters that live on one machine. A node, zone or hostname that
is none costs the endpoint that name and no more.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.objects import Document, ObjectKey, at, integer_at, list_at, text_at
from agent.sources.problems import Fault, SourceProblem, shown
from discovery.endpoints import (
    PORTS_MAX,
    Endpoint,
    EndpointPort,
    is_address_of_pod,
    is_port,
    is_zone,
    packed_address,
    shown_address,
)
from discovery.names import is_label, is_subdomain

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
FAMILIES = {"IPv4": 4, "IPv6": 16}


@dataclass(frozen=True, slots=True)
class Backend:
    """An endpoint, and the Pod that it is, where its slice names one."""

    endpoint: Endpoint
    pod: str = ""
    """The name of a Pod of the slice's namespace, or empty."""


@dataclass(frozen=True, slots=True)
class Backends:
    """What one object says, or one subset of an Endpoints object: all listen on the same ports."""

    ports: tuple[EndpointPort, ...]
    backends: tuple[Backend, ...]


@dataclass(frozen=True, slots=True)
class SliceRead:
    """All that is in one object, and what is wrong with it."""

    parts: tuple[Backends, ...] = ()
    problems: tuple[SourceProblem, ...] = ()


def read_slice(key: ObjectKey, document: Document, *, allow_loopback: bool = False) -> SliceRead:
    """Return what an EndpointSlice says. Never raises, whatever the object holds."""
    reader = _Reader(key, allow_loopback=allow_loopback)
    family = text_at(document, "addressType") or "IPv4"
    if family not in FAMILIES:
        what = f"{shown(family)}: endpoints are passed on by address, never by name"
        reader.fault("addressType", Fault.ADDRESS_TYPE, what, "write a slice of IPv4 or IPv6")
        return SliceRead((), tuple(reader.problems))
    ports = reader.ports(list_at(document, "ports"), "ports")
    backends = [
        found
        for number, each in enumerate(list_at(document, "endpoints"))
        if (found := reader.backend(each, f"endpoints[{number}]", FAMILIES[family]))
    ]
    parts = (Backends(ports, tuple(backends)),) if backends else ()
    return SliceRead(parts, tuple(reader.problems))


def read_endpoints(
    key: ObjectKey, document: Document, *, allow_loopback: bool = False
) -> SliceRead:
    """Return what an Endpoints object says, subset by subset. Never raises."""
    reader = _Reader(key, allow_loopback=allow_loopback)
    parts = []
    for number, subset in enumerate(list_at(document, "subsets")):
        where = f"subsets[{number}]"
        backends = [
            *reader.addresses(subset, where, "addresses"),
            *reader.addresses(subset, where, "notReadyAddresses"),
        ]
        ports = reader.ports(list_at(subset, "ports"), f"{where}.ports")
        if backends:
            parts.append(Backends(ports, tuple(backends)))
    return SliceRead(tuple(parts), tuple(reader.problems))


@dataclass(slots=True)
class _Reader:
    """Reads the parts of one object, and notes what is wrong with them."""

    key: ObjectKey
    allow_loopback: bool
    problems: list[SourceProblem] = field(default_factory=list)

    def fault(self, where: str, fault: Fault, what: str, remedy: str) -> None:
        self.problems.append(SourceProblem(self.key, where, fault, what, remedy))

    # --- ports ---------------------------------------------------------------------------

    def ports(self, values: Iterable[object], where: str) -> tuple[EndpointPort, ...]:
        ports: dict[str, EndpointPort] = {}
        for number, each in enumerate(values):
            port = self._port(each, f"{where}[{number}]", ports)
            if port is not None:
                ports[port.name] = port
        return tuple(sorted(ports.values()))

    def _port(
        self, value: object, where: str, there: Mapping[str, EndpointPort]
    ) -> EndpointPort | None:
        name = text_at(value, "name")
        number, protocol = integer_at(value, "port"), text_at(value, "protocol") or "TCP"
        wrong = ""
        if number is None or not is_port(number, protocol):
            wrong = f"{shown(at(value, 'port'))}/{protocol} is no port"
        elif name and not is_label(name):
            wrong = f"the name {shown(name)} is none"
        elif name in there and (number, protocol) != (there[name].port, there[name].protocol):
            wrong = f"the name {shown(name)} stands twice"
        elif name not in there and len(there) >= PORTS_MAX:
            wrong = f"more than {PORTS_MAX} ports"
        if wrong or number is None:
            remedy = "give it the Service's name for it, a number from 1 to 65535 and TCP, UDP or"
            self.fault(where, Fault.PORT, wrong, f"{remedy} SCTP")
            return None
        return EndpointPort(name, number, protocol)

    # --- endpoints -----------------------------------------------------------------------

    def backend(self, value: object, where: str, size: int) -> Backend | None:
        address = self.address(at(value, "addresses", 0), f"{where}.addresses[0]", size)
        if address is None:
            return None
        ready = at(value, "conditions", "ready") is not False
        serving = at(value, "conditions", "serving")
        endpoint = Endpoint(
            address,
            ready=ready,
            serving=serving if isinstance(serving, bool) else ready,
            terminating=at(value, "conditions", "terminating") is True,
            node=self._name(value, where, "nodeName"),
            zone=self._name(value, where, "zone"),
            hostname=self._name(value, where, "hostname"),
        )
        return Backend(endpoint, _pod(value, self.key.namespace))

    def addresses(self, subset: object, where: str, what: str) -> Iterator[Backend]:
        ready = what == "addresses"
        for number, each in enumerate(list_at(subset, what)):
            place = f"{where}.{what}[{number}]"
            address = self.address(at(each, "ip"), f"{place}.ip")
            if address is not None:
                node = self._name(each, place, "nodeName")
                hostname = self._name(each, place, "hostname")
                endpoint = Endpoint(
                    address, ready=ready, serving=ready, node=node, hostname=hostname
                )
                yield Backend(endpoint, _pod(each, self.key.namespace))

    def address(self, value: object, where: str, size: int | None = None) -> str | None:
        """Return an address in its canonical form; None, and say why, where it is none."""
        try:
            packed = packed_address(value if isinstance(value, str) else "")
        except ValueError:
            packed = b""
        wrong, remedy = "", "write the address of a pod"
        if not packed:
            wrong = f"{shown(value)} is no address"
        elif size not in (None, len(packed)):
            wrong = f"{shown(value)} is not of the slice's addressType"
        elif not is_address_of_pod(packed):
            wrong = f"{shown(value)} can be no pod's address"
        elif not self.allow_loopback and is_loopback(packed):
            wrong = f"{shown(value)} is loopback, which is another host for everybody else"
            remedy += "; for clusters on one machine allow loopback in the configuration"
        if wrong:
            self.fault(where, Fault.ADDRESS, wrong, remedy)
            return None
        return shown_address(packed)

    def _name(self, value: object, where: str, name: str) -> str:
        text = at(value, name)
        if text is None or text == "":
            return ""
        if isinstance(text, str) and _NAMES[name](text):
            return text
        what = f"{shown(text)} is none; the endpoint is served without it"
        self.fault(f"{where}.{name}", Fault.NAME, what, "write the name as Kubernetes has it")
        return ""


_NAMES = {"nodeName": is_subdomain, "zone": is_zone, "hostname": is_label}


def _pod(value: object, namespace: str) -> str:
    reference = at(value, "targetRef")
    if text_at(reference, "kind") != "Pod" or text_at(reference, "namespace") not in (
        "",
        namespace,
    ):
        return ""
    return text_at(reference, "name")


def is_loopback(address: bytes) -> bool:
    """Tell whether 4 or 16 bytes mean the host that reads them."""
    return address[0] == 127 if len(address) == 4 else address == bytes(15) + b"\1"
