"""A revoked key's set is held over restarts as long as without, and nothing new comes with it."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from discovery.bridge_config import BridgeConfig
from discovery.events import SetAdopted
from discovery.recordset import RecordSet
from discovery.refusals import Refusal, Refused
from discovery.standing import Verdict
from discovery.state import AGE_MAX, KeptItem, KeptState, read_state, write_state
from discovery.verdict_config import VerdictConfig
from discovery.verdict_events import ClusterAlarm, ClusterAlarmRaised, StandingChanged
from discovery.wall_time import WallClockRead
from failure_detect.clock import MILLISECOND, MINUTE, SECOND, Duration
from tests.discovery.bridgehead import (
    EAST,
    WALL,
    WEST,
    Bridgehead,
    distrusted,
    joined,
    kept,
    manifest_of,
    member,
    of_kind,
    pods,
    revocations,
    trusted,
    trusted_fleet,
)

HOLD = 15 * MINUTE
CONFIG = BridgeConfig(verdicts=VerdictConfig(revoked_hold=HOLD))
OBJECTS = (trusted_fleet("east"), trusted(EAST, generations=(1, 2)))


def ms(duration: Duration) -> int:
    return duration // MILLISECOND


def head(wall_ms: int | None = WALL) -> Bridgehead:
    made = Bridgehead(CONFIG, trusts=(), wall_ms=wall_ms)
    made.tell(*OBJECTS)
    return made


def holding(waited: Duration = 0) -> Bridgehead:
    """A bridge that holds 20 pods of `east`, whose key was revoked so long ago."""
    made = head()
    made.tell(joined(EAST))
    made.publish(EAST, pods(range(20)))
    made.pass_on(revocations(1, "east/1"), member(EAST))
    made.wait(waited)
    return made


def on_disk(made: Bridgehead, wall_ms: int) -> KeptState:
    return read_state(b"".join(write_state(made.kept(wall_ms))))


def verdict(made: Bridgehead) -> Verdict:
    standing = made.bridge.verdicts.standing(EAST)
    assert standing is not None
    return standing.verdict


def verdicts(effects: Iterable[object]) -> list[Verdict]:
    return [each.standing.verdict for each in effects if isinstance(each, StandingChanged)]


def ends_after(made: Bridgehead, left: Duration) -> None:
    """The hold goes on for exactly so long."""
    made.wait(left - 1)
    assert verdict(made) is not Verdict.DEPARTED
    assert made.reasons() == {"east: last-tier": 20}
    made.wait(1)
    assert verdict(made) is Verdict.DEPARTED
    assert made.reasons() == {"east: origin-departed": 20}


# --- the hold goes on -----------------------------------------------------------------------


def test_a_revoked_keys_set_is_in_the_last_tier_after_a_restart_with_its_alarm() -> None:
    old, new = holding(MINUTE), head(WALL + ms(MINUTE))
    effects = new.restore(on_disk(old, WALL + ms(MINUTE)))
    assert verdicts(effects) == [Verdict.DEGRADED]
    assert [e.alarm for e in effects if isinstance(e, ClusterAlarmRaised)] == [ClusterAlarm.REVOKED]
    assert new.bridge.replicator.fingerprint == old.bridge.replicator.fingerprint
    assert new.bridge.refusals.counts() == {}
    assert new.kept() == old.kept()


def test_it_goes_on_for_what_is_left_and_no_longer() -> None:
    new = head(WALL + ms(MINUTE))
    new.restore(on_disk(holding(MINUTE), WALL + ms(MINUTE)))
    ends_after(new, HOLD - MINUTE)


def test_the_time_in_which_nobody_ran_counts() -> None:
    new = head(WALL + ms(5 * MINUTE))
    new.restore(on_disk(holding(MINUTE), WALL + ms(MINUTE)))
    ends_after(new, HOLD - 5 * MINUTE)


def test_what_ended_meanwhile_is_removed_at_once_and_held_as_without_a_restart() -> None:
    old, new = holding(MINUTE), head(WALL + ms(HOLD))
    state = on_disk(old, WALL + ms(MINUTE))
    assert verdicts(new.restore(state)) == [Verdict.DEPARTED]
    assert new.reasons() == {"east: origin-departed": 20}
    old.wait(HOLD)
    assert new.bridge.replicator.fingerprint == old.bridge.replicator.fingerprint
    assert on_disk(new, WALL + ms(HOLD)) == new.kept(WALL + ms(HOLD))


def test_however_many_restarts_there_are_the_hold_ends_when_it_would_have() -> None:
    state = on_disk(holding(), WALL)
    for passed in range(1, 15):  # A minute each, and none of them is saved.
        made = head(WALL + ms(passed * MINUTE))
        made.restore(state)
        assert made.reasons() == {"east: last-tier": 20}
    made = head(WALL + ms(HOLD))
    made.restore(state)
    assert verdict(made) is Verdict.DEPARTED


def test_restarts_that_are_saved_add_up_to_the_millisecond() -> None:
    made, shown = holding(999 * MILLISECOND), WALL + 999
    for _ in range(9):
        state = on_disk(made, shown)
        made = head(shown)
        made.restore(state)
        made.wait(999 * MILLISECOND)
        shown += 999
    ends_after(made, HOLD - 9_990 * MILLISECOND)


def test_a_longer_or_shorter_hold_of_the_next_run_is_measured_from_the_same_moment() -> None:
    brief = BridgeConfig(verdicts=VerdictConfig(revoked_hold=2 * MINUTE))
    new = Bridgehead(brief, trusts=(), wall_ms=WALL + ms(MINUTE))
    new.tell(*OBJECTS)
    new.restore(on_disk(holding(MINUTE), WALL + ms(MINUTE)))
    ends_after(new, MINUTE)


def test_a_successor_ends_it_as_ever() -> None:
    new = head()
    new.restore(on_disk(holding(), WALL))
    new.tell(joined(EAST))
    new.versions[EAST] = 1
    assert of_kind(new.publish(EAST, pods(range(30))), SetAdopted) == []
    assert verdicts(new.publish(EAST, pods(range(20)), generation=2)) == [Verdict.LIVE]
    assert [each.revoked_ms for each in new.kept().sets] == [None]
    new.wait(2 * HOLD)
    assert new.reasons() == {"east: used": 20}


def test_the_same_list_or_a_newer_one_prolongs_nothing() -> None:
    new = head(WALL + ms(MINUTE))
    new.restore(on_disk(holding(MINUTE), WALL + ms(MINUTE)))
    new.tell(joined(EAST))
    new.pass_on(revocations(2, "east/1", "west/1"), member(EAST))
    ends_after(new, HOLD - MINUTE)


def test_who_is_not_trusted_does_not_come_back_for_being_revoked() -> None:
    new = head()
    new.tell(distrusted(EAST), trusted_fleet("west"))
    new.restore(on_disk(holding(), WALL))
    assert len(new.bridge.catalog) == 0
    assert dict(new.bridge.replicator.statistics().refused) == {"untrusted": 1}


# --- what time it is ------------------------------------------------------------------------


def test_the_hold_goes_on_without_a_clock_and_is_set_right_by_the_first_reading() -> None:
    new = head(wall_ms=None)
    new.restore(on_disk(holding(MINUTE), WALL + ms(MINUTE)))
    new.wait(MINUTE)
    assert [each.revoked_ms for each in new.kept().sets] == [ms(2 * MINUTE)]
    new.tell(WallClockRead(WALL + ms(10 * MINUTE)))
    ends_after(new, HOLD - 10 * MINUTE)


def test_a_clock_behind_what_was_saved_is_no_reading() -> None:
    new = head(wall_ms=1_000)
    new.restore(on_disk(holding(MINUTE), WALL + ms(MINUTE)))
    assert [each.revoked_ms for each in new.kept().sets] == [ms(MINUTE)]
    new.tell(WallClockRead(WALL + ms(MINUTE) - 1))
    assert [each.revoked_ms for each in new.kept().sets] == [ms(MINUTE)]
    new.tell(WallClockRead(WALL + ms(3 * MINUTE)))
    ends_after(new, HOLD - 3 * MINUTE)


def test_a_reading_counts_once() -> None:
    new = head(wall_ms=None)
    new.restore(on_disk(holding(), WALL))
    new.tell(WallClockRead(WALL), WallClockRead(WALL + ms(2 * HOLD)))
    ends_after(new, HOLD)


def test_a_clock_that_is_read_after_the_successor_spoke_revokes_nothing() -> None:
    new = head(wall_ms=None)
    new.restore(on_disk(holding(), WALL))
    new.tell(joined(EAST))
    new.publish(EAST, pods(range(20)), generation=2)
    new.tell(WallClockRead(WALL + ms(HOLD)))
    assert new.reasons() == {"east: used": 20}


def test_who_saved_without_a_clock_loses_only_the_time_in_which_nobody_ran() -> None:
    new = head(WALL + ms(10 * MINUTE))
    new.restore(on_disk(holding(MINUTE), 0))
    ends_after(new, HOLD - MINUTE)


def test_a_revocation_longer_ago_than_can_be_said_is_kept_as_the_longest() -> None:
    new = head(1 << 62)
    new.restore(on_disk(holding(), WALL))
    assert [each.revoked_ms for each in on_disk(new, WALL).sets] == [AGE_MAX]


# --- what was not known to be revoked when it was saved -------------------------------------


def unmarked(version: int = 1, saved_at_ms: int = WALL, floor: int | None = None) -> KeptState:
    """What was saved before its key was revoked, and the list."""
    each = kept(EAST, pods(range(20)), version)
    top = manifest_of(EAST, each.records, version if floor is None else floor).order
    item = revocations(1, "east/1")
    return KeptState(
        saved_at_ms=saved_at_ms,
        floors={EAST: top},
        sets=(each,),
        items=(KeptItem(item, (1,)),),
    )


def test_a_key_that_is_revoked_now_was_good_when_it_was_saved() -> None:
    new = head(WALL + ms(4 * MINUTE))
    new.restore(unmarked())
    ends_after(new, HOLD - 4 * MINUTE)


def test_an_old_file_gives_no_new_hold() -> None:
    new = head(WALL + ms(HOLD))
    assert verdicts(new.restore(unmarked())) == [Verdict.DEPARTED]


def test_a_list_that_comes_after_the_restart_is_news_as_ever() -> None:
    new = head(WALL + ms(4 * MINUTE))
    new.restore(replace(unmarked(), items=()))
    new.tell(joined(EAST))
    assert new.reasons() == {"east: used": 20}
    new.pass_on(revocations(1, "east/1"), member(EAST))
    ends_after(new, HOLD)


# --- nothing new comes in -------------------------------------------------------------------


@pytest.mark.parametrize("revoked_ms", [None, 0, 60_000])
@pytest.mark.parametrize("version", [2, 3])
def test_what_is_newer_than_the_floor_that_was_kept_is_refused_and_counted(
    version: int, revoked_ms: int | None
) -> None:
    new, state = head(), unmarked(version, floor=1)
    new.restore(replace(state, sets=(replace(state.sets[0], revoked_ms=revoked_ms),)))
    assert len(new.bridge.catalog) == 0
    assert new.bridge.refusals.counts() == {Refusal.REVOKED: 1}
    [last] = new.bridge.refusals.latest()
    assert last.what == "state: set of east: its key is revoked, and it is newer than what was held"


def test_a_set_without_a_floor_is_refused() -> None:
    new = head()
    new.restore(replace(unmarked(), floors={}))
    assert len(new.bridge.catalog) == 0
    assert new.bridge.refusals.counts() == {Refusal.REVOKED: 1}


@pytest.mark.parametrize("revoked_ms", [None, 0])
def test_what_is_newer_than_what_is_held_already_is_refused(revoked_ms: int | None) -> None:
    made = holding(MINUTE)
    newer = replace(kept(EAST, pods(range(30)), 2), revoked_ms=revoked_ms)
    state = KeptState(saved_at_ms=WALL, floors={EAST: newer.manifest.order}, sets=(newer,))
    assert of_kind(made.restore(state), SetAdopted, StandingChanged) == []
    assert made.bridge.refusals.counts() == {Refusal.REVOKED: 1}
    ends_after(made, HOLD - MINUTE)


def test_what_is_held_already_may_be_given_again_and_changes_nothing() -> None:
    made = holding(MINUTE)
    state = on_disk(made, WALL)
    assert of_kind(made.restore(state), SetAdopted, StandingChanged) == []
    assert made.bridge.refusals.counts() == {}
    ends_after(made, HOLD - MINUTE)


def test_what_is_below_a_floor_from_elsewhere_does_not_come_back() -> None:
    new = head()
    new.restore(KeptState(floors={EAST: manifest_of(EAST, RecordSet.of({}), 9).order}))
    new.restore(on_disk(holding(), WALL))
    assert len(new.bridge.catalog) == 0


def test_the_age_of_one_set_is_not_that_of_the_next() -> None:
    new = head()
    new.tell(trusted(WEST))
    west = kept(WEST, pods(range(5)))
    state = on_disk(holding(MINUTE), WALL)
    new.restore(replace(state, sets=(*state.sets, west)))
    assert [each.revoked_ms for each in new.kept().sets] == [ms(MINUTE), None]


# --- on the disk ----------------------------------------------------------------------------


@pytest.mark.parametrize("revoked_ms", [0, 1, AGE_MAX])
@pytest.mark.parametrize("silent_s", [0, 90])
def test_both_ages_come_back_from_the_disk(revoked_ms: int, silent_s: int) -> None:
    each = replace(kept(EAST, pods(range(1))), silent_s=silent_s, revoked_ms=revoked_ms)
    [again] = read_state(b"".join(write_state(KeptState(sets=(each,))))).sets
    assert (again.silent_s, again.revoked_ms) == (silent_s, revoked_ms)


@pytest.mark.parametrize("revoked_ms", [-1, AGE_MAX + 1])
def test_a_revocation_that_cannot_be_is_refused(revoked_ms: int) -> None:
    each = replace(kept(EAST, pods(range(1))), revoked_ms=revoked_ms)
    with pytest.raises(Refused, match="or a revocation"):
        read_state(b"".join(write_state(KeptState(sets=(each,)))))


def test_a_set_is_not_revoked_for_so_long_only_because_it_was_kept() -> None:
    made = head()
    made.tell(joined(EAST))
    made.publish(EAST, pods(range(3)))
    made.wait(SECOND)
    assert [each.revoked_ms for each in made.kept().sets] == [None]
