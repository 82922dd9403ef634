"""The rows of what a cluster said, signed, and of the silence that removes it."""

from dataclasses import replace

from discovery.names import Origin
from discovery.standing import Standing, Verdict
from discovery.verdict_events import (
    ClusterAlarm,
    ClusterAlarmRaised,
    DataPathReported,
    Excluded,
    ManifestAdopted,
    Revoked,
    StandingChanged,
    TrustEnded,
    TrustRestored,
)
from failure_detect.clock import MINUTE, NEVER
from failure_detect.events import MemberReturned
from tests.discovery.courts import (
    CONFIG,
    EAST,
    LIFETIME,
    NORTH,
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


# --- stale -----------------------------------------------------------------------------


def test_a_manifest_past_its_lifetime_is_stale() -> None:
    bench = court(EAST)
    assert bench.wait(LIFETIME - 1) == []
    why = "it is alive, and its manifest is past its lifetime"
    standing = Standing(Verdict.STALE, bench.now + 1, why)
    assert bench.wait(1) == [
        StandingChanged(EAST, standing),
        ClusterAlarmRaised(ClusterAlarm.STALE, (EAST,), why),
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
    assert bench.wait(CONFIG.hold_down - 1) == []
    why = "it is being drained, and said so; no bridge of it is alive: 1 died"
    also = Standing(Verdict.DRAINING, bench.now + 1, why, also_last_tier=True)
    assert bench.wait(2 * LIFETIME) == [StandingChanged(EAST, also)]
    assert verdicts(bench.say(adopted(EAST))) == [(EAST, Verdict.UNREACHABLE)]


def test_who_is_drained_is_in_the_last_tier_when_lost_shut_or_revoked_as_well() -> None:
    def is_last(bench: Court) -> bool:
        standing = bench.machine.standing(EAST)
        assert standing is not None
        assert standing.verdict is Verdict.DRAINING
        return standing.is_last_tier

    bench = court(EAST)
    bench.say(adopted(EAST, drains=True))
    assert not is_last(bench)
    for bad, good in (
        (died(EAST), MemberReturned(member(EAST), 1)),
        (DataPathReported(EAST, is_open=False), DataPathReported(EAST, is_open=True)),
        (reached(EAST, reachable=False), reached(EAST, reachable=True)),
    ):
        bench.say(bad)
        bench.wait(CONFIG.hold_down)
        assert is_last(bench)
        bench.say(good)
        bench.wait(CONFIG.better_max)
        assert not is_last(bench)
    bench.say(Revoked(EAST))
    assert is_last(bench)


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


def test_a_set_that_is_not_for_us_removes_at_once_and_one_that_is_brings_back() -> None:
    bench = court(EAST)
    standing = Standing(Verdict.DEPARTED, bench.now, "its set is not for us, and it said so")
    assert bench.say(Excluded(EAST)) == [StandingChanged(EAST, standing)]
    assert bench.wait(2 * CONFIG.retention) == []
    assert verdicts(bench.say(adopted(EAST))) == [(EAST, Verdict.LIVE)]


def test_who_was_never_held_and_is_not_for_us_stands_so_from_the_start() -> None:
    bench = court()
    assert verdicts(bench.say(Excluded(EAST))) == [(EAST, Verdict.DEPARTED)]


def test_the_end_of_trust_removes_and_its_return_brings_back() -> None:
    bench = court(EAST)
    standing = Standing(Verdict.DEPARTED, bench.now, "it is not trusted any more")
    assert bench.say(TrustEnded(EAST)) == [StandingChanged(EAST, standing)]
    assert bench.say(adopted(EAST)) == []
    assert verdicts(bench.say(TrustRestored(EAST))) == [(EAST, Verdict.LIVE)]


def test_who_departed_does_not_expire() -> None:
    for word in (adopted(EAST, departs=True), TrustEnded(EAST), Excluded(EAST)):
        bench = court(EAST)
        bench.say(word, died(EAST))
        assert bench.wait(2 * CONFIG.retention) == []
        assert bench.verdict() is Verdict.DEPARTED


def test_a_revoked_key_waits_in_the_last_tier_for_its_successor() -> None:
    bench = court(EAST)
    why = "its key was revoked, and its successor has not spoken yet"
    standing = Standing(Verdict.DEGRADED, bench.now, why)
    assert bench.say(Revoked(EAST)) == [
        StandingChanged(EAST, standing),
        ClusterAlarmRaised(ClusterAlarm.REVOKED, (EAST,), why),
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


def test_a_revocation_counts_from_when_it_was_and_the_earliest_counts() -> None:
    bench = court(EAST)
    bench.say(Revoked(EAST, MINUTE))
    assert bench.machine.revoked_for(EAST, bench.now) == MINUTE
    assert bench.say(Revoked(EAST)) == []
    assert bench.wait(CONFIG.revoked_hold - MINUTE - 1) == []
    assert [verdict for _, verdict in verdicts(bench.wait(1))] == [Verdict.DEPARTED]
    assert bench.machine.revoked_for(EAST, bench.now) == CONFIG.revoked_hold


def test_what_was_kept_is_revoked_for_as_long_as_it_was() -> None:
    bench = Court()
    bench.say(joined(EAST), joined(NORTH))
    brief = replace(adopted(EAST), revoked_for=MINUTE)
    assert verdicts(bench.say(brief)) == [(EAST, Verdict.DEGRADED)]
    assert verdicts(bench.wait(CONFIG.revoked_hold - MINUTE - 1)) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.DEPARTED)]
    over = replace(adopted(NORTH), revoked_for=CONFIG.revoked_hold)
    assert verdicts(bench.say(over)) == [(NORTH, Verdict.DEPARTED)]
    assert bench.machine.revoked_for(Origin("nobody"), bench.now) is None


def test_trust_has_ended_for_whom_that_was_said_until_it_is_restored() -> None:
    bench = court(EAST)
    assert bench.machine.trusts(EAST)
    bench.say(TrustEnded(EAST))
    assert not bench.machine.trusts(EAST)
    bench.say(TrustRestored(EAST))
    assert bench.machine.trusts(EAST)
    assert bench.machine.trusts(Origin("nobody"))


def test_a_revocation_is_an_alarm_for_who_is_lost_already() -> None:
    bench = court(EAST)
    bench.say(died(EAST))
    bench.wait(MINUTE)
    assert alarms(bench.say(Revoked(EAST))) == [ClusterAlarm.REVOKED]
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
        ClusterAlarmRaised(ClusterAlarm.EXPIRED, (EAST,), standing.why),
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
    said = [(EAST, Verdict.DRAINING), (EAST, Verdict.EXPIRED)]
    assert verdicts(bench.wait(CONFIG.retention)) == said


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


def test_an_alarm_stands_as_long_as_its_reason() -> None:
    bench = court(EAST)
    assert bench.machine.alarms() == []
    bench.wait(LIFETIME)
    why = "it is alive, and its manifest is past its lifetime"
    assert bench.machine.alarms() == [ClusterAlarmRaised(ClusterAlarm.STALE, (EAST,), why)]
    bench.say(adopted(EAST))
    assert bench.machine.alarms() == []
