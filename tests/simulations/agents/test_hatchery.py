"""A hatchery starts agents as processes of their own, and says how they ended."""

import subprocess
import sys
from pathlib import Path

from simulations.agents.hatchery import KILLED


def ask(process: "subprocess.Popen[str]", line: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def test_what_cannot_start_is_told_from_what_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulations.agents.hatchery"]
    log = tmp_path / "log"
    config = tmp_path / "agent.yaml"
    config.write_text("kind: AgentConfig\n")
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert int(ask(process, f"start {config} {log}")) != process.pid
        while not log.exists() or "is missing" not in log.read_text():
            assert process.poll() is None
        assert ask(process, "kill") in ("ended 1", KILLED)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0
