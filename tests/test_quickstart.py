"""The page for beginners is right: its commands run in its order, and print what it says."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "quickstart.md"
ASKED_AT_MOST = 60
"""How often a question is asked until its answer is the one on the page; each takes a while."""

END = "that was all of it:"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
QUESTION = re.compile(r"(isthmus (clusters|services|explain|status|members|trust list)|cat|grep)\b")


@dataclass(frozen=True)
class Step:
    """Some commands, and what they are to print; None where the page does not say."""

    commands: str
    printed: str | None


def steps(text: str) -> list[Step]:
    blocks = BLOCK.findall(text)
    found: list[Step] = []
    for number, (kind, content) in enumerate(blocks):
        if kind == "sh":
            following = blocks[number + 1 : number + 2]
            printed = next((words for what, words in following if what == "text"), None)
            found.append(Step(content, printed))
    return found


class Terminal:
    """One shell, as a person has it: what it starts goes on beside it."""

    def __init__(self, shell: "subprocess.Popen[str]", folder: Path) -> None:
        self._shell = shell
        self._file = folder / "commands.sh"

    def run(self, commands: str) -> tuple[int, str]:
        """Run commands; return the exit code of the last one, and all that they printed."""
        self._file.write_text(commands)
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f". {self._file} </dev/null; code=$?; echo; echo {END} $code\n")
        self._shell.stdin.flush()
        lines: list[str] = []
        for line in self._shell.stdout:
            if line.startswith(END):
                return int(line.removeprefix(END)), "".join(lines)
            lines.append(line)
        raise AssertionError("the shell ended")


@contextmanager
def terminal(folder: Path) -> Iterator[Terminal]:
    """Open a shell; in the end whatever it started and did not stop is killed."""
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    surroundings["PATH"] = f"{Path(sys.executable).parent}:{surroundings['PATH']}"
    shell = subprocess.Popen(
        ["bash", "--norc"],
        cwd=ROOT,
        env=surroundings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        with shell:
            try:
                yield Terminal(shell, folder)
            finally:
                os.killpg(shell.pid, signal.SIGKILL)
    finally:
        shell.wait()


TIME = re.compile(r"\b(\d+[dhm])*\d+(\.\d+)?(ms|s|m|h)\b")
KEY = re.compile(r"[\w+/]{43}=")
VOLATILE = re.compile(r"^ *(uid|creationTimestamp): .*")


def gist(printed: str) -> list[str]:
    """Return lines without what differs from run to run: times, keys, the width of columns."""
    lines = [
        TIME.sub("TIME", KEY.sub("KEY", VOLATILE.sub(r"\1", each))) for each in printed.splitlines()
    ]
    return [" ".join(each.split()) for each in lines if each.strip()]


def is_as(printed: str, page: str) -> bool:
    """Tell whether what was printed is what the page has, where `...` stands for any lines."""
    wanted = [r"(.*\n)*" if each == "..." else f"{re.escape(each)}\n" for each in gist(page)]
    return re.fullmatch("".join(wanted), "".join(f"{each}\n" for each in gist(printed))) is not None


def test_the_commands_of_the_page_run_and_print_what_it_says(tmp_path: Path) -> None:
    # A range of loopback for each process, so that two runs never meet.
    mine = f"127.{1 + os.getpid() // 256 % 250}.{os.getpid() % 256}."
    page = PAGE.read_text().replace("127.1.0.", mine)
    found = steps(page)
    assert len(found) > 15, "the page has lost its commands"
    with terminal(tmp_path) as shell:
        for step in found:
            tried(shell, step)


def tried(shell: Terminal, step: Step) -> None:
    """Run a step; a question is asked until its answer is that of the page."""
    last = step.commands.strip().splitlines()[-1]
    code, printed = shell.run(step.commands)
    for _ in range(ASKED_AT_MOST if QUESTION.match(last) else 0):
        if not code and (step.printed is None or is_as(printed, step.printed)):
            break
        # The agent has had the time of one more question then.
        code, printed = shell.run(f"isthmus status --config west/agent.yaml >/dev/null\n{last}")
    assert code == 0, f"{step.commands}\n{printed}"
    if step.printed is not None:
        assert is_as(printed, step.printed), f"{step.commands}\n{printed}"


def test_an_answer_is_compared_without_times_and_with_gaps() -> None:
    page = "A   SINCE\nx   2s\n...\nz   1\n"
    assert is_as("A SINCE\nx 1m3s\ny 5\nz 1\n", page)
    assert is_as("A SINCE\nx 1m3s\nz 1\n", page)
    assert not is_as("A SINCE\nx -\nz 1\n", page)
    assert not is_as("A SINCE\nx 1m3s\nz 1\nw 1\n", page)
