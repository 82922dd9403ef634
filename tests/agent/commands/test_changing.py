"""What commands that change something do with settings and stores that are bad."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from agent.commands.changing import ChangeRefusedError, StoreOpener, refuse
from agent.commands.freeze import freeze
from agent.settings_file import Settings
from agent.store import ForbiddenError, ObjectStore
from tests.agent.commands.stage import Stage, stage

__all__ = ["stage"]


def test_all_faults_of_the_settings_are_told(stage: Stage) -> None:
    stage.settle("bridges: x\nstopWithin: 3\n")
    result = stage.run(freeze, "--config", "CONFIG")
    assert result.exit_code == 2
    assert f"{stage.config}:7: bridges: must be" in result.stderr
    assert f"{stage.config}:8: stopWithin: must be" in result.stderr


def test_settings_that_are_not_there_say_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(freeze, ["--config", str(tmp_path / "none.yaml")])
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr
    assert "Missing option '--config'" in CliRunner().invoke(freeze, []).stderr


def test_the_settings_may_be_named_by_the_environment(stage: Stage) -> None:
    result = CliRunner().invoke(
        freeze, [], obj=StoreOpener(stage.opened), env={"ISTHMUS_CONFIG": str(stage.config)}
    )
    assert result.exit_code == 0, result.output


def test_what_a_store_refuses_ends_the_command_with_its_words(stage: Stage) -> None:
    def closed(_: Settings) -> AbstractAsyncContextManager[ObjectStore]:
        raise ForbiddenError("the directory is read-only; run: chmod u+w store")

    result = CliRunner().invoke(freeze, ["-c", str(stage.config)], obj=StoreOpener(closed))
    assert result.exit_code == 1
    assert f"{stage.folder / 'store'}: the directory is read-only; run: chmod" in result.stderr


def test_no_fault_refuses_nothing() -> None:
    refuse([])
    with pytest.raises(click.ClickException, match="nothing was changed:\na\nb"):
        refuse(["a", "b"])
    assert ChangeRefusedError.exit_code == 1


def test_without_a_stand_in_the_store_is_the_directory_of_the_settings(stage: Stage) -> None:
    arguments = ["-c", str(stage.config), "--reason", "upgrade"]
    result = CliRunner().invoke(freeze, arguments)
    assert result.exit_code == 1
    assert "is no directory; make it, or correct store.directory" in result.stderr
    (stage.folder / "store").mkdir()
    result = CliRunner().invoke(freeze, arguments)
    assert result.exit_code == 0, result.output
    written = [each.read_text() for each in (stage.folder / "store").rglob("*.yaml")]
    assert any("upgrade" in each for each in written)
    result = CliRunner().invoke(freeze, ["-c", str(stage.config), "--lift"])
    assert result.stderr == "done: lift Freeze freeze\n"
