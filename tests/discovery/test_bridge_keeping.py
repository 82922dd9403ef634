"""What a bridge keeps makes an equal one of the next that starts, and brings nothing old back."""

from dataclasses import replace

import pytest

from discovery.bridge_config import BridgeConfig
from discovery.bridge_events import EvidenceKept
from discovery.events import SetAdopted
from discovery.manifest import Order
from discovery.recordset import RecordSet
from discovery.refusals import Refusal, Refused
from discovery.standing import Verdict
from discovery.state import KeptSet, KeptState, read_state, write_state
from discovery.verdict_config import VerdictConfig
from discovery.wall_time import WallClockRead
from failure_detect.clock import MINUTE, SECOND, Duration
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    WALL,
    WEB,
    WEST,
    Bridgehead,
    died,
    joined,
    kept,
    manifest_of,
    member,
    of_kind,
    pods,
    trusted,
)

CONFIG = BridgeConfig(verdicts=VerdictConfig())
RETENTION = CONFIG.verdicts.retention
HOUR: Duration = 60 * MINUTE


def through_the_disk(state: KeptState) -> KeptState:
    """Return what comes back of a state that was written."""
    return read_state(b"".join(write_state(state)))


def verdict(made: Bridgehead) -> Verdict:
    standing = made.bridge.verdicts.standing(EAST)
    assert standing is not None
    return standing.verdict


def lived_in() -> Bridgehead:
    """A bridge with sets of three clusters, and evidence about one of them."""
    made = Bridgehead()
    made.tell(joined(EAST), joined(WEST))
    made.publish(EAST, pods(range(20)))
    made.publish(WEST, pods(range(5)))
    made.restore(KeptState(sets=(kept(HOME, pods(range(3))),)))
    other = RecordSet.of(pods(range(7)))
    made.hear(WEST, manifest_of(WEST, other), other)
    return made


def test_a_bridge_that_is_given_what_another_kept_is_equal_to_it() -> None:
    old, new = lived_in(), Bridgehead()
    new.restore(through_the_disk(old.kept(WALL)))
    assert new.bridge.replicator.fingerprint == old.bridge.replicator.fingerprint
    assert new.reasons() == old.reasons()
    assert new.bridge.catalog.floors() == old.bridge.catalog.floors()
    assert new.bridge.trust.pins() == old.bridge.trust.pins() != {}
    assert new.bridge.evidence.pairs() == old.bridge.evidence.pairs() != []
    assert new.kept(WALL) == old.kept(WALL)


def test_a_state_is_for_the_time_at_which_it_was_saved() -> None:
    made = lived_in()
    assert made.kept(WALL + 5).saved_at_ms == WALL + 5
    assert made.kept().saved_at_ms == 0


def holding() -> Bridgehead:
    """A bridge whose guard has just begun to hold all that `east` had."""
    made = Bridgehead()
    made.tell(joined(EAST))
    made.publish(EAST, pods(range(12)))
    made.publish(EAST, {})
    assert made.reasons() == {"east: held-by-guard": 12}
    return made


def test_what_the_guard_held_is_held_for_the_rest_of_its_time_over_a_restart() -> None:
    old = holding()
    held = {"east: held-by-guard": 12}
    old.wait(2 * MINUTE)
    state = through_the_disk(old.kept(WALL + 120_000))
    new = Bridgehead(wall_ms=WALL + 180_000)  # A minute in which nobody ran.
    new.restore(state)
    assert new.reasons() == held
    [row, *_] = new.bridge.view.explain(WEB).endpoints
    assert row.why.startswith("withdrawn before this process began, and no intent explained it")
    new.wait(2 * MINUTE - SECOND)
    assert new.reasons() == held
    assert new.kept(WALL + 300_000).holds[EAST][0].held_ms == 299_000
    new.wait(SECOND)
    assert new.reasons() == {}
    assert new.kept(WALL).holds == {}


def test_a_hold_of_which_the_time_is_over_and_one_without_its_set_stay_away() -> None:
    old = holding()
    state = through_the_disk(old.kept(WALL))
    late = Bridgehead(wall_ms=WALL + 300_000)
    late.restore(state)
    assert late.reasons() == {}
    stranger = Bridgehead(trusts=[WEST])
    stranger.restore(state)
    assert stranger.reasons() == {}
    assert stranger.kept(WALL).holds == {}


