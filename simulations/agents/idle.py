"""An agent in large pools in which nothing happens: what it takes of a processor and of memory.

Three agents of one cluster are real ones, with the usual numbers, and its bridges; one of them
publishes. All others of both pools are members with sockets of their own, in processes that are not
measured. The time of a processor is what the kernel says of the agent's process.
"""

import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx2
import trio

from agent.demo.fleet import Fleet
from agent.demo.layout import lay_out, settings_of, write
from agent.demo.objects import node as node_object
from agent.demo.plan import NodePlan
from agent.demo.plan import Plan as Places
from agent.demo.scene import until
from agent.objects import list_at, text_at
from agent.process import entropy
from failure_detect.clock import SECOND
from simulations import options
from simulations.agents.crowd import BRIDGES, crowd_plan, lan_nodes
from simulations.agents.proc import cpu_us, resident_bytes
from simulations.agents.staging import StageError
from simulations.experiment import Experiment, Plan
from simulations.samples import Sample
from simulations.trials import Scene as Asked

MEET_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle(Experiment):
    """Nothing happens."""

    plan: ClassVar[Plan] = Plan(
        name="idle",
        title="an agent at rest in large pools: processor and memory",
        columns=("core_percent", "resident_mb", "lan_members", "wan_members", "deaths"),
        configurations=("ours",),
        seeds=1,
    )

    lan: int = options.count(100, "members of the cluster's pool", least=BRIDGES, most=200)
    wan: int = options.count(30, "members of the pool of all clusters", least=2 * BRIDGES, most=60)
    settling: int = options.duration(60 * SECOND, "how long all is left alone before")
    duration: int = options.duration(120 * SECOND, "for how long one measures")
    network: int = options.count(80, "the first cluster is at 127.0.NETWORK.*", most=200)

    def fault(self) -> str | None:
        """Say why there can be no such pools."""
        if self.wan % BRIDGES:
            return f"--wan {self.wan}: every cluster has {BRIDGES} bridges"
        return None

    def run(self, scene: Asked) -> Sample:  # noqa: ARG002  # Nothing is drawn.
        """Measure once, by the real clock. Raises `StageError` where nothing can be measured."""
        return trio.run(self._run)

    async def _run(self) -> Sample:
        sample = Sample()
        async with self._pools() as fleet:
            await self._meet(fleet)
            await trio.sleep(self.settling / SECOND)
            before = {name: cpu_us(each.pid) for name, each in fleet.agents.items()}
            began = trio.current_time()
            await trio.sleep(self.duration / SECOND)
            took = trio.current_time() - began
            for name, process in fleet.agents.items():
                busy = cpu_us(process.pid) - before[name]
                sample.measure("core_percent", 100 * busy / SECOND / took)
                sample.measure("resident_mb", resident_bytes(process.pid) / (1 << 20))
            await self._count(fleet, sample)
        return sample

    @asynccontextmanager
    async def _pools(self) -> AsyncIterator[Fleet]:
        """Start all members of both pools, and stop them in the end."""
        folder = Path(tempfile.mkdtemp(prefix="isthmus-idle-"))
        planned = crowd_plan(folder, self.network, self.wan // BRIDGES - 1)
        _lay_out(planned, self.lan)
        async with httpx2.AsyncClient() as client:
            fleet = Fleet(planned, client)
            crowds: list[trio.Process] = []
            try:
                for node in planned.clusters[0].nodes:
                    await fleet.start_node(node)
                    await fleet.start_agent(node)
                for pool, members in (("lan", self.lan), ("wan", self.wan)):
                    crowds.append(await self._crowd(folder, pool, members))
                yield fleet
            finally:
                with trio.CancelScope(shield=True):
                    for process in crowds:
                        with suppress(ProcessLookupError):
                            process.kill()
                        await process.wait()
                    await fleet.stop()

    async def _crowd(self, folder: Path, pool: str, members: int) -> trio.Process:
        words = [folder, self.network, self.wan // BRIDGES - 1, pool, members]
        command = [sys.executable, "-m", "simulations.agents.crowd", *map(str, words)]
        process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        if not await process.stdout.receive_some(16):
            raise StageError(f"the others of the {pool} pool did not start")
        return process

    async def _meet(self, fleet: Fleet) -> None:
        """Wait until each real agent knows everybody as alive."""
        wanted = {"lan": self.lan, "wan": self.wan}

        async def all_met() -> bool:
            nodes = fleet.plan.clusters[0].nodes
            return all([await _living(fleet, node) == wanted for node in nodes])

        if await until(all_met, MEET_S, pause_s=1) is None:
            raise StageError(f"not all know each other; see {fleet.plan.clusters[0].folder}")

    async def _count(self, fleet: Fleet, sample: Sample) -> None:
        """Note how many knew each other in the end, so that nobody measures an empty room."""
        for node in fleet.plan.clusters[0].nodes:
            found = await _living(fleet, node)
            sample.measure("lan_members", found["lan"])
            sample.measure("wan_members", found["wan"])
            sample.count("deaths", node.log.read_text().count("member_died"))


def _lay_out(planned: Places, members: int) -> None:
    """Write what the three agents begin with: the usual numbers, no relays, all nodes."""
    lay_out(planned, entropy.secret, [planned.clusters[0].name])
    home = planned.clusters[0]
    nodes = [*home.nodes, *lan_nodes(home, members)]
    write(home.objects / "nodes.yaml", *map(node_object, nodes))
    others = [str(each.nodes[0].agent) for each in planned.clusters[1:]]
    for node in home.nodes:
        told = dict(settings_of(node, planned))
        told["detector"] = {}
        told["advertise"] = {"lan": str(node.agent)}
        told["seeds"] = {"lan": [str(each.agent) for each in home.nodes], "wan": others}
        write(node.config, told)


async def _living(fleet: Fleet, node: NodePlan) -> dict[str, int]:
    """Return how many members of each pool an agent knows as alive, itself included."""
    document = await fleet.ask(node, "/v1/members")
    found = dict.fromkeys(("lan", "wan"), 0)
    for each in list_at(document, "items"):
        if text_at(each, "status") == "alive":
            found[text_at(each, "pool")] += 1
    return found
