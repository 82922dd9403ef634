"""What the bridges of our own cluster tell each other, and what that makes of a verdict."""

from dataclasses import replace

import pytest

from discovery.clusters import Cluster
from discovery.reports import Path, Repeated, Report, Seen
from discovery.sightings import Witness
from discovery.standing import Verdict
from discovery.verdict_events import (
    DataPathReported,
    Effect,
    OwnBridgeGone,
    PeerReport,
    ReportToBridges,
)
from discovery.witnesses import Witnesses
from failure_detect.clock import MINUTE, NEVER, SECOND
from failure_detect.events import (
    IsolationChanged,
    MemberDied,
    MemberJoined,
    MemberRetired,
    MemberReturned,
)
from failure_detect.identity import MemberId
from tests.discovery.courts import (
    CONFIG,
    CUT,
    EAST,
    HOME,
    NORTH,
    START,
    Court,
    adopted,
    court,
    died,
    joined,
    left,
    member,
    reached,
    reports,
    verdicts,
)

FIRST, SECOND_BRIDGE = member(HOME, 1), member(HOME, 2)


def says(
    *seen: Seen, bridge: MemberId = FIRST, number: int = 1, isolated: bool = False
) -> PeerReport:
    return PeerReport(bridge, Report(number, isolated, seen))


def again(bridge: MemberId = FIRST, number: int = 1, *, isolated: bool = False) -> PeerReport:
    return PeerReport(bridge, Repeated(number, isolated))


GOOD = Seen(EAST, alive=True, reachable=True)
UNREACHED = Seen(EAST, alive=True, reachable=False)
LOST = Seen(EAST, alive=False, reachable=False, silent_for=5 * SECOND)


# --- hearing ---------------------------------------------------------------------------


def test_one_of_ours_that_sees_life_is_enough() -> None:
    bench = court(EAST)
    bench.say(says(GOOD), died(EAST))
    assert bench.wait(CONFIG.report_fresh - 1) == []
    assert bench.machine.statistics().sisters == 1


def test_one_of_ours_that_reaches_it_is_enough() -> None:
    bench = court(EAST)
    bench.say(says(GOOD), reached(EAST, reachable=False))
    assert bench.wait(CONFIG.report_fresh - 1) == []
    bench.say(says(UNREACHED, number=2))
    assert bench.wait(CONFIG.hold_down - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.DEGRADED)]


def test_a_report_that_is_stale_is_no_evidence() -> None:
    bench = court(EAST)
    bench.say(says(GOOD), died(EAST))
    bench.wait(CONFIG.report_fresh - 1)
    assert bench.machine.statistics().sisters == 1
    bench.wait(1)
    assert bench.machine.statistics().sisters == 0
    assert bench.wait(CONFIG.hold_down - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.UNREACHABLE)]


def test_a_repetition_keeps_a_report_fresh() -> None:
    bench = court(EAST)
    bench.say(says(GOOD), died(EAST))
    for _ in range(20):
        assert bench.wait(CONFIG.report_fresh - 1) == []
        bench.say(again())
    bench.say(again(number=2), again(SECOND_BRIDGE))
    assert bench.machine.statistics().ignored == 2
    assert verdicts(bench.wait(MINUTE)) == [(EAST, Verdict.UNREACHABLE)]


def test_a_bridge_of_ours_that_is_gone_is_no_witness() -> None:
    bench = court(EAST)
    bench.say(says(GOOD), died(EAST))
    bench.wait(CONFIG.hold_down)
    bench.say(OwnBridgeGone(FIRST), OwnBridgeGone(SECOND_BRIDGE))
    assert verdicts(bench.wait(CONFIG.hold_down)) == [(EAST, Verdict.UNREACHABLE)]


@pytest.mark.parametrize(
    "isolated", [says(GOOD, number=2, isolated=True), again(isolated=True)], ids=["whole", "again"]
)
def test_a_bridge_of_ours_that_is_isolated_is_no_witness(isolated: PeerReport) -> None:
    bench = court(EAST)
    bench.say(says(GOOD), died(EAST))
    assert bench.wait(CONFIG.hold_down) == []
    bench.say(isolated)
    assert verdicts(bench.wait(CONFIG.hold_down)) == [(EAST, Verdict.UNREACHABLE)]


