"""Clusters of real agents on this machine, laid out, started and stopped around an experiment.

They are those of the demonstration: clusters `east`, `west` and `south`, of which the first two
export one service, agents and stand-ins of nodes as processes, relays between the clusters.
"""

import tempfile
from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from agent.demo.plan import LOOPBACK, plan
from agent.demo.playing import staged
from agent.demo.scene import Scene
from agent.demo.steps import meet, see_view
from agent.knobs import camel, knobs_of, parts_of
from agent.objects import Document
from failure_detect.config import DetectorConfig
from simulations import options
from simulations.agents.watching import MeshWatch
from simulations.experiment import Experiment
from simulations.samples import Sample
from simulations.trials import Scene as Asked

QUIET_S = 8.0
"""How long clusters that have met are left alone: a new publisher withdraws nothing before it was
in touch with others for 5 s, and nodes are asked for the first time meanwhile."""

PACES = ("loopback", "lan")


class StageError(RuntimeError):
    """The clusters did not come to a state in which something can be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedExperiment(Experiment):
    """An experiment with clusters of real agents; its own options come after these."""

    nodes: int = options.count(2, "how many nodes each of the three clusters has", most=8)
    pace: str = options.choice(
        "loopback", PACES, "the detectors' numbers: those for one machine, or the usual ones"
    )
    network: int = options.count(80, "the first cluster is at 127.0.NETWORK.*", most=200)

    def run(self, scene: Asked) -> Sample:
        """Measure once, by the real clock. Raises `StageError` where nothing can be measured."""
        return trio.run(self._run, scene)

    async def _run(self, asked: Asked) -> Sample:
        sample = Sample()
        async with started(self.nodes, self.network, self.pace) as scene:
            await trio.sleep(QUIET_S)
            await self.measure(scene, asked, sample)
        return sample

    @abstractmethod
    async def measure(self, scene: Scene, asked: Asked, sample: Sample) -> None:
        """Let it happen to clusters that have met, and note what came of it."""


@asynccontextmanager
async def started(nodes: int, network: int, pace: str) -> AsyncIterator[Scene]:
    """Start all of it, wait until every cluster sees what the others serve; stop it in the end.

    Raises `StageError` where they do not find to each other; what they logged stays then.
    """
    folder = Path(tempfile.mkdtemp(prefix="isthmus-agents-"))
    planned = plan(folder, nodes=nodes, network=network, detector=detector(pace))
    async with staged(planned) as scene:
        for step in (meet, see_view):
            outcome = await step(scene)
            if not outcome.is_good:
                raise StageError(f"{outcome.seen}; see {folder}")
        yield scene
    await trio.to_thread.run_sync(removed, folder)


@asynccontextmanager
async def watched(scene: Scene) -> AsyncIterator[list[MeshWatch]]:
    """Watch what OSM gets in every cluster, until this ends."""
    watches = [MeshWatch(each) for each in scene.plan.clusters]
    async with trio.open_nursery() as nursery:
        for watch in watches:
            await nursery.start(watch.run)
        yield watches
        nursery.cancel_scope.cancel()


def removed(folder: Path) -> None:
    """Remove a folder with all that is in it; what cannot be removed stays."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def detector(pace: str) -> Document:
    """Return what settings say of a detector: the usual numbers, but for agents of one machine.

    On one machine a refused connection is silence, which the preset `loopback` alone says.
    """
    if pace == "loopback":
        return LOOPBACK
    usual = {"lan": DetectorConfig.lan(), "wan": DetectorConfig.wan()}
    return {**LOOPBACK, **{pool: _numbers(config) for pool, config in usual.items()}}


def _numbers(config: DetectorConfig) -> Document:
    return {
        camel(name): {
            knob.name: getattr(part, knob.field)
            if knob.is_truth
            else knob.in_file(getattr(part, knob.field))
            for knob in knobs_of(type(part))
        }
        for name, part in parts_of(config).items()
    }
