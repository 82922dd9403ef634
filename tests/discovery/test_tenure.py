"""Who may sign, and as which epoch and version."""

import pytest

from discovery.alarms import Alarm, AlarmRaised, Alarms
from discovery.publisher_config import PublisherConfig
from discovery.publisher_events import EpochProposed
from discovery.tenure import CALM_PAUSES, EPOCH_MAX, FOLLOWED_MAX, Tenure
from failure_detect.clock import NEVER, SECOND
from tests.discovery.newsroom import START, WALL, manifest

CONFIG = PublisherConfig()
END = START + 60 * SECOND


def tenure(wall_ms: int = WALL) -> Tenure:
    ours = Tenure(CONFIG, 1, Alarms())
    ours.read_wall(wall_ms, START)
    return ours


def holder(wall_ms: int = WALL) -> Tenure:
    ours = tenure(wall_ms)
    ours.acquire(0, END)
    for each in ours.propose(START):
        if isinstance(each, EpochProposed):
            ours.confirm(each.epoch)
    ours.check_invariants()
    return ours


def may_sign(ours: Tenure) -> bool:
    ours.check_invariants()
    return ours.may_sign


def test_the_epoch_is_above_clock_lease_and_what_was_seen() -> None:
    for wall, lease, seen in ((90, 10, 20), (10, 90, 20), (10, 20, 90)):
        ours = tenure(wall)
        ours.see(manifest(seen), START)
        ours.acquire(lease, END)
        assert EpochProposed(91) in ours.propose(START)
        assert ours.propose(START) == []


def test_the_wall_clock_goes_on_with_ours() -> None:
    ours = tenure()
    assert ours.wall_ms(START + 5 * SECOND) == WALL + 5_000
    ours.acquire(0, END)
    assert ours.propose(START + 5 * SECOND) == [EpochProposed(WALL + 5_001)]


def test_a_clock_that_shows_nonsense_counts_for_nothing() -> None:
    for wall in (-5, 1 << 60):
        ours = tenure(wall)
        ours.acquire(7, END)
        assert ours.wall_ms(START) == 0
        assert ours.propose(START) == [EpochProposed(8)]


def test_versions_count_within_an_epoch() -> None:
    ours = holder()
    assert [ours.take(), ours.take()] == [(WALL + 1, 1), (WALL + 1, 2)]
    ours.acquire(0, END)
    assert ours.propose(START) == [EpochProposed(WALL + 2)]
    ours.confirm(WALL + 2)
    assert ours.take() == (WALL + 2, 1)


def test_only_the_epoch_that_was_proposed_last_is_confirmed() -> None:
    ours = tenure()
    ours.acquire(0, END)
    ours.propose(START)
    ours.confirm(WALL)
    assert not may_sign(ours)
    ours.confirm(WALL + 1)
    assert may_sign(ours)


def test_nothing_may_be_signed_at_the_end_of_the_lease() -> None:
    ours = holder()
    ours.expire(END - 1)
    assert may_sign(ours)
    ours.expire(END)
    assert not may_sign(ours)
    ours.renew(END + SECOND)
    assert may_sign(ours)
    ours.lose()
    ours.renew(END + SECOND)
    assert not may_sign(ours)
    assert ours.deadline == NEVER


def test_another_epoch_for_what_is_above_ours_comes_at_once_and_then_slowly() -> None:
    ours = holder()
    ours.see(manifest(WALL + 5), START)
    assert ours.propose(START) == [EpochProposed(WALL + 6)]
    ours.confirm(WALL + 6)
    ours.see(manifest(WALL + 9), START + 1)
    assert ours.propose(START + 1) == []
    assert ours.deadline == START + CONFIG.epoch_interval
    assert EpochProposed(WALL + 5_001) in ours.propose(ours.deadline)


