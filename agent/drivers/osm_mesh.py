"""What the local mesh is like, and whether another cluster's fits it."""

from collections.abc import Iterator
from enum import Enum

from agent.drivers.plan import Condition, DriverSettings, Reason, Services
from agent.mirror import Mirror
from agent.objects import (
    MESH_CONFIG,
    MULTI_CLUSTER_SERVICE,
    NAMESPACE,
    ObjectKey,
    at,
    text_at,
)
from discovery.names import Origin

MONITORED_BY = "openservicemesh.io/monitored-by"
"""The label of a namespace that a mesh looks at; its value is the mesh's name."""

_NOBODY = Origin("")


class Mode(Enum):
    """How the local mesh is made to see what is elsewhere."""

    PLAIN = "plain"
    """Permissive: a Service without a selector; who answers is not verified."""
    IDENTITY = "identity"
    """Permissive: an identity Pod for each ServiceAccount, by which clients verify."""
    SHADOW = "shadow"
    """SMI mode: a Pod for each address (5f)."""
    INVISIBLE = "invisible"
    """SMI mode, and no Pods may be written: nothing of ours would be seen (5h)."""

    @property
    def verifies(self) -> bool:
        """Whether clients compare the identity of who answers, its trust domain included."""
        return self in (Mode.IDENTITY, Mode.SHADOW)


def mode_of(mirror: Mirror, settings: DriverSettings) -> Mode:
    """Return how it is to be done, by the MeshConfig and what the settings allow.

    Where it says nothing v1.2 is permissive, as it is installed, and v1.1 is not.
    """
    key = ObjectKey(MESH_CONFIG, settings.mesh_namespace, settings.mesh_config)
    flag = at(mirror.get(key), "spec", "traffic", "enablePermissiveTrafficPolicyMode")
    is_default = mirror.version(MULTI_CLUSTER_SERVICE) is None
    if flag if isinstance(flag, bool) else is_default:
        return Mode.IDENTITY if settings.verify_identities else Mode.PLAIN
    return Mode.SHADOW if settings.smi else Mode.INVISIBLE


def namespace_fault(mirror: Mirror, namespace: str, settings: DriverSettings) -> Condition | None:
    """Return why nothing can be written to a namespace, None where it can."""
    document = mirror.get(ObjectKey(NAMESPACE, "", namespace))
    if document is None:
        what = f"there is no namespace {namespace} here; nothing is written"
        return Condition(Reason.NAMESPACE_MISSING, _NOBODY, what)
    watcher = text_at(document, "metadata", "labels", MONITORED_BY)
    if watcher == settings.mesh_name:
        return None
    label = f"{MONITORED_BY}={settings.mesh_name}"
    what = f"namespace {namespace} lacks the label {label}; nothing is written or changed there"
    return Condition(Reason.NAMESPACE_NOT_MONITORED, _NOBODY, what)


def misfits(view: Services, origin: Origin, own: Origin, mode: Mode) -> Iterator[Condition]:
    """Give what is wrong, or not known, between the mesh of a cluster and ours."""
    ours, theirs = view.cluster(own), view.cluster(origin)
    own_root, root = ("" if each is None else each.mesh_root for each in (ours, theirs))
    if not own_root or not root:
        whose = "ours" if not own_root else f"that of {origin}"
        what = f"the fingerprint of the mesh's root certificate is not known, {whose}; it is served"
        yield Condition(Reason.ROOT_UNKNOWN, origin, what)
    elif own_root != root:
        what = f"its mesh has the root {root[:16]}, ours {own_root[:16]}; it is left out"
        yield Condition(Reason.ROOT_DIFFERS, origin, what)
    domains = {each.trust_domain for each in (ours, theirs) if each and each.trust_domain}
    if len(domains) > 1:
        instead = "left out" if mode.verifies else "served, as no identity is verified"
        what = f"trust domains differ: {' and '.join(sorted(domains))}; it is {instead}"
        yield Condition(Reason.TRUST_DOMAIN_DIFFERS, origin, what)


def excludes(condition: Condition, mode: Mode) -> bool:
    """Tell whether every request to a cluster would fail for this."""
    if condition.reason is Reason.TRUST_DOMAIN_DIFFERS:
        return mode.verifies
    return condition.reason is Reason.ROOT_DIFFERS
