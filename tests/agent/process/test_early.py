"""A process that is told to end before its agent runs."""

import signal
import subprocess
import sys

import pytest

WAITS = """
import signal
from agent.process.early import heed_signals_early
heed_signals_early()
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_start_that_is_told_to_end_ends_whoever_its_parent_is(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            process.send_signal(number)
            # By a handler of its own: what has none is ignored in the first process of a container.
            assert process.wait(timeout=30) == 128 + number
        finally:
            process.kill()
