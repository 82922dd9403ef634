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
from typing import TypeGuard

from discovery.fields import Fields, packed
from discovery.names import Origin, ServiceName, is_label, is_subdomain
from discovery.records import POLICY_BYTES_MAX
from discovery.refusals import Refusal, Refused
from discovery.wall_time import read_time

API_VERSION = "isthmus.dev/v1alpha1"
KIND = "TrafficPolicy"
CLUSTERS_MAX = 512
WEIGHT_MAX = 1_000_000
DEFAULT_MINIMUM_HEALTHY_PERCENT = 70
FAULTS_MAX = 32
"""Faults of one object that are told; the first of them, in the order of the schema."""


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
    reader = _Reader(f"{KIND} {namespace or '?'}/{name or '?'}")
    reader.strictly("", obj, ("apiVersion", "kind", "metadata", "spec", "status"))
    reader.want("apiVersion", obj.get("apiVersion") == API_VERSION, f"must be {API_VERSION}")
    reader.want("kind", obj.get("kind") == KIND, f"must be {KIND}")
    reader.want("metadata.namespace", is_label(namespace), "must be an RFC 1123 label")
    reader.want("metadata.name", is_subdomain(name), "must be an RFC 1123 subdomain")
    metadata = obj.get("metadata")
    stamp = metadata.get("creationTimestamp") if isinstance(metadata, Mapping) else None
    created_ms = 0 if stamp is None else read_time(stamp) if isinstance(stamp, str) else None
    timely = created_ms is not None and created_ms >= 0
    reader.want("metadata.creationTimestamp", timely, "must be an RFC 3339 time in UTC")
    spec = obj.get("spec")
    if not _is_fields(spec):
        reader.want("spec", holds=False, must="must be a map")
        spec = {}
    else:
        reader.strictly("spec.", spec, _SPEC_FIELDS)
    return reader.policy(namespace, name, spec, (created_ms or 0) // 1_000)


def read_travelling(
    origin: Origin, subject: ServiceName, spec: bytes, created_at: int
) -> TrafficPolicy:
    """Return the policy that a `PolicyRecord` of `origin` carries under the key of `subject`.

    Raises `PolicyRefused` for all else; fields that are not known are ignored.
    """
    what = f"{KIND} {subject} of {origin}"
    reader = _Reader(what)
    try:
        fields = Fields("spec", spec, POLICY_BYTES_MAX)
    except Refused as refused:
        raise PolicyRefused((PolicyFault(what, "spec", refused.what),)) from refused
    known = {name: fields.value(name) for name in _SPEC_FIELDS if fields.has(name)}
    known["scope"] = Scope.FLEET.value
    return reader.policy(subject.namespace, subject.name, known, created_at)


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


def _is_fields(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, Mapping)


class _Reader:
    """Reads one object and keeps every fault; `policy` raises them all."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._faults: list[PolicyFault] = []

    def want(self, field: str, holds: object, must: str) -> None:
        if not holds:
            self._faults.append(PolicyFault(self._what, field, must))

    def strictly(self, path: str, fields: Mapping[str, object], known: tuple[str, ...]) -> None:
        for name in sorted(str(name) for name in fields if name not in known):
            self.want(f"{path}{name[:80]}", holds=False, must="is not a field of this object")

    def policy(
        self, namespace: str, name: str, spec: Mapping[str, object], created_at: int
    ) -> TrafficPolicy:
        service = spec.get("service", "")
        named = isinstance(service, str) and (not service or is_label(service))
        self.want("spec.service", named, "must be the name of a service")
        mode = self._one_of(spec, "mode", tuple(Mode), Mode.LOCALITY)
        scope = self._one_of(spec, "scope", tuple(Scope), Scope.CLUSTER)
        clusters = self._clusters(spec.get("clusters"), mode)
        weights = self._weights(spec.get("weights"), mode)
        percent = spec.get("minimumHealthyPercent", DEFAULT_MINIMUM_HEALTHY_PERCENT)
        share = _is_whole(percent, 1, 100)
        self.want("spec.minimumHealthyPercent", share, "must be a whole number from 1 to 100")
        if self._faults:
            raise PolicyRefused(tuple(self._faults[:FAULTS_MAX]))
        return TrafficPolicy(
            namespace=namespace,
            name=name,
            service=str(service),
            scope=Scope(scope),
            mode=Mode(mode),
            clusters=clusters,
            weights=weights,
            minimum_healthy_percent=percent if isinstance(percent, int) else 0,
            created_at=created_at,
        )

    def _one_of(
        self, spec: Mapping[str, object], field: str, values: tuple[str, ...], default: str
    ) -> str:
        value = spec.get(field, default)
        for each in values:
            if isinstance(value, str) and value == each:
                return each
        self.want(f"spec.{field}", holds=False, must=f"must be one of {', '.join(values)}")
        return default

    def _clusters(self, value: object, mode: str) -> tuple[Origin, ...]:
        if mode != Mode.FAIL_OVER:
            self.want("spec.clusters", value is None, f"belongs to {Mode.FAIL_OVER} alone")
            return ()
        if not isinstance(value, list | tuple) or not 0 < len(value) <= CLUSTERS_MAX:
            must = f"must be an array of 1 to {CLUSTERS_MAX} clusters, the preferred first"
            self.want("spec.clusters", holds=False, must=must)
            return ()
        names = [self._cluster(f"spec.clusters[{at}]", each) for at, each in enumerate(value)]
        self.want("spec.clusters", len(set(names)) == len(names), "must not name one twice")
        return tuple(names)

    def _weights(self, value: object, mode: str) -> tuple[tuple[Origin, int], ...]:
        if mode != Mode.ACTIVE_ACTIVE:
            self.want("spec.weights", value is None, f"belongs to {Mode.ACTIVE_ACTIVE} alone")
            return ()
        if value is None:
            return ()
        if not isinstance(value, Mapping) or not 0 < len(value) <= CLUSTERS_MAX:
            must = f"must be a map of 1 to {CLUSTERS_MAX} clusters to weights, or absent"
            self.want("spec.weights", holds=False, must=must)
            return ()
        weights = []
        for name, weight in sorted(value.items(), key=_by_text):
            path = f"spec.weights.{str(name)[:80]}"
            good = _is_whole(weight, 0, WEIGHT_MAX)
            self.want(path, good, f"must be a whole number from 0 to {WEIGHT_MAX}")
            weights.append((self._cluster(path, name), weight if isinstance(weight, int) else 0))
        some = any(weight > 0 for _, weight in weights)
        self.want("spec.weights", some, "must give some cluster more than 0")
        return tuple(weights)

    def _cluster(self, path: str, name: object) -> Origin:
        good = isinstance(name, str) and is_label(name)
        self.want(path, good, "must be the name of a cluster")
        return Origin(str(name)[:80])


def _by_text(item: tuple[object, object]) -> str:
    return str(item[0])


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
