"""Flapping, bounds, strangers, and that each duration counts."""

from dataclasses import replace

import pytest

from discovery.standing import Verdict
from discovery.verdict_config import VerdictConfig
from discovery.verdict_events import (
    ClusterAlarm,
    DataPathReported,
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
    assert raised == [ClusterAlarm.FLAPPING]


def test_nobody_flaps_who_was_never_lost_though_better_never_takes_longer() -> None:
    bench = Court(VerdictConfig(better=MINUTE, better_max=MINUTE))
    assert alarms(bench.say(joined(EAST), adopted(EAST))) == []


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
