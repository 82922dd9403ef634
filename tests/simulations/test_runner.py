"""Tasks run on several processes as they would on one."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from simulations.runner import TaskFailedError, WorkerDiedError, cores, run_all


@dataclass(frozen=True)
class Square:
    """Fails at 13, and kills its process at 666."""

    number: int

    def run(self) -> int:
        if self.number == 13:
            error = ValueError("an unlucky number")
            error.add_note("repeat it with: care")
            raise error
        if self.number == 666:
            os._exit(1)
        return self.number**2


def ignore(_: int, _took: float) -> None:
    pass


def squares(*numbers: int) -> list[Square]:
    return [Square(number) for number in numbers]


@pytest.mark.parametrize("jobs", [1, 2, 9])
def test_outcomes_come_in_the_order_of_the_tasks(jobs: int) -> None:
    done: list[int] = []
    took: list[float] = []

    def note(number: int, seconds: float) -> None:
        done.append(number)
        took.append(seconds)

    assert run_all(squares(5, 3, 8, 1), jobs, note) == [25, 9, 64, 1]
    assert sorted(done) == [0, 1, 2, 3]
    assert all(seconds >= 0 for seconds in took)


def test_nothing_to_do_is_done_at_once() -> None:
    assert run_all(squares(), 4, ignore) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_task_that_fails_says_why_and_how_to_repeat_it(jobs: int) -> None:
    with pytest.raises(TaskFailedError, match="an unlucky number\nrepeat it with: care"):
        run_all(squares(1, 13, 2), jobs, ignore)


def test_a_process_that_dies_is_noticed() -> None:
    with pytest.raises(WorkerDiedError, match="--jobs"):
        run_all(squares(1, 666, 2), 2, ignore)


def test_some_processor_is_there() -> None:
    assert cores() >= 1


def test_an_interruption_ends_the_workers_without_a_word_from_them() -> None:
    script = (
        "import os, signal, threading, time\n"
        "from dataclasses import dataclass\n"
        "from simulations.runner import run_all\n"
        "from tests.simulations.test_runner import Sleeper\n"
        # Whoever started us in the background may have had interruptions ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        "    run_all([Sleeper(), Sleeper()], 2, print)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (run.stdout, run.stderr, run.returncode) == ("interrupted\n", "", 0)


@dataclass(frozen=True)
class Sleeper:
    """Takes for ever."""

    def run(self) -> int:
        while True:
            os.sched_yield()
