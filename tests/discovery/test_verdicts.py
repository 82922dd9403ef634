"""Each row of the table in `discovery.verdicts`, with its boundaries, one by one."""

from dataclasses import replace

import pytest

from discovery.standing import Standing, Verdict
from discovery.verdict_events import (
    Alarm,
    AlarmRaised,
    DataPathReported,
    ManifestAdopted,
    Revoked,
    StandingChanged,
    TrustEnded,
    TrustRestored,
)
from failure_detect.clock import MINUTE, NEVER, SECOND, Duration
from failure_detect.events import MemberRetired, MemberReturned
from tests.discovery.courts import (
    CONFIG,
    EAST,
    HOME,
    LIFETIME,
    NORTH,
    START,
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


# --- live ------------------------------------------------------------------------------


def test_alive_reachable_and_fresh_is_live() -> None:
    bench = Court()
    assert bench.say(joined(EAST)) == []
    why = "alive, reachable, its data path not shut, its manifest fresh"
    standing = Standing(Verdict.LIVE, START, why)
    assert bench.say(adopted(EAST)) == [StandingChanged(EAST, standing)]
    assert bench.machine.standing(EAST) == standing


def test_of_whom_nothing_was_adopted_there_is_no_standing() -> None:
    bench = Court()
    bench.say(joined(EAST))
    assert bench.machine.standing(EAST) is None
    assert bench.wait(48 * HOUR) == []


def test_our_own_cluster_is_not_judged() -> None:
    bench = Court()
    assert verdicts(bench.say(joined(HOME), adopted(HOME), died(HOME))) == []
    assert bench.machine.standing(HOME) is None


# --- degraded --------------------------------------------------------------------------


def test_alive_and_out_of_reach_is_degraded_after_the_hold_down() -> None:
    bench = court(EAST)
    assert bench.say(reached(EAST, reachable=False)) == []
    assert bench.wait(CONFIG.hold_down - 1) == []
    why = "it is alive, and none of ours reaches it"
    standing = Standing(Verdict.DEGRADED, bench.now + 1, why)
    assert bench.wait(1) == [StandingChanged(EAST, standing)]


def test_one_bridge_in_reach_is_enough() -> None:
    bench = court(EAST)
    bench.say(joined(EAST, 1), reached(EAST, reachable=False))
    assert bench.wait(MINUTE) == []
    bench.say(died(EAST, 1))
    assert verdicts(bench.wait(CONFIG.hold_down)) == [(EAST, Verdict.DEGRADED)]


def test_in_reach_again_is_live_after_a_longer_while() -> None:
    bench = court(EAST)
    bench.say(reached(EAST, reachable=False))
    bench.wait(MINUTE)
    bench.say(reached(EAST, reachable=True))
    assert bench.wait(CONFIG.better - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.LIVE)]


def test_a_short_loss_of_reach_is_nothing() -> None:
    bench = court(EAST)
    for _ in range(20):
        bench.say(reached(EAST, reachable=False))
        assert bench.wait(CONFIG.hold_down - 1) == []
        bench.say(reached(EAST, reachable=True))
        assert bench.wait(1) == []


def test_a_data_path_that_is_shut_is_degraded() -> None:
    bench = court(EAST)
    assert bench.say(DataPathReported(EAST, is_open=False)) == []
    assert bench.wait(CONFIG.hold_down - 1) == []
    effects = bench.wait(1)
    assert verdicts(effects) == [(EAST, Verdict.DEGRADED)]
    standing = bench.machine.standing(EAST)
    assert standing is not None
    assert standing.why == "its data path is shut"
    bench.say(DataPathReported(EAST, is_open=True))
    assert bench.wait(CONFIG.better - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.LIVE)]


def test_a_path_that_was_open_long_ago_is_not_shut() -> None:
    bench = court(EAST)
    bench.say(DataPathReported(EAST, is_open=True))
    assert bench.wait(40 * MINUTE) == []


def test_who_is_known_by_relay_alone_is_degraded_and_never_lost() -> None:
    """No direct path: the pool says that it lives, and its manifests come by others."""
    bench = Court()
    bench.say(joined(EAST), reached(EAST, reachable=False), adopted(EAST, 400 * HOUR))
    assert verdicts(bench.wait(30 * HOUR)) == [(EAST, Verdict.DEGRADED)]


# --- unreachable -----------------------------------------------------------------------


