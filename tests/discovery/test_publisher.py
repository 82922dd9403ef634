"""What a publisher signs, and when: by exact effects."""

from discovery.alarms import Alarm
from discovery.exports import Statements
from discovery.manifest import Order
from discovery.publisher_config import PublisherConfig
from discovery.publisher_events import (
    EpochProposed,
    ExportChanged,
    ExportRemoved,
    LeaseAcquired,
    LeaseLost,
    LeaseRenewed,
    SetRefused,
    StatementsChanged,
)
from discovery.wall_time import WallClockRead
from failure_detect.clock import MILLISECOND, MINUTE, NEVER, SECOND
from tests.discovery.newsroom import (
    ALPHA,
    RING,
    SOON,
    START,
    UID,
    WALL,
    Newsroom,
    alarms,
    key,
    lists,
    manifest,
    on_stage,
    only,
    published,
)
from tests.discovery.published import API, CLUSTER, WEB, exported, read, state

RESIGN = 1_200 * SECOND


# --- what our own bridge makes of it -------------------------------------------------------


def test_a_set_that_our_own_bridge_refuses_is_an_alarm_until_it_holds_one() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    refused = only(room.said)
    assert alarms(room.tell(SetRefused(refused.manifest, "too large"))) == [Alarm.REFUSED]
    [(alarm, words)] = room.publisher.statistics().alarms
    assert (alarm, words.endswith("is not held here: too large")) == (Alarm.REFUSED, True)
    assert alarms(room.tell(SetRefused(refused.manifest, "too large"))) == []
    room.see(refused.manifest, refused.records)
    assert room.publisher.statistics().alarms == ()


def test_a_set_that_our_own_bridge_refused_is_signed_anew_soon_and_at_once_where_it_changes() -> (
    None
):
    room = on_stage(PublisherConfig(relist=10 * SECOND))
    room.want({WEB: range(3)})
    first = only(room.said)
    room.tell(SetRefused(first.manifest, "too large"))
    assert published(room.wait(10 * SECOND - 1)) == []
    again = only(room.wait(1))
    assert again.records == first.records
    assert again.manifest.order > first.manifest.order
    room.tell(SetRefused(again.manifest, "too large"))
    room.wait(SECOND)
    changed = only(room.tell(ExportChanged(exported(WEB, range(2)))))
    room.see(changed.manifest, changed.records)
    assert published(room.wait(RESIGN - 1)) == []
    assert published(room.wait(1)) != []


def test_an_older_set_of_ours_that_is_seen_does_not_end_the_alarm() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    room.tell(SetRefused(only(room.said).manifest, "too large"))
    room.see(manifest(1))
    assert [alarm for alarm, _ in room.publisher.statistics().alarms] == [Alarm.REFUSED]


# --- before anything is signed -----------------------------------------------------------


def test_nothing_is_due_before_anything_is_known() -> None:
    room = Newsroom(read=False)
    assert room.publisher.deadline == NEVER
    assert room.publisher.advance(START) == []
    assert not room.publisher.statistics().publishes


def test_an_epoch_stands_in_the_lease_before_anything_is_signed_with_it() -> None:
    room = Newsroom()
    assert room.want({WEB: range(3)}) == []
    proposed = room.tell(LeaseAcquired(0, START + MINUTE))
    assert proposed == [EpochProposed(WALL + 1)]
    assert room.wait(30 * SECOND) == []
    done = only(room.confirm(proposed))
    assert done.manifest.order == Order(1, WALL + 1, 1, done.records.root)
    assert read(done.records) == state({WEB: range(3)})


def test_nothing_is_published_before_all_sources_were_listed() -> None:
    room = Newsroom()
    assert room.hold_lease() == []
    assert room.tell(ExportChanged(exported(WEB, range(3)))) == []
    assert room.tell(ExportRemoved(WEB)) == []
    assert room.tell(StatementsChanged(Statements(cluster=CLUSTER))) == []
    assert room.publisher.deadline == NEVER
    assert room.wait(10 * MINUTE) == []
    assert read(only(room.want({API: range(2)})).records) == state({API: range(2)})


def test_a_clock_that_nobody_read_gives_no_epoch() -> None:
    room = Newsroom(read=False)
    assert room.tell(LeaseAcquired(0, START + MINUTE)) == []
    assert room.tell(WallClockRead(WALL)) == [EpochProposed(WALL + 1)]


def test_what_the_manifest_says() -> None:
    config = PublisherConfig(lifetime_s=600, audience=("beta", "gamma-*"))
    room = on_stage(config)
    room.now += 5 * SECOND
    done = only(room.want({WEB: range(20)}))
    body = done.manifest.body
    assert (body.origin, body.uid, body.lifetime_s, body.audience, body.departs, body.intents) == (
        ALPHA,
        UID,
        600,
        ("beta", "gamma-*"),
        False,
        (),
    )
    assert body.signed_at_ms == WALL + 5_000
    assert (body.root, body.count, body.size_bytes) == (
        done.records.root,
        done.records.count,
        done.records.size_bytes,
    )
    assert done.manifest.is_signed_by(key().signer.public, RING)


