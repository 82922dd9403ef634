"""What the records of a set say, beside endpoints: cluster, export, policy, drain, ack.

Each is a packed map whose fields are listed at its class. A record decodes or is refused whole;
what it says in fields that are not known here is kept by whoever passes the bytes on. Whatever
is encoded here decodes to an equal record: where it would not, encoding raises ValueError.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from discovery.endpoints import (
    PORTS_MAX,
    is_address_of_pod,
    is_port,
    is_zone,
    packed_address,
    shown_address,
)
from discovery.fields import Fields, packed, proven
from discovery.names import is_label, is_subdomain

RECORD_BYTES_MAX = 32_768
"""The most that any record may have, of kinds that are not known here too."""

GATEWAYS_MAX = 16
LABELS_MAX = 32
POLICY_BYTES_MAX = 16_384
APP_PROTOCOL_CHARACTERS_MAX = 317
"""A qualified name: a domain, a slash and a label."""

RAMP_S_MAX = 86_400
"""The longest ramp of a drain, in seconds: a day."""

NUMBER_MAX = 1 << 53
"""Times and capacities: what JSON can say exactly."""

IP_FAMILIES = ("IPv4", "IPv6")


class ServiceType(StrEnum):
    """The types of a ServiceImport (KEP-1645)."""

    CLUSTER_SET_IP = "ClusterSetIP"
    HEADLESS = "Headless"


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where an east-west gateway of a cluster takes traffic from other networks."""

    address: str
    """IPv4 or IPv6 in its canonical form, or the name of a host in lower case."""
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRecord:
    """What a cluster says of itself. Fields: r, n, w, m, t, v, c."""

    region: str = ""
    network: str = ""
    """Endpoints of one network reach each other; those of another go through gateways."""
    gateways: tuple[Gateway, ...] = ()
    mesh_root: str = ""
    """Fingerprint of the mesh's root certificate; empty where unknown."""
    trust_domain: str = ""
    version: str = ""
    """Of the agent that published."""
    capacity: int | None = None
    """What the cluster can take, in any unit that all clusters share; None: by endpoints."""


@dataclass(frozen=True, slots=True, order=True)
class ServicePort:
    """A port of an exported service, as clients see it."""

    name: str
    port: int
    protocol: str = "TCP"
    app_protocol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRecord:
    """The head of an exported service. Fields: p, t, s, x, a, o, i, d, f, l, n, c."""

    ports: tuple[ServicePort, ...]
    type: ServiceType = ServiceType.CLUSTER_SET_IP
    service_account: str = ""
    exported_at: int = 0
    """When the ServiceExport was made, in seconds since 1970, as the origin says."""
    session_affinity: str = "None"
    session_affinity_timeout_s: int | None = None
    internal_traffic_policy: str = ""
    traffic_distribution: str = ""
    ip_families: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    capacity: int | None = None
    """What the service can take here; None: its ready endpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRecord:
    """A TrafficPolicy of scope `fleet`. Fields: s, x. The specification is read by `policy`."""

    spec: bytes
    """The packed specification."""
    created_at: int = 0
    """Seconds since 1970: of two of one precedence the older wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainRecord:
    """A cluster, or one service of it, gives up its traffic by and by. Fields: i, x, r, w."""

    drain: str
    """Names this drain, so that an acknowledgement is of no earlier one."""
    started_at_ms: int
    """Milliseconds since 1970, for people; the ramp runs from each importer's own receipt."""
    ramp_s: int = 30
    """Over how many seconds weights go down to nothing, `RAMP_S_MAX` at most."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AckRecord:
    """Another's drain is obeyed here. Fields: i, d."""

    drain: str
    """The `drain` that is acknowledged."""
    done: bool = True
    """Whether its last request may be sent elsewhere; else it is under way."""


