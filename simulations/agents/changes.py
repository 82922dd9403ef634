"""An endpoint changes in one cluster: how long until OSM gets it in the others.

The clock starts before the EndpointSlice's file is written, and stops when the kernel says that
another cluster's MultiClusterService was replaced by one that says so. All is quiet in between: OSM
waits until changes end, so the writer keeps silent for 2.5 s after each; so does the experiment.
"""

from dataclasses import dataclass
from typing import ClassVar

import trio

from agent.demo.scene import Scene
from failure_detect.clock import MILLISECOND, SECOND
from simulations import options
from simulations.agents.staging import StagedExperiment, watched
from simulations.agents.watching import MeshWatch
from simulations.experiment import Plan
from simulations.randomness import generator
from simulations.samples import Sample
from simulations.trials import Scene as Asked

WITHIN_S = 30.0
ORIGIN = "east"
_JITTER_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes(StagedExperiment):
    """One endpoint of east goes and comes back, again and again, when all is quiet."""

    plan: ClassVar[Plan] = Plan(
        name="changes",
        title="an endpoint is written in one directory, a MultiClusterService in others",
        columns=("applied_s", "changes", "missed"),
        configurations=("ours",),
        seeds=1,
    )

    changes: int = options.count(200, "how many times an endpoint changes")
    pause: int = options.duration(
        2_700 * MILLISECOND, "how long nothing happens after each", least=2_500 * MILLISECOND
    )

    async def measure(self, scene: Scene, asked: Asked, sample: Sample) -> None:
        """Take an endpoint away and bring it back by turns."""
        rng = generator(asked.seed, "changes")
        pods = scene.pods(ORIGIN)
        async with watched(scene) as watches:
            others = [each for each in watches if each.cluster.name != ORIGIN]
            for number in range(self.changes):
                await trio.sleep(self.pause / SECOND + _JITTER_S * rng.random())
                began = trio.current_time()
                there = number % 2 == 1
                scene.publish(ORIGIN, pods if there else pods[1:])
                for watch in others:
                    await _note(watch, str(pods[0][1]), sample, began, there=there)
                sample.count("changes")


async def _note(
    watch: MeshWatch, address: str, sample: Sample, began: float, *, there: bool
) -> None:
    at = await watch.seen(address, began, WITHIN_S, there=there)
    sample.count("missed", at is None)
    if at is not None:
        sample.add("applied", round((at - began) * SECOND))
