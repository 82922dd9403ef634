"""Isolation: of this bridge, of all of ours, of our own pool; fleets of one, two and three."""

from dataclasses import replace

import pytest

from discovery.standing import Verdict
from discovery.verdict_events import ClusterAlarm, ClusterAlarmRaised, Event, TrustEnded
from failure_detect.clock import MINUTE, NEVER, SECOND
from failure_detect.events import IsolationChanged, MemberReturned
from tests.discovery.courts import (
    CONFIG,
    CUT,
    EAST,
    HOME,
    LIFETIME,
    NORTH,
    SOUTH,
    START,
    WHOLE,
    Court,
    adopted,
    alarms,
    court,
    died,
    joined,
    left,
    member,
    reached,
    verdicts,
)

HOUR = 60 * MINUTE
DEAF, HEARING = IsolationChanged(isolated=True), IsolationChanged(isolated=False)


# --- a fleet of one --------------------------------------------------------------------


def test_a_fleet_of_one_has_nobody_to_judge() -> None:
    bench = Court()
    assert bench.say(DEAF, CUT, WHOLE, HEARING) == []
    assert bench.machine.deadline == NEVER
    assert not bench.machine.is_all_lost(START)
    assert bench.wait(48 * HOUR) == []


# --- a fleet of two --------------------------------------------------------------------


def test_in_a_fleet_of_two_the_other_is_last_tier_whoever_is_cut_off() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    effects = bench.wait(CONFIG.hold_down)
    assert verdicts(effects) == [(EAST, Verdict.UNREACHABLE)]
    assert alarms(effects) == []
    assert bench.machine.is_all_lost(bench.now)


def test_in_a_fleet_of_two_the_other_is_removed_after_the_retention() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    bench.wait(CONFIG.retention - 1)
    assert bench.verdict() is Verdict.UNREACHABLE
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.EXPIRED)]


def test_a_sole_bridge_that_nobody_answers_has_the_other_in_the_last_tier() -> None:
    bench = court(EAST)
    assert verdicts(bench.say(DEAF)) == []
    assert bench.wait(CONFIG.hold_down - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.UNREACHABLE)]
    standing = bench.machine.standing(EAST)
    assert standing is not None
    assert standing.why == "nobody answers any bridge of ours"
    bench.say(HEARING)
    assert bench.wait(CONFIG.better - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.LIVE)]


def test_a_short_deafness_is_nothing() -> None:
    bench = court(EAST)
    bench.say(DEAF)
    bench.wait(CONFIG.hold_down - 1)
    bench.say(HEARING)
    assert bench.wait(MINUTE) == []


# --- a fleet of three ------------------------------------------------------------------


def test_in_a_fleet_of_three_both_others_lost_at_once_is_us() -> None:
    bench = court(EAST, NORTH)
    bench.say(died(EAST))
    effects = bench.wait(CONFIG.together)
    bench.say(died(NORTH))
    effects += bench.wait(CONFIG.hold_down)
    assert verdicts(effects) == [(EAST, Verdict.UNREACHABLE), (NORTH, Verdict.UNREACHABLE)]
    why = "2 clusters, all that are left, were lost at once: likely us"
    assert [effect for effect in effects if isinstance(effect, ClusterAlarmRaised)] == [
        ClusterAlarmRaised(ClusterAlarm.ALL_LOST, (EAST, NORTH), why)
    ]
    assert bench.machine.statistics().lost_together == 2
    assert bench.machine.alarms() == [ClusterAlarmRaised(ClusterAlarm.ALL_LOST, (EAST, NORTH), why)]
    assert bench.wait(10 * CONFIG.retention) == []


def test_in_a_fleet_of_three_lost_one_after_the_other_are_not_us() -> None:
    bench = court(EAST, NORTH)
    bench.say(died(EAST))
    effects = bench.wait(CONFIG.together + 1)
    bench.say(died(NORTH))
    effects += bench.wait(CONFIG.retention)
    assert alarms(effects) == [ClusterAlarm.EXPIRED, ClusterAlarm.EXPIRED]
    assert verdicts(effects)[2:] == [(EAST, Verdict.EXPIRED), (NORTH, Verdict.EXPIRED)]


