"""Who alters what is ours, again and again."""

from agent.drivers.contests import FIRST_WAIT, FORGET_AFTER, LONGEST_WAIT, REPORT_FROM, Contests
from failure_detect.clock import NEVER
from tests.agent.drivers.bench import API, WEB, keys_of

KEY = keys_of(WEB)[1]


def test_the_first_time_is_restored_at_once() -> None:
    contests = Contests()
    assert contests.may_restore_at(KEY) < 0
    assert contests.contested() == {}
    assert contests.deadline == NEVER


def test_each_restoration_waits_twice_as_long_as_the_one_before_up_to_a_limit() -> None:
    contests, now, waits = Contests(), 0, []
    for _ in range(12):
        contests.restored(KEY, now)
        waits.append(contests.may_restore_at(KEY) - now)
        now += waits[-1]
    assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert waits[-1] == LONGEST_WAIT
    assert contests.contested() == {KEY: 12}


def test_a_contest_is_reported_from_the_third_time_on_and_each_object_is_its_own() -> None:
    contests = Contests()
    for number in range(REPORT_FROM):
        assert contests.contested() == {}
        contests.restored(KEY, number)
    assert contests.contested() == {KEY: REPORT_FROM}
    assert contests.may_restore_at(keys_of(API)[1]) < 0


def test_what_has_been_quiet_is_forgotten() -> None:
    contests = Contests()
    for _ in range(REPORT_FROM):
        contests.restored(KEY, 0)
    assert contests.deadline == FORGET_AFTER
    contests.expire(FORGET_AFTER - 1)
    assert contests.contested()
    contests.expire(FORGET_AFTER)
    assert not contests.contested()
    contests.restored(KEY, FORGET_AFTER)
    contests.restored(KEY, 3 * FORGET_AFTER)
    assert contests.may_restore_at(KEY) == 3 * FORGET_AFTER + FIRST_WAIT