def test_who_is_isolated_itself_goes_by_what_the_others_see() -> None:
    bench = court(EAST, NORTH)
    bench.say(says(GOOD, replace(LOST, origin=NORTH)), IsolationChanged(isolated=True))
    bench.say(adopted(NORTH))
    effects = bench.wait(CONFIG.report_fresh - 1)
    assert verdicts(effects) == []  # North may have left in peace: who is deaf cannot know.
    assert verdicts(bench.say(again(), died(NORTH))) == [(NORTH, Verdict.UNREACHABLE)]


def test_who_disagrees_is_outvoted_by_whoever_sees_more() -> None:
    bench = court(EAST)
    bench.say(says(LOST), says(UNREACHED, bridge=SECOND_BRIDGE), died(EAST))
    assert verdicts(bench.wait(CONFIG.hold_down)) == [(EAST, Verdict.DEGRADED)]
    bench.say(says(GOOD, number=2), again(SECOND_BRIDGE))
    assert verdicts(bench.wait(CONFIG.better)) == [(EAST, Verdict.LIVE)]


def test_what_a_sister_does_not_know_she_does_not_see() -> None:
    bench = court(EAST)
    bench.say(says(replace(GOOD, origin=NORTH)), died(EAST))
    assert verdicts(bench.wait(CONFIG.hold_down)) == [(EAST, Verdict.UNREACHABLE)]


def test_a_path_that_another_finds_open_is_open() -> None:
    bench = court(EAST)
    bench.say(says(replace(GOOD, path=Path.OPEN)), DataPathReported(EAST, is_open=False))
    assert bench.wait(CONFIG.report_fresh - 1) == []
    bench.say(says(replace(GOOD, path=Path.SHUT), number=2))
    assert verdicts(bench.wait(CONFIG.hold_down)) == [(EAST, Verdict.DEGRADED)]