def test_the_retention_of_the_others_starts_when_the_first_is_back() -> None:
    bench = court(EAST, NORTH)
    bench.say(died(EAST), died(NORTH))
    bench.wait(48 * HOUR)
    bench.say(MemberReturned(member(NORTH), 1), adopted(NORTH, 400 * HOUR))
    assert verdicts(bench.wait(CONFIG.better)) == [(NORTH, Verdict.LIVE)]
    assert bench.wait(CONFIG.retention - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.EXPIRED)]


def test_one_of_two_others_lost_is_not_us() -> None:
    bench = court(EAST, NORTH)
    bench.say(adopted(NORTH, 400 * HOUR), died(EAST))
    effects = bench.wait(CONFIG.retention)
    assert verdicts(effects) == [(EAST, Verdict.UNREACHABLE), (EAST, Verdict.EXPIRED)]
    assert not bench.machine.is_all_lost(bench.now)


def test_of_a_larger_fleet_only_those_lost_last_are_presumed_ours() -> None:
    bench = court(EAST, NORTH, SOUTH)
    bench.say(died(SOUTH))
    bench.wait(HOUR // 2)
    bench.say(died(EAST), died(NORTH))
    effects = bench.wait(CONFIG.retention)
    assert verdicts(effects)[2:] == [(SOUTH, Verdict.EXPIRED)]
    assert bench.machine.statistics().lost_together == 2
    assert bench.wait(CONFIG.retention) == []


@pytest.mark.parametrize("word", [adopted(SOUTH, departs=True), TrustEnded(SOUTH)])
def test_who_was_lost_while_another_lived_is_not_ours_for_its_going_in_peace(word: Event) -> None:
    bench = court(EAST, NORTH, SOUTH)
    bench.say(died(EAST), died(NORTH))
    since = bench.now
    bench.wait(HOUR // 2)
    effects = bench.say(word)
    assert alarms(effects) == []
    assert bench.machine.statistics().lost_together == 0
    effects = bench.pass_to(since + CONFIG.retention)
    assert verdicts(effects) == [(EAST, Verdict.EXPIRED), (NORTH, Verdict.EXPIRED)]


def test_who_is_no_longer_trusted_is_not_counted() -> None:
    bench = court(EAST, NORTH)
    bench.say(died(EAST), died(NORTH))
    bench.wait(MINUTE)
    bench.say(TrustEnded(NORTH))
    since = bench.now  # From here there is but one left, and it may be them.
    assert verdicts(bench.wait(CONFIG.retention - 1)) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.EXPIRED)]
    assert bench.now == since + CONFIG.retention


# --- cut off from our own pool ---------------------------------------------------------


def test_who_is_cut_off_makes_nothing_worse() -> None:
    bench = court(EAST, NORTH, SOUTH)
    bench.say(CUT, died(EAST), reached(NORTH, reachable=False))
    assert bench.wait(48 * HOUR) == []
    assert bench.say(reached(SOUTH, reachable=True)) == []  # Nor stale: that would be worse too.
    assert [bench.verdict(o) for o in (EAST, NORTH, SOUTH)] == [Verdict.LIVE] * 3
    assert bench.machine.statistics().is_barred


def test_after_isolation_all_evidence_has_to_last_anew() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    bench.wait(CONFIG.hold_down - 1)
    bench.say(CUT)
    bench.wait(HOUR // 2)
    assert bench.say(WHOLE) == []
    assert bench.wait(CONFIG.hold_down - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.UNREACHABLE)]


def test_the_retention_stands_still_meanwhile() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    bench.wait(CONFIG.retention - 1)
    bench.say(CUT)
    assert bench.wait(30 * HOUR) == []
    bench.say(WHOLE)
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.EXPIRED)]
    other = court(EAST)
    other.say(CUT, died(EAST))
    other.wait(30 * HOUR)
    other.say(WHOLE)
    effects = other.wait(CONFIG.retention - 1)
    assert verdicts(effects) == [(EAST, Verdict.UNREACHABLE)]
    assert verdicts(other.wait(1)) == [(EAST, Verdict.EXPIRED)]


