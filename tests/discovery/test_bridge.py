"""What each part of a bridge concludes reaches the parts that it concerns, in order."""

from collections.abc import Iterable

import pytest

from discovery.bridge_events import (
    EvidenceKept,
    LanFact,
    PoliciesListed,
    ViewTouched,
)
from discovery.events import ContradictionFound, SetAdopted
from discovery.guards import HoldEnded, HoldStarted
from discovery.isolation import HeartbeatStopped
from discovery.keys import endpoints_key
from discovery.manifest import Intent, IntentKind
from discovery.recordset import RecordSet
from discovery.reports import Report
from discovery.standing import Verdict
from discovery.state import KeptState
from discovery.verdict_events import (
    DataPathReported,
    OwnBridgeGone,
    PeerReport,
    ReportToBridges,
    StandingChanged,
)
from failure_detect.clock import MINUTE, SECOND
from failure_detect.events import (
    BroadcastRequested,
    FingerprintChanged,
    IsolationChanged,
    MemberDied,
    MemberJoined,
    NodeAnswered,
    NodeSilent,
)
from failure_detect.identity import NodeName
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    WEB,
    WEST,
    Bridgehead,
    died,
    identity,
    joined,
    kept,
    manifest_of,
    member,
    of_kind,
    overlay_of,
    pods,
)


def head() -> Bridgehead:
    """A bridge that has met bridge 0 of `east`, and holds 20 pods of it."""
    made = Bridgehead()
    made.tell(joined(EAST))
    made.publish(EAST, pods(range(20)))
    return made


def verdicts(effects: Iterable[object]) -> list[tuple[str, Verdict]]:
    return [(e.origin, e.standing.verdict) for e in effects if isinstance(e, StandingChanged)]


# --- sets and the guard ---------------------------------------------------------------------


def test_a_set_that_is_adopted_is_served_and_its_cluster_is_live() -> None:
    made = Bridgehead()
    made.tell(joined(EAST))
    effects = made.publish(EAST, pods(range(20)))
    kinds = [type(each) for each in effects]
    assert kinds.count(SetAdopted) == kinds.count(ViewTouched) == 1
    assert kinds.index(SetAdopted) < kinds.index(StandingChanged) < kinds.index(ViewTouched)
    assert made.reasons() == {"east: used": 20}
    assert made.bridge.view.take_diff().added == (WEB,)


def test_a_mass_withdrawal_is_held_in_the_last_tier_and_shows() -> None:
    made = head()
    effects = made.publish(EAST, pods(range(4)))
    [hold] = of_kind(effects, HoldStarted)
    assert isinstance(hold, HoldStarted)
    assert (hold.origin, len(hold.held[WEB])) == (EAST, 16)
    assert "16 of 20 endpoints" in hold.why
    assert made.reasons() == {"east: held-by-guard": 16, "east: used": 4}
    assert of_kind(made.wait(6 * MINUTE), HoldEnded)
    assert made.reasons() == {"east: used": 4}


def test_a_mass_withdrawal_with_an_intent_is_believed() -> None:
    made = head()
    intent = Intent(1, 2, IntentKind.SCALE_DOWN, "", 0)
    assert not of_kind(made.publish(EAST, pods(range(4)), intent), HoldStarted)
    assert made.reasons() == {"east: used": 4}


def test_what_comes_back_is_held_no_more() -> None:
    made = head()
    made.publish(EAST, pods(range(4)))
    [ended] = of_kind(made.publish(EAST, pods(range(20))), HoldEnded)
    assert isinstance(ended, HoldEnded)
    assert made.reasons() == {"east: used": 20}
    assert made.bridge.guard.held(EAST) == {}


def test_a_cluster_that_withdrew_all_and_comes_back_is_held_no_more() -> None:
    made = head()
    made.publish(EAST, {})
    assert made.reasons() == {"east: held-by-guard": 20}
    assert of_kind(made.publish(EAST, pods(range(20))), HoldEnded)
    assert made.reasons() == {"east: used": 20}


def test_what_remains_of_a_hold_keeps_its_reason() -> None:
    made = head()
    [hold] = of_kind(made.publish(EAST, pods(range(4))), HoldStarted)
    made.publish(EAST, pods(range(8)))
    held = [
        each
        for each in made.bridge.view.explain(WEB).endpoints
        if each.reason.value == "held-by-guard"
    ]
    assert len(held) == 12
    assert isinstance(hold, HoldStarted)
    assert all(hold.why in each.why for each in held)


def test_a_small_withdrawal_is_believed() -> None:
    made = head()
    assert not of_kind(made.publish(EAST, pods(range(11))), HoldStarted)
    assert made.reasons() == {"east: used": 11}


