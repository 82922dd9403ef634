"""What a cluster says beside its exports: of itself, its travelling policies, its drains.

The cluster's record comes from the configuration and from the mesh: the fingerprint of its root
certificate (SHA-256 of the first certificate in the Secret that Open Service Mesh keeps it in) and
its trust domain. A MeshConfig names no trust domain: it is the configured one, else, where there is
a MeshConfig, the one that OSM has unless it is told another at its start. Both are empty where
nothing is known.

A `TrafficPolicy` of scope `fleet` travels, and each `Drain` object is stated for as long as it is
there. A drain's id is made of its object alone (name, subject, age, UID), so that it is the same
after a restart and whichever bridge publishes, and another one when somebody drains again. Of two
drains of one subject the older counts. What cannot be read leaves its last good version in force
for as long as the object is there; both are told.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import NamedTuple

from agent.mirror import Mirror
from agent.objects import (
    DRAIN,
    MESH_CONFIG,
    SECRET,
    TRAFFIC_POLICY,
    Document,
    Kind,
    ObjectKey,
    at,
    text_at,
)
from agent.sources.problems import Fault, SourceProblem
from discovery.names import ServiceName, is_label
from discovery.policy import PolicyRefused, Scope, packed_spec, read_policy
from discovery.records import RAMP_S_MAX, ClusterRecord, DrainRecord, Gateway, PolicyRecord
from discovery.spec_fields import SpecFields
from discovery.wall_time import read_time

KINDS: tuple[Kind, ...] = (SECRET, MESH_CONFIG, TRAFFIC_POLICY, DRAIN)
"""What these facts are read from."""

OSM_TRUST_DOMAIN = "cluster.local"
"""What OSM has where nobody says otherwise; up to v1.1 it knows no other."""

DEFAULT_RAMP_S = 30
REASON_CHARACTERS_MAX = 1_024

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_DRAIN_NAME_CHARACTERS = 46
"""Of the object's name in the id, so that a dash and 16 digits make 63 with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """What the configuration says of the cluster."""

    region: str = ""
    network: str = ""
    gateways: tuple[Gateway, ...] = ()
    capacity: int | None = None
    version: str = ""
    """Of this program."""
    trust_domain: str = ""
    """Empty: OSM's own, where there is a MeshConfig."""
    mesh_namespace: str = "osm-system"
    ca_secret: str = "osm-ca-bundle"  # noqa: S105 - the name of an object, and no secret.
    """The Secret in the mesh's namespace that has the root certificate under `ca.crt`."""


class Fingerprint(NamedTuple):
    """The SHA-256 of a mesh's root certificate in hex, empty where there is none; or why not."""

    hex: str
    problem: SourceProblem | None = None


def cluster_record(mirror: Mirror, settings: ClusterSettings) -> ClusterRecord:
    """Return what the cluster says of itself."""
    return ClusterRecord(
        region=settings.region,
        network=settings.network,
        gateways=settings.gateways,
        mesh_root=mesh_root(mirror, settings).hex,
        trust_domain=_trust_domain(mirror, settings),
        version=settings.version,
        capacity=settings.capacity,
    )


def _trust_domain(mirror: Mirror, settings: ClusterSettings) -> str:
    has_mesh = any(True for _ in mirror.of(MESH_CONFIG, settings.mesh_namespace))
    return settings.trust_domain or (OSM_TRUST_DOMAIN if has_mesh else "")


def mesh_root(mirror: Mirror, settings: ClusterSettings) -> Fingerprint:
    """Return the fingerprint of the mesh's root certificate."""
    key = ObjectKey(SECRET, settings.mesh_namespace, settings.ca_secret)
    secret = mirror.get(key)
    if secret is None:
        return Fingerprint("")
    text = text_at(secret, "stringData", "ca.crt")
    try:
        data = "".join(text_at(secret, "data", "ca.crt").split())
        pem = a2b_base64(data, strict_mode=True).decode() or text
        found = a2b_base64(_first_certificate(pem), strict_mode=True)
    except (Base64Error, ValueError):
        found = b""
    if found:
        return Fingerprint(sha256(found).hexdigest())
    what = "there is no certificate, so that the fingerprint of the mesh's root is not known"
    remedy = "put the root certificate there as PEM, in base64 as Secrets have it"
    return Fingerprint("", SourceProblem(key, "data[ca.crt]", Fault.CERTIFICATE, what, remedy))


def _first_certificate(pem: str) -> str:
    _, begin, rest = pem.partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    return "".join(body.split()) if begin and end else ""


# --- policies and drains ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DrainRead:
    """A Drain object that was read and found whole."""

    service: ServiceName | None
    """None: the whole cluster."""
    record: DrainRecord


