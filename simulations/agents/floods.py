"""Garbage at an agent's port: its probes go on, nobody is found dead, its memory does not grow.

The garbage comes from a process of its own. The agent that gets it belongs to a cluster that
exports, and while it comes an endpoint of that cluster changes as well. The flood of `sealed` has
the head of a datagram that a relay overheard, so its tag is one that the agent gave to somebody.
"""

import sys
from dataclasses import dataclass
from typing import ClassVar

import trio

from agent.demo.plan import NodePlan
from agent.demo.scene import Scene, until
from agent.objects import at, list_at
from failure_detect.clock import SECOND
from simulations import options
from simulations.agents.flooder import KINDS, RATE_MAX, SECONDS_MAX
from simulations.agents.proc import cpu_us, resident_bytes
from simulations.agents.staging import StagedExperiment, StageError, watched
from simulations.experiment import Plan
from simulations.samples import Sample
from simulations.trials import Scene as Asked

ORIGIN = "east"
WARM_S = 3.0
"""How long the flood goes on before memory is looked at: buffers are full then."""

OVERHEARD_S = 10.0
WITHIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Floods(StagedExperiment):
    """One agent is flooded."""

    plan: ClassVar[Plan] = Plan(
        name="floods",
        title="garbage at an agent's port: probes, verdicts and memory",
        columns=(
            "false_deaths",
            "grown_mb",
            "round_trip_ms",
            "applied_s",
            "missed",
            "sent_per_s",
            "busy_percent",
        ),
        configurations=("ours",),
        seeds=1,
    )

    kind: str = options.choice("random", KINDS, "what the garbage looks like")
    rate: int = options.count(10_000, "how many datagrams a second", most=RATE_MAX)
    duration: int = options.duration(30 * SECOND, "how long it comes", least=6 * SECOND)

    def fault(self) -> str | None:
        """Say why such a flood is not made."""
        if self.duration > SECONDS_MAX * SECOND:
            return f"--duration: {SECONDS_MAX:.0f} s at most"
        return None

    async def measure(self, scene: Scene, asked: Asked, sample: Sample) -> None:  # noqa: ARG002  # Nothing is drawn.
        """Flood the first agent of east."""
        victim = scene.cluster(ORIGIN).nodes[0]
        pattern = await _overheard(scene, victim)
        before = _deaths(scene)
        command = [sys.executable, "-m", "simulations.agents.flooder", str(victim.agent)]
        command += [self.kind, str(self.duration / SECOND), str(self.rate), pattern.hex()]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._look_at, scene, victim, sample)
            nursery.start_soon(_change, scene, sample)
            done = await trio.run_process(command, capture_stdout=True)
        sample.measure("sent_per_s", int(done.stdout) * SECOND / self.duration)
        # Whoever was accused in the last moment would be found dead after it.
        await trio.sleep(WARM_S)
        sample.count("false_deaths", _deaths(scene) - before)

    async def _look_at(self, scene: Scene, victim: NodePlan, sample: Sample) -> None:
        """Look at the agent while it is flooded: how much it grows, how soon others answer it."""
        pid = scene.fleet.agents[victim.name].pid
        await trio.sleep(WARM_S)
        first, busy, began = resident_bytes(pid), cpu_us(pid), trio.current_time()
        most = first
        while trio.current_time() < began + self.duration / SECOND - 2 * WARM_S:
            await trio.sleep(1)
            most = max(most, resident_bytes(pid))
            for trip in await _round_trips(scene, victim):
                sample.measure("round_trip_ms", trip)
        took = trio.current_time() - began
        sample.measure("grown_mb", (most - first) / (1 << 20))
        sample.measure("busy_percent", 100 * (cpu_us(pid) - busy) / SECOND / took)


async def _change(scene: Scene, sample: Sample) -> None:
    """Take an endpoint away while the flood comes, and bring it back."""
    pods = scene.pods(ORIGIN)
    async with watched(scene) as watches:
        others = [each for each in watches if each.cluster.name != ORIGIN]
        for there in (False, True):
            await trio.sleep(WARM_S)
            began = trio.current_time()
            scene.publish(ORIGIN, pods if there else pods[1:])
            for watch in others:
                found = await watch.seen(str(pods[0][1]), began, WITHIN_S, there=there)
                sample.count("missed", found is None)
                if found is not None:
                    sample.add("applied", round((found - began) * SECOND))


async def _overheard(scene: Scene, victim: NodePlan) -> bytes:
    """Return a datagram that an agent of another cluster sent to this one."""
    relay = scene.relays[victim.name]

    async def has_heard() -> bool:
        return bool(relay.last)

    if await until(has_heard, OVERHEARD_S) is None:
        raise StageError(f"nobody sends anything to {victim.name}: is it a bridge?")
    return relay.last


async def _round_trips(scene: Scene, node: NodePlan) -> list[float]:
    """Return what an agent believes of the way to each other member and back, ms."""
    document = await scene.fleet.ask(node, "/v1/members")
    found = [at(each, "roundTripMillis") for each in list_at(document, "items")]
    return [each for each in found if isinstance(each, int | float)]


def _deaths(scene: Scene) -> int:
    """Return how many members all agents have found dead so far."""
    return sum(node.log.read_text().count('"member_died"') for node in scene.plan.nodes)
