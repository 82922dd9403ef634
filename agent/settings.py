"""What an agent is told by its settings file: every field, with its unit, default and advice.

The file is YAML, one document of `kind: AgentConfig`; names are written as Kubernetes writes them
(`stopWithin`), durations with a unit (`15s`, `500ms`), paths relative to the file. The numbers of
the machines are not here: `agent.knobs` makes their fields of the machines' own code. The docstring
below a field is what the reference and the JSON schema say of it.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic.alias_generators import to_camel

from agent.durations import PATTERN, read_duration
from agent.objects import Document
from discovery.endpoints import is_zone
from discovery.manifest import AUDIENCE_MAX, UID_CHARACTERS_MAX
from discovery.names import is_label, is_pattern, is_subdomain
from discovery.records import GATEWAYS_MAX, NUMBER_MAX, is_gateway
from failure_detect.clock import SECOND
from failure_detect.clock import Duration as Microseconds

API_VERSION = "isthmus.dev/v1alpha1"
KIND = "AgentConfig"
DEFAULT_LISTEN = "0.0.0.0:7979"
DEFAULT_HTTP = "127.0.0.1:7980"
BRIDGES_MAX = 16
SEEDS_MAX = 64

_UNIX = "unix:"
FIELDS = ConfigDict(alias_generator=to_camel, extra="forbid", use_attribute_docstrings=True)


def _duration(value: object) -> object:
    return read_duration(value)


def host_and_port(text: str) -> tuple[str, int]:
    """Return host and port of `10.0.0.1:7979`, `node-1.example:7979` or `[fd00::1]:7979`.

    Raises ValueError for anything else. The port may be 0.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise ValueError("must be HOST:PORT with a port from 0 to 65535")
    if host.startswith("[") and host.endswith("]"):
        ip_address(host[1:-1])
        return host[1:-1], int(port)
    if not is_subdomain(host.lower()):
        raise ValueError("must be HOST:PORT, such as 10.0.0.1:7979, node-1:7979 or [fd00::1]:7979")
    return host, int(port)


def _own_address(text: str) -> str:
    host_and_port(text)
    return text


def _told_address(text: str) -> str:
    host, port = host_and_port(text)
    if not port or host in ("0.0.0.0", "::"):  # noqa: S104 - refused here.
        raise ValueError("must be an address that others can connect to, with its port")
    return text


def _http_address(text: str, info: ValidationInfo[object]) -> str:
    if text.startswith(_UNIX):
        return f"{_UNIX}{_beside(text.removeprefix(_UNIX), info)}"
    return _own_address(text)


def _beside(value: object, info: ValidationInfo[object]) -> object:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("must be a path")
    folder = info.context.get("folder", Path()) if isinstance(info.context, dict) else Path()
    return folder / Path(value).expanduser()


def _label(text: str) -> str:
    if not is_label(text):
        raise ValueError("must be an RFC 1123 label: lower case letters, digits and -")
    return text


def _node(text: str) -> str:
    if text and not is_subdomain(text):
        raise ValueError("must be the name of a node: lower case letters, digits, - and .")
    return text


def _zone(text: str) -> str:
    if text and not is_zone(text):
        raise ValueError("must be as a label's value is written, such as eu-west-1")
    return text


def _pattern(text: str) -> str:
    if not is_pattern(text):
        raise ValueError("must be the name of a cluster, or a pattern such as prod-*")
    return text


def _gateway(text: str) -> str:
    if not is_gateway(text):
        raise ValueError("must be an IP address in its canonical form, or a host's name")
    return text


