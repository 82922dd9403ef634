"""A lock ends with its process; who holds one lives."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.store import ConflictError, UnavailableError
from agent.stores.lockfile import Processes, locked

HOLDER = """
import sys
from pathlib import Path
from agent.stores.lockfile import Processes, locked

processes = Processes(Path(sys.argv[1]))
processes.register("agent/1 east")
with locked(Path(sys.argv[1]) / "lock", 1):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_and_a_life_end_with_the_process(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    assert not processes.is_gone("agent/1 east"), "nobody knows him"
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert not processes.is_gone("agent/1 east")
        with pytest.raises(ConflictError, match="agent/1 east"):
            processes.register("agent/1 east")
        with pytest.raises(UnavailableError, match=r"0\.05 s"), locked(tmp_path / "lock", 0.05):
            raise AssertionError("it is held")
        holder.kill()
    assert processes.is_gone("agent/1 east")
    assert Processes(tmp_path).is_gone("agent/1 east"), "and anybody can tell"
    with locked(tmp_path / "lock", 1):
        pass


def test_who_registers_again_lives_again_until_he_lets_go(tmp_path: Path) -> None:
    processes, others = Processes(tmp_path / "not" / "there"), Processes(tmp_path / "not" / "there")
    processes.register("a")
    processes.register("a")
    assert not processes.is_gone("a")
    assert not others.is_gone("a")
    processes.release("a")
    processes.release("a")
    assert others.is_gone("a")
    others.register("a")
    assert not processes.is_gone("a")
    others.release("a")
