"""What a bridge serves of a set that is not for its cluster any more: nothing, and it says why."""

from discovery.bridge_events import ViewTouched
from discovery.events import SetExcluded, SetForgotten
from discovery.guards import HoldEnded, HoldStarted
from discovery.manifest import Intent, IntentKind
from discovery.standing import Standing, Verdict
from discovery.state import KeptState, read_state, write_state
from discovery.verdict_events import ClusterAlarmRaised, StandingChanged
from failure_detect.clock import MINUTE, SECOND
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    WEB,
    Bridgehead,
    distrusted,
    joined,
    member,
    of_kind,
    overlay_of,
    pods,
    trusted,
)

OTHERS = ("west",)
HOLD = 5 * MINUTE
WHY = "its set is not for us, and it said so"


def with_pods(count: int) -> Bridgehead:
    """A bridge that holds so many pods of east."""
    made = Bridgehead()
    made.tell(joined(EAST), joined(HOME, 1))
    made.publish(EAST, pods(range(count)))
    return made


def through_the_disk(state: KeptState) -> KeptState:
    return read_state(b"".join(write_state(state)))


def standing(made: Bridgehead) -> Standing:
    found = made.bridge.verdicts.standing(EAST)
    assert found is not None
    return found


def gone(made: Bridgehead) -> list[tuple[str, str]]:
    """Who serves nothing any more, and why, as an explanation says."""
    return [(each.origin, each.standing.why) for each in made.bridge.view.explain(WEB).gone]


def test_a_small_set_goes_at_once_like_that_of_who_departs() -> None:
    made = with_pods(5)
    assert gone(made) == []
    effects = made.publish(EAST, pods(range(5)), audience=OTHERS)
    kinds = [type(each) for each in effects]
    assert kinds.index(SetExcluded) < kinds.index(StandingChanged) < kinds.index(ViewTouched)
    assert made.reasons() == {}
    assert made.bridge.view.service(WEB) is None
    assert (standing(made).verdict, standing(made).why) == (Verdict.DEPARTED, WHY)
    assert gone(made) == [("east", WHY)]


def test_a_large_one_is_held_in_the_last_tier_for_as_long_as_a_guard_holds() -> None:
    made = with_pods(40)
    effects = made.publish(EAST, pods(range(40)), audience=OTHERS)
    assert len(of_kind(effects, HoldStarted)) == 1
    assert made.reasons() == {"east: held-by-guard": 40}
    rows = made.bridge.view.explain(WEB).endpoints
    assert all(
        each.why.startswith("the set of east is not for us any more; 40 of") for each in rows
    )
    assert standing(made).verdict.serves
    made.wait(HOLD - SECOND)
    assert made.reasons() == {"east: held-by-guard": 40}
    effects = made.wait(2 * SECOND)
    assert len(of_kind(effects, HoldEnded)) == 1
    assert made.reasons() == {}
    assert standing(made).verdict is Verdict.DEPARTED
    assert gone(made) == [("east", WHY)]


def test_an_intent_that_explains_it_ends_it_at_once() -> None:
    made = with_pods(40)
    intent = Intent(1, 2, IntentKind.UNEXPORT, str(WEB), 40)
    effects = made.publish(EAST, pods(range(40)), intent, audience=OTHERS)
    assert of_kind(effects, HoldStarted) == []
    assert made.reasons() == {}
    assert standing(made).verdict is Verdict.DEPARTED


def test_a_set_that_is_for_us_again_is_served_again() -> None:
    for waited in (SECOND, HOLD + SECOND):
        made = with_pods(40)
        made.publish(EAST, pods(range(40)), audience=OTHERS)
        made.wait(waited)
        made.publish(EAST, pods(range(40)), audience=("home", *OTHERS))
        assert made.reasons() == {"east: used": 40}
        assert standing(made).verdict is Verdict.LIVE
        assert gone(made) == []
        assert made.bridge.guard.held(EAST) == {}
        made.wait(HOLD)
        assert standing(made).verdict is Verdict.LIVE