def test_no_bridge_alive_is_unreachable_after_the_hold_down() -> None:
    bench = court(EAST)
    assert bench.say(died(EAST)) == []
    assert bench.wait(CONFIG.hold_down - 1) == []
    standing = Standing(Verdict.UNREACHABLE, bench.now + 1, "no bridge of it is alive: 1 died")
    assert bench.wait(1) == [StandingChanged(EAST, standing)]


def test_one_bridge_alive_is_enough() -> None:
    bench = court(EAST)
    bench.say(joined(EAST, 1), joined(EAST, 2), died(EAST, 0), died(EAST, 1))
    assert bench.wait(MINUTE) == []
    bench.say(died(EAST, 2))
    effects = bench.wait(CONFIG.hold_down)
    standing = Standing(Verdict.UNREACHABLE, bench.now, "no bridge of it is alive: 3 died")
    assert effects == [StandingChanged(EAST, standing)]


def test_who_returns_in_time_was_never_lost() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    bench.wait(CONFIG.hold_down - 1)
    bench.say(MemberReturned(member(EAST), 1))
    assert bench.wait(MINUTE) == []


def test_alive_again_is_live_after_a_longer_while() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    bench.wait(MINUTE)
    assert bench.say(MemberReturned(member(EAST), 1)) == []
    assert bench.wait(CONFIG.better - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.LIVE)]


def test_alive_again_and_out_of_reach_is_degraded_meanwhile() -> None:
    bench = court(EAST)
    bench.say(died(EAST), reached(EAST, reachable=False))
    bench.wait(MINUTE)
    bench.say(MemberReturned(member(EAST), 1))
    assert verdicts(bench.wait(CONFIG.better)) == [(EAST, Verdict.DEGRADED)]
    bench.say(reached(EAST, reachable=True))
    assert verdicts(bench.wait(CONFIG.better)) == [(EAST, Verdict.LIVE)]


def test_bridges_that_leave_in_peace_demote_nothing_within_the_grace() -> None:
    bench = court(EAST)
    bench.say(joined(EAST, 1), left(EAST, 0), left(EAST, 1))
    assert bench.wait(CONFIG.grace - 1) == []
    standing = Standing(
        Verdict.UNREACHABLE, bench.now + 1, "its bridges left, and none came instead"
    )
    assert bench.wait(1) == [StandingChanged(EAST, standing)]


def test_an_upgrade_of_all_bridges_at_once_changes_nothing() -> None:
    bench = court(EAST)
    bench.say(joined(EAST, 1))
    for number in range(2, 20):
        bench.say(left(EAST, number - 2), left(EAST, number - 1))
        assert bench.wait(CONFIG.grace - 1) == []
        bench.say(joined(EAST, number), joined(EAST, number + 1))
        assert bench.wait(1) == []


def test_leaving_makes_nothing_better() -> None:
    bench = court(EAST)
    bench.say(reached(EAST, reachable=False))
    bench.wait(MINUTE)
    bench.say(left(EAST))
    assert bench.wait(CONFIG.grace - 1) == []
    assert bench.verdict() is Verdict.DEGRADED


def test_a_succession_on_the_same_node_is_no_loss() -> None:
    bench = court(EAST)
    bench.say(MemberRetired(member(EAST), member(EAST, 1)), joined(EAST, 1))
    assert bench.wait(10 * MINUTE) == []


def test_the_last_one_decides_whether_they_left_or_died() -> None:
    bench = court(EAST)
    bench.say(joined(EAST, 1), left(EAST, 0), died(EAST, 1))
    assert verdicts(bench.wait(CONFIG.hold_down)) == [(EAST, Verdict.UNREACHABLE)]
    other = court(EAST)
    other.say(joined(EAST, 1), died(EAST, 0), left(EAST, 1))
    assert other.wait(CONFIG.grace - 1) == []


def test_who_was_not_seen_yet_is_given_time() -> None:
    bench = Court()
    why = "not seen yet, and given time to show itself"
    assert bench.say(adopted(EAST)) == [StandingChanged(EAST, Standing(Verdict.LIVE, START, why))]
    assert bench.wait(CONFIG.grace - 1) == []
    why = "no bridge of it was seen since we started"
    standing = Standing(Verdict.UNREACHABLE, bench.now + 1, why)
    assert bench.wait(1) == [StandingChanged(EAST, standing)]


# --- stale -----------------------------------------------------------------------------


