"""Runs tasks on several processes, and says how far it is.

The outcome does not depend on how many there are: a task depends on nothing but itself, and
outcomes are returned in the order of the tasks. Whatever ends the run, an interruption or a
task that fails, ends the processes too.
"""

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Protocol, TypeVar

Outcome_co = TypeVar("Outcome_co", covariant=True)
Outcome = TypeVar("Outcome")


class Runnable(Protocol[Outcome_co]):
    """A task: it can be pickled, and so can what it returns."""

    def run(self) -> Outcome_co:
        """Do it."""
        ...


class WorkerDiedError(Exception):
    """A process ended without a word, killed by the system most likely (out of memory)."""


@dataclass(slots=True)
class _Failure:
    """What a worker sends where a task raised."""

    error: BaseException


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    tasks: Sequence[Runnable[Outcome]], jobs: int, on_done: Callable[[int], None]
) -> list[Outcome]:
    """Run all, at most `jobs` at a time, and return their outcomes in the order of `tasks`.

    `on_done` is called with the number of each task that is finished. A task that raises
    ends it all with what it raised.
    """
    if jobs == 1 or len(tasks) <= 1:
        return [_run_here(task, number, on_done) for number, task in enumerate(tasks)]
    outcomes: dict[int, Outcome] = {}
    waiting = iter(range(len(tasks)))
    with _workers(min(jobs, len(tasks))) as pipes:
        busy: dict[Connection, int] = {}
        for pipe in pipes:
            _hand_out(tasks, waiting, pipe, busy)
        while busy:
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                number = busy.pop(ready)
                outcomes[number] = _receive(ready)
                on_done(number)
                _hand_out(tasks, waiting, ready, busy)
    return [outcomes[number] for number in range(len(tasks))]


def _run_here(task: Runnable[Outcome], number: int, on_done: Callable[[int], None]) -> Outcome:
    outcome = _run(task)
    on_done(number)
    return outcome


def _run(task: Runnable[Outcome]) -> Outcome:
    # A world is one large web of long-lived objects; searching it for garbage as often as
    # usual would cost a good part of the time.
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        return task.run()
    finally:
        gc.set_threshold(*usual)


def _hand_out(
    tasks: Sequence[Runnable[Outcome]],
    waiting: Iterator[int],
    pipe: Connection,
    busy: dict[Connection, int],
) -> None:
    number = next(waiting, None)
    if number is not None:
        pipe.send(tasks[number])
        busy[pipe] = number


def _receive(pipe: Connection) -> Outcome:  # type: ignore[type-var]  # Typed by the caller's task.
    try:
        outcome = pipe.recv()
    except EOFError:
        raise WorkerDiedError(
            "a worker process died; with less memory in use, try --jobs 1"
        ) from None
    if isinstance(outcome, _Failure):
        raise outcome.error
    return outcome  # type: ignore[no-any-return]  # What a pipe brings has no type.


@contextmanager
def _workers(count: int) -> Iterator[list[Connection]]:
    context = multiprocessing.get_context("spawn")
    processes, pipes = [], []
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs,), daemon=True)
            process.start()
            theirs.close()  # So that its end is noticed when the process dies.
            processes.append(process)
            pipes.append(ours)
        yield pipes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _work(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent decides, and ends us.
    while True:
        try:
            task: Runnable[object] = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(_run(task))
        except Exception as error:  # noqa: BLE001  # It is raised again, where the run is.
            pipe.send(_Failure(error))
