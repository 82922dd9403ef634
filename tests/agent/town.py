"""Clusters of real agents as real processes on loopback, for tests that look at them from outside.

No relay stands between them: a cluster that is cut off is one whose processes are stopped. Hosts
are of the networks that a test names; ports are by worker, so that two workers never meet. All
that is started is stopped by its process, whatever becomes of the test.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import TypeVar

import httpx2

from agent.demo import layout, objects
from agent.demo.fleet import mesh_addresses
from agent.demo.plan import ClusterPlan, NodePlan, Plan, Ports, plan
from agent.demo.relays import Place
from agent.objects import SERVICE_EXPORT, Document, list_at, text_at
from agent.process import clock, entropy
from agent.yaml_text import YamlError, read_documents
from failure_detect.clock import SECOND

T = TypeVar("T")

WITHIN_S = 60.0
"""How long anything may take before a test gives it up; it is looked at all the while."""

LOOK_S = 0.05
PORTS_EACH = 8


def ports() -> Ports:
    """Return ports that no other worker of this run has."""
    worker = int("0" + os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw"))
    first = 18_200 + PORTS_EACH * worker
    return Ports(agent=first, http=first + 1, node=first + 2, service=first + 3)


def until(found: Callable[[], T | None], what: str, within_s: float = WITHIN_S) -> T:
    """Return what is found once it is something; fail, saying `what`, where it never is."""
    end = clock.now() + within_s * SECOND
    while True:
        if value := found():
            return value
        if clock.now() > end:
            raise AssertionError(f"not within {within_s:.0f} s: {what}")
        Event().wait(LOOK_S)


def document_of(file: Path) -> Document:
    """Return the one document of a file; an empty one where there is none just now."""
    try:
        [(document, _)] = read_documents(file.read_text(), str(file))
    except (OSError, YamlError, ValueError):
        return {}
    return document


class Town:
    """Clusters, their agents, and what answers at the addresses of their nodes and pods."""

    def __init__(self, planned: Plan) -> None:
        """Lay everything out; nothing runs yet."""
        self.plan = planned
        self.agents: dict[str, subprocess.Popen[bytes]] = {}
        self._others: list[subprocess.Popen[bytes]] = []
        layout.lay_out(planned, entropy.secret)
        for node in planned.nodes:
            self.configure(node)

    # --- processes --------------------------------------------------------------------------

    def configure(self, node: NodePlan, **more: object) -> None:
        """Write the settings of an agent anew: it is reached where it listens, without a relay."""
        others = [each for each in self.plan.nodes if each.cluster != node.cluster]
        mates = self.plan.cluster(node.cluster).nodes
        seeds = {"lan": [str(each.agent) for each in mates], "wan": [str(e.agent) for e in others]}
        found = dict(layout.settings_of(node, self.plan))
        found |= {"advertise": {"lan": str(node.agent), "wan": str(node.agent)}, "seeds": seeds}
        layout.write(node.config, found | more)

    def start(
        self, node: NodePlan, *arguments: str, before: Sequence[str] = (), by: str = "agent"
    ) -> None:
        """Start the agent of a node: after the command `before`, by the module `by`."""
        assert node.name not in self.agents, "it runs already"
        command = [*before, sys.executable, "-m", by, "agent", "--config", str(node.config)]
        with node.log.open("ab") as log:
            self.agents[node.name] = subprocess.Popen(
                [*command, *arguments], stdout=subprocess.DEVNULL, stderr=log
            )

    def answer(self, cluster: ClusterPlan) -> None:
        """Let the nodes and pods of a cluster take connections."""
        kubelets = [str(each.kubelet) for each in cluster.nodes]
        places = [str(self.place(cluster, number)) for number in range(SPOTS)]
        command = [sys.executable, "-m", "agent.demo.node", *kubelets, *places]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._others.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"answering\n"

    def stop(self, node: NodePlan) -> int:
        """Stop an agent gracefully; return its exit code."""
        process = self.agents.pop(node.name)
        process.send_signal(signal.SIGTERM)
        return process.wait(WITHIN_S)

    def kill(self, node: NodePlan) -> None:
        """Kill an agent."""
        process = self.agents.pop(node.name)
        process.kill()
        process.wait()

    def end(self) -> None:
        """End all that runs."""
        running = [*self.agents.values(), *self._others]
        for process in running:
            with suppress(ProcessLookupError):
                process.kill()
        for process in running:
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    # --- places and objects -------------------------------------------------------------------

    def place(self, cluster: ClusterPlan, number: int) -> Place:
        """Return a place where a pod of a cluster answers, by its number below `SPOTS`."""
        assert 0 <= number < SPOTS
        network, port = cluster.nodes[0].network, cluster.nodes[0].ports.service
        return Place(f"127.0.{network}.{FIRST_SPOT + number}", port)

    def export(self, cluster: ClusterPlan, name: str, spots: Sequence[int]) -> None:
        """Export a service of this name with a pod at each of these places."""
        pods = [(cluster.nodes[0], self.place(cluster, each)) for each in spots]
        folder = cluster.objects / name
        layout.write(folder / "service.yaml", service(name, cluster))
        layout.write(folder / "endpoints.yaml", endpoint_slice(name, cluster, pods))
        layout.write(folder / "pods.yaml", *(pod(name, *each) for each in pods))
        layout.write(folder / "export.yaml", service_export(name))

    def spots(self, viewer: ClusterPlan, of: ClusterPlan) -> set[int]:
        """Return which places of one cluster the mesh of another sends requests to."""
        found = mesh_addresses(viewer)
        return {each for each in range(SPOTS) if str(self.place(of, each)) in found}

    # --- what agents say ----------------------------------------------------------------------

    def ask(self, node: NodePlan, path: str) -> Document:
        """Return what an agent answers; an empty document where it does not."""
        try:
            found: object = httpx2.get(
                f"http://{node.http}{path}", timeout=5, trust_env=False
            ).json()
        except (httpx2.HTTPError, ValueError):
            return {}
        return found if isinstance(found, Mapping) else {}

    def metrics(self, node: NodePlan) -> dict[str, float]:
        """Return the samples of an agent's metrics by name and labels."""
        text = httpx2.get(f"http://{node.http}/metrics", timeout=5, trust_env=False).text
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def logged(self, node: NodePlan, event: str) -> list[Document]:
        """Return the lines of an agent's log that are about an event."""
        found: list[Document] = []
        for line in node.log.read_text().splitlines():
            with suppress(ValueError):
                document: object = json.loads(line)
                if isinstance(document, Mapping) and document.get("event") == event:
                    found.append(document)
        return found

    def publisher(self, cluster: ClusterPlan) -> NodePlan:
        """Return the node whose agent publishes for a cluster, once there is one."""

        def found() -> NodePlan | None:
            for node in cluster.nodes:
                if text_at(self.ask(node, "/v1/status"), "role") == "publisher":
                    return node
            return None

        return until(found, f"{cluster.name} has a publisher")


