"""Pods that never run: they lend the mesh a ServiceAccount, and in SMI mode an address each.

Kubernetes' own controllers read Pods too. One with an address, no node and any phase but Succeeded
freezes the Endpoints of its Service (5a), so the address comes in one write with the phase. A Pod
is never changed, since a change of it wipes the Endpoints (5f): its name has all that it says.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from agent.drivers.osm_mesh import Mode
from agent.drivers.osm_objects import PODS_LABEL, PodSpec
from agent.drivers.osm_reach import Reach
from agent.drivers.plan import DriverSettings, Step, metadata, owner_of
from agent.mirror import Mirror
from agent.objects import (
    ISTHMUS_GROUP,
    MANAGED_BY,
    MANAGER,
    POD,
    Document,
    ObjectKey,
    text_at,
)
from agent.writes import Apply, ApplyStatus
from discovery.names import ServiceName

_HASH_CHARACTERS = 8


def pods_for(
    name: ServiceName,
    owner: str,
    reaches: Sequence[Reach],
    mode: Mode,
    settings: DriverSettings,
) -> tuple[PodSpec, ...]:
    """Return the Pods that a Service needs so that these parts of clusters are seen and verified.

    None in plain mode, and where a ServiceAccount is not known: then nothing can be verified.
    """
    if not mode.verifies or not all(each.account for each in reaches):
        return ()
    wanted = {
        (each.account, address)
        for each in reaches
        for address in (each.addresses if mode is Mode.SHADOW else [""])
    }
    return tuple(
        PodSpec(
            name=ServiceName(name.namespace, _pod_name(name.name, account, address)),
            owner=owner,
            selected_by=name.name,
            account=account,
            address=address,
            image=settings.pod_image,
        )
        for account, address in sorted(wanted)
    )


def _pod_name(service: str, account: str, address: str) -> str:
    what = address.replace(".", "-") or "identity"
    digest = sha256(f"{account}/{address}".encode()).hexdigest()[:_HASH_CHARACTERS]
    return f"{service}-{what}-{digest}"


def pod_key(pod: PodSpec) -> ObjectKey:
    """Return which object a Pod is."""
    return ObjectKey(POD, pod.name.namespace, pod.name.name)


def pod_steps(pods: Sequence[PodSpec], mirror: Mirror) -> Iterator[Step]:
    """Give the writes after which all of these Pods are there, with their addresses."""
    for pod in pods:
        key = pod_key(pod)
        current = mirror.get(key)
        if current is None:
            why = f"clients of {pod.selected_by} verify {pod.account} by it"
            yield Apply(key, pod_document(pod), why, if_version="")
        if pod.address and text_at(current, "status", "podIP") != pod.address:
            addresses = [{"ip": pod.address}]
            status = {"phase": "Succeeded", "podIP": pod.address, "podIPs": addresses}
            yield ApplyStatus(key, "v1", status)


def is_pod_taken(pod: PodSpec, mirror: Mirror) -> bool:
    """Tell whether somebody else has a Pod of this name."""
    current = mirror.get(pod_key(pod))
    return current is not None and owner_of(pod_key(pod), current) is None


def pod_document(pod: PodSpec) -> Document:
    """Return a Pod; its status is a write of its own."""
    own = metadata(pod.name, pod.owner)
    own["labels"] = {MANAGED_BY: MANAGER, PODS_LABEL: pod.selected_by}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": own,
        "spec": {
            "serviceAccountName": pod.account,
            "automountServiceAccountToken": False,
            "schedulingGates": [{"name": f"{ISTHMUS_GROUP}/never-runs"}],
            "containers": [{"name": "elsewhere", "image": pod.image}],
        },
    }