def test_by_a_clock_that_went_back_a_hold_is_as_old_as_it_was() -> None:
    old = holding()
    old.wait(MINUTE)
    state = through_the_disk(old.kept(WALL + 60_000))
    for wall_ms in (WALL, None):
        new = Bridgehead(wall_ms=wall_ms)
        new.restore(state)
        new.wait(4 * MINUTE - 1)
        assert new.reasons() == {"east: held-by-guard": 12}
        new.wait(1)
        assert new.reasons() == {}


def test_what_was_held_and_comes_back_after_the_restart_is_served_again() -> None:
    old = holding()
    new = Bridgehead()
    new.tell(joined(EAST))
    new.restore(through_the_disk(old.kept(WALL)))
    new.versions = dict(old.versions)
    new.publish(EAST, pods(range(9)))
    assert new.reasons() == {"east: held-by-guard": 3, "east: used": 9}
    new.publish(EAST, pods(range(12)))
    assert new.reasons() == {"east: used": 12}


def test_it_may_be_given_twice() -> None:
    made = lived_in()
    state = through_the_disk(made.kept())
    assert of_kind(made.restore(state), SetAdopted, EvidenceKept) == []
    assert made.kept() == state


def test_nothing_below_a_floor_comes_back() -> None:
    made = Bridgehead()
    floor = manifest_of(EAST, RecordSet.of({}), version=3).order
    state = KeptState(floors={EAST: floor}, sets=(kept(EAST, pods(range(3)), version=2),))
    assert of_kind(made.restore(state), SetAdopted) == []
    assert made.reasons() == {}
    assert made.bridge.catalog.floor(EAST) == floor


def test_an_older_state_takes_nothing_back() -> None:
    made = Bridgehead()
    made.tell(joined(EAST))
    made.publish(EAST, pods(range(3)))
    before = through_the_disk(made.kept())
    made.publish(EAST, pods(range(5)))
    assert of_kind(made.restore(before), SetAdopted) == []
    assert made.reasons() == {"east: used": 5}


def test_a_set_with_records_that_nobody_signed_is_refused_and_counted() -> None:
    made = Bridgehead()
    forged = KeptSet(kept(EAST, pods(range(3))).manifest, RecordSet.of(pods(range(4))))
    made.restore(KeptState(sets=(forged, kept(WEST, pods(range(2))))))
    assert made.reasons() == {"west: used": 2}
    assert dict(made.bridge.replicator.statistics().refused) == {"root": 1}


def test_who_is_not_trusted_any_more_does_not_come_back() -> None:
    old, new = lived_in(), Bridgehead(trusts=(WEST,))
    new.restore(through_the_disk(old.kept()))
    assert new.reasons() == {"home: used": 3, "west: tier-not-reached": 7}


def test_evidence_that_proves_nothing_is_refused_and_counted() -> None:
    made, proof = Bridgehead(), lived_in().bridge.evidence.pairs()[0]
    forged = replace(proof, second=proof.first)
    assert made.restore(KeptState(evidence=(forged,))) == []
    assert made.bridge.refusals.counts() == {Refusal.SIGNATURE: 1}
    assert made.bridge.evidence.pairs() == []


# --- keys that expired while nobody ran -----------------------------------------------------


@pytest.mark.parametrize("reads_clock_first", [False, True])
def test_what_an_expired_key_signed_is_served_after_a_restart(*, reads_clock_first: bool) -> None:
    expiry = WALL + 60_000
    state = KeptState(sets=(kept(EAST, pods(range(3))),))
    made = Bridgehead(trusts=(), wall_ms=None)
    made.tell(trusted(EAST, not_after_ms=expiry))
    if reads_clock_first:
        made.tell(WallClockRead(expiry + 1))
        made.restore(state)
    else:
        made.restore(state)
        made.tell(WallClockRead(expiry + 1))
    assert made.reasons() == {"east: used": 3}
    made.tell(joined(EAST))
    made.publish(EAST, pods(range(4)), epoch=2)
    assert made.reasons() == {"east: used": 3}
    assert dict(made.bridge.replicator.statistics().refused)["expired"] > 0


