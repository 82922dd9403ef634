"""`isthmus agent` says what is wrong before it starts anything, and prints what can be set."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.commands.agent import agent
from agent.demo.layout import lay_out
from agent.demo.plan import plan
from agent.process.entropy import secret
from agent.settings_reference import settings_reference


@pytest.fixture
def config(tmp_path: Path) -> Path:
    planned = plan(tmp_path, network=122)
    lay_out(planned, secret)
    return next(planned.nodes).config


def test_good_settings_are_said_to_be_good(config: Path) -> None:
    answer = CliRunner().invoke(agent, ["--config", str(config), "--check"])
    assert answer.exit_code == 0
    assert "the settings of east-1 in east are good" in answer.output


def test_settings_are_named_by_the_environment_as_well(config: Path) -> None:
    answer = CliRunner().invoke(agent, ["--check"], env={"ISTHMUS_CONFIG": str(config)})
    assert answer.exit_code == 0


def test_all_that_is_wrong_is_said_with_its_line(config: Path) -> None:
    text = config.read_text().replace("cluster: east", "cluster: EAST", 1)
    config.write_text(text + "bridgs: 3\n")
    answer = CliRunner().invoke(agent, ["--config", str(config)])
    assert answer.exit_code == 2
    assert f"{config}:" in answer.output
    assert "cluster" in answer.output
    assert "did you mean bridges?" in answer.output


def test_without_settings_it_says_how_to_name_them() -> None:
    answer = CliRunner().invoke(agent, [], env={"ISTHMUS_CONFIG": ""})
    assert answer.exit_code == 2
    assert "--config FILE" in answer.output


def test_it_prints_what_can_be_set() -> None:
    assert CliRunner().invoke(agent, ["--print-reference"]).output == settings_reference()
    schema = json.loads(CliRunner().invoke(agent, ["--print-schema"]).output)
    assert "cluster" in schema["properties"]
