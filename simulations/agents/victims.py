"""Agents that are killed again and again, and what lies on their disks when they are dead.

They are children of a hatchery (`simulations.agents.hatchery`), which starts and kills them.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import trio

from agent.demo.plan import ClusterPlan, NodePlan
from agent.objects import text_at
from agent.state_folder import StateFolder
from agent.yaml_text import YamlError, read_documents
from simulations.agents.staging import StageError
from simulations.samples import Sample

Order: TypeAlias = tuple[int, int, int]
"""Generation, epoch and version of a set."""


@dataclass(slots=True)
class Victim:
    """One cluster whose agent is killed again and again."""

    cluster: ClusterPlan
    process: trio.Process
    """Its hatchery."""
    shown: Order = (0, 0, 0)
    """The highest that the witness was shown of its set."""
    highest: Order = (0, 0, 0)
    """The highest that lay on its disk after a kill."""

    @property
    def node(self) -> NodePlan:
        """Its one node."""
        return self.cluster.nodes[0]

    async def say(self, *words: object) -> str:
        """Tell the hatchery something, and return its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        line = " ".join(map(str, words))
        await self.process.stdin.send_all(f"{line}\n".encode())
        answer = await self.process.stdout.receive_some(64)
        if not answer:
            raise StageError(f"the hatchery of {self.cluster.name} ended")
        return answer.decode().strip()

    async def start(self) -> None:
        """Let its agent start."""
        await self.say("start", self.node.config, self.node.log)

    async def stop(self) -> None:
        """Stop the hatchery, and its agent with it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        await self.process.stdin.aclose()
        await self.process.wait()
        await self.process.stdout.aclose()


async def hatchery(cluster: ClusterPlan) -> Victim:
    """Start the hatchery of a cluster; no agent runs yet."""
    command = [sys.executable, "-m", "simulations.agents.hatchery"]
    pipe = subprocess.PIPE
    return Victim(cluster, await trio.lowlevel.open_process(command, stdin=pipe, stdout=pipe))


# --- what is looked at after a kill ---------------------------------------------------------


def look_at(victim: Victim, shown: Order, sample: Sample) -> None:
    """Look at all that lies on the disk of a cluster whose agent has just died."""
    with StateFolder(victim.node.state) as folder:
        loaded = folder.load()
    sample.count("torn_states", len(loaded.damaged))
    kept = (0, 0, 0)
    for each in loaded.state.sets:
        order = each.manifest.order
        if each.manifest.origin == victim.cluster.name:
            kept = order.generation, order.epoch, order.version
        else:
            sample.count("adopted")
    sample.count("older", kept < max(shown, victim.highest))
    sample.count("published", kept > victim.highest)
    victim.highest = max(victim.highest, kept)
    sample.count("torn_objects", sum(not is_whole(each) for each in written(victim.cluster)))


def written(cluster: ClusterPlan) -> list[Path]:
    """Return the files that agents have written into a cluster's store."""
    folders = (cluster.objects / "managed", cluster.objects / "status")
    return [
        file for each in folders for file in each.rglob("*.yaml") if not file.name.startswith(".")
    ]


def is_whole(file: Path) -> bool:
    """Tell whether a file has one object with its name, from the first line to the last."""
    try:
        [(document, _)] = read_documents(file.read_text(), str(file))
    except (YamlError, ValueError):
        return False
    return bool(text_at(document, "kind") and text_at(document, "metadata", "name"))
