"""isthmus freeze: the switch that stops the writing, and lets it go on."""

from agent.commands.freeze import freeze, unfreeze
from agent.objects import FREEZE, at
from tests.agent.commands.stage import Stage, stage

__all__ = ["stage"]


def test_a_freeze_is_an_object_with_its_reason_until_it_is_lifted(stage: Stage) -> None:
    result = stage.run(freeze, "--config", "CONFIG", "--reason", "upgrade")
    assert (result.exit_code, result.stderr) == (0, "done: freeze what the mesh of east has\n")
    (found,) = stage.objects(FREEZE)
    assert at(found, "spec", "reason") == "upgrade"
    assert stage.run(freeze, "--config", "CONFIG", "--reason", "longer").exit_code == 0
    assert len(stage.objects(FREEZE)) == 1
    assert stage.run(freeze, "--config", "CONFIG", "--lift").exit_code == 0
    assert stage.objects(FREEZE) == []
    assert "east is not frozen" in stage.run(unfreeze, "--config", "CONFIG").stderr


def test_a_freeze_of_another_name_is_lifted_too(stage: Stage) -> None:
    other = {"apiVersion": "isthmus.dev/v1alpha1", "kind": "Freeze", "metadata": {"name": "mine"}}
    stage.shelf.apply(other, manager="kubectl")
    assert "done: lift Freeze mine" in stage.run(unfreeze, "--config", "CONFIG").stderr
    assert stage.objects(FREEZE) == []


def test_dry_runs_change_nothing(stage: Stage) -> None:
    assert stage.run(freeze, "--config", "CONFIG", "--dry-run").exit_code == 0
    assert stage.objects(FREEZE) == []
    stage.run(freeze, "--config", "CONFIG")
    assert stage.run(unfreeze, "--config", "CONFIG", "--dry-run").exit_code == 0
    assert len(stage.objects(FREEZE)) == 1


def test_a_reason_has_bounds(stage: Stage) -> None:
    result = stage.run(freeze, "--config", "CONFIG", "--reason", "x" * 257)
    assert (result.exit_code, stage.objects(FREEZE)) == (2, [])