def test_a_rival_is_said_the_second_time_and_outdone_ever_more_seldom() -> None:
    alarms = Alarms()
    ours = Tenure(CONFIG, 1, alarms)
    ours.read_wall(WALL, START)
    ours.acquire(0, NEVER)
    now, seen, pauses = START, WALL, []
    for round_ in range(12):
        [proposed] = [each for each in ours.propose(now) if isinstance(each, EpochProposed)]
        ours.confirm(proposed.epoch)
        seen = proposed.epoch + 1
        words = f"somebody else signs with our key: epoch {seen} is above all of our Lease"
        raised = [AlarmRaised(Alarm.CLONE, words)] if round_ == 1 else []
        assert [each for each in ours.see(manifest(seen), now) if each.alarm is Alarm.CLONE] == (
            raised
        ), "the first time it may be what an earlier process of ours has signed"
        pauses.append((ours.deadline - now) // SECOND)
        now = max(now, ours.deadline)
    assert pauses == [0, 5, 10, 20, 40, 80, 160, 320, 640, 640, 640, 640]
    [proposed] = [each for each in ours.propose(now) if isinstance(each, EpochProposed)]
    ours.confirm(proposed.epoch)
    assert Alarm.CLONE in alarms.standing(), "an epoch of our own does not end it"
    calm = now + CALM_PAUSES * CONFIG.epoch_interval
    ours.read_wall(WALL + (calm - START) // 1_000, calm)
    assert Alarm.CLONE in alarms.standing()
    ours.read_wall(WALL + (calm + SECOND - START) // 1_000, calm + SECOND)
    assert Alarm.CLONE not in alarms.standing(), "nobody has outdone us for long"
    ours.see(manifest(seen + 10**9), calm + SECOND)
    assert ours.deadline == calm + SECOND, "and the next one is the first again"


def test_a_successor_whom_we_hear_late_is_no_rival() -> None:
    ours = holder()
    for late in (SECOND, 10 * SECOND, 20 * SECOND):
        ours.expire(END)
        found = ours.see(manifest(WALL + 10_000_000 + late), END + late)
        assert [each for each in found if each.alarm is Alarm.CLONE] == []
        ours.acquire(0, END)
        ours.propose(END - 1)


def test_our_own_manifests_are_no_clones() -> None:
    ours = holder()
    signed = [manifest(*ours.take()) for _ in range(3)]
    for each in signed:
        ours.signed(each)
    for each in signed:
        assert ours.see(each, START) == []
    assert may_sign(ours)


def test_a_clone_is_noticed_before_we_sign_at_all() -> None:
    ours = holder()
    words = f"somebody else has signed with our key and our epoch {WALL + 1}"
    assert ours.see(manifest(WALL + 1), START) == [AlarmRaised(Alarm.CLONE, words)]
    assert not may_sign(ours)


def test_who_has_an_older_key_neither_signs_nor_takes_epochs() -> None:
    ours = tenure()
    [alarm] = ours.see(manifest(5, generation=3), START)
    assert alarm.alarm is Alarm.KEY
    ours.acquire(0, END)
    assert ours.propose(START) == []
    assert ours.deadline == NEVER
    assert ours.rotate(2) == []
    assert ours.propose(START) == []
    ours.rotate(3)
    assert ours.propose(START) == [EpochProposed(WALL + 1)]


def test_no_epoch_beyond_all_clocks_gets_into_the_lease() -> None:
    ours = tenure()
    ours.acquire(0, END)
    ours.see(manifest(EPOCH_MAX), START)
    [alarm] = ours.propose(START)
    assert isinstance(alarm, AlarmRaised)
    assert alarm.alarm is Alarm.EPOCH
    assert ours.deadline == NEVER
    assert ours.rotate(2) == []
    assert EpochProposed(WALL + 1) in ours.propose(START)


def lease_after(seen: int, lease: int, generation: int) -> int | None:
    """The epoch that a new process puts into the Lease, None where it has none to put there."""
    ours = Tenure(CONFIG, generation, Alarms())
    ours.read_wall(WALL, START)
    ours.see(manifest(seen), START)
    ours.acquire(lease, END)
    proposed = [each for each in ours.propose(START) if isinstance(each, EpochProposed)]
    for each in proposed:
        ours.confirm(each.epoch)
    ours.check_invariants()
    return proposed[0].epoch if proposed else None


@pytest.mark.parametrize("stolen", [FOLLOWED_MAX - 1, FOLLOWED_MAX, FOLLOWED_MAX + 1, EPOCH_MAX])
def test_whatever_a_thief_signs_the_keys_successor_goes_on(stolen: int) -> None:
    first = lease_after(stolen, WALL, 1)
    assert first == (stolen + 1 if stolen <= FOLLOWED_MAX else None)
    lease = first or WALL
    for _ in range(3):  # He outdoes each of us, as far as he can.
        lease = lease_after(min(lease + 1, EPOCH_MAX), lease, 1) or lease
    for again in range(3):
        after = lease_after(stolen, lease, 2)
        assert after == max(lease, stolen if stolen <= FOLLOWED_MAX else 0) + 1, again
        lease = after


def test_who_was_led_to_the_end_of_all_clocks_goes_on_by_the_lease() -> None:
    lease = FOLLOWED_MAX
    for _ in range(3):
        assert lease_after(lease, lease, 1) == lease + 1
        lease += 1
    assert lease_after(lease + 1, lease, 1) is None


def test_a_clock_may_be_a_little_behind() -> None:
    ours = tenure()
    assert ours.see(manifest(WALL + CONFIG.clock_tolerance_ms), START) == []
    [alarm] = ours.see(manifest(WALL + CONFIG.clock_tolerance_ms + 1), START)
    assert alarm.words == "the wall clock is 60001 ms behind what this cluster has signed"


def test_what_is_seen_while_an_epoch_is_on_its_way_is_gone_above() -> None:
    ours = tenure()
    ours.acquire(0, END)
    assert ours.propose(START) == [EpochProposed(WALL + 1)]
    ours.see(manifest(WALL + 5), START)
    assert ours.propose(START) == [EpochProposed(WALL + 6)]


def test_a_newer_key_goes_above_what_it_has_signed_elsewhere() -> None:
    ours = holder()
    ours.signed(manifest(*ours.take()))
    ours.see(manifest(WALL - 5, generation=2), START)
    ours.rotate(2)
    assert EpochProposed(WALL + 2) in ours.propose(START)


def test_a_rotation_that_meets_nothing_keeps_the_epoch() -> None:
    ours = holder()
    ours.rotate(2)
    assert ours.take() == (WALL + 1, 1)


def test_without_a_wall_clock_nothing_is_said_of_it() -> None:
    ours = Tenure(CONFIG, 1, Alarms())
    assert ours.see(manifest(WALL), START) == []
    ours.acquire(0, END)
    assert ours.propose(START) == []
