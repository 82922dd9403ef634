"""Each fault is logged as it comes and as it goes, and shown with the time of its coming."""

import io
import json
from pathlib import Path

import trio
import trio.testing

from agent.local.facts import Fault
from agent.objects import SERVICE, ObjectKey
from agent.process.faults import EVERY_S, LOGGED_MAX, FaultBook, of_clock, of_object, of_store
from agent.process.log import Log
from agent.sources.problems import Fault as Problem
from agent.sources.problems import SourceProblem
from agent.stores.faults import Fault as StoreFault
from agent.stores.faults import FaultReason
from tests.discovery.newsroom import manifest

BAD = Fault("web.yaml:3", "is no YAML", "mend it")


class Scene:
    def __init__(self) -> None:
        self.out = io.StringIO()
        self.faults: list[Fault] = []
        self.now = 7
        log = Log(self.out, level="info", as_json=True, context={})
        self.book = FaultBook(lambda: self.faults, log, lambda: self.now)

    def lines(self) -> list[dict[str, object]]:
        found = [json.loads(line) for line in self.out.getvalue().splitlines()]
        self.out.truncate(0)
        self.out.seek(0)
        for each in found:
            del each["timestamp"]
        return found


def test_a_fault_is_logged_once_when_it_comes_and_once_when_it_is_gone() -> None:
    scene = Scene()
    scene.faults = [BAD]
    scene.book.look()
    scene.now = 8
    scene.book.look()
    words = {"where": BAD.where, "what": BAD.what}
    found = {**words, "remedy": BAD.remedy, "event": "fault_found", "level": "warning"}
    assert scene.lines() == [found]
    assert scene.book.dated([BAD])[0].since == 7, "since it came"
    scene.faults = []
    scene.book.look()
    assert scene.lines() == [{**words, "event": "fault_mended", "level": "info"}]
    assert scene.book.dated([BAD])[0].since is None


def test_who_writes_a_thousand_bad_objects_does_not_flood_the_log() -> None:
    scene = Scene()
    scene.faults = [Fault(f"{number}.yaml", "bad") for number in range(LOGGED_MAX + 3)]
    scene.book.look()
    *told, last = scene.lines()
    assert len(told) == LOGGED_MAX
    assert last == {"event": "faults_not_logged", "found": 3, "mended": 0, "level": "warning"}
    scene.book.look()
    assert scene.lines() == [], "they are known all the same"


async def test_it_looks_again_and_again(autojump_clock: trio.abc.Clock) -> None:
    scene = Scene()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scene.book.run)
        await trio.testing.wait_all_tasks_blocked()
        scene.faults = [BAD]
        await trio.sleep(1.5 * EVERY_S)
        nursery.cancel_scope.cancel()
    assert [each["event"] for each in scene.lines()] == ["fault_found"]


def test_who_signs_what_is_to_come_by_our_clock_is_told() -> None:
    signed = manifest(1).body.signed_at_ms
    assert list(of_clock([manifest(1)], signed - 60_000, 60_000)) == [], "within the tolerance"
    [found] = of_clock([manifest(1)], signed - 60_001, 60_000)
    assert found.where == "the clock of this machine"
    assert found.what == (
        f"the cluster {manifest(1).origin} signs more than 60 s ahead of it: "
        "one of the two clocks is wrong"
    )
    assert found.remedy == "set the one that is wrong, by NTP; nothing is lost meanwhile"


def test_a_fault_of_the_store_names_directory_file_line_and_field() -> None:
    found = StoreFault("a/web.yaml", 3, "spec.ports", FaultReason.INVALID, "is no list", "mend it")
    assert of_store(Path("/east"), found) == Fault(
        "/east/a/web.yaml:3: spec.ports", "is no list", "mend it", reason="invalid"
    )
    whole = StoreFault("", 0, "", FaultReason.NO_ROOM, "no space", "make room")
    assert of_store(Path("/east"), whole).where == "/east"


def test_a_fault_of_an_object_names_the_object_and_the_field() -> None:
    key = ObjectKey(SERVICE, "shop", "web")
    found = SourceProblem(key, "spec.ports", Problem.NO_PORTS, "no port", "give it one")
    assert of_object(found) == Fault(
        "Service shop/web: spec.ports", "no port", "give it one", reason="NoPorts"
    )
