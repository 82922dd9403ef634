"""What is shown of key files has no secret in it, and is what a fleet certifies."""

from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from agent.commands.key_sheets import check_absent, file_faults_said, shown_file
from agent.commands.keys import keys
from agent.key_files import KeyFileError, read_cluster_public_key
from tests.agent.key_rings import key_file


def test_as_yaml_a_cluster_key_is_the_file_of_its_public_key(tmp_path: Path) -> None:
    printed = CliRunner().invoke(keys, ["show", str(key_file(tmp_path)), "-o", "yaml"]).stdout
    public = tmp_path / "east.pub"
    public.write_text(printed)
    assert read_cluster_public_key(public).cluster == "east"
    assert shown_file(public) == yaml.safe_load(printed)


def test_as_a_table_each_key_has_its_use(tmp_path: Path) -> None:
    file = key_file(tmp_path)
    CliRunner().invoke(keys, ["rotate", str(file)])
    printed = CliRunner().invoke(keys, ["show", str(file)]).stdout
    assert [line.split()[-1] for line in printed.splitlines()[-2:]] == ["staged", "signs"]


def test_faults_of_files_end_a_command_with_their_words(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="x: is wrong"), file_faults_said():
        raise KeyFileError(Path("x"), "is wrong")
    with pytest.raises(click.ClickException, match="is there already"):
        check_absent(tmp_path)
