"""The rows of what is seen, with their boundaries, and the order in which rows are tried."""

from discovery.standing import Standing, Verdict
from discovery.verdict_events import (
    DataPathReported,
    EvidenceChanged,
    StandingChanged,
)
from failure_detect.clock import MINUTE, SECOND
from failure_detect.events import MemberRetired, MemberReturned
from tests.discovery.courts import (
    CONFIG,
    EAST,
    HOME,
    START,
    Court,
    adopted,
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


# --- words -----------------------------------------------------------------------------


def test_the_words_are_those_of_now_and_the_time_is_that_of_the_change() -> None:
    bench = court(EAST)
    bench.say(reached(EAST, reachable=False))
    bench.wait(CONFIG.hold_down)
    begun = bench.now
    assert bench.machine.standing(EAST) == Standing(
        Verdict.DEGRADED, begun, "it is alive, and none of ours reaches it"
    )
    shut = Standing(Verdict.DEGRADED, begun, "its data path is shut")
    assert bench.say(DataPathReported(EAST, is_open=False)) == [EvidenceChanged(EAST, shut)]
    assert bench.say(reached(EAST, reachable=True)) == []
    assert bench.machine.standing(EAST) == shut
    opened = Standing(Verdict.DEGRADED, begun, "the way to it was shut, and is not proven yet")
    assert bench.say(DataPathReported(EAST, is_open=True)) == [EvidenceChanged(EAST, opened)]


# --- unreachable -----------------------------------------------------------------------


def test_no_bridge_alive_is_unreachable_after_the_hold_down() -> None:
    bench = court(EAST)
    lives = Standing(Verdict.LIVE, START, "none of it is alive, and that may pass")
    assert bench.say(died(EAST)) == [EvidenceChanged(EAST, lives)]
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
    [back] = bench.say(MemberReturned(member(EAST), 1))
    assert isinstance(back, EvidenceChanged)
    assert back.standing.why == "it is back, and that is not proven yet"
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


# --- all rows, by their order ----------------------------------------------------------


def test_rows_are_tried_from_the_bottom_up() -> None:
    """All evidence at once; each word or sight that is taken away shows the row above."""
    bench = court(EAST)
    bench.say(DataPathReported(EAST, is_open=False), died(EAST))
    bench.wait(CONFIG.retention)
    assert bench.say(adopted(EAST, SECOND, departs=True, drains=True)) == []
    assert bench.verdict() is Verdict.EXPIRED
    bench.say(MemberReturned(member(EAST), 1))
    assert verdicts(bench.wait(CONFIG.better)) == [(EAST, Verdict.DEPARTED)]
    assert verdicts(bench.say(adopted(EAST, SECOND, drains=True))) == [(EAST, Verdict.DRAINING)]
    assert verdicts(bench.say(adopted(EAST, SECOND))) == [(EAST, Verdict.DEGRADED)]
    bench.say(DataPathReported(EAST, is_open=True))
    assert verdicts(bench.wait(CONFIG.better)) == [(EAST, Verdict.STALE)]
    assert verdicts(bench.say(adopted(EAST))) == [(EAST, Verdict.LIVE)]
