"""The processes of a demonstration: agents, and what stands for their nodes.

All of them are children of this process, stopped by their process ids; those that are killed are
killed as a power cut does it, without a word.
"""

import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import trio

from agent.demo.plan import ClusterPlan, NodePlan, Plan
from agent.objects import MULTI_CLUSTER_SERVICE, Document, list_at, text_at
from agent.yaml_text import YamlError, read_documents

ASK_WITHIN_S = 3.0
STOP_WITHIN_S = 15.0


@dataclass(slots=True)
class Fleet:
    """All processes, by the name of their node."""

    plan: Plan
    client: httpx2.AsyncClient
    agents: dict[str, trio.Process] = field(default_factory=dict)
    nodes: dict[str, trio.Process] = field(default_factory=dict)

    # --- processes --------------------------------------------------------------------------

    async def start_node(self, node: NodePlan) -> None:
        """Let a node and its pods answer. Raises RuntimeError where an address is taken."""
        places = [node.kubelet, *node.pods()]
        command = [sys.executable, "-m", "agent.demo.node", *map(str, places)]
        process = await trio.lowlevel.open_process(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert process.stdout is not None
        if not await process.stdout.receive_some(16):
            await _kill(process)
            raise RuntimeError(f"{node.name}: cannot listen at {', '.join(map(str, places))}")
        self.nodes[node.name] = process

    async def start_agent(self, node: NodePlan) -> None:
        """Start an agent; it says in its log what it does."""
        command = [sys.executable, "-m", "agent", "agent", "--config", str(node.config)]
        log = await trio.open_file(node.log, "ab")
        async with log:
            self.agents[node.name] = await trio.lowlevel.open_process(
                command, stdout=subprocess.DEVNULL, stderr=log.fileno()
            )

    async def isthmus(self, *arguments: str) -> tuple[int, str]:
        """Run a command as a person would; return its exit code and all that it said."""
        found = await trio.run_process(
            [sys.executable, "-m", "agent", *arguments],
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return found.returncode, found.stdout.decode(errors="replace")

    async def kill_agent(self, node: NodePlan) -> None:
        """Kill an agent at once."""
        await _kill(self.agents.pop(node.name, None))

    async def stop_agent(self, node: NodePlan) -> None:
        """Stop an agent gracefully, as an upgrade does; kill it where that takes too long."""
        process = self.agents.pop(node.name)
        process.send_signal(signal.SIGTERM)
        with trio.move_on_after(STOP_WITHIN_S):
            await process.wait()
        await _kill(process)

    async def kill_node(self, node: NodePlan) -> None:
        """Kill a node with its pods and its agent at once."""
        await _kill(self.nodes.pop(node.name, None))
        await self.kill_agent(node)

    async def kill_cluster(self, cluster: ClusterPlan) -> None:
        """Kill all nodes of a cluster at once."""
        for node in cluster.nodes:
            await self.kill_node(node)

    async def stop(self) -> None:
        """Stop all agents gracefully, then everything."""
        for process in self.agents.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        with trio.move_on_after(STOP_WITHIN_S):
            for process in self.agents.values():
                await process.wait()
        for process in (*self.agents.values(), *self.nodes.values()):
            await _kill(process)

    def kill_all(self) -> None:
        """Kill everything, without waiting: the last resort, on the way out."""
        for process in (*self.agents.values(), *self.nodes.values()):
            with suppress(ProcessLookupError):
                process.kill()

    # --- what agents say ----------------------------------------------------------------------

    async def ask(
        self, node: NodePlan, path: str, query: Mapping[str, str] | None = None
    ) -> Document:
        """Return what an agent's local API answers; empty where it does not, or not well."""
        try:
            answer = await self.client.get(
                f"http://{node.http}{path}", params=query, timeout=ASK_WITHIN_S
            )
            found: object = answer.json() if answer.status_code < 300 else {}
        except (httpx2.HTTPError, ValueError):
            return {}
        return found if isinstance(found, Mapping) else {}

    async def ask_cluster(
        self, name: str, path: str, query: Mapping[str, str] | None = None
    ) -> Document:
        """Return what the first agent of a cluster that answers says."""
        for node in self.plan.cluster(name).nodes:
            if node.name in self.agents and (found := await self.ask(node, path, query)):
                return found
        return {}

    async def cluster(self, viewer: str, name: str) -> Document:
        """Return one cluster as another one sees it, empty where nothing is known of it."""
        found = await self.ask_cluster(viewer, "/v1/clusters")
        items = (each for each in list_at(found, "items") if text_at(each, "name") == name)
        return next((each for each in items if isinstance(each, Mapping)), {})

    async def verdict(self, viewer: str, name: str) -> str:
        """Return the verdict of one cluster on another, empty where there is none."""
        return text_at(await self.cluster(viewer, name), "verdict")


def mesh_addresses(cluster: ClusterPlan) -> dict[str, int]:
    """Return the addresses that OSM gets in a cluster, each with its priority."""
    folder = cluster.objects / "managed" / f"{MULTI_CLUSTER_SERVICE}"
    found: dict[str, int] = {}
    for file in sorted(folder.glob("*.yaml")):
        for entry in list_at(_document(file), "spec", "clusters"):
            if isinstance(entry, Mapping):
                priority = entry.get("priority", 0)
                found[text_at(entry, "address")] = priority if isinstance(priority, int) else 0
    return found


def mesh_text(cluster: ClusterPlan) -> str:
    """Return the MultiClusterService of a cluster as it stands in its store."""
    folder = cluster.objects / "managed" / f"{MULTI_CLUSTER_SERVICE}"
    return "---\n".join(each.read_text() for each in sorted(folder.glob("*.yaml")))


def _document(file: Path) -> Document:
    try:
        [(document, _)] = read_documents(file.read_text(), str(file))
    except (OSError, YamlError, ValueError):
        return {}  # It goes this very moment; the next look shows what is there then.
    return document


async def _kill(process: trio.Process | None) -> None:
    if process is None:
        return
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
    if process.stdout is not None:
        await process.stdout.aclose()
