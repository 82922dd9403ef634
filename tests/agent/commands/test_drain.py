"""isthmus drain: writes the object, and waits until nobody sends here any more."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.commands.drain import drain, undrain
from agent.objects import DRAIN, Document, at, key_of
from agent.sources.cluster_facts import DrainRead, read_drain
from tests.agent.commands.stage import Stage, api, lines, stage

__all__ = ["stage"]

ROOT = Path(__file__).resolve().parents[3]
NOTHING: Document = {"items": []}


def begun(stage: Stage, *options: str) -> str:
    """Begin a drain without waiting; return the name by which it is acknowledged."""
    result = stage.run(drain, "--config", "CONFIG", "--timeout", "0", *options)
    assert result.exit_code == 0, result.output
    (found,) = stage.objects(DRAIN)
    read = read_drain(key_of(DRAIN, found), found)
    assert isinstance(read, DrainRead)
    return read.record.drain


def seen(name: str, waiting: list[str], acknowledged: list[str], lost: list[str]) -> Document:
    item = {
        "drain": name,
        "weight": 0 if not waiting else 500,
        "weightOf": 1000,
        "waitingFor": waiting,
        "acknowledgedBy": acknowledged,
        "outOfReach": lost,
        "done": not waiting,
    }
    return {"items": [{"drain": "another", "done": False}, item]}


def test_a_drain_is_an_object_that_the_sources_read(stage: Stage) -> None:
    begun(stage, "--ramp", "2m", "--reason", "upgrade")
    (found,) = stage.objects(DRAIN)
    assert at(found, "spec") == {"rampSeconds": 120, "reason": "upgrade"}
    assert stage.run(undrain, "--config", "CONFIG").exit_code == 0
    assert stage.objects(DRAIN) == []


def test_one_service_is_drained_beside_the_cluster(stage: Stage) -> None:
    stage.run(drain, "-c", "CONFIG", "--timeout", "0")
    stage.run(drain, "-c", "CONFIG", "--timeout", "0", "--service", "shop/web")
    names = [at(each, "metadata", "name") for each in stage.objects(DRAIN)]
    assert sorted(map(str, names)) == ["cluster", "shop.web.service"]
    result = stage.run(undrain, "-c", "CONFIG", "--service", "shop/web")
    assert result.stderr == "done: send requests to shop/web again\n"
    assert len(stage.objects(DRAIN)) == 1
    result = stage.run(undrain, "-c", "CONFIG", "--service", "shop/web")
    assert (result.exit_code, "is not being drained" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--ramp", "30"), "must be a duration such as 15s, 500ms or 1h30m, is '30'"),
        (("--ramp", "1500ms"), "must be whole seconds, 86400 at most"),
        (("--ramp", "2d"), "must be whole seconds, 86400 at most"),
        (("--service", "web"), "'web' is not NAMESPACE/NAME"),
    ],
)
def test_what_is_wrong_with_the_command_line_is_told(
    stage: Stage, options: tuple[str, ...], words: str
) -> None:
    result = stage.run(drain, "--config", "CONFIG", *options)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert stage.objects(DRAIN) == []


def test_a_reason_that_is_too_long_changes_nothing(stage: Stage) -> None:
    result = stage.run(drain, "--config", "CONFIG", "--reason", "x" * 2_000)
    assert result.exit_code == 1
    assert "nothing was changed: Drain cluster: spec.reason" in result.stderr
    assert stage.objects(DRAIN) == []


def test_dry_runs_change_nothing(stage: Stage) -> None:
    result = stage.run(drain, "--config", "CONFIG", "--dry-run")
    assert result.stderr == (
        "dry run, nothing was changed; would: drain the cluster east over 30s\n"
    )
    assert stage.objects(DRAIN) == []
    begun(stage)
    assert stage.run(undrain, "--config", "CONFIG", "--dry-run").exit_code == 0
    assert len(stage.objects(DRAIN)) == 1


def test_it_returns_when_every_reachable_cluster_has_acknowledged(stage: Stage) -> None:
    name = begun(stage)
    answers = [
        NOTHING,
        seen(name, ["north", "west"], [], ["south"]),
        seen(name, ["west"], ["north"], ["south"]),
        seen(name, [], ["north", "west"], ["south"]),
    ]
    with api({"/v1/drains": answers}) as http:
        stage.settle(f"http: {http}\n")
        result = stage.run(drain, "--config", "CONFIG", "-o", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["acknowledgedBy"] == ["north", "west"]
    assert lines(result.stderr) == [
        "done: drain the cluster east over 30s",
        "waits for the publisher to sign it",
        "weight 500/1000; waits for north, west",
        "weight 500/1000; waits for west",
        "out of reach, and not waited for: south",
    ]


def test_when_the_time_is_over_who_has_not_acknowledged_is_listed(stage: Stage) -> None:
    name = begun(stage)
    with api({"/v1/drains": [seen(name, ["west"], ["north"], [])]}) as http:
        stage.settle(f"http: {http}\n")
        result = stage.run(drain, "--config", "CONFIG", "--timeout", "10ms")
    assert result.exit_code == 4
    assert "the drain goes on (isthmus undrain ends it). Not acknowledged by: west" in result.stderr
    table = lines(result.stdout)
    assert [line.split() for line in table[1:]] == [
        ["north", "acknowledged"],
        ["west", "not", "yet"],
    ]


def test_what_nobody_else_serves_is_named_as_the_reason(stage: Stage) -> None:
    name = begun(stage)
    document = seen(name, ["west"], [], [])
    items = document["items"]
    assert isinstance(items, list)
    items[1]["neededBy"] = ["shop/api", "shop/web"]
    with api({"/v1/drains": [document]}) as http:
        stage.settle(f"http: {http}\n")
        result = stage.run(drain, "--config", "CONFIG", "--timeout", "10ms")
    assert result.exit_code == 4
    assert "waits for west; nobody else serves shop/api, shop/web" in result.stderr
    assert "Not acknowledged by: west; nobody else serves shop/api, shop/web" in result.stderr


def test_a_publisher_that_never_signs_it_is_waited_for_in_vain(stage: Stage) -> None:
    with api({"/v1/drains": [NOTHING]}) as http:
        stage.settle(f"http: {http}\n")
        result = stage.run(drain, "--config", "CONFIG", "--timeout", "10ms")
    assert result.exit_code == 4
    assert "Not acknowledged by: the publisher of this cluster" in result.stderr


def test_without_an_agent_the_drain_is_on_all_the_same(stage: Stage) -> None:
    stage.settle("http: 127.0.0.1:1\n")
    result = stage.run(drain, "--config", "CONFIG")
    assert result.exit_code == 3
    assert "the drain is on, and goes on; but nobody tells how far it is" in result.stderr
    assert len(stage.objects(DRAIN)) == 1


DRIVEN = """
import sys
from pathlib import Path
from agent.commands.changing import StoreOpener
from agent.commands.drain import drain
from tests.agent.commands.stage import Stage
stage = Stage(Path(sys.argv[1]))
drain.main(["--config", str(stage.config)], obj=StoreOpener(stage.opened))
"""


def test_whoever_interrupts_it_is_told_that_the_drain_goes_on(stage: Stage) -> None:
    with api({"/v1/drains": [NOTHING]}) as http:
        stage.settle(f"http: {http}\n")
        command = [sys.executable, "-c", DRIVEN, str(stage.folder)]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        assert "done: drain" in process.stderr.readline()
        assert "waits for the publisher" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "no longer watched; the drain goes on. isthmus undrain ends it" in said
