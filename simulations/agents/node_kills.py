"""A node dies with its agent: how long until the other clusters send nothing to its endpoints.

A node is a small process that stands for its addresses; both are killed at one moment, without a
word. Then they start again, and the next one dies once all is as it was.
"""

from dataclasses import dataclass
from typing import ClassVar

import trio

from agent.demo.layout import EXPORTERS
from agent.demo.plan import NodePlan
from agent.demo.scene import Scene
from failure_detect.clock import SECOND
from simulations import options
from simulations.agents.staging import StagedExperiment, StageError, watched
from simulations.agents.watching import MeshWatch
from simulations.experiment import Plan
from simulations.randomness import generator
from simulations.samples import Sample
from simulations.trials import Scene as Asked

WITHIN_S = 60.0
REST_S = 8.0
"""How long a node that came back is left alone: it is to be asked before it dies again."""

_JITTER_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeKills(StagedExperiment):
    """Nodes of east and west die, one after the other."""

    plan: ClassVar[Plan] = Plan(
        name="node-kills",
        title="a node dies: its endpoints are withdrawn in the other clusters",
        columns=("withdrawn_s", "back_s", "kills", "missed"),
        configurations=("ours",),
        seeds=1,
    )

    kills: int = options.count(20, "how many nodes die, one after the other")

    async def measure(self, scene: Scene, asked: Asked, sample: Sample) -> None:
        """Kill a node and start it again, by turns."""
        rng = generator(asked.seed, "node-kills")
        nodes = [each for name in EXPORTERS for each in scene.cluster(name).nodes]
        async with watched(scene) as watches:
            for _ in range(self.kills):
                await trio.sleep(REST_S + _JITTER_S * rng.random())
                node = rng.choice(nodes)
                others = [each for each in watches if each.cluster.name != node.cluster]
                await _kill(scene, node, others, sample)


async def _kill(scene: Scene, node: NodePlan, watches: list[MeshWatch], sample: Sample) -> None:
    lost = frozenset(map(str, node.pods()))
    began = trio.current_time()
    await scene.fleet.kill_node(node)
    for watch in watches:
        at = await watch.until(lost.isdisjoint, began, WITHIN_S)
        sample.count("missed", at is None)
        if at is not None:
            sample.add("withdrawn", round((at - began) * SECOND))
    sample.count("kills")
    began = trio.current_time()
    await scene.fleet.start_node(node)
    await scene.fleet.start_agent(node)
    for watch in watches:
        at = await watch.until(lost.issubset, began, WITHIN_S)
        if at is None:
            raise StageError(f"{node.name} did not come back in {watch.cluster.name}")
        sample.add("back", round((at - began) * SECOND))