# --- when --------------------------------------------------------------------------------


def test_the_first_change_of_a_quiet_period_goes_at_once_and_the_others_together() -> None:
    room = on_stage()
    first = only(room.want({WEB: range(3)}))
    assert first.manifest.body.version == 1
    for count in range(4, 10):
        room.now += 10 * MILLISECOND
        assert room.tell(ExportChanged(exported(WEB, range(count)))) == []
    assert room.publisher.deadline == START + SOON
    second = only(room.wait(SOON))
    assert second.manifest.body.version == 2
    assert read(second.records) == state({WEB: range(9)})
    room.now += SOON
    assert only(room.tell(ExportRemoved(WEB))).manifest.body.version == 3


def test_a_rollout_of_five_hundred_makes_few_versions() -> None:
    room = on_stage()
    room.want({WEB: range(500)})
    room.said.clear()
    for old in range(500):
        room.tell(ExportChanged(exported(WEB, range(old + 1, 501 + old))))
        room.wait(20 * MILLISECOND)
    room.wait(SECOND)
    assert len(published(room.said)) <= 1 + 10 * SECOND // SOON + 1
    assert lists(room.said) == []
    assert read(published(room.said)[-1].records) == state({WEB: range(500, 1000)})


def test_what_changes_and_changes_back_is_no_version() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    assert room.tell(ExportRemoved(WEB)) == []
    assert room.tell(ExportChanged(exported(WEB, range(3)))) == []
    assert room.wait(MINUTE) == []
    assert room.want({WEB: range(3)}) == []


def test_a_quiet_set_is_signed_anew_when_a_third_of_its_lifetime_is_over() -> None:
    room = on_stage()
    first = only(room.want({WEB: range(3)}))
    assert room.publisher.deadline == START + RESIGN
    assert room.wait(RESIGN - 1) == []
    again = only(room.wait(1))
    assert again.records is first.records
    assert again.manifest.order == Order(1, WALL + 1, 2, first.records.root)
    assert again.manifest.body.signed_at_ms == WALL + 1_200_000
    assert len(published(room.wait(3 * RESIGN))) == 3


def test_a_late_advance_signs_once_and_counts_from_then() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    room.now += 5 * RESIGN
    assert len(published(room.publisher.advance(room.now))) == 1
    assert room.publisher.deadline == room.now + RESIGN


# --- the lease ---------------------------------------------------------------------------


def test_nothing_is_signed_once_the_lease_is_over_by_our_own_clock() -> None:
    room = Newsroom()
    room.hold_lease(duration=10 * SECOND)
    room.want({WEB: range(3)})
    room.now += 10 * SECOND
    assert room.tell(ExportChanged(exported(WEB, range(4)))) == []
    assert room.publisher.deadline == NEVER
    assert room.publisher.advance(room.now + RESIGN) == []
    assert not room.publisher.statistics().publishes


def test_a_change_that_would_be_due_after_the_lease_is_not_due() -> None:
    room = Newsroom()
    room.hold_lease(duration=100 * MILLISECOND)
    room.want({WEB: range(3)})
    assert room.tell(ExportChanged(exported(WEB, range(4)))) == []
    assert room.publisher.deadline == NEVER


def test_a_lease_that_is_renewed_goes_on_with_its_epoch_even_when_it_had_run_out() -> None:
    room = Newsroom()
    room.hold_lease(duration=10 * SECOND)
    room.want({WEB: range(3)})
    room.now += 20 * SECOND
    room.tell(ExportChanged(exported(WEB, range(4))))
    done = only(room.tell(LeaseRenewed(room.now + 10 * SECOND)))
    assert done.manifest.order[:3] == (1, WALL + 1, 2)


def test_a_lease_that_was_lost_is_not_renewed_and_its_epoch_is_gone() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    assert room.tell(LeaseLost()) == []
    room.now += SECOND
    assert room.tell(LeaseRenewed(room.now + MINUTE)) == []
    assert room.tell(ExportChanged(exported(WEB, range(4)))) == []
    assert room.publisher.deadline == NEVER
    again = only(room.hold_lease(WALL + 1))
    assert again.manifest.order[:3] == (1, WALL + 1_001, 1)
    assert read(again.records) == state({WEB: range(4)})


def test_a_confirmation_that_comes_after_the_loss_says_nothing() -> None:
    room = Newsroom()
    room.want({WEB: range(3)})
    proposed = room.tell(LeaseAcquired(0, START + MINUTE))
    room.tell(LeaseLost())
    assert room.confirm(proposed) == []
    assert not room.publisher.statistics().publishes


def test_each_lease_acquired_takes_a_new_epoch_above_that_of_the_lease() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    assert room.tell(LeaseAcquired(WALL + 50, START + MINUTE)) == [EpochProposed(WALL + 51)]
    assert room.tell(ExportChanged(exported(WEB, range(4)))) == []
