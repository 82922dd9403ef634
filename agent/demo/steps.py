"""The steps of the demonstration: what is done, what is to be expected, and what was seen."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio

from agent.demo.fleet import mesh_text
from agent.demo.forgery import start_forger
from agent.demo.scene import ASK_S, Outcome, Scene, as_expected, for_all, not_as, until
from agent.objects import at, list_at, text_at

START_S = 60.0
CONTACT_S = 5.0
CHANGE_S = 2.0
SILENCE_S = 12.0
QUIET_S = 5.0
RETURN_S = 2.0
HEAL_S = 30.0

Act = Callable[[Scene], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Step:
    """One step."""

    title: str
    expected: str
    act: Act


# --- the beginning ------------------------------------------------------------------------------


async def meet(scene: Scene) -> Outcome:
    """Wait until every cluster finds every other one live."""

    async def all_live() -> bool:
        verdicts = [
            await scene.fleet.verdict(viewer.name, other)
            for viewer in scene.plan.clusters
            for other in scene.plan.others(viewer.name)
        ]
        return all(each == "live" for each in verdicts)

    took = await until(all_live, START_S, ASK_S)
    count = len(scene.plan.clusters)
    if took is None:
        return not_as("not all of them know each other; see the agents' logs")
    return as_expected(f"{count} clusters, {len(scene.fleet.agents)} agents, all live", took)


async def see_view(scene: Scene) -> Outcome:
    """Look at the merged service, and at what OSM gets in a cluster that has none of it."""

    async def complete() -> bool:
        return all(len(scene.listed("south", of)) == len(scene.pods(of)) for of in ("east", "west"))

    took = await until(complete, CHANGE_S * 5)
    found = await scene.fleet.ask_cluster("south", "/v1/services/shop/web")
    clusters = [
        f"{text_at(each, 'cluster')} {at(each, 'ready')}/{at(each, 'total')}"
        for each in list_at(found, "clusters")
    ]
    seen = f"south sees shop/web from {', '.join(clusters) or 'nobody'}"
    return Outcome(f"{seen}\n{mesh_text(scene.cluster('south'))}", took, is_good=took is not None)


# --- changes ------------------------------------------------------------------------------------


async def change_endpoint(scene: Scene) -> Outcome:
    """Take one endpoint away and measure, at each other cluster; then bring it back."""
    pods = scene.pods("east")
    gone = str(pods[0][1])
    # A new publisher withdraws nothing before it was in touch with others for 5 s.
    await trio.sleep(CONTACT_S)
    scene.publish("east", pods[1:])
    found: dict[str, float | None] = {}

    async def measure(viewer: str) -> None:
        async def withdrawn() -> bool:
            return gone not in scene.listed(viewer, "east")

        found[viewer] = await until(withdrawn, CHANGE_S * 2)

    async with trio.open_nursery() as nursery:
        for viewer in ("west", "south"):
            nursery.start_soon(measure, viewer)
    scene.publish("east", pods)

    async def back() -> bool:
        return all(gone in scene.listed(viewer, "east") for viewer in ("west", "south"))

    returned = await until(back, CHANGE_S * 4)
    times = [each for each in found.values() if each is not None]
    words = ", ".join(
        f"{viewer} after {took * 1000:.0f} ms" if took is not None else f"{viewer} never"
        for viewer, took in sorted(found.items())
    )
    is_good = len(times) == len(found) and max(times) < CHANGE_S and returned is not None
    slowest = max(times, default=None)
    return Outcome(f"{gone} withdrawn: {words}; and it came back", slowest, is_good=is_good)


# --- what dies ------------------------------------------------------------------------------------


async def kill_agent(scene: Scene) -> Outcome:
    """Kill an agent alone: its node lives, so nothing may be withdrawn."""
    node = scene.node("east-2")
    before = scene.listed("south", "east")
    await scene.fleet.kill_agent(node)

    async def unchanged() -> bool:
        return scene.listed("south", "east").keys() >= before.keys()

    broken = await for_all(unchanged, QUIET_S)
    members = await scene.fleet.ask_cluster("east", "/v1/members", {"pool": "lan"})
    status = next(
        (
            text_at(e, "status")
            for e in list_at(members, "items")
            if text_at(e, "node") == node.name
        ),
        "unknown",
    )
    await scene.fleet.start_agent(node)
    again = await for_all(unchanged, RETURN_S)
    if broken is not None or again is not None:
        return not_as(f"{node.name}: endpoints were withdrawn")
    return as_expected(f"{node.name} was found {status} by its own cluster; nothing was withdrawn")


async def kill_node(scene: Scene) -> Outcome:
    """Kill a node: what was on it must go everywhere, and come back with it."""
    node = scene.node("east-2")
    lost = {str(pod) for pod in node.pods()}
    await scene.fleet.kill_node(node)

    async def withdrawn() -> bool:
        return all(lost.isdisjoint(scene.listed(viewer, "east")) for viewer in ("west", "south"))

    took = await until(withdrawn, SILENCE_S)
    await scene.fleet.start_node(node)
    await scene.fleet.start_agent(node)

    async def back() -> bool:
        return all(lost <= scene.listed(viewer, "east").keys() for viewer in ("west", "south"))

    returned = await until(back, HEAL_S)
    if took is None:
        return not_as(f"{', '.join(sorted(lost))} are listed still")
    seen = f"{len(lost)} endpoints withdrawn in west and south"
    if returned is None:
        return not_as(f"{seen}, and they did not come back", took)
    return as_expected(f"{seen}; back {returned:.1f} s after the node", took)


async def kill_cluster(scene: Scene) -> Outcome:
    """Kill a whole cluster: the others send nothing there, and forget nothing."""
    west = scene.cluster("west")
    await scene.fleet.kill_cluster(west)
    took = await until(lambda: _is_last("south", "west", scene), SILENCE_S, ASK_S)
    verdict = await scene.fleet.verdict("south", "west")
    why = text_at(await scene.fleet.cluster("south", "west"), "why")
    for node in west.nodes:
        await scene.fleet.start_node(node)
        await scene.fleet.start_agent(node)
    returned = await until(lambda: _is_live("south", "west", scene), START_S, ASK_S)
    if took is None:
        return not_as(f"west is {verdict} in south's sight: {why}")
    if returned is None:
        return not_as("west did not come back", took)
    return as_expected(
        f"west became {verdict} ({why}); live {returned:.1f} s after its start", took
    )


# --- the links --------------------------------------------------------------------------------


async def cut_one_way(scene: Scene) -> Outcome:
    """Cut the way from west to east alone: south still hears both, and passes on."""
    before = scene.listed("east", "west")
    scene.links.cut("west", "east")

    async def unchanged() -> bool:
        return scene.listed("east", "west").keys() >= before.keys()

    broken = await for_all(unchanged, QUIET_S)
    verdict = await scene.fleet.verdict("east", "west")
    pods = scene.pods("west")
    scene.publish("west", pods[1:])

    async def relayed() -> bool:
        return str(pods[0][1]) not in scene.listed("east", "west")

    took = await until(relayed, HEAL_S)
    scene.publish("west", pods)
    scene.links.heal()
    returned = await until(lambda: _is_live("east", "west", scene), HEAL_S, ASK_S)
    if broken is not None:
        return not_as(f"endpoints of west were withdrawn in east after {broken:.1f} s")
    if took is None or returned is None:
        return not_as(f"a change of west did not reach east by way of south ({verdict})")
    seen = f"west is {verdict} in east's sight, nothing withdrawn"
    return as_expected(f"{seen}; a change of west came by way of south", took)


async def cut_off(scene: Scene) -> Outcome:
    """Cut west off from everybody, and heal."""
    scene.links.cut_off("west", scene.plan.others("west"))
    took = await until(lambda: _is_last("south", "west", scene), SILENCE_S, ASK_S)
    own = await scene.fleet.ask_cluster("west", "/v1/services/shop/web")
    serves = sum(1 for each in list_at(own, "clusters") if text_at(each, "cluster") == "west")
    verdict = await scene.fleet.verdict("south", "west")
    kept = len(scene.listed("south", "west"))
    scene.links.heal()
    healed = await until(lambda: _is_live("south", "west", scene), HEAL_S, ASK_S)
    if took is None or not serves:
        return not_as(f"west is {verdict} in south's sight")
    if healed is None:
        return not_as("west did not come back after the links were healed", took)
    seen = f"west became {verdict}, {kept} of its endpoints kept in the last tier"
    return as_expected(f"{seen}; live again {healed:.1f} s after the links were healed", took)


# --- what people do -----------------------------------------------------------------------------


async def drain(scene: Scene) -> Outcome:
    """Drain east with the command that people use; it returns once all have acknowledged."""
    began = trio.current_time()
    config = str(scene.node("east-1").config)
    code, said = await scene.fleet.isthmus(
        "drain", "--config", config, "--ramp", "2s", "--timeout", "60s", "--output", "json"
    )
    took = trio.current_time() - began
    used = await _weight("south", "east", scene)
    undone, words = await scene.fleet.isthmus("undrain", "--config", config)
    returned = await until(lambda: _has_weight("south", "east", scene), HEAL_S, ASK_S)
    if code or undone:
        return not_as(f"drain ended with {code}, undrain with {undone}: {said}{words}", took)
    if used or returned is None:
        return not_as(f"east had the weight {used} of 1000 in south after the drain", took)
    return as_expected(
        "west and south acknowledged; east had no weight left, and has it again", took
    )


async def forge(scene: Scene) -> Outcome:
    """Let somebody who has west's key announce a set in east's name."""
    before = scene.listed("south", "east")
    node = await start_forger(scene)
    took = await until(lambda: _is_refused("south", "east", scene), HEAL_S, ASK_S)
    words = await _refusal("south", "east", scene)
    await scene.fleet.kill_agent(node)
    after = scene.listed("south", "east")
    if took is None:
        return not_as("south counts no refusal of a set in east's name")
    if after.keys() != before.keys():
        return not_as("the endpoints of east changed in south")
    return as_expected(f"south refused it ({words}) and serves east as before", took)


# --- looks ----------------------------------------------------------------------------------------


async def _is_live(viewer: str, name: str, scene: Scene) -> bool:
    return await scene.fleet.verdict(viewer, name) == "live"


async def _is_last(viewer: str, name: str, scene: Scene) -> bool:
    verdict = await scene.fleet.verdict(viewer, name)
    return verdict in ("unreachable", "degraded") and not await _weight(viewer, name, scene)


async def _has_weight(viewer: str, name: str, scene: Scene) -> bool:
    return await _weight(viewer, name, scene) > 0


async def _weight(viewer: str, name: str, scene: Scene) -> int:
    """Return what of 1000 requests in one cluster goes to another."""
    found = await scene.fleet.ask_cluster(viewer, "/v1/services/shop/web")
    weights = [
        at(each, "weight")
        for each in list_at(found, "clusters")
        if text_at(each, "cluster") == name
    ]
    return sum(each for each in weights if isinstance(each, int))


async def _is_refused(viewer: str, name: str, scene: Scene) -> bool:
    return bool(await _refusal(viewer, name, scene))


async def _refusal(viewer: str, name: str, scene: Scene) -> str:
    for node in scene.cluster(viewer).nodes:
        status = await scene.fleet.ask(node, "/v1/status")
        for each in list_at(status, "refused"):
            if text_at(each, "cluster") == name and text_at(each, "reason") in ("key", "signature"):
                return f"{text_at(each, 'reason')}: {text_at(each, 'latest')}"
    return ""


STEPS = (
    Step(
        "three clusters meet",
        "every cluster finds the two others live",
        meet,
    ),
    Step(
        "one service from two clusters",
        "south, which has none of it, lists all endpoints of east and west for OSM",
        see_view,
    ),
    Step(
        "an endpoint of east changes",
        f"west and south write it within {CHANGE_S:.0f} s",
        change_endpoint,
    ),
    Step(
        "an agent is killed, its node lives",
        "nothing is withdrawn",
        kill_agent,
    ),
    Step(
        "a node is killed",
        f"its endpoints are withdrawn in west and south within {SILENCE_S:.0f} s, and come back",
        kill_node,
    ),
    Step(
        "a cluster is killed",
        f"it is in the last tier within {SILENCE_S:.0f} s, and live after it starts again",
        kill_cluster,
    ),
    Step(
        "the way from west to east is cut, not the way back",
        "nothing is withdrawn, and what west says comes by way of south",
        cut_one_way,
    ),
    Step(
        "west is cut off from everybody",
        f"in the last tier within {SILENCE_S:.0f} s, served in west itself, live once healed",
        cut_off,
    ),
    Step(
        "east is drained",
        "the command returns when west and south have acknowledged; nothing is sent there",
        drain,
    ),
    Step(
        "somebody with west's key speaks in east's name",
        "it is refused, and counted with its reason; east's endpoints stay",
        forge,
    ),
)