SPOTS = 40
FIRST_SPOT = 51


@contextmanager
def town(folder: Path, names: tuple[str, ...], *, nodes: int, network: int) -> Iterator[Town]:
    """Lay out clusters, let their nodes answer, and end all that was started."""
    made = Town(plan(folder, names, nodes=nodes, ports=ports(), network=network))
    try:
        for cluster in made.plan.clusters:
            made.answer(cluster)
        yield made
    finally:
        made.end()


def isthmus(*arguments: str | Path, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Run a command as a person would; return its exit code, its answer, and what it said."""
    found = subprocess.run(
        [sys.executable, "-m", "agent", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=4 * WITHIN_S,
        check=False,
        env=dict(os.environ) | dict(env or {}),
    )
    return found.returncode, found.stdout, found.stderr


# --- objects ----------------------------------------------------------------------------------


def _meta(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "namespace": objects.NAMESPACE, **more}


def service(name: str, cluster: ClusterPlan) -> dict[str, object]:
    """Return a Service with one port."""
    port = cluster.nodes[0].ports.service
    ports = [{"name": "http", "port": port, "targetPort": port, "appProtocol": "http"}]
    spec = {"selector": {"app": name}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _meta(name), "spec": spec}


def service_export(name: str) -> dict[str, object]:
    """Return what exports a service."""
    api_version = SERVICE_EXPORT.api_version(SERVICE_EXPORT.versions[0])
    return {"apiVersion": api_version, "kind": "ServiceExport", "metadata": _meta(name)}


def pod(name: str, node: NodePlan, place: Place) -> dict[str, object]:
    """Return a pod of a service, of a ServiceAccount of its own."""
    made = dict(objects.pod(node, place))
    made["metadata"] = _meta(pod_name(name, place), labels={"app": name})
    containers = [{"name": name, "image": "example/web"}]
    made["spec"] = {"nodeName": node.name, "serviceAccountName": name, "containers": containers}
    return made


def pod_name(name: str, place: Place) -> str:
    """Return the name of the pod at a place."""
    return f"{name}-{place.host.replace('.', '-')}"


def endpoint_slice(
    name: str, cluster: ClusterPlan, pods: Sequence[tuple[NodePlan, Place]]
) -> dict[str, object]:
    """Return the endpoints of a service."""
    made = dict(objects.endpoint_slice(cluster, pods))
    labels = {"kubernetes.io/service-name": name}
    made["metadata"] = _meta(f"{name}-{cluster.name}", labels=labels)
    made["ports"] = [{"name": "http", "port": cluster.nodes[0].ports.service, "protocol": "TCP"}]
    made["endpoints"] = [
        {
            "addresses": [place.host],
            "conditions": {"ready": True},
            "nodeName": node.name,
            "targetRef": {
                "kind": "Pod",
                "name": pod_name(name, place),
                "namespace": objects.NAMESPACE,
            },
        }
        for node, place in pods
    ]
    return made


# --- what is looked for -----------------------------------------------------------------------


def fault_about(document: Document, where: str) -> str:
    """Return the first fault of a status about a place, of the store or not, as people read it."""
    for each in (*list_at(document, "store", "faults"), *list_at(document, "faults")):
        if where in text_at(each, "where"):
            parts = (text_at(each, name) for name in ("where", "message", "remedy"))
            return "; ".join(parts)
    return ""


def condition(document: Document, kind: str) -> Document:
    """Return one condition of an object's status, an empty one where it has none."""
    for each in list_at(document, "status", "conditions"):
        if isinstance(each, Mapping) and each.get("type") == kind:
            return each
    return {}