def test_pods_that_all_become_unready_at_once_are_held() -> None:
    made = head()
    assert of_kind(made.publish(EAST, pods(range(20), ready=False)), HoldStarted)
    assert made.reasons()["east: held-by-guard"] == 20


def test_the_count_that_the_guard_measures_against_survives_malformed_records() -> None:
    made = head()
    broken = pods(range(20)) | {endpoints_key(WEB, 0): b"\xc1"}
    assert not of_kind(made.publish(EAST, broken), HoldStarted)
    assert made.reasons() == {"east: used": 20}
    assert not of_kind(made.publish(EAST, pods(range(20))), HoldStarted)
    [hold] = of_kind(made.publish(EAST, pods(range(4))), HoldStarted)
    assert isinstance(hold, HoldStarted)
    assert "16 of 20 endpoints" in hold.why


def test_our_own_cluster_is_not_guarded_nor_judged() -> None:
    made = Bridgehead()
    made.restore(KeptState(sets=(kept(HOME, pods(range(20))),)))
    effects = made.restore(KeptState(sets=(kept(HOME, pods(range(1)), version=2),)))
    assert not of_kind(effects, HoldStarted, StandingChanged)
    assert made.reasons() == {"home: used": 1}


def test_a_set_with_nothing_new_in_it_leaves_the_view_alone() -> None:
    made = head()
    effects = made.publish(EAST, pods(range(20)))
    assert of_kind(effects, SetAdopted)
    assert not of_kind(effects, ViewTouched)


def test_a_departure_removes_at_once_and_holds_nothing() -> None:
    made = head()
    effects = made.publish(EAST, {}, departs=True)
    assert verdicts(effects) == [(EAST, Verdict.DEPARTED)]
    assert made.bridge.guard.held(EAST) == {}
    assert made.reasons() == {}
    assert made.wait(10 * MINUTE) is not None
    assert made.reasons() == {}


def test_what_is_held_goes_when_its_cluster_expires() -> None:
    made = head()
    made.publish(EAST, pods(range(4)))
    made.tell(died(EAST))
    made.wait(made.bridge.deadline - made.now)
    made.wait(48 * 60 * MINUTE)
    standing = made.bridge.verdicts.standing(EAST)
    assert standing is not None
    assert standing.verdict is Verdict.EXPIRED
    assert made.reasons() == {"east: origin-expired": 4}


# --- verdicts -------------------------------------------------------------------------------


def test_a_cluster_without_a_living_bridge_goes_to_the_last_tier_and_comes_back() -> None:
    made = head()
    made.wait(10 * SECOND)
    made.tell(died(EAST))
    assert (EAST, Verdict.UNREACHABLE) in verdicts(made.wait(2 * MINUTE))
    assert made.reasons() == {"east: last-tier": 20}
    made.tell(MemberJoined(identity(EAST), 1))
    assert (EAST, Verdict.LIVE) in verdicts(made.wait(30 * MINUTE))
    assert made.reasons() == {"east: used": 20}


def test_a_data_path_that_is_shut_is_evidence() -> None:
    made = head()
    made.tell(DataPathReported(EAST, is_open=False))
    made.wait(50 * SECOND)
    made.tell(DataPathReported(EAST, is_open=False))
    made.wait(MINUTE)
    standing = made.bridge.verdicts.standing(EAST)
    assert standing is not None
    assert standing.verdict is Verdict.DEGRADED
    assert made.reasons() == {"east: last-tier": 20}


def reported(made: Bridgehead) -> Report:
    """What it last told the other bridges of its cluster, within a minute."""
    last = [each.report for each in made.wait(MINUTE) if isinstance(each, ReportToBridges)][-1]
    return last if isinstance(last, Report) else Report(0, last.isolated, ())


def test_what_sisters_report_goes_to_the_verdicts() -> None:
    made = head()
    made.tell(joined(HOME, 1))
    made.tell(PeerReport(member(HOME, 1), reported(made)))
    assert made.bridge.verdicts.statistics().sisters == 1
    made.tell(OwnBridgeGone(member(HOME, 1)))
    assert made.bridge.verdicts.statistics().sisters == 0


def test_whoever_is_deaf_says_so_to_its_sisters() -> None:
    made = head()
    made.tell(joined(HOME, 1))
    assert not reported(made).isolated
    made.tell(IsolationChanged(isolated=True))
    assert reported(made).isolated


# --- nodes ----------------------------------------------------------------------------------


def test_overlays_take_endpoints_out_and_put_them_back() -> None:
    made = head()
    effects = made.overlay(overlay_of(EAST, 0, "node-3", "node-4"), member(EAST))
    assert of_kind(effects, ViewTouched, BroadcastRequested, FingerprintChanged)
    assert made.reasons() == {"east: node-down": 2, "east: used": 18}
    made.overlay(overlay_of(EAST, 0, serial=2), member(EAST))
    assert made.reasons() == {"east: used": 20}


