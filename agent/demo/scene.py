"""One demonstration that runs: its fleet, its links, and how steps look at it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import trio

from agent.demo.fleet import Fleet, mesh_addresses
from agent.demo.layout import publish
from agent.demo.links import Links
from agent.demo.plan import ClusterPlan, NodePlan, Plan
from agent.demo.relays import Place, Relay

LOOK_S = 0.02
"""From one look at a file to the next."""

ASK_S = 0.2
"""From one question to an agent to the next."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was seen of a step."""

    seen: str
    took_s: float | None = None
    is_good: bool = True


def as_expected(seen: str, took_s: float | None = None) -> Outcome:
    """Return the outcome of a step that went as it was expected."""
    return Outcome(seen, took_s)


def not_as(seen: str, took_s: float | None = None) -> Outcome:
    """Return the outcome of a step that did not."""
    return Outcome(seen, took_s, is_good=False)


@dataclass(slots=True)
class Scene:
    """What steps act on and look at."""

    plan: Plan
    fleet: Fleet
    links: Links
    relays: dict[str, Relay] = field(default_factory=dict)
    """By the node of the agent that each stands in front of."""

    def cluster(self, name: str) -> ClusterPlan:
        """Return one cluster."""
        return self.plan.cluster(name)

    def node(self, name: str) -> NodePlan:
        """Return one node."""
        return next(each for each in self.plan.nodes if each.name == name)

    def pods(self, name: str) -> list[tuple[NodePlan, Place]]:
        """Return the pods of the service in a cluster."""
        return [(node, pod) for node in self.cluster(name).nodes for pod in node.pods()]

    def publish(self, name: str, pods: list[tuple[NodePlan, Place]]) -> None:
        """Let the EndpointSlice of a cluster list these pods, and no others."""
        publish(self.cluster(name), pods)

    def listed(self, viewer: str, of: str) -> dict[str, int]:
        """Return the addresses of one cluster that OSM gets in another, with priorities."""
        mine = {str(pod) for _, pod in self.pods(of)}
        found = mesh_addresses(self.cluster(viewer))
        return {address: priority for address, priority in found.items() if address in mine}


async def until(
    holds: Callable[[], Awaitable[bool]], within_s: float, pause_s: float = LOOK_S
) -> float | None:
    """Return after how many seconds something held; None where it did not in time."""
    began = trio.current_time()
    while True:
        if await holds():
            return trio.current_time() - began
        if trio.current_time() - began > within_s:
            return None
        await trio.sleep(pause_s)


async def for_all(
    holds: Callable[[], Awaitable[bool]], lasting_s: float, pause_s: float = LOOK_S
) -> float | None:
    """Return None where something held all the time, else after how many seconds it did not."""
    began = trio.current_time()
    while (passed := trio.current_time() - began) < lasting_s:
        if not await holds():
            return passed
        await trio.sleep(pause_s)
    return None