def test_a_path_that_was_open_long_ago_outweighs_nobody() -> None:
    bench = court(EAST)
    bench.say(DataPathReported(EAST, is_open=True))
    shut = replace(GOOD, path=Path.SHUT)
    effects: list[Effect] = []
    for number in range(1, CONFIG.path_fresh // (10 * SECOND)):
        bench.say(says(shut, number=number))
        effects += bench.wait(10 * SECOND)
    assert effects == []
    bench.say(says(shut, number=99))
    assert bench.wait(10 * SECOND + CONFIG.hold_down - 1) == []
    assert verdicts(bench.wait(1)) == [(EAST, Verdict.DEGRADED)]


def test_who_started_later_counts_the_silence_that_others_saw() -> None:
    bench = Court()
    bench.say(adopted(EAST))
    silent = replace(LOST, silent_for=CONFIG.retention - MINUTE)
    assert verdicts(bench.say(says(silent))) == [(EAST, Verdict.UNREACHABLE)]
    effects = [bench.say(again()) + bench.wait(10 * SECOND) for _ in range(6)]
    assert [verdicts(each) for each in effects] == [[]] * 5 + [[(EAST, Verdict.EXPIRED)]]


def test_who_saw_it_alive_itself_counts_its_own_silence() -> None:
    bench = court(EAST)
    bench.say(died(EAST), says(replace(LOST, silent_for=2 * CONFIG.retention)))
    assert verdicts(bench.wait(MINUTE)) == [(EAST, Verdict.UNREACHABLE)]


def test_the_number_of_sisters_is_bounded() -> None:
    bench = Court(replace(CONFIG, bridges_max=2))
    for number in range(5):
        bench.say(says(GOOD, bridge=member(HOME, number)), joined(HOME, number))
    assert bench.machine.statistics().sisters == 2
    assert bench.machine.statistics().ignored == 3


# --- telling ---------------------------------------------------------------------------


def test_with_nobody_to_tell_nothing_is_told() -> None:
    bench = court(EAST)
    assert reports(bench.wait(10 * MINUTE)) == []


def test_who_joins_is_told_everything() -> None:
    bench = court(EAST)
    assert bench.say(joined(HOME)) == [ReportToBridges(Report(1, False, (GOOD,)))]
    effects = bench.wait(CONFIG.report_every - 1)
    effects += bench.say(joined(HOME, 1))
    assert effects == [ReportToBridges(Report(2, False, (GOOD,)))]


def test_what_stays_is_repeated_in_a_few_bytes_and_in_full_now_and_then() -> None:
    bench = court(EAST)
    bench.say(joined(HOME))
    assert bench.wait(CONFIG.report_every - 1) == []
    assert bench.wait(1) == [ReportToBridges(Repeated(1, False))]
    told = [each.report for each in reports(bench.wait(CONFIG.report_full))]
    assert told == [Repeated(1, False)] * 4 + [Report(2, False, (GOOD,)), Repeated(2, False)]


def test_changes_are_told_together_after_a_gap() -> None:
    bench = court(EAST)
    bench.say(joined(HOME))
    bench.wait(1)
    assert reports(bench.say(joined(NORTH), died(NORTH), reached(EAST, reachable=False))) == []
    assert bench.wait(CONFIG.report_gap - 2) == []
    north = Seen(NORTH, alive=False, reachable=False, silent_for=CONFIG.report_gap - 1)
    told = ReportToBridges(Report(2, False, (UNREACHED, north)))
    assert bench.wait(1) == [told]
    assert reports(bench.wait(CONFIG.report_every)) == [ReportToBridges(Repeated(2, False))]


def test_only_what_this_bridge_sees_itself_is_told() -> None:
    """Else two bridges would keep each other's belief alive for ever."""
    bench = court(EAST)
    bench.say(says(GOOD), died(EAST))
    told = bench.say(joined(HOME))
    assert told == [ReportToBridges(Report(1, False, (replace(LOST, silent_for=0),)))]


def test_isolation_is_told() -> None:
    for isolation in (IsolationChanged(isolated=True), CUT):
        bench = court(EAST)
        bench.say(joined(HOME))
        bench.wait(CONFIG.report_gap)
        assert reports(bench.say(isolation)) == [ReportToBridges(Report(2, True, (GOOD,)))]


def test_a_path_that_opens_shuts_or_grows_old_is_told() -> None:
    bench = court(EAST)
    bench.say(joined(HOME))
    bench.wait(MINUTE)
    bench.say(DataPathReported(EAST, is_open=True))
    effects = reports(bench.wait(CONFIG.report_gap))
    assert [each.report for each in effects] == [Report(4, False, (replace(GOOD, path=Path.OPEN),))]
    told = [each.report for each in reports(bench.wait(CONFIG.path_fresh))]
    whole = [each.seen[0].path for each in told if isinstance(each, Report)]
    assert whole[:3] == [Path.OPEN, Path.OPEN, Path.UNKNOWN]


@pytest.mark.parametrize("event", [died(HOME), left(HOME), OwnBridgeGone(member(HOME))])
def test_who_is_gone_is_told_nothing(event: MemberDied | OwnBridgeGone) -> None:
    bench = court(EAST)
    bench.say(joined(HOME))
    bench.say(event)
    assert bench.machine.deadline > bench.now + CONFIG.report_full


def test_who_returns_is_told_again() -> None:
    bench = court(EAST)
    bench.say(joined(HOME), died(HOME))
    bench.wait(MINUTE)
    assert reports(bench.say(MemberReturned(member(HOME), 1))) != []
    bench.say(MemberRetired(member(HOME), member(HOME, 1)), reached(HOME, reachable=False))
    assert reports(bench.wait(MINUTE)) == []


def test_a_bridge_that_is_seen_by_its_own_detector_only_is_in_its_view() -> None:
    witnesses = Witnesses(HOME, CONFIG)
    assert witnesses.follow(joined(EAST), START) == EAST
    assert witnesses.follow(died(NORTH), START) is None
    cluster = Cluster(EAST, CONFIG)
    assert witnesses.own_view(cluster, START) == GOOD
    assert witnesses.seen(cluster, START).witnesses == 1
    assert witnesses.is_alive(EAST)
    witnesses.is_deaf = True
    assert witnesses.seen(cluster, START).witnesses == 0
    assert witnesses.deadline == witnesses.report_due == NEVER
    assert witnesses.wait(witnesses.seen(cluster, START), EAST) == CONFIG.hold_down
    assert isinstance(joined(EAST), MemberJoined)


def test_whoever_asks_hears_what_each_says_also_those_who_do_not_count() -> None:
    bench = court(EAST)
    bench.say(says(LOST), says(GOOD, bridge=SECOND_BRIDGE, isolated=True))
    own, *others = bench.machine.testimonies(EAST, bench.now)
    assert (own.bridge, own.is_isolated, own.heard_at) == (None, False, bench.now)
    assert own.seen is not None
    assert own.seen.alive
    expected = [Witness(FIRST, False, LOST, bench.now)]
    expected += [Witness(SECOND_BRIDGE, True, GOOD, bench.now)]
    assert others == sorted(expected, key=lambda each: each.bridge or b"")
    bench.say(adopted(NORTH))
    assert [each.seen for each in bench.machine.testimonies(NORTH, bench.now)][1:] == [None, None]
    assert bench.machine.testimonies(HOME, bench.now) == []