def encode_cluster(record: ClusterRecord) -> bytes:
    """Return a cluster's record as bytes; ValueError where `decode_cluster` would refuse it."""
    data = packed(
        {
            "r": record.region or None,
            "n": record.network or None,
            "w": [[gateway.address, gateway.port] for gateway in record.gateways] or None,
            "m": record.mesh_root or None,
            "t": record.trust_domain or None,
            "v": record.version or None,
            "c": record.capacity,
        }
    )
    return proven(data, decode_cluster, "cluster")


def decode_cluster(data: bytes, what: str) -> ClusterRecord:
    """Return what a cluster says of itself; `what` names it. Raises `Refused` for all else."""
    fields = Fields(what, data, RECORD_BYTES_MAX)
    region, network = fields.text("r", most=63, default=""), fields.text("n", most=63, default="")
    for name, value in (("r", region), ("n", network)):
        if value and not is_zone(value):
            raise fields.refuse(name, "must be a label value")
    return ClusterRecord(
        region=region,
        network=network,
        gateways=_gateways(fields),
        mesh_root=fields.text("m", most=128, default=""),
        trust_domain=fields.text("t", most=253, default=""),
        version=fields.text("v", most=64, default=""),
        capacity=_optional(fields, "c"),
    )


def _gateways(fields: Fields) -> tuple[Gateway, ...]:
    gateways = []
    for each in fields.sequence("w", most=GATEWAYS_MAX):
        match each:
            case (str() as address, int() as port, *_) if is_port(port, "TCP"):
                if not is_gateway(address):
                    raise fields.refuse("w", f"has {address[:80]!r}, which can be no gateway")
                gateways.append(Gateway(address, port))
            case _:
                raise fields.refuse("w", "must be arrays of an address and a port")
    return tuple(gateways)


def is_gateway(address: str) -> bool:
    """Tell whether this can be a gateway: an address as `Endpoint` has it, or a host's name."""
    if is_subdomain(address) and not address.rpartition(".")[2].isdigit():
        return True
    try:
        numbers = packed_address(address)
    except ValueError:
        return False
    return is_address_of_pod(numbers) and shown_address(numbers) == address


def _optional(fields: Fields, name: str, *, most: int = NUMBER_MAX) -> int | None:
    return fields.integer(name, most=most) if fields.has(name) else None


def encode_export(record: ExportRecord) -> bytes:
    """Return the head of a service as bytes; ValueError where `decode_export` would refuse it."""
    data = packed(
        {
            "p": [[p.name, p.port, p.protocol, p.app_protocol] for p in record.ports],
            "t": None if record.type is ServiceType.CLUSTER_SET_IP else record.type.value,
            "s": record.service_account or None,
            "x": record.exported_at,
            "a": None if record.session_affinity == "None" else record.session_affinity,
            "o": record.session_affinity_timeout_s,
            "i": record.internal_traffic_policy or None,
            "d": record.traffic_distribution or None,
            "f": list(record.ip_families) or None,
            "l": dict(sorted(record.labels.items())) or None,
            "n": dict(sorted(record.annotations.items())) or None,
            "c": record.capacity,
        }
    )
    return proven(data, decode_export, "export")


def decode_export(data: bytes, what: str) -> ExportRecord:
    """Return the head of a service; `what` names it. Raises `Refused` for all else."""
    fields = Fields(what, data, RECORD_BYTES_MAX)
    kind = fields.text("t", default=ServiceType.CLUSTER_SET_IP.value)
    if kind not in list(ServiceType):
        raise fields.refuse("t", f"must be one of {', '.join(ServiceType)}")
    affinity = fields.text("a", default="None")
    if affinity not in ("None", "ClientIP"):
        raise fields.refuse("a", "must be None or ClientIP")
    return ExportRecord(
        ports=_service_ports(fields),
        type=ServiceType(kind),
        service_account=fields.text("s", most=253, default=""),
        exported_at=fields.integer("x", most=NUMBER_MAX, default=0),
        session_affinity=affinity,
        session_affinity_timeout_s=_optional(fields, "o", most=86_400),
        internal_traffic_policy=fields.text("i", most=63, default=""),
        traffic_distribution=fields.text("d", most=63, default=""),
        ip_families=_ip_families(fields),
        labels=fields.mapping("l", most=LABELS_MAX),
        annotations=fields.mapping("n", most=LABELS_MAX),
        capacity=_optional(fields, "c"),
    )


