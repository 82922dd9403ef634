from simulations.schedule import Schedule


def test_calls_come_in_the_order_of_their_instants_and_then_of_their_making() -> None:
    schedule, calls = Schedule(), list[str]()
    schedule.at(20, lambda: calls.append("late"))
    schedule.at(10, lambda: calls.append("first"))
    schedule.after(10, lambda: calls.append("second"))
    schedule.run_until(15)
    assert (calls, schedule.now) == (["first", "second"], 15)
    schedule.run_until(20)
    assert calls == ["first", "second", "late"]


def test_timers_wait_for_all_else_of_their_instant() -> None:
    schedule, calls = Schedule(), list[str]()
    schedule.timer(10, lambda: calls.append("timer"))
    schedule.at(10, lambda: calls.append("arrival"))
    schedule.run_until(10)
    assert calls == ["arrival", "timer"]


def test_what_is_late_happens_now() -> None:
    schedule, calls = Schedule(), list[int]()
    schedule.run_until(50)
    schedule.at(10, lambda: calls.append(schedule.now))
    schedule.timer(10, lambda: calls.append(schedule.now))
    schedule.run_until(50)
    assert calls == [50, 50]


def test_a_step_is_one_call_and_time_goes_to_the_limit_only_when_none_is_due() -> None:
    schedule, calls = Schedule(), list[int]()
    schedule.at(5, lambda: calls.append(1))
    schedule.at(9, lambda: calls.append(2))
    assert schedule.step(8)
    assert (calls, schedule.now) == ([1], 5)
    assert not schedule.step(8)
    assert (calls, schedule.now) == ([1], 8)
