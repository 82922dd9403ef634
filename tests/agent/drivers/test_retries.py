"""What failed, and when it is tried again."""

from random import Random

from agent.drivers.plan import Group
from agent.drivers.retries import FIRST_WAIT, LONGEST_WAIT, Retries
from agent.drivers.writer_events import WriteError
from agent.writes import Delete
from failure_detect.clock import NEVER
from tests.agent.drivers.bench import API, WEB, keys_of

STEP, OTHER = (Delete(key, "test") for key in keys_of(WEB))
GROUP = Group((WEB,), (STEP, OTHER))


def failed(error: WriteError, times: int = 1) -> Retries:
    retries = Retries(Random(1))
    for _ in range(times):
        retries.failed(GROUP, STEP, error, "no", 0)
    return retries


def test_what_never_failed_may_be_tried() -> None:
    retries = Retries(Random(1))
    assert retries.ready_at(GROUP) < 0
    assert retries.deadline == NEVER


def test_the_wait_doubles_with_jitter_up_to_a_limit() -> None:
    for error, first in FIRST_WAIT.items():
        for times in range(1, 20):
            wait = min(first << (times - 1), LONGEST_WAIT)
            assert wait <= failed(error, times).ready_at(GROUP) <= wait * 3 // 2


def test_services_that_failed_together_are_not_tried_together() -> None:
    retries = Retries(Random(1))
    retries.failed(Group((WEB, API), (STEP,)), STEP, WriteError.UNAVAILABLE, "no", 0)
    assert len({retries.ready_at(Group((name,), (STEP,))) for name in (WEB, API)}) == 2


def test_another_error_begins_anew() -> None:
    retries = failed(WriteError.UNAVAILABLE, 9)
    retries.failed(GROUP, STEP, WriteError.CONFLICT, "no", 0)
    assert retries.ready_at(GROUP) < 2 * FIRST_WAIT[WriteError.CONFLICT]


def test_what_was_refused_waits_for_a_change_of_itself_or_around_it() -> None:
    retries = failed(WriteError.INVALID)
    assert retries.ready_at(GROUP) == retries.deadline == NEVER
    assert retries.ready_at(Group((WEB,), (OTHER,))) < 0
    retries.touched("bank")
    assert retries.ready_at(GROUP) == NEVER
    retries.touched("shop")
    assert retries.ready_at(GROUP) < 0
    retries = failed(WriteError.INVALID)
    retries.touched(None)
    assert retries.words() == {}


def test_a_change_around_it_does_not_hurry_what_waits_for_the_store() -> None:
    retries = failed(WriteError.UNAVAILABLE)
    retries.touched(None)
    assert retries.ready_at(GROUP) > 0


def test_what_is_due_is_named_until_it_is_done() -> None:
    retries = failed(WriteError.CONFLICT)
    at = retries.deadline
    assert retries.due(at - 1) == []
    assert retries.due(at) == [WEB]
    assert retries.words() == {WEB: (WriteError.CONFLICT, "Service shop/web: no")}
    retries.done([WEB, API])
    assert retries.due(NEVER) == []
    retries = failed(WriteError.CONFLICT)
    retries.clear()
    assert retries.words() == {}
