"""Steps wait for what they expect, and watch what must not change."""

from pathlib import Path

import httpx2
import trio
import trio.testing

from agent.demo.fleet import Fleet
from agent.demo.layout import write
from agent.demo.links import Links
from agent.demo.plan import plan
from agent.demo.scene import Scene, as_expected, for_all, not_as, until
from agent.objects import list_at, text_at
from agent.yaml_text import read_documents


class Later:
    """Something that begins to hold, or stops, at a time."""

    def __init__(self, at: float, *, first: bool) -> None:
        self.at, self.first = at, first

    async def holds(self) -> bool:
        await trio.lowlevel.checkpoint()
        return self.first == (trio.current_time() < self.at)


async def test_waiting_says_after_how_long_it_held(
    autojump_clock: trio.testing.MockClock,
) -> None:
    later = Later(trio.current_time() + 3, first=False)
    took = await until(later.holds, within_s=10)
    assert took is not None
    assert 3 <= took < 3.1
    assert await until(Later(1e9, first=False).holds, within_s=2) is None


async def test_watching_says_after_how_long_it_broke(
    autojump_clock: trio.testing.MockClock,
) -> None:
    later = Later(trio.current_time() + 3, first=True)
    broke = await for_all(later.holds, lasting_s=10)
    assert broke is not None
    assert 3 <= broke < 3.1
    assert await for_all(Later(1e9, first=True).holds, lasting_s=2) is None


def a_scene(folder: Path) -> Scene:
    planned = plan(folder)
    return Scene(planned, Fleet(planned, httpx2.AsyncClient()), Links())


def test_a_scene_publishes_pods_and_reads_what_osm_gets(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    pods = scene.pods("east")
    scene.publish("east", pods[:2])
    file = scene.cluster("east").objects / "endpoints.yaml"
    (document, _), (endpoints, _) = read_documents(file.read_text(), str(file))
    assert text_at(endpoints, "kind") == "Endpoints"
    addresses = [list_at(each, "addresses")[0] for each in list_at(document, "endpoints")]
    assert addresses == [pod.host for _, pod in pods[:2]]
    assert scene.listed("south", "east") == {}
    entries = [{"name": "x", "address": str(pods[0][1]), "weight": 1, "priority": 2}]
    folder = "managed/MultiClusterService.config.openservicemesh.io"
    written = scene.cluster("south").objects / folder / "shop.isthmus-web.yaml"
    write(written, {"kind": "MultiClusterService", "spec": {"clusters": entries}})
    assert scene.listed("south", "east") == {str(pods[0][1]): 2}
    assert scene.listed("south", "west") == {}
    written.write_text("half: [of a file")
    assert scene.listed("south", "east") == {}
    assert text_at(document, "kind") == "EndpointSlice"


def test_a_node_is_found_by_its_name(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    assert scene.node("west-2").host == scene.cluster("west").nodes[1].host


def test_an_outcome_is_good_or_it_is_not() -> None:
    assert as_expected("fine", 1.0).is_good
    assert not not_as("wrong").is_good
