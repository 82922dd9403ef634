"""Trust objects: whom this cluster believes, and what they may do here, as people write it.

They are Kubernetes objects, in embedded mode YAML files. Rule 1: an object is read whole or
refused whole, all faults at once. Rule 2: a field that is not known is a fault: misspelt, it would
grant what nobody meant. Rule 3: nothing is granted that is not written.

    apiVersion: isthmus.dev/v1alpha1
    kind: TrustedCluster
    metadata: {name: east}
    spec:
      cluster: east                 # its name; default: metadata.name
      uid: 0c9b8f5e-...             # UID of its kube-system namespace; default: the first one seen
      keys:                         # 1 to 8, each key and each generation once
      - generation: 3               # from 0; `isthmus keys rotate` raises it
        key: MCowBQYDK2VwAyEA...    # 32 bytes as base64 (44 characters) or hex (64)
        notAfter: "2027-01-31T00:00:00Z"      # default: for ever
      import: {...}                 # below; default: it may serve nothing

    apiVersion: isthmus.dev/v1alpha1
    kind: TrustedFleet
    metadata: {name: prod}
    spec:
      keys:                         # 1 to 8 of the fleet, any of which may certify
      - key: 5Gm0...
        notAfter: "2030-01-01T00:00:00Z"
      clusters: ["prod-*"]          # 1 to 64 names or patterns of what the fleet may certify
      import: {...}

    import:
      services: ["shop/*", "*/web"] # up to 256 patterns NAMESPACE/NAME; default: none
      precedence: 10                # -1000 to 1000, the higher one wins; default: 0
      policies: true                # whether its travelling policies hold here; default: false
      relayOnly: true               # passed on, and never served here; default: false

In patterns * stands for any characters of one name. `relayOnly` excludes `services` and `policies`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from discovery.importing import ImportRule
from discovery.manifest import UID_CHARACTERS_MAX
from discovery.names import Origin, PublicKey, is_label, is_subdomain, matches
from discovery.refusals import Refusal, Refused
from discovery.spec_fields import SpecFields, read_key

API_VERSION = "isthmus.dev/v1alpha1"
CLUSTER_KIND = "TrustedCluster"
FLEET_KIND = "TrustedFleet"

KEYS_MAX = 8
PATTERNS_MAX = 64
SERVICES_MAX = 256
PRECEDENCE_MAX = 1_000
GENERATION_MAX = (1 << 63) - 1

_PATTERN = re.compile(r"[-a-z0-9*]{1,63}")
_SHOWN_MAX = 63


@dataclass(frozen=True, slots=True)
class ClusterKey:
    """A key of a cluster, and the generation that is bound to it."""

    generation: int
    key: PublicKey
    not_after_ms: int = 0
    """Milliseconds since 1970; 0: for ever."""


@dataclass(frozen=True, slots=True)
class FleetKey:
    """A key of a fleet."""

    key: PublicKey
    not_after_ms: int = 0
    """Milliseconds since 1970; 0: for ever."""


@dataclass(frozen=True, slots=True)
class ClusterTrust:
    """What a `TrustedCluster` says."""

    name: str
    cluster: Origin
    uid: str
    """Empty: the first one seen."""
    keys: tuple[ClusterKey, ...]
    """By rising generation."""
    rule: ImportRule

    @property
    def subject(self) -> str:
        """The object, as messages name it."""
        return f"{CLUSTER_KIND}/{self.name}"


@dataclass(frozen=True, slots=True)
class FleetTrust:
    """What a `TrustedFleet` says."""

    name: str
    keys: tuple[FleetKey, ...]
    clusters: tuple[str, ...]
    rule: ImportRule

    @property
    def subject(self) -> str:
        """The object, as messages name it."""
        return f"{FLEET_KIND}/{self.name}"

    def closeness(self, cluster: Origin) -> int:
        """Return how closely a pattern names `cluster`: its literal characters, or -1 for none."""
        fitting = [each for each in self.clusters if matches(cluster, each)]
        return max((len(each) - each.count("*") for each in fitting), default=-1)


TrustObject: TypeAlias = ClusterTrust | FleetTrust


def object_name(document: Mapping[str, object]) -> tuple[str, str]:
    """Return kind and name of any object, as far as they can be read; never more than 63 each."""
    metadata = document.get("metadata")
    name: object = metadata.get("name") if isinstance(metadata, Mapping) else None
    kind = document.get("kind")
    texts = [each if isinstance(each, str) else "" for each in (kind, name)]
    return texts[0][:_SHOWN_MAX], texts[1][:_SHOWN_MAX]


def read_trust_object(document: Mapping[str, object]) -> TrustObject:
    """Return what a trust object says. Raises `Refused` that names all of its faults."""
    fields = SpecFields(document)
    read = _read(fields)
    if read is None or fields.faults:
        subject = "/".join(object_name(document))
        faults = "; ".join(map(str, fields.faults))
        raise Refused(Refusal.MALFORMED, f"{subject}: {faults}")
    return read


def _read(fields: SpecFields) -> TrustObject | None:
    fields.only("apiVersion", "kind", "metadata", "spec", "status")
    if fields.value("apiVersion") != API_VERSION:
        fields.fault("apiVersion", f"must be {API_VERSION}")
    name = fields.part("metadata").text("name")
    if not is_subdomain(name):
        fields.fault("metadata.name", "must be the name of an object (RFC 1123)")
    spec = fields.part("spec")
    match fields.value("kind"):
        case "TrustedCluster":
            return _cluster(name, spec)
        case "TrustedFleet":
            return _fleet(name, spec)
        case _:
            fields.fault("kind", f"must be {CLUSTER_KIND} or {FLEET_KIND}")
            return None


def _cluster(name: str, spec: SpecFields) -> ClusterTrust:
    spec.only("cluster", "uid", "keys", "import")
    cluster = spec.text("cluster", default=name)
    if not is_label(cluster):
        spec.fault("cluster", "must be the name of a cluster, an RFC 1123 label")
    uid = spec.text("uid", default="")
    if spec.has("uid") and not 0 < len(uid) <= UID_CHARACTERS_MAX:
        spec.fault("uid", f"must have 1 to {UID_CHARACTERS_MAX} characters")
    keys = []
    for each in spec.parts("keys", least=1, most=KEYS_MAX):
        each.only("generation", "key", "notAfter")
        generation = each.integer("generation", least=0, most=GENERATION_MAX)
        keys.append(ClusterKey(generation, read_key(each), each.time("notAfter")))
    if len({each.generation for each in keys}) < len(keys):
        spec.fault("keys", "must not have one generation twice")
    _check_once(spec, [each.key for each in keys])
    keys.sort(key=lambda each: each.generation)
    return ClusterTrust(name, Origin(cluster), uid, tuple(keys), _rule(spec))


def _fleet(name: str, spec: SpecFields) -> FleetTrust:
    spec.only("keys", "clusters", "import")
    keys = []
    for each in spec.parts("keys", least=1, most=KEYS_MAX):
        each.only("key", "notAfter")
        keys.append(FleetKey(read_key(each), each.time("notAfter")))
    _check_once(spec, [each.key for each in keys])
    clusters = spec.texts("clusters", least=1, most=PATTERNS_MAX)
    for number, pattern in enumerate(clusters):
        if _PATTERN.fullmatch(pattern) is None:
            spec.fault(f"clusters[{number}]", "must be a name or a pattern such as prod-*")
    return FleetTrust(name, tuple(keys), clusters, _rule(spec))


def _check_once(spec: SpecFields, keys: list[PublicKey]) -> None:
    known = [each for each in keys if each]
    if len(set(known)) < len(known):
        spec.fault("keys", "must not have one key twice")


def _rule(spec: SpecFields) -> ImportRule:
    fields = spec.part("import", default={})
    fields.only("services", "precedence", "policies", "relayOnly")
    services = _services(fields)
    rule = ImportRule(
        services=services,
        precedence=fields.integer(
            "precedence", least=-PRECEDENCE_MAX, most=PRECEDENCE_MAX, default=0
        ),
        policies=fields.truth("policies"),
        relay_only=fields.truth("relayOnly"),
    )
    if rule.relay_only and (fields.has("services") or rule.policies):
        fields.fault("relayOnly", "must not stand beside services or policies: choose one")
    return rule


def _services(fields: SpecFields) -> tuple[tuple[str, str], ...]:
    services = []
    for number, each in enumerate(fields.texts("services", least=0, most=SERVICES_MAX)):
        namespace, slash, name = each.partition("/")
        if slash and _PATTERN.fullmatch(namespace) and _PATTERN.fullmatch(name):
            services.append((namespace, name))
        else:
            fields.fault(f"services[{number}]", "must be NAMESPACE/NAME, such as shop/*")
    return tuple(services)
