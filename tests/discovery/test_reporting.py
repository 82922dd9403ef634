from dataclasses import replace

from discovery.names import Origin
from discovery.reporting import Reporter
from discovery.reports import Path, Repeated, Report, Seen
from failure_detect.clock import NEVER, SECOND
from tests.discovery.courts import CONFIG, HOME, START, member

SEEN = (Seen(Origin("east"), True, True),)


def reporter() -> Reporter:
    made = Reporter(CONFIG)
    made.joined(member(HOME), START)
    assert made.deadline == START
    assert made.report(SEEN, START, isolated=False) == Report(1, False, SEEN)
    return made


def test_with_nobody_to_tell_nothing_is_due() -> None:
    made = Reporter(CONFIG)
    made.changed(START)
    assert made.deadline == NEVER
    made.joined(member(HOME), START + 5)
    assert made.deadline == START
    made.left(member(HOME))
    assert made.deadline == NEVER


def test_changes_wait_for_the_gap_and_silence_for_its_turn() -> None:
    made = reporter()
    assert made.deadline == START + CONFIG.report_every
    made.changed(START + 1)
    assert made.deadline == START + CONFIG.report_gap
    made.changed(START + 2)
    assert made.deadline == START + CONFIG.report_gap


def test_what_did_not_change_is_repeated() -> None:
    made = reporter()
    longer = (replace(SEEN[0], silent_for=SECOND),)
    assert made.report(longer, START + 1, isolated=False) == Repeated(1, False)
    shut = (replace(SEEN[0], path=Path.SHUT),)
    assert made.report(shut, START + 2, isolated=False) == Report(2, False, shut)
    assert made.report(shut, START + 3, isolated=True) == Report(3, True, shut)


def test_now_and_then_all_is_told_again() -> None:
    made = reporter()
    late = START + CONFIG.report_full
    assert made.report(SEEN, late - 1, isolated=False) == Repeated(1, False)
    assert made.report(SEEN, late, isolated=False) == Report(2, False, SEEN)


def test_a_newcomer_gets_all_and_a_known_one_nothing_new() -> None:
    made = reporter()
    made.joined(member(HOME), START + 1)
    assert made.deadline == START + CONFIG.report_every
    made.joined(member(HOME, 1), START + 1)
    assert made.report(SEEN, made.deadline, isolated=False) == Report(2, False, SEEN)


def test_who_is_told_is_bounded() -> None:
    made = Reporter(replace(CONFIG, bridges_max=1))
    made.joined(member(HOME), START)
    made.joined(member(HOME, 1), START)
    made.check_invariants()
    made.left(member(HOME))
    assert made.deadline == NEVER
