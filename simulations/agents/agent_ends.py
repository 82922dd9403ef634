"""An agent ends and its node lives on: no endpoint may be withdrawn anywhere, at no moment.

`kill` is without a word, and it starts again after a while. `restart` stops it gracefully and
starts it at once. `upgrade` does so with one agent of a cluster after the other. `crash-loop` kills
one every two seconds, as soon as it has begun to do something.
"""

from dataclasses import dataclass
from random import Random
from typing import ClassVar

import trio

from agent.demo.layout import EXPORTERS
from agent.demo.plan import NodePlan
from agent.demo.scene import ASK_S, Scene, until
from failure_detect.clock import SECOND
from simulations import options
from simulations.agents.staging import StagedExperiment, StageError, watched
from simulations.experiment import Plan
from simulations.randomness import generator
from simulations.samples import Sample
from simulations.trials import Scene as Asked

HOW = ("kill", "restart", "upgrade", "crash-loop")
READY_S = 60.0
TURN_S = 2.0
"""From one kill of a crash loop to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEnds(StagedExperiment):
    """Agents of east and west end."""

    plan: ClassVar[Plan] = Plan(
        name="agent-ends",
        title="an agent ends and its node lives: what is withdrawn",
        columns=("withdrawn", "ended", "states"),
        configurations=("ours",),
        seeds=1,
    )

    how: str = options.choice("kill", HOW, "how it ends")
    duration: int = options.duration(60 * SECOND, "for how long they end")
    after: int = options.duration(15 * SECOND, "how long one watches afterwards")

    async def measure(self, scene: Scene, asked: Asked, sample: Sample) -> None:
        """Let agents end, and count what any other cluster was without at any moment."""
        rng = generator(asked.seed, "agent-ends")
        async with watched(scene) as watches:
            began = trio.current_time()
            wanted = {each.cluster.name: each.addresses for each in watches}
            while trio.current_time() < began + self.duration / SECOND:
                await _end(self.how, scene, rng, sample)
            await trio.sleep(self.after / SECOND)
            for watch in watches:
                sample.count("withdrawn", len(watch.lost(wanted[watch.cluster.name], began)))
                sample.count("states", len(watch.states))


async def _end(how: str, scene: Scene, rng: Random, sample: Sample) -> None:
    """Let one agent end, or all of one cluster, and start again."""
    cluster = scene.cluster(rng.choice(EXPORTERS))
    node = rng.choice(cluster.nodes)
    match how:
        case "kill":
            await scene.fleet.kill_agent(node)
            await trio.sleep(2 * TURN_S * rng.random())
            await scene.fleet.start_agent(node)
            await trio.sleep(2 * TURN_S + rng.random())
        case "restart":
            await _restart(scene, node)
            await trio.sleep(TURN_S * rng.random())
        case "upgrade":
            for each in cluster.nodes:
                await _restart(scene, each)
                await _is_ready(scene, each)
            sample.count("ended", len(cluster.nodes) - 1)
        case _:
            node = scene.cluster(EXPORTERS[0]).nodes[0]
            await trio.sleep(TURN_S)
            await scene.fleet.kill_agent(node)
            await scene.fleet.start_agent(node)
    sample.count("ended")


async def _restart(scene: Scene, node: NodePlan) -> None:
    await scene.fleet.stop_agent(node)
    await scene.fleet.start_agent(node)


async def _is_ready(scene: Scene, node: NodePlan) -> None:
    """Wait as an upgrade of a DaemonSet does: until the new process says that it is ready."""

    async def is_ready() -> bool:
        return (await scene.fleet.ask(node, "/v1/status")).get("ready") is True

    if await until(is_ready, READY_S, ASK_S) is None:
        raise StageError(f"{node.name} did not become ready")
