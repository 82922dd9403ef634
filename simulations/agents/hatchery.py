"""`python -m simulations.agents.hatchery`: starts one agent after the other, and kills them.

It reads a line `start CONFIG LOG`, or `kill`, and answers each with one: the process id, or how the
process ended (`killed`, or `ended N` where it had ended by itself). An agent is a process of its
own, forked off this one, which has loaded everything: so a start takes a third of the time, and as
many more fit into an hour. Rule: nobody else may wait for or kill it, so that no other process is
ever hit in its place. When its input ends, so does what it started.
"""

import os
import signal
import sys
from pathlib import Path

import trio

from agent.process.starting import run
from agent.settings_file import SettingsError, adapter, read_settings

KILLED = "killed"


def hatch(config: Path, log: Path) -> int:
    """Start an agent and return its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        with log.open("a") as out, open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
            code = trio.run(run, read_settings(config), out)
    except SettingsError as error:
        log.write_text(str(error))
    finally:
        os._exit(code)


def kill(pid: int) -> str:
    """Kill an agent that was started here; return how it ended."""
    os.kill(pid, signal.SIGKILL)  # It is ours until we have waited for it, dead or alive.
    _, status = os.waitpid(pid, 0)
    return KILLED if os.WIFSIGNALED(status) else f"ended {os.WEXITSTATUS(status)}"


def serve() -> None:
    """Do what the lines of the standard input say until they end."""
    adapter()
    pid = 0
    try:
        for line in sys.stdin:
            word, *rest = line.split()
            if word == "start":
                config, log = map(Path, rest)
                pid = hatch(config, log)
                said = str(pid)
            else:
                said, pid = kill(pid), 0
            sys.stdout.write(f"{said}\n")
            sys.stdout.flush()
    finally:
        if pid:
            kill(pid)


if __name__ == "__main__":
    serve()