def test_overlays_that_take_out_more_than_the_guard_lets_pass_are_held() -> None:
    made = head()
    down = [f"node-{number}" for number in range(15)]
    assert of_kind(made.overlay(overlay_of(EAST, 0, *down), member(EAST)), HoldStarted)
    assert made.reasons() == {
        "east: held-by-guard": 15,
        "east: node-down": 15,
        "east: used": 5,
    }
    made.overlay(overlay_of(EAST, 0, serial=2), member(EAST))
    assert made.reasons() == {"east: used": 20}


def test_overlays_lapse_with_time_and_with_their_signer() -> None:
    made = head()
    made.overlay(overlay_of(EAST, 0, "node-3"), member(EAST), age=10 * SECOND)
    made.wait(20 * SECOND - 1)
    assert made.reasons() == {"east: node-down": 1, "east: used": 19}
    made.wait(1)
    assert made.reasons() == {"east: used": 20}
    made.overlay(overlay_of(EAST, 0, "node-3", serial=2), member(EAST))
    made.tell(died(EAST))
    assert "east: node-down" not in made.reasons()
    assert made.bridge.replicator.statistics().items == 0


def test_what_our_own_pool_finds_is_said_and_counts_here() -> None:
    made = Bridgehead()
    made.restore(KeptState(sets=(kept(HOME, pods(range(5))),)))
    effects = made.tell(LanFact(NodeSilent(NodeName("node-3"))))
    assert of_kind(effects, BroadcastRequested)
    assert made.reasons() == {"home: node-down": 1, "home: used": 4}
    made.now += SECOND
    made.tell(LanFact(NodeAnswered(NodeName("node-3"))))
    assert made.reasons() == {"home: used": 5}


def test_whoever_is_cut_off_calls_nobody_down_and_judges_nobody_worse() -> None:
    made = head()
    made.tell(*(LanFact(joined(HOME, number)) for number in (1, 2, 3)))
    made.tell(LanFact(NodeSilent(NodeName("node-9"))))
    assert made.bridge.nodes.nodes_down(HOME) == ("node-9",)
    made.now += SECOND
    made.tell(*(LanFact(died(HOME, number)) for number in (1, 2, 3)))
    assert made.bridge.isolation.statistics().is_cut_off
    assert made.bridge.nodes.nodes_down(HOME) == ()
    assert made.bridge.verdicts.statistics().is_barred
    made.tell(*(LanFact(HeartbeatStopped(NodeName(f"node-{number}"))) for number in (1, 2, 3)))
    made.wait(2 * MINUTE)
    assert not made.bridge.isolation.statistics().is_cut_off
    assert not made.bridge.verdicts.statistics().is_barred
    assert made.bridge.nodes.nodes_down(HOME) == ("node-9",)


def test_facts_of_our_own_pool_are_none_of_the_wan_pool() -> None:
    made = head()
    made.tell(LanFact(joined(HOME, 1)), LanFact(MemberDied(member(EAST), 0, ())))
    assert made.bridge.replicator.statistics().peers == 1
    assert made.bridge.verdicts.statistics().members == 1


def test_overlays_of_a_cluster_that_nobody_trusts_are_refused_and_counted() -> None:
    made = Bridgehead(trusts=[WEST])
    made.tell(joined(EAST))
    assert made.overlay(overlay_of(EAST, 0, "node-3"), member(EAST)) == []
    assert made.bridge.refusals.counts() == {"untrusted": 1}


# --- policies and evidence ------------------------------------------------------------------


def test_policies_of_this_cluster_reach_the_view() -> None:
    made = head()
    made.bridge.view.take_diff()
    assert of_kind(made.tell(PoliciesListed(({"kind": "Nonsense"},))), ViewTouched)
    assert made.bridge.view.health().policies


@pytest.mark.parametrize("comes_again", [1, 3])
def test_two_words_of_one_key_for_one_place_are_kept_once_as_evidence(comes_again: int) -> None:
    made = head()
    other = RecordSet.of(pods(range(7)))
    manifest = manifest_of(EAST, other)
    effects = [each for _ in range(comes_again) for each in made.hear(EAST, manifest, other)]
    assert of_kind(effects, ContradictionFound)
    assert len(of_kind(effects, EvidenceKept)) == 1
    [proof] = made.kept().evidence
    assert (proof.place.origin, proof.place.version) == (EAST, 1)
    held = made.bridge.catalog.get(EAST)
    assert held is not None
    assert held.manifest == proof.second
