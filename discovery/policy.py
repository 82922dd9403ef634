"""TrafficPolicy: how the traffic of a service, or of a whole namespace, is spread over clusters.

    apiVersion: isthmus.dev/v1alpha1
    kind: TrafficPolicy
    metadata: {namespace: shop, name: checkout}
    spec:
      service: checkout           # absent: all services of the namespace
      scope: cluster              # or fleet: holds in every cluster that lets this one configure it
      mode: Locality              # default: own cluster, then its zones, its region, the rest
      minimumHealthyPercent: 70   # 1 to 100: below, a tier keeps what it can carry, no more

      mode: FailOver              # one cluster after the other; those not named come after them
      clusters: [east-1, west-1]

      mode: ActiveActive          # all at once
      weights: {east-1: 3, west-1: 1}   # absent: by capacity. Clusters of weight 0, or not named,
                                        # are a reserve

A local object is read strictly: what is not known is a fault, so that a misspelt field is noticed,
and all faults are told at once. A travelling specification (`packed_spec`) is the packed map of
`spec` without `scope`; what a later version added to it is let be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from discovery.fields import Fields, packed
from discovery.names import Origin, ServiceName, is_label, is_subdomain
from discovery.records import POLICY_BYTES_MAX
from discovery.refusals import Refusal, Refused
from discovery.spec_fields import SpecFields
from discovery.wall_time import read_time

API_VERSION = "isthmus.dev/v1alpha1"
KIND = "TrafficPolicy"
CLUSTERS_MAX = 512
WEIGHT_MAX = 1_000_000
DEFAULT_MINIMUM_HEALTHY_PERCENT = 70


class Mode(StrEnum):
    """How clusters are ranked."""

    LOCALITY = "Locality"
    FAIL_OVER = "FailOver"
    ACTIVE_ACTIVE = "ActiveActive"


class Scope(StrEnum):
    """Where a policy holds."""

    CLUSTER = "cluster"
    FLEET = "fleet"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPolicy:
    """A policy that was read and found whole."""

    namespace: str
    name: str
    service: str = ""
    """Empty: every service of the namespace."""
    scope: Scope = Scope.CLUSTER
    mode: Mode = Mode.LOCALITY
    clusters: tuple[Origin, ...] = ()
    """Of FailOver: who is first, second, and so on."""
    weights: tuple[tuple[Origin, int], ...] = ()
    """Of ActiveActive, by name; empty: by capacity."""
    minimum_healthy_percent: int = DEFAULT_MINIMUM_HEALTHY_PERCENT
    created_at: int = 0
    """Seconds since 1970: of two that say something about the same services the older holds."""

    def covers(self, service: ServiceName) -> bool:
        """Tell whether it says anything about `service`."""
        return service.namespace == self.namespace and self.service in ("", service.name)

    def weight_of(self, origin: Origin) -> int:
        """Return the weight that it gives a cluster, 0 where it names none."""
        return dict(self.weights).get(origin, 0)


def default_policy(service: ServiceName) -> TrafficPolicy:
    """Return what holds where nobody says anything: Locality."""
    return TrafficPolicy(namespace=service.namespace, name="")


@dataclass(frozen=True, slots=True)
class PolicyFault:
    """What is wrong with one field of one policy."""

    object: str
    """`TrafficPolicy namespace/name`, with the origin where it travelled."""
    field: str
    """Its path in the object: `spec.weights.east-1`."""
    reason: str


class PolicyRefused(Refused):
    """A policy was refused whole; `faults` has everything that is wrong with it."""

    def __init__(self, faults: tuple[PolicyFault, ...]) -> None:
        """Refuse for these faults, one or more, all of one object."""
        words = "; ".join(f"{fault.field}: {fault.reason}" for fault in faults)
        super().__init__(Refusal.MALFORMED, f"{faults[0].object}: {words}")
        self.faults = faults


def read_policy(obj: Mapping[str, object]) -> TrafficPolicy:
    """Return the policy in a Kubernetes object, read strictly.

    Raises `PolicyRefused` with every fault, never anything else whatever the object holds.
    """
    namespace, name = object_name(obj)
    fields = SpecFields(obj)
    fields.only("apiVersion", "kind", "metadata", "spec", "status")
    fields.want("apiVersion", obj.get("apiVersion") == API_VERSION, f"must be {API_VERSION}")
    fields.want("kind", obj.get("kind") == KIND, f"must be {KIND}")
    fields.want("metadata.namespace", is_label(namespace), "must be an RFC 1123 label")
    fields.want("metadata.name", is_subdomain(name), "must be an RFC 1123 subdomain")
    metadata = obj.get("metadata")
    stamp = metadata.get("creationTimestamp") if isinstance(metadata, Mapping) else None
    created_ms = 0 if stamp is None else read_time(stamp) if isinstance(stamp, str) else None
    timely = created_ms is not None and created_ms >= 0
    fields.want("metadata.creationTimestamp", timely, "must be an RFC 3339 time in UTC")
    spec = fields.part("spec")
    spec.only(*_SPEC_FIELDS)
    policy = _policy(spec, namespace, name, (created_ms or 0) // 1_000)
    return _unless_faulty(f"{KIND} {namespace or '?'}/{name or '?'}", spec, policy)


def read_travelling(
    origin: Origin, subject: ServiceName, spec: bytes, created_at: int
) -> TrafficPolicy:
    """Return the policy that a `PolicyRecord` of `origin` carries under the key of `subject`.

    Raises `PolicyRefused` for all else; fields that are not known are ignored.
    """
    what = f"{KIND} {subject} of {origin}"
    try:
        fields = Fields("spec", spec, POLICY_BYTES_MAX)
    except Refused as refused:
        raise PolicyRefused((PolicyFault(what, "spec", refused.what),)) from refused
    known = {name: fields.value(name) for name in _SPEC_FIELDS if fields.has(name)}
    known["scope"] = Scope.FLEET.value
    found = SpecFields(known, "spec")
    policy = _policy(found, subject.namespace, subject.name, created_at)
    return _unless_faulty(what, found, policy)


def packed_spec(policy: TrafficPolicy) -> bytes:
    """Return the specification as it travels, for a `PolicyRecord`."""
    return packed(
        {
            "service": policy.service or None,
            "mode": policy.mode.value,
            "clusters": list(policy.clusters) or None,
            "weights": dict(policy.weights) or None,
            "minimumHealthyPercent": policy.minimum_healthy_percent,
        }
    )


def object_name(obj: Mapping[str, object]) -> tuple[str, str]:
    """Return namespace and name of a Kubernetes object; empty for what is not there."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, Mapping):
        return "", ""
    namespace, name = metadata.get("namespace"), metadata.get("name")
    return (
        namespace[:253] if isinstance(namespace, str) else "",
        name[:253] if isinstance(name, str) else "",
    )