def test_who_is_cut_off_may_see_things_get_better() -> None:
    bench = court(EAST, NORTH)
    bench.say(died(EAST), reached(NORTH, reachable=False))
    bench.wait(MINUTE)
    bench.say(CUT, MemberReturned(member(EAST), 1), reached(NORTH, reachable=True))
    effects = bench.wait(CONFIG.better)
    assert verdicts(effects) == [(EAST, Verdict.LIVE), (NORTH, Verdict.LIVE)]


def test_words_count_while_we_are_cut_off() -> None:
    bench = court(EAST, NORTH, SOUTH)
    bench.say(CUT)
    effects = bench.say(adopted(EAST, departs=True), TrustEnded(NORTH), adopted(SOUTH, drains=True))
    assert verdicts(effects) == [
        (EAST, Verdict.DEPARTED),
        (NORTH, Verdict.DEPARTED),
        (SOUTH, Verdict.DRAINING),
    ]


def test_who_was_worse_before_stays_so() -> None:
    bench = court(EAST)
    bench.wait(LIFETIME)
    assert bench.verdict() is Verdict.STALE
    bench.say(CUT, died(EAST))
    assert bench.wait(30 * HOUR) == []
    bench.say(WHOLE)
    assert verdicts(bench.wait(CONFIG.hold_down)) == [(EAST, Verdict.UNREACHABLE)]


def test_to_be_cut_off_twice_is_to_be_cut_off_once() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    bench.wait(HOUR // 2)
    bench.say(CUT)
    bench.wait(HOUR)
    bench.say(CUT)
    bench.wait(HOUR)
    bench.say(WHOLE, WHOLE)
    assert verdicts(bench.wait(CONFIG.retention - HOUR // 2 - 1)) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.EXPIRED)]


def test_a_state_kept_while_we_are_cut_off_is_never_dated_into_the_future() -> None:
    bench = Court()
    bench.say(CUT)
    bench.wait(HOUR)
    bench.say(replace(adopted(EAST), silent_for=SECOND), left(EAST))
    bench.say(WHOLE)
    assert verdicts(bench.wait(CONFIG.grace - 1)) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.UNREACHABLE)]


def test_losing_all_of_wan_and_our_own_pool_keeps_everything() -> None:
    bench = court(EAST, NORTH)
    bench.say(joined(HOME), CUT, DEAF)
    assert verdicts(bench.wait(48 * HOUR)) == []
    bench.say(HEARING, WHOLE)
    bench.say(adopted(EAST), adopted(NORTH))
    assert verdicts(bench.wait(MINUTE)) == []


# --- silence, as it is kept -------------------------------------------------------------


def test_of_who_lives_or_is_not_known_there_is_no_silence() -> None:
    bench = court(EAST)
    assert bench.machine.silent_for(EAST, bench.now) == 0
    assert bench.machine.silent_for(NORTH, bench.now) == 0


def test_silence_runs_until_now_and_stands_still_while_we_are_cut_off() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    assert bench.machine.silent_for(EAST, bench.now + HOUR) == HOUR
    bench.wait(HOUR)
    bench.say(CUT)
    bench.wait(HOUR)
    assert bench.machine.silent_for(EAST, bench.now) == HOUR
    bench.say(WHOLE)
    assert bench.machine.silent_for(EAST, bench.now) == HOUR
    bench.wait(HOUR)
    assert bench.machine.silent_for(EAST, bench.now) == 2 * HOUR


def test_what_was_lost_together_is_our_loss_and_no_silence_of_theirs() -> None:
    bench = court(EAST, NORTH)
    bench.say(died(EAST), died(NORTH))
    bench.wait(HOUR)
    assert bench.machine.statistics().lost_together == 2
    assert bench.machine.silent_for(EAST, bench.now) == 0
