"""What each part of a bridge concludes reaches the parts that it concerns, in order."""

from discovery.bridge_events import ViewTouched
from discovery.events import SetAdopted, SetForgotten
from discovery.guards import HoldEnded, HoldStarted
from discovery.manifest import Intent, IntentKind
from discovery.standing import Verdict
from discovery.state import KeptState
from discovery.verdict_events import StandingChanged
from failure_detect.clock import MINUTE
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    START,
    WEB,
    WEST,
    Bridgehead,
    distrusted,
    joined,
    kept,
    member,
    of_kind,
    overlay_of,
    pods,
    trusted,
)


def head() -> Bridgehead:
    """A bridge that has met bridge 0 of `east`, and holds 20 pods of it."""
    made = Bridgehead()
    made.tell(joined(EAST))
    made.publish(EAST, pods(range(20)))
    return made


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


def test_overlays_take_endpoints_out() -> None:
    made = head()
    made.overlay(overlay_of(EAST, 0, "node-3", "node-4"), member(EAST))
    assert made.reasons() == {"east: node-down": 2, "east: used": 18}


def test_who_is_trusted_no_more_is_gone_and_comes_back_with_its_set() -> None:
    made = head()
    effects = made.tell(distrusted(EAST))
    assert [type(each) for each in of_kind(effects, StandingChanged, SetForgotten)] == [
        SetForgotten,
        StandingChanged,
    ]
    assert made.reasons() == {}
    made.tell(trusted(EAST))
    assert made.reasons() == {}
    made.publish(EAST, pods(range(5)))
    assert made.reasons() == {"east: used": 5}
    standing = made.bridge.verdicts.standing(EAST)
    assert standing is not None
    assert standing.verdict is Verdict.LIVE


def test_what_was_kept_is_served_again() -> None:
    made = Bridgehead()
    sets = (kept(EAST, pods(range(3))), kept(WEST, pods(range(4))), kept(HOME, pods(range(2))))
    made.restore(KeptState(sets=sets))
    standby = {"east: tier-not-reached": 3, "west: tier-not-reached": 4}
    assert made.reasons() == {"home: used": 2, **standby}
    assert made.bridge.kept().sets == sets
    assert made.now == START
