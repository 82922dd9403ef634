"""Agents are killed at random instants while everything changes, and start again.

Several clusters of one agent each export a service whose endpoints change all the time, and import
that of the others; each agent publishes, adopts and writes without a pause. One more, which is
never killed, sees all of it. After each kill the files are looked at as they lie there, before the
next start: whether a file of the state is damaged, whether an object in the store is torn, and
whether the cluster's own set that is kept is as new as the newest that anybody was shown. In the
end all live on, and each must come to publish above everything that was seen of it.
"""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import ClassVar

import httpx2
import trio

from agent.demo.fleet import Fleet
from agent.demo.layout import lay_out, settings_of, write
from agent.demo.objects import endpoint_slice
from agent.demo.plan import Plan as Places
from agent.demo.plan import plan as planned_at
from agent.demo.scene import until
from agent.objects import integer_at, list_at, text_at
from agent.process import entropy
from failure_detect.clock import MILLISECOND, SECOND
from simulations import options
from simulations.agents.hatchery import KILLED
from simulations.agents.staging import removed
from simulations.agents.victims import Order, Victim, hatchery, look_at
from simulations.experiment import Experiment, Plan
from simulations.randomness import generator
from simulations.samples import Sample
from simulations.trials import Scene as Asked

WITNESS = "witness"
PODS = 4
LOOK_S = 0.2
END_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kills(Experiment):
    """Agents are killed at random instants in the middle of writes."""

    plan: ClassVar[Plan] = Plan(
        name="kills",
        title="agents are killed at random instants in the middle of writes, and start again",
        columns=(
            "killed",
            "torn_states",
            "torn_objects",
            "older",
            "not_started",
            "not_above",
            "published",
            "adopted",
            "above_s",
        ),
        configurations=("ours",),
        seeds=1,
    )

    kills: int = options.count(1_000, "how many times an agent is killed, in all")
    victims: int = options.count(4, "how many clusters have such agents", most=10)
    longest: int = options.duration(4 * SECOND, "how long an agent lives at most")
    spacing: int = options.duration(60 * MILLISECOND, "from one change of an endpoint to the next")
    network: int = options.count(80, "the first cluster is at 127.0.NETWORK.*", most=200)

    def run(self, scene: Asked) -> Sample:
        """Kill them all, by the real clock. Raises `StageError` where nothing can be measured."""
        return trio.run(self._run, scene)

    async def _run(self, asked: Asked) -> Sample:
        sample, left = Sample(), [None] * self.kills
        async with self._staged() as (fleet, victims), trio.open_nursery() as nursery:
            nursery.start_soon(_change, victims, self.spacing / SECOND)
            nursery.start_soon(_look_on, fleet, victims)
            async with trio.open_nursery() as deaths:
                for number, victim in enumerate(victims):
                    rng = generator(asked.seed, "kills", number)
                    deaths.start_soon(self._kill_again, victim, left, rng, sample)
            await _end(victims, sample)
            nursery.cancel_scope.cancel()
        return sample

    async def _kill_again(
        self, victim: Victim, left: list[None], rng: Random, sample: Sample
    ) -> None:
        while left:
            left.pop()
            await victim.start()
            await trio.sleep(self.longest / SECOND * rng.random())
            # What the witness was shown is older than the kill: it must lie on the disk.
            shown = victim.shown
            sample.count("not_started", await victim.say("kill") != KILLED)
            sample.count("killed")
            await trio.to_thread.run_sync(look_at, victim, shown, sample)

    @asynccontextmanager
    async def _staged(self) -> AsyncIterator[tuple[Fleet, list[Victim]]]:
        """Lay everything out, start the witness and the hatcheries, and stop all in the end."""
        folder = Path(tempfile.mkdtemp(prefix="isthmus-kills-"))
        names = (WITNESS, *(f"victim-{number}" for number in range(1, self.victims + 1)))
        planned = planned_at(folder, names, nodes=1, network=self.network)
        _lay_out(planned)
        async with httpx2.AsyncClient() as client:
            fleet, victims = Fleet(planned, client), list[Victim]()
            try:
                await fleet.start_agent(planned.clusters[0].nodes[0])
                for cluster in planned.clusters[1:]:
                    victims.append(await hatchery(cluster))
                yield fleet, victims
            finally:
                with trio.CancelScope(shield=True):
                    for victim in victims:
                        await victim.stop()
                    await fleet.stop()
        await trio.to_thread.run_sync(removed, folder)


def _lay_out(planned: Places) -> None:
    """Write what all agents begin with; without relays, for nothing is cut."""
    lay_out(planned, entropy.secret, [each.name for each in planned.clusters[1:]])
    for node in planned.nodes:
        told = dict(settings_of(node, planned))
        told["advertise"] = {"lan": str(node.agent)}
        others = [str(each.agent) for each in planned.nodes if each != node]
        told["seeds"] = {"lan": [str(node.agent)], "wan": others}
        write(node.config, told)


# --- what goes on meanwhile -----------------------------------------------------------------


async def _change(victims: list[Victim], spacing_s: float) -> None:
    """Let one endpoint or another of each cluster go and come back, without end."""
    turn = 0
    while True:
        victim = victims[turn % len(victims)]
        pods = [(victim.node, pod) for pod in victim.node.pods(PODS)]
        gone = turn // len(victims) % PODS
        slice_ = endpoint_slice(victim.cluster, pods[:gone] + pods[gone + 1 :])
        write(victim.cluster.objects / "endpoints.yaml", slice_)
        turn += 1
        await trio.sleep(spacing_s)


async def _look_on(fleet: Fleet, victims: list[Victim]) -> None:
    """Note the highest that the witness is shown of each set."""
    node = fleet.plan.clusters[0].nodes[0]
    by_name = {each.cluster.name: each for each in victims}
    while True:
        document = await fleet.ask(node, "/v1/clusters")
        for each in list_at(document, "items"):
            victim = by_name.get(text_at(each, "name"))
            if victim is not None:
                victim.shown = max(victim.shown, _order(each))
        await trio.sleep(LOOK_S)


def _order(cluster: object) -> Order:
    names = ("generation", "epoch", "version")
    generation, epoch, version = (integer_at(cluster, "manifest", each) or 0 for each in names)
    return generation, epoch, version


async def _end(victims: list[Victim], sample: Sample) -> None:
    """Let all of them live, and see each publish above everything that was seen of it."""
    before = [max(each.shown, each.highest) for each in victims]
    for victim in victims:
        await victim.start()

    async def all_above() -> bool:
        return all(each.shown > order for each, order in zip(victims, before, strict=True))

    took = await until(all_above, END_S)
    if took is not None:
        sample.add("above", round(took * SECOND))
    late = [each for each, order in zip(victims, before, strict=True) if each.shown <= order]
    sample.count("not_above", len(late))