_SPEC_FIELDS = ("service", "scope", "mode", "clusters", "weights", "minimumHealthyPercent")


def _unless_faulty(what: str, spec: SpecFields, policy: TrafficPolicy) -> TrafficPolicy:
    if spec.faults:
        faults = (PolicyFault(what, fault.field, fault.must) for fault in spec.faults)
        raise PolicyRefused(tuple(faults))
    return policy


def _policy(spec: SpecFields, namespace: str, name: str, created_at: int) -> TrafficPolicy:
    service = spec.text("service", "")
    spec.want("service", not service or is_label(service), "must be the name of a service")
    mode = _one_of(spec, "mode", Mode, Mode.LOCALITY)
    return TrafficPolicy(
        namespace=namespace,
        name=name,
        service=service,
        scope=_one_of(spec, "scope", Scope, Scope.CLUSTER),
        mode=mode,
        clusters=_clusters(spec, mode),
        weights=_weights(spec, mode),
        minimum_healthy_percent=spec.integer(
            "minimumHealthyPercent", least=1, most=100, default=DEFAULT_MINIMUM_HEALTHY_PERCENT
        ),
        created_at=created_at,
    )


_Choice = TypeVar("_Choice", bound=StrEnum)


def _one_of(spec: SpecFields, field: str, choices: type[_Choice], default: _Choice) -> _Choice:
    value = default if not spec.has(field) else spec.value(field)
    for each in choices:
        if isinstance(value, str) and value == each:
            return each
    spec.fault(field, f"must be one of {', '.join(choices)}")
    return default


def _clusters(spec: SpecFields, mode: Mode) -> tuple[Origin, ...]:
    value = spec.value("clusters")
    if mode != Mode.FAIL_OVER:
        spec.want("clusters", value is None, f"belongs to {Mode.FAIL_OVER} alone")
        return ()
    if not isinstance(value, list | tuple) or not 0 < len(value) <= CLUSTERS_MAX:
        spec.fault(
            "clusters", f"must be an array of 1 to {CLUSTERS_MAX} clusters, the preferred first"
        )
        return ()
    names = [_cluster(spec, f"clusters[{at}]", each) for at, each in enumerate(value)]
    spec.want("clusters", len(set(names)) == len(names), "must not name one twice")
    return tuple(names)


def _weights(spec: SpecFields, mode: Mode) -> tuple[tuple[Origin, int], ...]:
    value = spec.value("weights")
    if mode != Mode.ACTIVE_ACTIVE:
        spec.want("weights", value is None, f"belongs to {Mode.ACTIVE_ACTIVE} alone")
        return ()
    if value is None:
        return ()
    if not isinstance(value, Mapping) or not 0 < len(value) <= CLUSTERS_MAX:
        spec.fault(
            "weights", f"must be a map of 1 to {CLUSTERS_MAX} clusters to weights, or absent"
        )
        return ()
    weights = []
    for name, weight in sorted(value.items(), key=_by_text):
        path = f"weights.{str(name)[:80]}"
        good = (
            isinstance(weight, int) and not isinstance(weight, bool) and 0 <= weight <= WEIGHT_MAX
        )
        spec.want(path, good, f"must be a whole number from 0 to {WEIGHT_MAX}")
        weights.append((_cluster(spec, path, name), weight if isinstance(weight, int) else 0))
    some = any(weight > 0 for _, weight in weights)
    spec.want("weights", some, "must give some cluster more than 0")
    return tuple(weights)


def _cluster(spec: SpecFields, path: str, name: object) -> Origin:
    spec.want(path, isinstance(name, str) and is_label(name), "must be the name of a cluster")
    return Origin(str(name)[:80])


def _by_text(item: tuple[object, object]) -> str:
    return str(item[0])