def _ip_families(fields: Fields) -> tuple[str, ...]:
    families = fields.texts("f", most=len(IP_FAMILIES))
    if len(set(families)) < len(families) or not set(families) <= set(IP_FAMILIES):
        raise fields.refuse("f", f"must be of {', '.join(IP_FAMILIES)}, each once")
    return families


def _service_ports(fields: Fields) -> tuple[ServicePort, ...]:
    ports = []
    for each in fields.sequence("p", most=PORTS_MAX):
        match each:
            case (str() as name, int() as port, str() as protocol, str() as app, *_) if is_port(
                port, protocol
            ):
                if name and not is_label(name):
                    raise fields.refuse("p", f"has the name {name[:80]!r}, which is no label")
                if len(app) > APP_PROTOCOL_CHARACTERS_MAX:
                    raise fields.refuse(
                        "p", f"has the app protocol {app[:80]!r}, which is too long"
                    )
                ports.append(ServicePort(name, port, protocol, app))
            case _:
                raise fields.refuse("p", "must be arrays of name, port, protocol, app protocol")
    names, numbers = {p.name for p in ports}, {(p.protocol, p.port) for p in ports}
    if min(len(names), len(numbers)) < len(ports):
        raise fields.refuse("p", "must not have a name, or a protocol and port, twice")
    return tuple(ports)


def encode_policy(record: PolicyRecord) -> bytes:
    """Return a travelling policy as bytes; ValueError where `decode_policy` would refuse it."""
    return proven(packed({"s": record.spec, "x": record.created_at}), decode_policy, "policy")


def decode_policy(data: bytes, what: str) -> PolicyRecord:
    """Return a travelling policy, its specification unread. Raises `Refused` for all else."""
    fields = Fields(what, data, RECORD_BYTES_MAX)
    return PolicyRecord(
        spec=fields.octets("s", most=POLICY_BYTES_MAX),
        created_at=fields.integer("x", most=NUMBER_MAX, default=0),
    )


def encode_drain(record: DrainRecord) -> bytes:
    """Return a drain as bytes; ValueError where `decode_drain` would refuse it."""
    data = packed(
        {
            "i": record.drain,
            "x": record.started_at_ms,
            "r": record.ramp_s,
            "w": record.reason or None,
        }
    )
    return proven(data, decode_drain, "drain")


def decode_drain(data: bytes, what: str) -> DrainRecord:
    """Return a drain; `what` names it. Raises `Refused` for all else."""
    fields = Fields(what, data, RECORD_BYTES_MAX)
    return DrainRecord(
        drain=_drain_name(fields),
        started_at_ms=fields.integer("x", most=NUMBER_MAX),
        ramp_s=fields.integer("r", most=RAMP_S_MAX, default=30),
        reason=fields.text("w", default=""),
    )


def _drain_name(fields: Fields) -> str:
    name = fields.text("i", most=63)
    if not name:
        raise fields.refuse("i", "must name the drain")
    return name


def encode_ack(record: AckRecord) -> bytes:
    """Return an acknowledgement as bytes; ValueError where `decode_ack` would refuse it."""
    return proven(packed({"i": record.drain, "d": int(record.done)}), decode_ack, "ack")


def decode_ack(data: bytes, what: str) -> AckRecord:
    """Return an acknowledgement; `what` names it. Raises `Refused` for all else."""
    fields = Fields(what, data, RECORD_BYTES_MAX)
    return AckRecord(drain=_drain_name(fields), done=bool(fields.integer("d", most=1, default=1)))