def test_who_is_excluded_is_neither_stale_nor_expired_later() -> None:
    made = with_pods(5)
    made.publish(EAST, pods(range(5)), audience=OTHERS)
    assert of_kind(made.wait(180 * MINUTE), ClusterAlarmRaised) == []


def test_an_older_set_that_a_sister_still_has_does_not_come_back() -> None:
    made = with_pods(5)
    before = through_the_disk(made.kept())
    made.publish(EAST, pods(range(5)), audience=OTHERS)
    made.restore(before)
    made.hear(EAST, before.sets[0].manifest, before.sets[0].records, member(HOME, 1))
    assert made.reasons() == {}
    assert standing(made).verdict is Verdict.DEPARTED


def test_a_restart_brings_back_why_and_not_the_set() -> None:
    made = with_pods(5)
    made.publish(EAST, pods(range(5)), audience=OTHERS)
    kept = through_the_disk(made.kept())
    assert kept == made.kept()
    new = Bridgehead()
    new.restore(kept)
    assert new.reasons() == {}
    assert gone(new) == [("east", WHY)]
    assert new.kept() == kept
    assert new.bridge.replicator.fingerprint == made.bridge.replicator.fingerprint
    new.tell(joined(EAST))
    new.versions = dict(made.versions)
    new.publish(EAST, pods(range(5)))
    assert new.reasons() == {"east: used": 5}


def test_what_is_held_of_it_is_held_after_a_restart_for_the_rest_of_its_time() -> None:
    made = with_pods(40)
    made.publish(EAST, pods(range(40)), audience=OTHERS)
    made.wait(MINUTE)
    kept = through_the_disk(made.kept())
    assert kept == made.kept()
    new = Bridgehead()
    new.restore(kept)
    assert new.reasons() == {"east: held-by-guard": 40}
    assert standing(new).verdict.serves
    new.wait(HOLD - MINUTE - SECOND)
    assert new.reasons() == {"east: held-by-guard": 40}
    new.wait(2 * SECOND)
    assert new.reasons() == {}
    assert gone(new) == [("east", WHY)]


def test_its_gateways_are_tried_no_more_when_nothing_of_it_is_held() -> None:
    made = with_pods(40)
    made.publish(EAST, pods(range(40)), audience=OTHERS)
    assert made.bridge.paths.statistics().unknown == 1
    made.wait(HOLD + SECOND)
    assert made.bridge.paths.statistics().unknown == 0


def test_nodes_of_who_is_excluded_are_forgotten_and_not_heard_of() -> None:
    made = with_pods(5)
    said = overlay_of(EAST, 0, "node-3")
    made.overlay(said, member(EAST))
    assert made.reasons() == {"east: node-down": 1, "east: used": 4}
    made.publish(EAST, pods(range(5)), audience=OTHERS)
    assert made.bridge.nodes.overlays(EAST) == []
    made.overlay(overlay_of(EAST, 0, "node-3", serial=2), member(EAST))
    assert made.bridge.nodes.overlays(EAST) == []
    assert made.bridge.refusals.counts() == {"audience": 1}
    made.publish(EAST, pods(range(5)))
    assert made.reasons() == {"east: used": 5}


def test_with_trust_all_of_it_is_forgotten_and_the_old_set_stays_away() -> None:
    made = with_pods(40)
    before = through_the_disk(made.kept())
    made.publish(EAST, pods(range(40)), audience=OTHERS)
    [forgotten] = of_kind(made.tell(distrusted(EAST)), SetForgotten)
    assert isinstance(forgotten, SetForgotten)
    assert made.reasons() == {}
    assert gone(made) == []
    assert made.bridge.catalog.exclusions() == []
    made.tell(trusted(EAST))
    made.restore(before)
    assert made.reasons() == {}
