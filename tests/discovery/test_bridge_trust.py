"""Whom a bridge trusts decides what it holds, and what it serves of that, at every moment."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from discovery.config import ReplicatorConfig
from discovery.events import SetAdopted, SetForgotten, SetQuestioned, SetVindicated
from discovery.guards import HoldEnded, HoldStarted
from discovery.messages import Item
from discovery.standing import Verdict
from discovery.trust_events import InputRefused, KeyExpired, ObjectApplied, ObjectDeleted
from discovery.verdict_events import ClusterAlarm, ClusterAlarmRaised, StandingChanged
from discovery.wall_time import WallClockRead
from failure_detect.clock import MINUTE
from failure_detect.events import BroadcastRequested
from tests.discovery.bridgehead import (
    EAST,
    RING,
    WALL,
    WEST,
    Bridgehead,
    died,
    distrusted,
    joined,
    member,
    of_kind,
    overlay_of,
    pods,
    revocations,
    trusted,
    trusted_fleet,
)


def head(*events: ObjectApplied) -> Bridgehead:
    """A bridge that has met bridge 0 of `east`, and holds 20 pods of it."""
    made = Bridgehead()
    made.tell(joined(EAST), *events)
    made.publish(EAST, pods(range(20)))
    return made


def verdicts(effects: Iterable[object]) -> list[Verdict]:
    return [each.standing.verdict for each in effects if isinstance(each, StandingChanged)]


def verdict(made: Bridgehead) -> Verdict:
    standing = made.bridge.verdicts.standing(EAST)
    assert standing is not None
    return standing.verdict


# --- trust objects --------------------------------------------------------------------------


def test_who_is_trusted_no_more_is_gone_at_once() -> None:
    made = head()
    effects = made.tell(distrusted(EAST))
    kinds = [type(each) for each in of_kind(effects, StandingChanged, SetForgotten)]
    assert kinds == [SetForgotten, StandingChanged]
    assert verdict(made) is Verdict.DEPARTED
    assert made.reasons() == {}
    assert len(made.bridge.catalog) == 0


def test_who_is_trusted_again_is_served_when_its_set_comes_and_not_before() -> None:
    made = head()
    made.tell(distrusted(EAST))
    assert verdicts(made.tell(trusted(EAST))) == []
    assert made.reasons() == {}
    assert verdicts(made.publish(EAST, pods(range(5)))) == [Verdict.LIVE]
    assert made.reasons() == {"east: used": 5}


def test_what_trust_removes_is_not_held_by_the_guard_then_or_later() -> None:
    made = head()
    made.publish(EAST, pods(range(4)))
    assert of_kind(made.tell(distrusted(EAST)), HoldEnded)
    assert made.reasons() == {}
    made.tell(trusted(EAST))
    made.publish(EAST, pods(range(4)))
    assert made.reasons() == {"east: used": 4}
    assert not of_kind(made.wait(10 * MINUTE), HoldStarted)


def test_after_that_the_guard_measures_against_what_there_is_now() -> None:
    made = head()
    made.tell(distrusted(EAST), trusted(EAST))
    made.publish(EAST, pods(range(16)))
    [hold] = of_kind(made.publish(EAST, pods(range(4))), HoldStarted)
    assert isinstance(hold, HoldStarted)
    assert "12 of 16 endpoints" in hold.why


def test_the_floor_of_who_was_trusted_once_stays() -> None:
    made = head()
    floor = made.bridge.catalog.floor(EAST)
    made.tell(distrusted(EAST), trusted(EAST))
    made.versions[EAST] = 0
    made.publish(EAST, pods(range(3)), epoch=0)
    assert made.reasons() == {}
    assert made.bridge.catalog.floor(EAST) == floor


def test_overlays_of_who_is_trusted_no_more_are_forgotten_and_count_again_later() -> None:
    made = head()
    made.overlay(overlay_of(EAST, 0, "node-3"), member(EAST))
    made.tell(distrusted(EAST))
    assert made.bridge.nodes.nodes_down(EAST) == ()
    assert made.bridge.replicator.statistics().items == 0
    made.tell(trusted(EAST))
    made.publish(EAST, pods(range(20)))
    assert made.reasons() == {"east: used": 20}
    made.overlay(overlay_of(EAST, 0, "node-3"), member(EAST))
    assert made.reasons() == {"east: node-down": 1, "east: used": 19}


def test_who_had_expired_is_not_served_for_being_trusted_again() -> None:
    made = head()
    made.tell(died(EAST))
    made.wait(48 * 60 * MINUTE)
    assert verdict(made) is Verdict.EXPIRED
    made.tell(distrusted(EAST), trusted(EAST))
    made.publish(EAST, pods(range(20)))
    assert made.reasons() == {f"east: origin-{verdict(made).value}": 20}


def test_an_object_that_is_malformed_is_told_of_and_changes_nothing() -> None:
    made = head()
    broken = {**trusted(EAST).document, "spec": {"keys": []}}
    effects = made.tell(ObjectApplied(broken))
    assert of_kind(effects, InputRefused)
    assert made.reasons() == {"east: used": 20}
    assert [each.subject for each in made.bridge.view.health().trust] == ["TrustedCluster/east"]
    made.tell(trusted(EAST))
    assert made.bridge.view.health().trust == ()


def test_what_a_cluster_may_serve_is_asked_anew_when_its_object_changes() -> None:
    made = head()
    spec = {**dict_of(trusted(EAST).document["spec"]), "import": {"services": ["other/*"]}}
    made.tell(ObjectApplied({**trusted(EAST).document, "spec": spec}))
    assert made.reasons() == {"east: origin-may-not-serve-it": 20}
    made.tell(trusted(EAST))
    assert made.reasons() == {"east: used": 20}


def dict_of(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


# --- keys -----------------------------------------------------------------------------------


def test_an_expired_key_freezes_and_removes_nothing() -> None:
    made = head(trusted(EAST, not_after_ms=WALL + 60_000))
    effects = made.tell(WallClockRead(WALL + 60_001))
    assert of_kind(effects, KeyExpired)
    assert [each.reason for each in effects if isinstance(each, SetQuestioned)] == ["expired"]
    assert made.reasons() == {"east: used": 20}
    assert not of_kind(made.publish(EAST, pods(range(30))), SetAdopted)
    assert made.reasons() == {"east: used": 20}
    made.tell(trusted(EAST, not_after_ms=WALL + 120_000))
    made.publish(EAST, pods(range(19)))
    assert made.reasons() == {"east: used": 19}


def revoked() -> tuple[Bridgehead, list[object]]:
    """A bridge whose fleet has revoked the key of `east`, and what came of that."""
    made = head(trusted_fleet("east"), trusted(EAST, generations=(1, 2)))
    effects = made.pass_on(revocations(1, "east/1"), member(EAST))
    return made, list(effects)


def test_a_revoked_key_sends_its_set_to_the_last_tier_with_an_alarm_and_the_list_goes_on() -> None:
    made, effects = revoked()
    assert verdicts(effects) == [Verdict.DEGRADED]
    assert [each.alarm for each in effects if isinstance(each, ClusterAlarmRaised)] == [
        ClusterAlarm.REVOKED
    ]
    assert made.reasons() == {"east: last-tier": 20}
    assert of_kind(effects, BroadcastRequested)
    assert [each.item.key[:2] for each in made.kept().items] == [b"r/"]


def test_a_revoked_keys_successor_is_served_as_ever() -> None:
    made, _ = revoked()
    assert not of_kind(made.publish(EAST, pods(range(30))), SetAdopted)
    effects = made.publish(EAST, pods(range(20)), generation=2)
    assert verdicts(effects) == [Verdict.LIVE]
    assert made.reasons() == {"east: used": 20}


def test_a_revoked_key_without_a_successor_is_removed_in_the_end_and_nothing_is_held() -> None:
    made, _ = revoked()
    made.wait(made.bridge.verdicts.deadline - made.now)
    made.wait(48 * 60 * MINUTE)
    assert verdict(made) is Verdict.DEPARTED
    assert made.reasons() == {"east: origin-departed": 20}
    assert made.bridge.guard.held(EAST) == {}


def test_a_list_is_taken_once_and_an_older_one_never() -> None:
    made, _ = revoked()
    assert made.pass_on(revocations(1, "east/1"), member(EAST)) == []
    made.pass_on(revocations(3), member(EAST))
    assert made.pass_on(revocations(2, "east/1"), member(EAST)) == []


def test_a_list_of_a_fleet_that_nobody_trusts_is_refused_and_told_of() -> None:
    made = head()
    effects = made.pass_on(revocations(1, "east/1"), member(EAST))
    assert [each.reason.value for each in effects if isinstance(each, InputRefused)] == [
        "untrusted"
    ]
    assert made.reasons() == {"east: used": 20}


def test_a_list_under_another_key_and_bytes_that_are_none_are_refused_and_counted() -> None:
    made = head(trusted_fleet("east"))
    item = revocations(1, "east/1")
    for key, raw in ((b"r/" + bytes(32), item.raw), (item.key, b"\xff"), (b"x/y", b"")):
        assert made.pass_on(type(item)(key, raw), member(EAST)) == []
    assert sum(made.bridge.refusals.counts().values()) == 3
    assert made.bridge.trust.revocations() == []


def test_revocations_are_kept_and_in_force_after_a_restart() -> None:
    old, _ = revoked()
    new = Bridgehead(trusts=())
    new.tell(trusted_fleet("east"), trusted(EAST, generations=(1, 2)))
    new.restore(old.kept())
    assert [each.raw for each in new.bridge.trust.revocations()] == [
        each.raw for each in old.bridge.trust.revocations()
    ]
    assert new.kept().items == old.kept().items


def test_two_lists_of_one_number_are_evidence_after_a_restart_as_well() -> None:
    old = head(trusted_fleet("east"))
    for revoked_key in ("east/7", "east/8"):
        old.pass_on(revocations(1, revoked_key), member(EAST))
    kept = old.kept()
    assert len(kept.items) == 2
    for state in (kept, replace(kept, items=kept.items[::-1])):
        new = head(trusted_fleet("east"))
        new.restore(state)
        assert new.bridge.trust.problems() == old.bridge.trust.problems()
        assert "signed two lists with the number 1" in new.bridge.trust.problems()[0].what
        assert new.kept().items == kept.items
        assert new.bridge.replicator.fingerprint == old.bridge.replicator.fingerprint


def test_a_fleets_list_counts_again_for_who_trusts_the_fleet_again() -> None:
    made, _ = revoked()
    made.tell(ObjectDeleted("TrustedFleet", "fleet"))
    assert made.bridge.replicator.statistics().items == 0
    assert made.kept().items == ()
    made.tell(trusted_fleet("east"))
    assert not made.bridge.trust.is_revoked(RING.public("east/1"))
    assert of_kind(made.pass_on(revocations(2, "east/1"), member(EAST)), BroadcastRequested)
    assert made.bridge.trust.is_revoked(RING.public("east/1"))


def test_a_key_that_its_trust_object_has_no_more_is_revoked_by_that() -> None:
    made = head()
    effects = made.tell(trusted(EAST, generations=(2,)))
    assert [each.reason for each in effects if isinstance(each, SetQuestioned)] == ["key"]
    assert verdicts(effects) == [Verdict.DEGRADED]
    assert made.reasons() == {"east: last-tier": 20}
    assert verdicts(made.publish(EAST, pods(range(20)), generation=2)) == [Verdict.LIVE]
    assert made.reasons() == {"east: used": 20}


def test_a_key_that_was_taken_away_by_mistake_is_as_good_as_before() -> None:
    made = head()
    made.tell(trusted(EAST, generations=(2,)))
    made.wait(MINUTE)
    effects = made.tell(trusted(EAST))
    assert of_kind(effects, SetVindicated) == [SetVindicated(EAST)]
    assert verdicts(effects) == [Verdict.LIVE]
    made.wait(20 * MINUTE)
    assert made.reasons() == {"east: used": 20}
    assert of_kind(made.tell(trusted(WEST, generations=(7,))), SetVindicated) == []


def test_a_key_that_is_taken_away_and_has_no_successor_is_removed_and_may_come_back() -> None:
    made = head()
    made.tell(trusted(EAST, generations=(2,)))
    made.wait(16 * MINUTE)
    assert made.reasons() == {"east: origin-departed": 20}
    made.tell(trusted(EAST, generations=(1, 2)))
    assert made.reasons() == {"east: used": 20}


def test_a_list_that_revokes_a_key_no_more_gives_it_back() -> None:
    made, _ = revoked()
    assert verdicts(made.pass_on(revocations(3), member(EAST))) == [Verdict.LIVE]
    made.wait(20 * MINUTE)
    assert made.reasons() == {"east: used": 20}


def forged(item: Item) -> Item:
    return Item(item.key, item.raw[:-1] + bytes([item.raw[-1] ^ 1]))


def overlay(serial: int) -> Item:
    said = overlay_of(EAST, 0, "node-1", serial=serial)
    return Item(said.item_key, said.raw)


@pytest.mark.parametrize("item", [overlay, lambda number: revocations(number, "east/1")])
def test_forged_items_are_counted_and_charged_to_who_passes_them_on(
    item: Callable[[int], Item],
) -> None:
    made = Bridgehead()
    made.tell(joined(EAST), joined(WEST), trusted_fleet("*"))
    allowed = 2 * ReplicatorConfig().forgeries
    for number in range(1, allowed + 6):
        made.pass_on(forged(item(number)), member(EAST))
    assert made.bridge.refusals.counts() == {"signature": allowed}
    assert dict(made.bridge.replicator.statistics().refused) == {"budget": 5}
    made.pass_on(item(1), member(EAST))
    assert made.bridge.replicator.statistics().items == 0
    made.pass_on(item(1), member(WEST))
    assert made.bridge.replicator.statistics().items == 1