def read_drain(key: ObjectKey, document: Document) -> DrainRead | list[SourceProblem]:
    """Return what a Drain object says, or everything that is wrong with it."""
    fields = SpecFields(document)
    spec = fields.part("spec", default={})
    spec.only("service", "rampSeconds", "reason")
    subject = spec.text("service", default="")
    namespace, slash, name = subject.partition("/")
    is_service = bool(slash) and is_label(namespace) and is_label(name)
    spec.want("service", not subject or is_service, "must be NAMESPACE/NAME, or absent")
    ramp_s = spec.integer("rampSeconds", least=0, most=RAMP_S_MAX, default=DEFAULT_RAMP_S)
    reason = spec.text("reason", default="")
    long = len(reason) > REASON_CHARACTERS_MAX
    spec.want("reason", not long, f"must have at most {REASON_CHARACTERS_MAX} characters")
    stamp = at(document, "metadata", "creationTimestamp")
    created_ms = 0 if stamp is None else read_time(stamp) if isinstance(stamp, str) else None
    is_time = created_ms is not None and created_ms >= 0
    fields.want("metadata.creationTimestamp", is_time, "must be an RFC 3339 time in UTC")
    if fields.faults:
        return [
            SourceProblem(key, each.field, Fault.VALUE, "is not as it must be", f"it {each.must}")
            for each in fields.faults
        ]
    service = ServiceName(namespace, name) if subject else None
    drain = _drain_id(key.name, subject, stamp, text_at(document, "metadata", "uid"))
    return DrainRead(
        service,
        DrainRecord(drain=drain, started_at_ms=created_ms or 0, ramp_s=ramp_s, reason=reason),
    )


def _drain_id(name: str, subject: str, stamp: object, uid: str) -> str:
    whole = "\0".join((name, subject, str(stamp), uid)).encode(errors="replace")
    digest = blake2b(whole, digest_size=8, person=b"isthmus-drain").hexdigest()
    return f"{name[:_DRAIN_NAME_CHARACTERS]}-{digest}"


@dataclass(slots=True)
class StatedFacts:
    """The policies and drains of a cluster, each in its last good version."""

    policies: dict[tuple[str, str], PolicyRecord] = field(default_factory=dict)
    """By namespace and name, those that travel."""
    drains: dict[ServiceName | None, DrainRecord] = field(default_factory=dict)
    """By service; None is the whole cluster."""
    problems: tuple[SourceProblem, ...] = ()
    _good_policies: dict[ObjectKey, PolicyRecord | None] = field(default_factory=dict)
    _good_drains: dict[ObjectKey, DrainRead] = field(default_factory=dict)

    def read(self, mirror: Mirror) -> bool:
        """Take all objects as they are now; tell whether anything that is stated differs."""
        before = dict(self.policies), dict(self.drains)
        self.problems = tuple(sorted((*self._read_policies(mirror), *self._read_drains(mirror))))
        return before != (self.policies, self.drains)

    def _read_policies(self, mirror: Mirror) -> Iterator[SourceProblem]:
        good: dict[ObjectKey, PolicyRecord | None] = {}
        for key, document in mirror.of(TRAFFIC_POLICY):
            try:
                policy = read_policy(document)
            except PolicyRefused as refused:
                for each in refused.faults:
                    what, remedy = "is not as it must be", f"it {each.reason}"
                    yield SourceProblem(key, each.field, Fault.VALUE, what, remedy)
                if key in self._good_policies:
                    good[key] = self._good_policies[key]
                continue
            travels = policy.scope is Scope.FLEET
            record = PolicyRecord(spec=packed_spec(policy), created_at=policy.created_at)
            good[key] = record if travels else None
        self._good_policies = good
        self.policies = {
            (key.namespace, key.name): record for key, record in good.items() if record is not None
        }

    def _read_drains(self, mirror: Mirror) -> Iterator[SourceProblem]:
        good: dict[ObjectKey, DrainRead] = {}
        for key, document in mirror.of(DRAIN):
            found = read_drain(key, document)
            if isinstance(found, DrainRead):
                good[key] = found
                continue
            yield from found
            if key in self._good_drains:
                good[key] = self._good_drains[key]
        self._good_drains = good
        self.drains = {}
        for key in sorted(good, key=lambda each: (good[each].record.started_at_ms, each.name)):
            service, record = good[key].service, good[key].record
            if service not in self.drains:
                self.drains[service] = record
                continue
            subject = "the whole cluster" if service is None else str(service)
            what = f"{subject} is drained already, as {self.drains[service].drain}"
            yield SourceProblem(key, "spec.service", Fault.DUPLICATE, what, "delete one of them")
