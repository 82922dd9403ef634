"""Everything that a demonstration begins with, written to its folder: keys, settings, objects.

Each cluster gets what a person would give it: a key of its own, one trust object for each other
cluster, its nodes, its mesh, and in two of them the service, which is exported. The folder can be
looked at and edited while the agents run.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from agent.atomic_files import replace_whole
from agent.demo import objects
from agent.demo.plan import ClusterPlan, NodePlan, Plan
from agent.demo.relays import Place
from agent.key_files import ClusterKey, read_cluster_key, shown_key, write_cluster_key
from agent.objects import SERVICE_EXPORT, Document
from agent.settings import API_VERSION, KIND
from agent.yaml_text import to_yaml
from discovery.names import Origin
from discovery.signing import SigningKey
from discovery.trust_objects import API_VERSION as TRUST_VERSION
from discovery.trust_objects import CLUSTER_KIND

EXPORTERS = ("east", "west")

Secret = Callable[[int], bytes]
"""Gives so many bytes that nobody can guess."""


def lay_out(plan: Plan, secret: Secret, exporters: Iterable[str] = EXPORTERS) -> None:
    """Write everything; what is there already is replaced."""
    keys = {cluster.name: _key(cluster, secret) for cluster in plan.clusters}
    for cluster in plan.clusters:
        _write_objects(cluster, plan, keys, exports=cluster.name in exporters)
        for node in cluster.nodes:
            write(node.config, settings_of(node, plan))


def write(file: Path, *documents: Document) -> None:
    """Write documents to a YAML file, whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "---\n".join(to_yaml(each) for each in documents)
    replace_whole(file, [text.encode()], mode=0o644)


def _key(cluster: ClusterPlan, secret: Secret) -> ClusterKey:
    seed = secret(32)
    signer = SigningKey.from_seed(seed)
    key = ClusterKey(Origin(cluster.name), 1, signer)
    cluster.folder.mkdir(parents=True, exist_ok=True)
    write_cluster_key(cluster.key, key, seed)
    return read_cluster_key(cluster.key)


def _write_objects(
    cluster: ClusterPlan, plan: Plan, keys: dict[str, ClusterKey], *, exports: bool
) -> None:
    folder = cluster.objects
    write(folder / "namespaces.yaml", *objects.namespaces(f"uid-of-{cluster.name}"))
    write(folder / "nodes.yaml", *map(objects.node, cluster.nodes))
    write(folder / "mesh.yaml", *objects.mesh())
    write(folder / "definitions.yaml", objects.definition(SERVICE_EXPORT))
    for other in plan.others(cluster.name):
        write(folder / f"trust-{other}.yaml", trust_of(keys[other]))
    if exports:
        write_service(cluster, [(node, pod) for node in cluster.nodes for pod in node.pods()])
        write(folder / "export.yaml", objects.service_export())


def write_service(cluster: ClusterPlan, pods: list[tuple[NodePlan, Place]]) -> None:
    """Write the service of a cluster with these pods, as its controllers would."""
    folder = cluster.objects
    port = cluster.nodes[0].ports.service
    write(folder / "service.yaml", objects.service(port), *(objects.pod(*each) for each in pods))
    publish(cluster, pods)


def publish(cluster: ClusterPlan, pods: list[tuple[NodePlan, Place]]) -> None:
    """Write that these pods are ready, and no others, as the cluster's controllers would."""
    documents = objects.endpoint_slice(cluster, pods), objects.endpoints(pods)
    write(cluster.objects / "endpoints.yaml", *documents)


def trust_of(key: ClusterKey) -> Document:
    """Return the object by which others believe a cluster, and let it serve everything."""
    return {
        "apiVersion": TRUST_VERSION,
        "kind": CLUSTER_KIND,
        "metadata": {"name": key.cluster},
        "spec": {
            "keys": [{"generation": key.generation, "key": shown_key(key.signer.public)}],
            "import": {"services": ["*/*"], "policies": True},
        },
    }


def settings_of(node: NodePlan, plan: Plan) -> Document:
    """Return the settings of one agent."""
    cluster = plan.cluster(node.cluster)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "cluster": node.cluster,
        "node": node.name,
        "listen": str(node.agent),
        "http": str(node.http),
        "advertise": {"lan": str(node.agent), "wan": str(node.relay)},
        "seeds": {
            "lan": [str(each.agent) for each in cluster.nodes],
            "wan": [str(each.relay) for each in plan.nodes if each.cluster != node.cluster],
        },
        "store": {"directory": str(cluster.objects)},
        "state": str(node.state),
        "keys": {"cluster": str(cluster.key)},
        "detector": plan.detector,
        "verdicts": {"holdDown": "1s", "better": "2s"},
        "mesh": {"pushBound": "2s", "connectionGrace": "1s"},
        "allowLoopbackEndpoints": True,
        "stopWithin": "5s",
    }
