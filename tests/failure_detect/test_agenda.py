"""One list of what is due: in order, once, and never by surprise."""

from hypothesis import given
from hypothesis import strategies as st

from failure_detect.agenda import Action, Agenda, Timer
from failure_detect.clock import NEVER, Instant


class Diary:
    """Writes down what ran, and when."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, Instant]] = []

    def note(self, name: str) -> Action:
        return lambda now: self.entries.append((name, now))


def test_an_empty_agenda_is_never_due() -> None:
    agenda = Agenda()
    assert agenda.deadline == NEVER
    agenda.run(1_000)
    assert agenda.deadline == NEVER


def test_what_is_due_runs_in_order_and_is_told_the_true_time() -> None:
    agenda, diary = Agenda(), Diary()
    agenda.schedule(20, diary.note("second"))
    agenda.schedule(10, diary.note("first"))
    agenda.schedule(20, diary.note("third"))
    agenda.schedule(31, diary.note("later"))
    assert agenda.deadline == 10
    agenda.run(30)
    assert diary.entries == [("first", 30), ("second", 30), ("third", 30)]
    assert agenda.deadline == 31


def test_nothing_runs_before_its_time() -> None:
    agenda, diary = Agenda(), Diary()
    agenda.schedule(10, diary.note("due"))
    agenda.run(9)
    assert diary.entries == []
    agenda.run(10)
    agenda.run(10)
    assert diary.entries == [("due", 10)]


def test_what_was_cancelled_neither_runs_nor_is_awaited() -> None:
    agenda, diary = Agenda(), Diary()
    timer = agenda.schedule(10, diary.note("cancelled"))
    agenda.schedule(20, diary.note("due"))
    timer.cancel()
    timer.cancel()
    assert agenda.deadline == 20
    agenda.run(20)
    assert diary.entries == [("due", 20)]
    assert agenda.deadline == NEVER


def test_cancelling_what_has_run_is_fine() -> None:
    agenda, diary = Agenda(), Diary()
    timer = agenda.schedule(10, diary.note("due"))
    agenda.run(10)
    timer.cancel()
    agenda.run(20)
    assert diary.entries == [("due", 10)]


def test_an_action_may_cancel_one_that_is_due_with_it() -> None:
    agenda, diary = Agenda(), Diary()
    doomed: list[Timer] = []
    agenda.schedule(10, lambda _: doomed[0].cancel())
    doomed.append(agenda.schedule(10, diary.note("doomed")))
    agenda.run(10)
    assert diary.entries == []


def test_what_an_action_schedules_for_now_waits_for_the_next_run() -> None:
    agenda, diary = Agenda(), Diary()

    def again(now: Instant) -> None:
        diary.note("again")(now)
        agenda.schedule(now, again)

    agenda.schedule(10, again)
    agenda.run(10)
    assert diary.entries == [("again", 10)]
    assert agenda.deadline == 10
    agenda.run(11)
    assert diary.entries == [("again", 10), ("again", 11)]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans())), st.integers(0, 20))
def test_an_agenda_is_a_sorted_list(plans: list[tuple[int, bool]], now: Instant) -> None:
    agenda, diary = Agenda(), Diary()
    for number, (at, cancelled) in enumerate(plans):
        timer = agenda.schedule(at, diary.note(str(number)))
        if cancelled:
            timer.cancel()
    kept = sorted((at, number) for number, (at, cancelled) in enumerate(plans) if not cancelled)
    assert agenda.deadline == (kept[0][0] if kept else NEVER)
    agenda.run(now)
    assert diary.entries == [(str(number), now) for at, number in kept if at <= now]
    later = [at for at, _ in kept if at > now]
    assert agenda.deadline == (later[0] if later else NEVER)