def test_a_manifest_past_its_lifetime_is_stale() -> None:
    bench = court(EAST)
    assert bench.wait(LIFETIME - 1) == []
    why = "it is alive, and its manifest is past its lifetime"
    standing = Standing(Verdict.STALE, bench.now + 1, why)
    assert bench.wait(1) == [
        StandingChanged(EAST, standing),
        AlarmRaised(Alarm.STALE, (EAST,), why),
    ]
    assert bench.wait(HOUR) == []
    assert verdicts(bench.say(adopted(EAST))) == [(EAST, Verdict.LIVE)]


def test_stale_is_only_who_is_alive_and_in_reach() -> None:
    """Whoever is out of reach gets no more traffic because its manifest is old as well."""
    bench = court(EAST)
    bench.say(reached(EAST, reachable=False))
    assert verdicts(bench.wait(2 * LIFETIME)) == [(EAST, Verdict.DEGRADED)]
    other = court(EAST)
    other.say(died(EAST))
    assert verdicts(other.wait(2 * LIFETIME)) == [(EAST, Verdict.UNREACHABLE)]


def test_who_was_stale_is_not_better_for_leaving() -> None:
    bench = court(EAST)
    bench.wait(LIFETIME)
    bench.say(left(EAST))
    assert bench.wait(CONFIG.grace - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.UNREACHABLE)]


# --- draining --------------------------------------------------------------------------


def test_a_signed_drain_counts_at_once_and_so_does_its_end() -> None:
    bench = court(EAST)
    standing = Standing(Verdict.DRAINING, bench.now, "it is being drained, and said so")
    assert bench.say(adopted(EAST, drains=True)) == [StandingChanged(EAST, standing)]
    assert verdicts(bench.say(adopted(EAST))) == [(EAST, Verdict.LIVE)]


def test_draining_outranks_what_is_seen() -> None:
    bench = court(EAST)
    bench.say(adopted(EAST, drains=True))
    bench.say(died(EAST))
    assert bench.wait(2 * LIFETIME) == []
    assert verdicts(bench.say(adopted(EAST))) == [(EAST, Verdict.UNREACHABLE)]


# --- departed --------------------------------------------------------------------------


def test_a_signed_departure_removes_at_once() -> None:
    bench = court(EAST)
    standing = Standing(Verdict.DEPARTED, bench.now, "it departed, and said so")
    assert bench.say(adopted(EAST, departs=True)) == [StandingChanged(EAST, standing)]
    assert verdicts(bench.say(adopted(EAST))) == [(EAST, Verdict.LIVE)]


def test_departure_outranks_a_drain() -> None:
    bench = court(EAST)
    assert verdicts(bench.say(adopted(EAST, departs=True, drains=True))) == [
        (EAST, Verdict.DEPARTED)
    ]


def test_the_end_of_trust_removes_and_its_return_brings_back() -> None:
    bench = court(EAST)
    standing = Standing(Verdict.DEPARTED, bench.now, "it is not trusted any more")
    assert bench.say(TrustEnded(EAST)) == [StandingChanged(EAST, standing)]
    assert bench.say(adopted(EAST)) == []
    assert verdicts(bench.say(TrustRestored(EAST))) == [(EAST, Verdict.LIVE)]


def test_a_revoked_key_waits_in_the_last_tier_for_its_successor() -> None:
    bench = court(EAST)
    why = "its key was revoked, and its successor has not spoken yet"
    standing = Standing(Verdict.DEGRADED, bench.now, why)
    assert bench.say(Revoked(EAST)) == [
        StandingChanged(EAST, standing),
        AlarmRaised(Alarm.REVOKED, (EAST,), why),
    ]
    assert bench.wait(CONFIG.revoked_hold - 1) == []
    assert verdicts(bench.say(adopted(EAST))) == [(EAST, Verdict.LIVE)]
    assert bench.wait(CONFIG.revoked_hold) == []


def test_a_revoked_key_without_a_successor_is_removed() -> None:
    bench = court(EAST)
    bench.say(Revoked(EAST))
    bench.wait(MINUTE)
    assert bench.say(Revoked(EAST)) == []  # The list came again: the hold is not prolonged.
    assert bench.wait(CONFIG.revoked_hold - MINUTE - 1) == []
    why = "its key was revoked, and no successor spoke in time"
    standing = Standing(Verdict.DEPARTED, bench.now + 1, why)
    assert bench.wait(1) == [StandingChanged(EAST, standing)]
    assert verdicts(bench.say(adopted(EAST))) == [(EAST, Verdict.LIVE)]


def test_a_revocation_is_an_alarm_for_who_is_lost_already() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    bench.wait(MINUTE)
    assert alarms(bench.say(Revoked(EAST))) == [Alarm.REVOKED]
    assert bench.verdict() is Verdict.UNREACHABLE


