"""The root of the command line finds what is installed, and survives what is broken."""

import os
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from agent.cli import COMMANDS_GROUP, Broken, load, root

HEAVY = {"kubernetes", "matplotlib", "msgpack", "multiprocessing", "nacl", "numpy", "rich", "trio"}


@click.command()
def sound() -> None:
    """Say that it runs."""
    click.echo("it runs")


def point(value: str, name: str = "planted") -> EntryPoint:
    return EntryPoint(name, value, COMMANDS_GROUP)


def isthmus(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    result = CliRunner(env=env).invoke(root, arguments, prog_name="isthmus")
    return result.exit_code, result.output


def process(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env={**os.environ, **env}, check=False, capture_output=True, text=True
    )


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A directory in which a distribution is installed that brings three commands."""
    (tmp_path / "planted.py").write_text(
        "import click\n\n@click.command()\ndef greet():\n"
        '    """Greet the operator."""\n    click.echo("good morning")\n'
    )
    (tmp_path / "splinter.py").write_text("import a_module_that_is_nowhere\n")
    metadata = tmp_path / "planted-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        f"[{COMMANDS_GROUP}]\ngreet = planted:greet\nsplinter = splinter:run\n"
        "completion = splinter:run\n"
    )
    return tmp_path


def test_help_names_the_built_in_commands_and_how_to_go_on() -> None:
    code, output = isthmus("--help")
    assert code == 0
    assert "joins Kubernetes clusters" in output
    assert "completion" in output
    assert "--help" in output


def test_h_is_short_for_help() -> None:
    assert isthmus("-h") == isthmus("--help")


def test_the_version_is_that_of_the_installation() -> None:
    assert isthmus("--version") == (0, f"isthmus {version('isthmus')}\n")


def test_an_unknown_command_is_a_usage_error() -> None:
    code, output = isthmus("nosuch")
    assert code == 2
    assert "No such command 'nosuch'" in output


def test_a_command_that_another_distribution_brings_is_found(planted: Path) -> None:
    run = process("-m", "agent", "greet", PYTHONPATH=str(planted))
    assert (run.returncode, run.stdout) == (0, "good morning\n"), run.stderr


def test_a_broken_command_is_listed_with_its_reason_and_harms_no_other(planted: Path) -> None:
    run = process("-m", "agent", "--help", PYTHONPATH=str(planted), COLUMNS="200")
    assert run.returncode == 0
    assert "Greet the operator." in run.stdout
    assert "(cannot be loaded) splinter:run: ModuleNotFoundError" in run.stdout


def test_a_broken_command_says_why_it_cannot_run(planted: Path) -> None:
    run = process("-m", "agent", "splinter", "--option", "x", "--help", PYTHONPATH=str(planted))
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr == (
        "Error: the command 'splinter' cannot be loaded: "
        "splinter:run: ModuleNotFoundError: No module named 'a_module_that_is_nowhere'\n"
    )


def test_what_is_built_in_cannot_be_replaced(planted: Path) -> None:
    run = process("-m", "agent", "completion", "bash", PYTHONPATH=str(planted))
    assert run.returncode == 0
    assert "_ISTHMUS_COMPLETE" in run.stdout


def test_a_sound_entry_point_gives_its_command() -> None:
    assert load([point("tests.agent.test_cli:sound")]).name == "sound"


def test_one_entry_point_seen_twice_is_still_one() -> None:
    sightings = [point("tests.agent.test_cli:sound"), point("tests.agent.test_cli:sound")]
    assert not isinstance(load(sightings), Broken)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("nowhere_at_all:run", "ModuleNotFoundError"),
        ("tests.agent.test_cli:absent", "AttributeError"),
        ("tests.agent.test_cli:HEAVY", "is a set, not a command"),
    ],
)
def test_a_broken_entry_point_gives_the_reason(value: str, reason: str) -> None:
    broken = load([point(value)])
    assert isinstance(broken, Broken)
    assert reason in broken.reason
    assert value.partition(":")[0] in broken.reason


def test_two_claims_to_one_name_are_both_refused() -> None:
    broken = load([point("two:run"), point("one:run")])
    assert isinstance(broken, Broken)
    assert broken.reason == "several packages claim it: one:run, two:run"


def test_help_which_loads_every_command_imports_nothing_heavy() -> None:
    script = (
        "import sys; before = set(sys.modules)\n"
        "from agent.cli import root; root(['--help'], standalone_mode=False)\n"
        f"sys.exit(', '.join(set({sorted(HEAVY)}) & (set(sys.modules) - before)) or 0)"
    )
    run = process("-c", script)
    assert run.returncode == 0, f"imported by --help: {run.stderr}"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_completes_through_the_program(shell: str) -> None:
    code, output = isthmus("completion", shell)
    assert code == 0
    assert f"_ISTHMUS_COMPLETE={shell}_complete" in output


@pytest.mark.parametrize(
    ("words", "position", "completions"),
    [
        ("isthmus comp", "1", "plain,completion\n"),
        ("isthmus completion f", "2", "plain,fish\n"),
        ("isthmus --ver", "1", "plain,--version\n"),
    ],
)
def test_the_tab_key_completes(words: str, position: str, completions: str) -> None:
    env = {"_ISTHMUS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": position}
    run = process("-m", "agent", **env)
    assert run.stdout == completions, run.stderr


def test_the_console_script_leads_here() -> None:
    (script,) = entry_points(group="console_scripts", name="isthmus")
    assert script.value == "agent.__main__:main"
