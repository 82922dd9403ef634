"""The demonstration played: laid out, started, step by step, and stopped whatever happens."""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import trio

from agent.demo.fleet import Fleet
from agent.demo.layout import lay_out
from agent.demo.links import Links, LinksError, read_links
from agent.demo.plan import Plan
from agent.demo.relays import Place, Relay
from agent.demo.scene import Outcome, Scene
from agent.demo.steps import Step
from agent.process import entropy
from agent.yaml_text import YamlError, read_documents

LINKS_FILE = "links.yaml"
LINKS_TEXT = """\
# The links between the clusters while this demonstration runs; edit, and it holds at once.
#   - {from: west, to: east, cut: true}
#   - {from: east, to: west, delay: 80, loss: 5}     (ms one way, percent of datagrams)
links: []
"""
LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Done:
    """One step, and what was seen."""

    step: Step
    outcome: Outcome


class StageError(Exception):
    """The demonstration cannot be set up here; says what is in the way."""


@asynccontextmanager
async def staged(plan: Plan) -> AsyncIterator[Scene]:
    """Lay everything out, start it, and stop it in the end.

    Raises `StageError` where an address is taken.
    """
    lay_out(plan, entropy.secret)
    links, dice = Links(), entropy.dice()
    relays = {
        node.name: Relay(node.relay, node.agent, plan.by_host(), links, dice) for node in plan.nodes
    }
    async with httpx2.AsyncClient() as client, trio.open_nursery() as nursery:
        fleet = Fleet(plan, client)
        try:
            for node in plan.nodes:
                await _placed(nursery.start(relays[node.name].run), node.relay)
            for node in plan.nodes:
                await _placed(fleet.start_node(node), node.kubelet)
            for node in plan.nodes:
                await fleet.start_agent(node)
            yield Scene(plan, fleet, links, relays)
        finally:
            with trio.CancelScope(shield=True):
                await fleet.stop()
        nursery.cancel_scope.cancel()


async def _placed(starting: Awaitable[object], place: Place) -> None:
    try:
        await starting
    except (OSError, RuntimeError) as error:
        raise StageError(f"{place}: {error}") from error


@asynccontextmanager
async def until_told() -> AsyncIterator[None]:
    """Do what is inside until SIGINT or SIGTERM: then it is cancelled, and cleans up after itself.

    Raises KeyboardInterrupt afterwards.
    """
    is_told = False

    async def heed(*, task_status: trio.TaskStatus[None]) -> None:
        nonlocal is_told
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as received:
            task_status.started()
            async for _ in received:
                is_told = True
                nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        await nursery.start(heed)
        yield
        nursery.cancel_scope.cancel()
    if is_told:
        raise KeyboardInterrupt


async def play(
    scene: Scene,
    steps: Sequence[Step],
    begin: Callable[[Step], None],
    end: Callable[[Done], None],
) -> list[Done]:
    """Do the steps, one after the other, and tell of each; one that fails ends it."""
    done: list[Done] = []
    for step in steps:
        begin(step)
        done.append(Done(step, await step.act(scene)))
        end(done[-1])
        if not done[-1].outcome.is_good:
            break
    return done


async def keep(scene: Scene, folder: Path, say: Callable[[str], None]) -> None:
    """Go on until interrupted; the links obey a file that people edit."""
    file = folder / LINKS_FILE
    file.write_text(LINKS_TEXT)
    before = LINKS_TEXT
    clusters = frozenset(each.name for each in scene.plan.clusters)
    while True:
        await trio.sleep(LOOK_S)
        try:
            text = file.read_text()
            if text == before:
                continue
            before = text
            [(document, _)] = read_documents(text, str(file))
            scene.links.conditions = read_links(document, clusters)
        except (OSError, LinksError, YamlError, ValueError) as error:
            say(f"{file}: {error}; the links stay as they were")
            continue
        say(f"{file}: {len(scene.links.conditions)} links are not as they should be")