Duration: TypeAlias = Annotated[
    Microseconds,
    BeforeValidator(_duration, json_schema_input_type=Annotated[str, Field(pattern=PATTERN)]),
]
Whole: TypeAlias = Annotated[int, Field(strict=True)]
Truth: TypeAlias = Annotated[bool, Field(strict=True)]
FilePath: TypeAlias = Annotated[Path, BeforeValidator(_beside, json_schema_input_type=str)]
Listen: TypeAlias = Annotated[str, AfterValidator(_own_address)]
Peer: TypeAlias = Annotated[str, AfterValidator(_told_address)]
Http: TypeAlias = Annotated[str, AfterValidator(_http_address)]
Label: TypeAlias = Annotated[str, AfterValidator(_label)]
Node: TypeAlias = Annotated[str, AfterValidator(_node)]
Zone: TypeAlias = Annotated[str, AfterValidator(_zone)]
Pattern: TypeAlias = Annotated[str, AfterValidator(_pattern)]
Host: TypeAlias = Annotated[str, AfterValidator(_gateway)]
Knobs: TypeAlias = Document
"""Numbers of a machine: see `agent.knobs`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertise:
    """The addresses by which others reach this agent."""

    __pydantic_config__: ClassVar[ConfigDict] = FIELDS

    lan: Peer | None = None
    """For the agents of this cluster. Default: the node's address, with the port of `listen`."""
    wan: Peer | None = None
    """For the bridges of other clusters: a NodePort, say. Default: as `lan`. Set it where other
    clusters cannot reach the node's own address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """Where to find others. Names are resolved again and again, and no seed is ever given up."""

    __pydantic_config__: ClassVar[ConfigDict] = FIELDS

    lan: Annotated[tuple[Peer, ...], Field(max_length=SEEDS_MAX)] = ()
    """HOST:PORT of agents of this cluster; one name with several addresses will do."""
    wan: Annotated[tuple[Peer, ...], Field(max_length=SEEDS_MAX)] = ()
    """HOST:PORT of bridges of other clusters, two or three of each; used while this agent is a
    bridge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Where this cluster's objects are."""

    __pydantic_config__: ClassVar[ConfigDict] = FIELDS

    directory: FilePath
    """A directory of YAML files, shared by all agents of the cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """Key files; `isthmus keys` makes them. They are read again when they change."""

    __pydantic_config__: ClassVar[ConfigDict] = FIELDS

    cluster: FilePath
    """The cluster's key. Nobody but the agent's user may read it (mode 0600)."""
    fleet_certificate: FilePath | None = None
    """The fleet's certificate of that key (`isthmus keys fleet certify`), where there is a
    fleet."""
    revocations: FilePath | None = None
    """The fleet's list of revoked keys (`isthmus keys revoke`). One bridge that has it is enough:
    it travels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """An east-west gateway, through which other networks reach this cluster."""

    __pydantic_config__: ClassVar[ConfigDict] = FIELDS

    address: Host
    """Its IP address or host name."""
    port: Annotated[Whole, Field(ge=1, le=65_535)]
    """Its TCP port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshSettings:
    """The service mesh of this cluster, and what is written for it."""

    __pydantic_config__: ClassVar[ConfigDict] = FIELDS

    driver: Literal["auto", "osm-multicluster", "osm-endpoints", "none"] = "auto"
    """`auto` chooses by what the store serves. `none` writes nothing: the agent watches, gossips
    and answers."""
    namespace: Label = "osm-system"
    """The namespace of the mesh's own objects (MeshConfig)."""
    name: Label = "osm"
    """The name of the mesh: namespaces with the label `openservicemesh.io/monitored-by` of this
    value are its own."""
    trust_domain: Annotated[str, AfterValidator(_node)] = ""
    """Of the mesh's certificates, compared with the other clusters'. Default: what the MeshConfig
    says, or what this version of OSM always has. It must be the same in all clusters."""
    smi: Truth = False
    """Driver `osm-endpoints`: the mesh is in SMI mode (no permissive traffic policy), where OSM
    shows no side-car an endpoint that has no Pod: write a Pod that never runs for each remote
    address. Without it such a mesh is told nothing, and the exports say so. An admission policy
    must let the Pods pass."""
    verify_identities: Truth = False
    """Driver `osm-endpoints`: have side-cars check the identity of remote endpoints as well.
    It takes a Pod object for each identity; leave it off unless you need it."""
    push_bound: Duration = 15 * SECOND
    """How long the mesh may take to obey what was written. A drain is acknowledged no sooner.
    OSM waits 10 s at most for changes to end, and then pushes."""
    connection_grace: Duration = 30 * SECOND
    """How long requests and connections that had begun may go on after the mesh obeyed; added
    before a drain is acknowledged. Longer than your longest ordinary request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSettings:
    """The Lease whose holder publishes for the cluster and writes the mesh's configuration."""

    __pydantic_config__: ClassVar[ConfigDict] = FIELDS

    duration: Duration = 15 * SECOND
    """How long it is valid unrenewed: so long nobody publishes after the holder's node died.
    An agent that only crashed is succeeded at once where the store is on one machine."""
    renew: Duration = 5 * SECOND
    """How often the holder renews it. At most half of `duration`, so that one miss is no loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSettings:
    """The failure detector."""

    __pydantic_config__: ClassVar[ConfigDict] = FIELDS

    preset: Literal["lan", "loopback"] = "lan"
    """`loopback` is for agents of one machine: twice as fast, for twice the bytes."""
    lan: Knobs = field(default_factory=dict)
    """Numbers for the pool of this cluster's agents. All of them need the same."""
    wan: Knobs = field(default_factory=dict)
    """Numbers for the pool of all clusters' bridges. All of them need the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is logged, to the standard error output."""

    __pydantic_config__: ClassVar[ConfigDict] = FIELDS

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is logged."""
    format: Literal["json", "text"] = "json"
    """`text` is for people, one line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """An agent's settings."""

    __pydantic_config__: ClassVar[ConfigDict] = FIELDS

    api_version: Literal["isthmus.dev/v1alpha1"]
    """The version of this format."""
    kind: Literal["AgentConfig"]
    """What this document is."""
    cluster: Label
    """The name of this cluster, by which all others know it: an RFC 1123 label. It is bound to the
    cluster's key; another name is another cluster."""
    node: Node = ""
    """The name of this agent's node. Default: the environment variable `NODE_NAME`, else the
    host's name."""
    uid: Annotated[str, Field(max_length=UID_CHARACTERS_MAX)] = ""
    """What tells this cluster from another of the same name. Default: the UID of the namespace
    `kube-system` in the store."""
    listen: Listen = DEFAULT_LISTEN
    """HOST:PORT for other agents, UDP and TCP alike. Open it in the firewall for both."""
    advertise: Advertise = Advertise()
    seeds: Seeds = Seeds()
    store: StoreSettings
    state: FilePath
    """The folder in which this agent, and no other, keeps its last good state."""
    keys: KeySettings
    http: Http = DEFAULT_HTTP
    """HOST:PORT or unix:PATH of the local API, health, metrics and status page. They are for this
    machine: whoever can connect can read them."""
    bridges: Annotated[Whole, Field(ge=1, le=BRIDGES_MAX)] = 3
    """How many agents of this cluster are bridges. All agents of the cluster need the same. One
    more survives one more loss at a time; each costs the other clusters' bridges a member."""
    region: Zone = ""
    """The region of this cluster, for policies by locality."""
    network: Zone = ""
    """The network of this cluster: endpoints of one network reach each other, those of another are
    reached through gateways."""
    gateways: Annotated[tuple[GatewaySettings, ...], Field(max_length=GATEWAYS_MAX)] = ()
    capacity: Annotated[Whole, Field(ge=0, le=NUMBER_MAX)] | None = None
    """What this cluster can take, in any unit that all clusters share. Default: by the number of
    its endpoints."""
    audience: Annotated[tuple[Pattern, ...], Field(max_length=AUDIENCE_MAX)] = ()
    """The clusters that may be told what this one serves: names, or patterns with *. Default: all
    that trust it."""
    mesh: MeshSettings = MeshSettings()
    lease: LeaseSettings = LeaseSettings()
    detector: DetectorSettings = DetectorSettings()
    publisher: Knobs = field(default_factory=dict)
    """How this cluster signs and publishes its set."""
    replicator: Knobs = field(default_factory=dict)
    """How sets spread."""
    verdicts: Knobs = field(default_factory=dict)
    """What silence of another cluster means, and when."""
    guard: Knobs = field(default_factory=dict)
    """Which withdrawals of other clusters are held."""
    isolation: Knobs = field(default_factory=dict)
    """When this cluster presumes itself cut off."""
    paths: Knobs = field(default_factory=dict)
    """How often the ways to other clusters are tried."""
    limits: Knobs = field(default_factory=dict)
    """What all other clusters together can make this agent hold."""
    log: LogSettings = LogSettings()
    stop_within: Duration = 10 * SECOND
    """How long a graceful stop may take: announcing, handing over, leaving. Less than the grace
    period of the Pod."""
    dry_run: Truth = False
    """Write nothing to the mesh; show what would be written."""
    allow_loopback_endpoints: Truth = False
    """Export endpoints at loopback addresses (127.0.0.0/8) too: for clusters of one machine."""

    def __post_init__(self) -> None:
        """Raise ValueError for a lease that one lost renewal would lose."""
        if not 0 < 2 * self.lease.renew <= self.lease.duration:
            raise ValueError("lease.renew: must be at most half of lease.duration, and above 0")
