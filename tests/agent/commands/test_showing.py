"""Tables for people, plain columns for pipes, documents for programs; nothing moves the cursor."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from agent.commands.showing import (
    Cell,
    Column,
    Output,
    Sheet,
    Tone,
    clean,
    show,
    show_sheets,
    shows,
    to_yaml,
)
from agent.local.listening import Listen
from agent.objects import text_at
from tests.agent.commands.running import running
from tests.agent.local.ports import Core
from tests.agent.local.scenes import light_facts

COLUMNS = (
    Column("name", lambda row: text_at(row, "name")),
    Column("verdict", lambda row: Cell(text_at(row, "verdict"), Tone.GOOD)),
    Column("region", lambda row: text_at(row, "region"), is_wide=True),
)
ROWS = ({"name": "east", "verdict": "live", "region": "eu"}, {"name": "w", "verdict": "stale"})


def test_a_pipe_gets_plain_columns(capsys: pytest.CaptureFixture[str]) -> None:
    show_sheets([Sheet(COLUMNS, ROWS, title="Clusters", lines=(Cell("2 of 2"),))])
    assert capsys.readouterr().out.splitlines() == [
        "Clusters",
        "NAME   VERDICT",
        "east   live",
        "w      stale",
        "2 of 2",
    ]


def test_wide_has_every_column_and_what_is_empty_is_a_dash(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_sheets([Sheet(COLUMNS, ROWS)], is_wide=True)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "east   live      eu",
        "w      stale     -",
    ]


def test_what_is_empty_says_so_and_what_is_nothing_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_sheets([Sheet(COLUMNS), Sheet(COLUMNS, empty="none"), Sheet(lines=(Cell("end"),))])
    assert capsys.readouterr().out == "none\n\nend\n"


@pytest.mark.parametrize("output", [Output.JSON, Output.YAML])
def test_programs_get_the_document(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = {"kind": "X", "items": [{"name": "é\x1b[2J", "since": None, "on": True}]}
    show(document, output, lambda _: [])
    text = capsys.readouterr().out
    found: object = json.loads(text) if output == Output.JSON else yaml.safe_load(text)
    assert found == document
    assert "\x1b" not in text


def test_yaml_keeps_the_order_of_the_fields() -> None:
    assert to_yaml({"b": 1, "a": [2]}) == "b: 1\na:\n- 2\n"


def test_nothing_that_others_say_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    assert clean("a\x1b[2J\r\nb\u202eé") == "a\\x1b[2J\\x0d\\x0ab\\x202eé"
    show_sheets([Sheet(COLUMNS, ({"name": "\x1b]0;x\x07"},), title="\x1b[31m")])
    assert "\x1b" not in capsys.readouterr().out


def test_the_options_are_read_and_refused() -> None:
    @click.command()
    @shows
    def command(output: str, *, watch: bool) -> None:
        click.echo(f"{output} {watch}")

    runner = CliRunner()
    assert runner.invoke(command, []).output == "table False\n"
    assert runner.invoke(command, ["-o", "json", "-w"]).output == "json True\n"
    assert runner.invoke(command, ["-o", "xml"]).exit_code == 2


def test_a_terminal_gets_colour_and_borders_and_no_markup() -> None:
    program = (
        "from agent.commands.showing import *\n"
        "column = Column('name', lambda row: Cell(row['name'], Tone.BAD))\n"
        "show_sheets([Sheet((column,), ({'name': '[bold]x[/bold]\\x1b[2J'},), title='T')])\n"
    )
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    env.pop("NO_COLOR", None)
    subprocess.run([sys.executable, "-c", program], stdout=theirs, check=True, env=env)
    os.close(theirs)
    with open(ours, "rb") as terminal:
        shown = terminal.read1(65_536).decode()
    assert "[bold]x[/bold]\\x1b[2J" in shown
    assert "\x1b[31m" in shown
    assert "\x1b[2J" not in shown


# --- watching: a process of its own, which is interrupted as people do it -----------------------


@contextmanager
def watching(path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    program = "from agent.commands.status import status; status()"
    arguments = [sys.executable, "-c", program, "--address", f"unix:{path}", "--watch", *options]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_watch_prints_each_change_outlives_the_agent_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    core = Core(light_facts())
    with watching(path, "-o", "json") as process:
        assert process.wait(30) == 3, "an agent that was never there is an error"
    with running(core, Listen(path=str(path))):
        process_of = watching(path, "-o", "json")
        process = process_of.__enter__()
        assert json.loads(line(process))["frozen"] is None
        core.now = light_facts(frozen="upgrade")
        assert json.loads(line(process))["frozen"] == "upgrade"
    assert process.stderr is not None
    assert "trying again" in process.stderr.readline()
    with running(core, Listen(path=str(path))):
        assert json.loads(line(process))["frozen"] == "upgrade"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    process_of.__exit__(None, None, None)


def test_a_watch_of_yaml_and_tables_separates_what_it_prints(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    with running(Core(light_facts()), Listen(path=str(path))):
        with watching(path, "-o", "yaml") as process:
            assert [line(process), line(process)] == ["---\n", "apiVersion: isthmus.dev/v1\n"]
        with watching(path) as process:
            assert line(process) == "node-1 of cluster home\n"
