"""isthmus doctor: everything at once, as a table or for programs, with an exit code."""

import json

from click.testing import CliRunner

from agent.commands.doctor import doctor
from tests.agent.commands.stage import Stage, lines, stage
from tests.agent.commands.test_checks import free_port

__all__ = ["stage"]


def settle(stage: Stage) -> None:
    (stage.folder / "store").mkdir(exist_ok=True)
    stage.settle(f"node: node-1\nlisten: 127.0.0.1:{free_port()}\nhttp: 127.0.0.1:1\n")


def test_a_new_agent_has_warnings_and_no_failure(stage: Stage) -> None:
    settle(stage)
    result = stage.run(doctor, "--config", "CONFIG", "-o", "json")
    assert result.exit_code == 0, result.output
    items = json.loads(result.stdout)["items"]
    found = {each["check"]: each["result"] for each in items}
    assert found == {
        "settings": "ok",
        "keys": "ok",
        "state": "ok",
        "store": "ok",
        "trust": "warn",
        "port": "ok",
        "seeds": "warn",
        "agent": "warn",
    }
    assert all(each["remedy"] for each in items if each["result"] != "ok")
    table = lines(stage.run(doctor, "--config", "CONFIG").stdout)
    assert table[-1] == "9 checks, 0 failed, 3 with a warning"


def test_one_failure_fails_it_and_hides_none_of_the_others(stage: Stage) -> None:
    settle(stage)
    (stage.folder / "cluster.key").chmod(0o666)
    (stage.folder / "store").rmdir()
    (stage.folder / "store").write_text("")
    result = CliRunner().invoke(doctor, ["--config", str(stage.config), "-o", "json"])
    assert result.exit_code == 1
    found = {each["check"]: each for each in json.loads(result.stdout)["items"]}
    assert [name for name, each in found.items() if each["result"] == "fail"] == ["keys", "store"]
    assert found["store"]["what"].startswith("is no directory; make it")


def test_trust_objects_that_are_none_are_told(stage: Stage) -> None:
    settle(stage)
    bad = {
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": "TrustedCluster",
        "metadata": {"name": "west"},
        "spec": {"keys": []},
    }
    stage.shelf.apply(bad, manager="kubectl")
    result = stage.run(doctor, "--config", "CONFIG", "-o", "json")
    assert result.exit_code == 1
    (found,) = [e for e in json.loads(result.stdout)["items"] if e["result"] == "fail"]
    assert (found["where"], found["what"]) == (
        "TrustedCluster/west",
        "spec.keys: must be a list of 1 to 8",
    )


def test_keys_that_end_soon_are_a_warning(stage: Stage) -> None:
    settle(stage)
    key = {"generation": 1, "key": "ab" * 32, "notAfter": "2020-01-01T00:00:00Z"}
    ended = {
        "apiVersion": "isthmus.dev/v1alpha1",
        "kind": "TrustedCluster",
        "metadata": {"name": "west"},
        "spec": {"keys": [key]},
    }
    stage.shelf.apply(ended, manager="kubectl")
    items = json.loads(stage.run(doctor, "-c", "CONFIG", "-o", "json").stdout)["items"]
    assert any("its last key ends at 2020-01-01" in each["what"] for each in items)


def test_settings_with_faults_are_told_by_line(stage: Stage) -> None:
    stage.settle("bridges: x\n")
    result = stage.run(doctor, "--config", "CONFIG")
    assert result.exit_code == 1
    assert f"{stage.config}:7" in result.stdout