# --- expired ---------------------------------------------------------------------------


def test_who_is_silent_for_the_retention_is_removed() -> None:
    bench = court(EAST, NORTH)
    bench.say(adopted(NORTH, 400 * HOUR), died(EAST))
    assert verdicts(bench.wait(CONFIG.hold_down)) == [(EAST, Verdict.UNREACHABLE)]
    assert bench.wait(CONFIG.retention - CONFIG.hold_down - 1) == []
    standing = Standing(Verdict.EXPIRED, bench.now + 1, "silent for 86400 s")
    assert bench.wait(1) == [
        StandingChanged(EAST, standing),
        AlarmRaised(Alarm.EXPIRED, (EAST,), standing.why),
    ]
    assert bench.machine.deadline == NEVER or bench.machine.deadline > bench.now


def test_a_sign_of_life_starts_the_retention_anew() -> None:
    bench = court(EAST, NORTH)
    bench.say(adopted(NORTH, 400 * HOUR), died(EAST))
    bench.wait(CONFIG.retention - 1)
    bench.say(MemberReturned(member(EAST), 1), died(EAST))
    assert bench.wait(CONFIG.retention - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.EXPIRED)]


def test_a_manifest_by_relay_is_no_sign_of_life() -> None:
    bench = court(EAST, NORTH)
    bench.say(adopted(NORTH, 400 * HOUR), died(EAST))
    bench.wait(CONFIG.retention - 1)
    bench.say(adopted(EAST))
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.EXPIRED)]


def test_who_expired_is_back_when_it_lives_again() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    bench.wait(CONFIG.retention)
    assert bench.verdict() is Verdict.EXPIRED
    assert bench.say(MemberReturned(member(EAST), 1), adopted(EAST)) == []
    assert bench.wait(CONFIG.better - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.LIVE)]


def test_a_drained_cluster_that_is_shut_down_expires_too() -> None:
    bench = court(EAST)
    bench.say(adopted(EAST, drains=True), died(EAST))
    assert verdicts(bench.wait(CONFIG.retention)) == [(EAST, Verdict.EXPIRED)]


def test_silence_that_an_earlier_run_saw_counts() -> None:
    bench = Court()
    kept = ManifestAdopted(origin=EAST, lifetime=LIFETIME, silent_for=CONFIG.retention - HOUR)
    assert verdicts(bench.say(kept)) == [(EAST, Verdict.UNREACHABLE)]
    assert bench.wait(HOUR - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.EXPIRED)]


def test_nobody_expires_at_the_first_look() -> None:
    bench = Court()
    kept = ManifestAdopted(origin=EAST, lifetime=LIFETIME, silent_for=2 * CONFIG.retention)
    assert verdicts(bench.say(kept)) == [(EAST, Verdict.UNREACHABLE)]
    assert bench.wait(CONFIG.hold_down - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.EXPIRED)]
    late = court(EAST)
    late.say(died(EAST))
    effects = late.machine.advance(late.now + 2 * CONFIG.retention)  # We were stopped for long.
    assert verdicts(effects) == [(EAST, Verdict.UNREACHABLE)]


# --- all rows, by their order ----------------------------------------------------------


def test_rows_are_tried_from_the_bottom_up() -> None:
    """All evidence at once; each word or sight that is taken away shows the row above."""
    bench = court(EAST)
    bench.say(adopted(EAST, SECOND, departs=True, drains=True), DataPathReported(EAST, False))
    bench.say(died(EAST))
    assert verdicts(bench.wait(CONFIG.retention)) == [(EAST, Verdict.EXPIRED)]
    bench.say(MemberReturned(member(EAST), 1))
    assert verdicts(bench.wait(CONFIG.better)) == [(EAST, Verdict.DEPARTED)]
    assert verdicts(bench.say(adopted(EAST, SECOND, drains=True))) == [(EAST, Verdict.DRAINING)]
    assert verdicts(bench.say(adopted(EAST, SECOND))) == [(EAST, Verdict.DEGRADED)]
    bench.say(DataPathReported(EAST, is_open=True))
    assert verdicts(bench.wait(CONFIG.better)) == [(EAST, Verdict.STALE)]
    assert verdicts(bench.say(adopted(EAST))) == [(EAST, Verdict.LIVE)]


# --- damping ---------------------------------------------------------------------------


