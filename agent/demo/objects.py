"""The Kubernetes objects of a demonstration's clusters, as people would write them."""

from base64 import b64encode
from collections.abc import Iterable

from agent.demo.plan import ClusterPlan, NodePlan
from agent.demo.relays import Place
from agent.objects import (
    MESH_CONFIG,
    MULTI_CLUSTER_SERVICE,
    Document,
    Kind,
)

NAMESPACE = "shop"
SERVICE = "web"
MESH = "osm"
MESH_NAMESPACE = "osm-system"
ROOT = b"the root certificate that the meshes of all clusters share"
"""Stands for one: what counts is that it is the same everywhere."""

PEM_BEGIN, PEM_END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_MONITORED = "openservicemesh.io/monitored-by"


def namespaces(uid: str) -> list[Document]:
    """Return the namespaces; `uid` is that of `kube-system`, which tells clusters apart."""
    return [
        _object("v1", "Namespace", "kube-system", uid=uid),
        _object("v1", "Namespace", MESH_NAMESPACE),
        _object("v1", "Namespace", NAMESPACE, labels={_MONITORED: MESH}),
    ]


def node(planned: NodePlan) -> Document:
    """Return a node, with the address and port at which it answers itself."""
    return {
        **_object(
            "v1",
            "Node",
            planned.name,
            labels={"topology.kubernetes.io/zone": f"{planned.cluster}-{planned.number}"},
        ),
        "status": {
            "addresses": [{"type": "InternalIP", "address": planned.host}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": planned.kubelet.port}},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def service(port: int) -> Document:
    """Return the service, which has the same name and port in every cluster."""
    return {
        **_object("v1", "Service", SERVICE, NAMESPACE),
        "spec": {
            "selector": {"app": SERVICE},
            "ports": [
                {"name": "http", "port": port, "targetPort": port, "appProtocol": "http"},
            ],
        },
    }


def service_export() -> Document:
    """Return what makes the service one of all clusters."""
    return _object("multicluster.x-k8s.io/v1beta1", "ServiceExport", SERVICE, NAMESPACE)


def endpoint_slice(cluster: ClusterPlan, pods: Iterable[tuple[NodePlan, Place]]) -> Document:
    """Return the endpoints of the service, on their nodes."""
    listed = list(pods)
    return {
        **_object(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            f"{SERVICE}-{cluster.name}",
            NAMESPACE,
            labels={"kubernetes.io/service-name": SERVICE},
        ),
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": pod.port, "protocol": "TCP"} for _, pod in listed[:1]],
        "endpoints": [
            {
                "addresses": [pod.host],
                "conditions": {"ready": True},
                "nodeName": planned.name,
                "zone": f"{planned.cluster}-{planned.number}",
                "targetRef": {"kind": "Pod", "name": pod_name(pod), "namespace": NAMESPACE},
            }
            for planned, pod in listed
        ],
    }


def endpoints(pods: Iterable[tuple[NodePlan, Place]]) -> Document:
    """Return the Endpoints of the service, which OSM reads, as its controllers would have them."""
    listed = list(pods)
    addresses = [{"ip": pod.host, "nodeName": planned.name} for planned, pod in listed]
    ports = [{"name": "http", "port": pod.port, "protocol": "TCP"} for _, pod in listed[:1]]
    subsets = [{"addresses": addresses, "ports": ports}] if listed else []
    return {**_object("v1", "Endpoints", SERVICE, NAMESPACE), "subsets": subsets}


def pod(planned: NodePlan, place: Place) -> Document:
    """Return a pod of the service as its node runs it."""
    return {
        **_object("v1", "Pod", pod_name(place), NAMESPACE, labels={"app": SERVICE}),
        "spec": {
            "nodeName": planned.name,
            "serviceAccountName": SERVICE,
            "containers": [{"name": SERVICE, "image": "example/web"}],
        },
        "status": {
            "phase": "Running",
            "podIP": place.host,
            "podIPs": [{"ip": place.host}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod_name(place: Place) -> str:
    """Return the name of the pod at a place."""
    return f"{SERVICE}-{place.host.replace('.', '-')}"


def mesh() -> list[Document]:
    """Return what says that Open Service Mesh v1.1 is there, in multicluster mode."""
    config = _object(
        MESH_CONFIG.api_version(MESH_CONFIG.versions[0]),
        MESH_CONFIG.name,
        "osm-mesh-config",
        MESH_NAMESPACE,
    )
    spec = {
        "featureFlags": {
            "enableMulticlusterMode": True,
            "enableEnvoyActiveHealthChecks": True,
        },
        "traffic": {"enablePermissiveTrafficPolicyMode": True},
    }
    root = b64encode(f"{PEM_BEGIN}\n{b64encode(ROOT).decode()}\n{PEM_END}\n".encode()).decode()
    secret = _object("v1", "Secret", "osm-ca-bundle", MESH_NAMESPACE)
    return [
        definition(MESH_CONFIG),
        definition(MULTI_CLUSTER_SERVICE),
        {**config, "spec": spec},
        {**secret, "data": {"ca.crt": root}},
    ]


def definition(kind: Kind) -> Document:
    """Return a definition of a custom kind that lets every field pass."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        **_object(
            "apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{kind.plural}.{kind.group}"
        ),
        "spec": {
            "group": kind.group,
            "names": {
                "kind": kind.name,
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "listKind": f"{kind.name}List",
            },
            "scope": "Namespaced" if kind.is_namespaced else "Cluster",
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == kind.versions[0],
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }
                for version in kind.versions
            ],
        },
    }


def _object(
    api_version: str,
    kind: str,
    name: str,
    namespace: str = "",
    *,
    labels: dict[str, str] | None = None,
    uid: str = "",
) -> dict[str, object]:
    metadata: dict[str, object] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    if uid:
        metadata["uid"] = uid
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