def test_what_was_kept_is_no_way_around_the_clock_for_anybody_else() -> None:
    made = Bridgehead(trusts=(), wall_ms=WALL)
    made.tell(trusted(EAST, not_after_ms=WALL - 60_000), joined(EAST))
    made.restore(KeptState(sets=()))
    made.publish(EAST, pods(range(4)))
    assert made.reasons() == {}


# --- how long a cluster was silent ----------------------------------------------------------


def silent() -> Bridgehead:
    """A bridge that has lost its only other cluster."""
    made = Bridgehead(CONFIG, trusts=(EAST,))
    made.tell(joined(EAST))
    made.publish(EAST, pods(range(3)))
    made.wait(SECOND)
    made.tell(died(EAST))
    return made


def test_how_long_a_cluster_was_silent_is_kept_in_seconds() -> None:
    made = silent()
    made.wait(90 * SECOND)
    [each] = through_the_disk(made.kept()).sets
    assert each.silent_s == 90


def test_of_a_cluster_that_lives_there_is_no_silence() -> None:
    made = Bridgehead()
    made.tell(joined(EAST))
    made.publish(EAST, pods(range(3)))
    made.wait(MINUTE)
    assert [each.silent_s for each in made.kept().sets] == [0]


def test_retention_goes_on_where_it_was_before_a_restart() -> None:
    old = silent()
    old.wait(RETENTION - HOUR)
    assert verdict(old) is Verdict.UNREACHABLE
    new = Bridgehead(CONFIG, trusts=(EAST,))
    new.restore(through_the_disk(old.kept()))
    new.wait(HOUR - MINUTE)
    assert verdict(new) is Verdict.UNREACHABLE
    new.wait(2 * MINUTE)
    assert verdict(new) is Verdict.EXPIRED
    assert new.reasons() == {"east: origin-expired": 3}


def test_restarts_add_up() -> None:
    made = silent()
    made.wait(10 * MINUTE)
    for _ in range(2):
        state = through_the_disk(made.kept())
        made = Bridgehead(CONFIG, trusts=(EAST,))
        made.restore(state)
        made.wait(10 * MINUTE)
    assert [each.silent_s for each in made.kept().sets] == [30 * 60]


def test_a_cluster_that_is_seen_again_after_a_restart_was_never_silent() -> None:
    old = silent()
    old.wait(RETENTION - HOUR)
    new = Bridgehead(CONFIG, trusts=(EAST,))
    new.restore(through_the_disk(old.kept()))
    new.tell(joined(EAST))
    new.wait(2 * HOUR)
    assert verdict(new).serves
    assert [each.silent_s for each in new.kept().sets] == [0]


def test_the_silence_of_one_set_is_not_that_of_the_next() -> None:
    new = Bridgehead(CONFIG)
    east = replace(kept(EAST, pods(range(3))), silent_s=3_600)
    new.restore(KeptState(sets=(east, kept(WEST, pods(range(3))))))
    silences = {each.manifest.origin: each.silent_s for each in new.kept().sets}
    assert silences == {EAST: 3_600, WEST: 0}


def test_who_comes_later_has_not_been_silent() -> None:
    new = Bridgehead(CONFIG)
    new.restore(KeptState(sets=(replace(kept(WEST, pods(range(3))), silent_s=3_600),)))
    new.tell(joined(HOME, 1))
    later = kept(EAST, pods(range(3)))
    new.hear(EAST, later.manifest, later.records, by=member(HOME, 1))
    silences = {each.manifest.origin: each.silent_s for each in new.kept().sets}
    assert silences == {EAST: 0, WEST: 3_600}


@pytest.mark.parametrize("silent_s", [-1, 1 << 62])
def test_a_silence_that_cannot_be_is_refused(silent_s: int) -> None:
    state = KeptState(sets=(replace(kept(EAST, pods(range(1))), silent_s=silent_s),))
    with pytest.raises(Refused, match="a silence that is none"):
        through_the_disk(state)


def test_a_floor_is_kept_of_what_is_gone() -> None:
    made = Bridgehead()
    order = Order(1, 9, 9, bytes(32))
    made.restore(KeptState(floors={WEST: order}))
    assert through_the_disk(made.kept()).floors == {WEST: order}
