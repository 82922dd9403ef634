"""Runs tasks on several processes, and says how far it is.

The outcome does not depend on how many there are: a task depends on nothing but itself, and
outcomes are returned in the order of the tasks. Whatever ends the run, an interruption or a
task that fails, ends the processes too.
"""

import gc
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Protocol, TypeAlias, TypeVar, cast

Outcome_co = TypeVar("Outcome_co", covariant=True)
Outcome = TypeVar("Outcome")

_Pipe: TypeAlias = "Connection[object, object]"


class Runnable(Protocol[Outcome_co]):
    """A task: it can be pickled, and so can what it returns."""

    def run(self) -> Outcome_co:
        """Do it."""
        ...


class TaskFailedError(Exception):
    """A task raised; the text is its traceback, wherever it ran, with the notes."""


class WorkerDiedError(Exception):
    """A process ended without a word, killed by the system most likely: out of memory."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a worker sends where a task raised; not every exception can be sent itself."""

    text: str


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_all(
    tasks: Sequence[Runnable[Outcome]], jobs: int, on_done: Callable[[int, float], None]
) -> list[Outcome]:
    """Run all, at most `jobs` at a time, and return their outcomes in the order of `tasks`.

    `on_done` is called with the number of each task that is finished, and the seconds of a
    processor that it took. Raises TaskFailedError as soon as one of them fails, and
    WorkerDiedError.
    """
    if jobs == 1 or len(tasks) <= 1:
        return [_run_here(task, number, on_done) for number, task in enumerate(tasks)]
    outcomes: dict[int, Outcome] = {}
    waiting = iter(range(len(tasks)))
    with _workers(min(jobs, len(tasks))) as pipes:
        busy: dict[_Pipe, int] = {}
        for pipe in pipes:
            _hand_out(tasks, waiting, pipe, busy)
        while busy:
            for pipe in [each for each in wait(list(busy)) if isinstance(each, Connection)]:
                number = busy.pop(pipe)
                outcome, took = _receive(pipe)
                outcomes[number] = cast("Outcome", outcome)
                on_done(number, took)
                _hand_out(tasks, waiting, pipe, busy)
    return [outcomes[number] for number in range(len(tasks))]


def _run_here(
    task: Runnable[Outcome], number: int, on_done: Callable[[int, float], None]
) -> Outcome:
    try:
        outcome, took = _run(task)
    except Exception as error:
        raise TaskFailedError(_told(error)) from error
    on_done(number, took)
    return outcome


def _run(task: Runnable[Outcome]) -> tuple[Outcome, float]:
    # A world is one large web of long-lived objects; searching it for garbage as often as
    # usual would cost a good part of the time.
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    began = time.process_time()
    try:
        outcome = task.run()
        return outcome, time.process_time() - began
    finally:
        gc.set_threshold(*usual)


def _told(error: Exception) -> str:
    return "".join(traceback.format_exception(error)).rstrip()


def _hand_out(
    tasks: Sequence[Runnable[Outcome]],
    waiting: Iterator[int],
    pipe: _Pipe,
    busy: dict[_Pipe, int],
) -> None:
    number = next(waiting, None)
    if number is not None:
        pipe.send(tasks[number])
        busy[pipe] = number


def _receive(pipe: _Pipe) -> tuple[object, float]:
    try:
        outcome = pipe.recv()
    except (EOFError, ConnectionResetError):
        raise WorkerDiedError("a worker process died; fewer --jobs take less memory") from None
    if isinstance(outcome, _Failure):
        raise TaskFailedError(outcome.text)
    return cast("tuple[object, float]", outcome)


@contextmanager
def _workers(count: int) -> Iterator[list[_Pipe]]:
    context = multiprocessing.get_context("spawn")
    processes: list[BaseProcess] = []
    pipes: list[_Pipe] = []
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            worker = context.Process(target=work, args=(theirs,), daemon=True)
            worker.start()
            theirs.close()  # So that its end is noticed when the process dies.
            processes.append(worker)
            pipes.append(ours)
        yield pipes
    except BaseException:
        for process in processes:
            process.terminate()
        raise
    finally:
        for pipe in pipes:
            pipe.close()  # Who is not ended yet ends now.
        for process in processes:
            process.join()


def work(pipe: _Pipe) -> None:
    """Run what comes through the pipe and send what comes of it, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent decides, and ends us.
    while True:
        try:
            task = cast("Runnable[object]", pipe.recv())
        except EOFError:
            return
        try:
            outcome: object = _run(task)
        except Exception as error:  # noqa: BLE001  # Whatever it is, the parent raises it again.
            outcome = _Failure(_told(error))
        pipe.send(outcome)