def relapse(bench: Court) -> Duration:
    """Lose the cluster and find it again; return how long it took to get better."""
    bench.say(died(EAST))
    assert verdicts(bench.wait(CONFIG.hold_down)) == [(EAST, Verdict.UNREACHABLE)]
    bench.say(MemberReturned(member(EAST), 1))
    since = bench.now
    effects = bench.wait(CONFIG.better_max)
    changed = [each for each in effects if isinstance(each, StandingChanged)]
    assert verdicts(effects) == [(EAST, Verdict.LIVE)]
    bench.say(adopted(EAST))
    return changed[0].standing.since - since


def test_who_flaps_gets_better_more_and_more_slowly_up_to_a_limit() -> None:
    bench = court(EAST)
    took = [relapse(bench) // SECOND for _ in range(9)]
    assert took == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_flapping_is_an_alarm_once() -> None:
    bench = court(EAST)
    raised = []
    for _ in range(9):
        bench.say(died(EAST))
        raised += alarms(bench.wait(CONFIG.hold_down))
        bench.say(MemberReturned(member(EAST), 1))
        raised += alarms(bench.wait(CONFIG.better_max))
        raised += alarms(bench.say(adopted(EAST)))
    assert raised == [Alarm.FLAPPING]


def test_who_stayed_well_starts_with_a_clean_record() -> None:
    bench = court(EAST)
    assert [relapse(bench) // SECOND for _ in range(3)] == [5, 10, 20]
    bench.wait(CONFIG.forgive)
    assert relapse(bench) == CONFIG.better


def test_flapping_while_it_is_last_tier_changes_nothing() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    bench.wait(MINUTE)
    for number in range(1, 30):
        bench.say(MemberReturned(member(EAST), number))
        assert bench.wait(CONFIG.better - 1) == []
        bench.say(died(EAST))
        assert bench.wait(1) == []


# --- bounds and strangers --------------------------------------------------------------


def test_facts_about_strangers_harm_nothing_and_are_counted() -> None:
    bench = Court()
    strange = member("nobody")
    effects = bench.say(
        died(EAST),
        left(EAST),
        MemberReturned(strange, 1),
        MemberRetired(strange, strange),
        reached(EAST, reachable=False),
        DataPathReported(EAST, is_open=False),
        TrustEnded(EAST),
        TrustRestored(EAST),
        Revoked(EAST),
    )
    assert effects == []
    assert bench.machine.statistics().ignored == 9
    assert bench.machine.deadline == NEVER


def test_the_number_of_clusters_is_bounded_and_the_departed_make_room() -> None:
    bench = Court(replace(CONFIG, origins_max=2))
    bench.say(adopted(EAST), adopted(NORTH), adopted(HOME))
    third = adopted(type(EAST)("third"))
    assert bench.say(third) == []
    assert bench.machine.statistics().ignored == 2
    bench.say(adopted(EAST, departs=True))
    assert verdicts(bench.say(third)) == [(third.origin, Verdict.LIVE)]
    assert bench.machine.standing(EAST) is None


def test_statistics_count_the_verdicts() -> None:
    bench = court(EAST, NORTH)
    bench.say(died(NORTH))
    bench.wait(CONFIG.hold_down)
    statistics = bench.machine.statistics()
    assert {v: n for v, n in statistics.origins.items() if n} == {"live": 1, "unreachable": 1}
    assert (statistics.members, statistics.is_barred, statistics.lost_together) == (2, False, 0)


def test_evidence_can_be_asked_for() -> None:
    bench = court(EAST)
    seen = bench.machine.evidence(EAST, bench.now)
    assert seen is not None
    assert (seen.alive, seen.reachable, seen.witnesses) == (True, True, 1)
    assert bench.machine.evidence(NORTH, bench.now) is None


@pytest.mark.parametrize("name", ["hold_down", "grace", "better", "retention", "revoked_hold"])
def test_each_duration_has_an_effect(name: str) -> None:
    def story(longer: int) -> list[tuple[int, Verdict]]:
        bench = Court(replace(CONFIG, **{name: getattr(CONFIG, name) + longer}))
        effects = bench.say(joined(EAST), adopted(EAST), adopted(NORTH, 400 * HOUR), Revoked(NORTH))
        effects += bench.wait(3 * MINUTE)
        effects += bench.say(died(EAST)) + bench.wait(3 * MINUTE)
        effects += bench.say(MemberReturned(member(EAST), 1)) + bench.wait(3 * MINUTE)
        effects += bench.say(left(EAST)) + bench.wait(26 * HOUR)
        changed = [each.standing for each in effects if isinstance(each, StandingChanged)]
        return [(standing.since, standing.verdict) for standing in changed]

    assert story(0) != story(SECOND)
