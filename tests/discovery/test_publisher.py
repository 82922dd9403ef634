"""What a publisher signs, and when: by exact effects."""

from dataclasses import replace

import pytest

from discovery.alarms import Alarm
from discovery.exports import NO_PACKING, Statements, repacked
from discovery.keys import endpoints_key, export_key
from discovery.manifest import Intent, IntentKind, Order, sign_manifest
from discovery.names import Origin, ServiceName
from discovery.publisher_config import PublisherConfig
from discovery.publisher_events import (
    DepartureRequested,
    EpochProposed,
    ExportChanged,
    ExportRemoved,
    IntentDeclared,
    KeyRotated,
    LeaseAcquired,
    LeaseLost,
    LeaseRenewed,
    ListConfirmed,
    ManifestSeen,
    SetSeen,
    StatementsChanged,
)
from discovery.records import DrainRecord
from discovery.recordset import EMPTY, RecordSet
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
from tests.discovery.published import API, CLUSTER, DB, WEB, canonical, exported, read, state

RESIGN = 1_200 * SECOND


def packed(services: dict[ServiceName, range]) -> RecordSet:
    desired = state(services)
    return repacked(NO_PACKING, desired.exports, desired.statements).packing.records


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


# --- what others hold of us --------------------------------------------------------------


def test_a_set_that_was_found_is_gone_on_from() -> None:
    held = packed({WEB: range(48), API: range(100, 104)})
    without = packed({WEB: range(48)}).updated(
        {k: v for k, v in held if k != endpoints_key(WEB, 1)}, [endpoints_key(WEB, 1)]
    )
    room = Newsroom()
    room.see(manifest(WALL - 9, 7, without, intents=(Intent(3, 4, IntentKind.DELETION, "a/b", 2),)))
    room.tell(SetSeen(manifest(WALL - 9, 8, without), without))
    room.want({WEB: [*range(16), *range(32, 48), 70], API: range(100, 104)})
    done = only(room.hold_lease(WALL - 9))
    changes = done.records.changes_since(without)
    assert [each.key for each in changes] == [endpoints_key(WEB, 1)]
    assert done.manifest.order[:3] == (1, WALL + 1, 1)


def test_intents_of_the_set_that_was_found_are_named_on() -> None:
    intents = (Intent(3, 4, IntentKind.DELETION, "a/b", 2),)
    held = packed({WEB: range(4)})
    room = Newsroom()
    room.see(manifest(WALL - 9, 7, held, intents=intents), held)
    room.hold_lease()
    assert only(room.want({WEB: range(4)})).manifest.body.intents == intents


def test_the_highest_of_several_sets_is_gone_on_from_in_any_order() -> None:
    low, high = packed({WEB: range(16)}), packed({WEB: range(20)})
    room = Newsroom()
    room.see(manifest(5, 9, high), high)
    room.see(manifest(5, 8, low), low)
    room.hold_lease()
    assert only(room.want({WEB: range(20)})).records.root == high.root


def test_records_that_are_not_those_of_the_manifest_only_show_its_order() -> None:
    room = Newsroom()
    room.see(manifest(WALL + 99, 9, packed({WEB: range(99)})), packed({API: range(3)}))
    room.want({WEB: range(3)})
    done = only(room.hold_lease())
    assert done.manifest.body.epoch == WALL + 100
    assert done.records.root == packed({WEB: range(3)}).root


def test_manifests_of_others_say_nothing() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    theirs = replace(manifest(WALL + 99).body, origin=Origin("beta"))
    assert room.tell(ManifestSeen(sign_manifest(theirs, key().signer))) == []
    assert room.publisher.statistics().publishes


def test_a_set_above_ours_is_gone_above_with_another_epoch() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    theirs = packed({WEB: range(40), API: range(60, 70)})
    proposed = room.see(manifest(WALL + 500, 3, theirs), theirs)
    assert proposed == [EpochProposed(WALL + 501)]
    assert room.tell(ExportChanged(exported(WEB, range(39)))) == []
    done = only(room.confirm(proposed))
    assert done.manifest.order[:3] == (1, WALL + 501, 1)
    assert read(done.records) == state({WEB: range(39)})
    changes = [each.key for each in done.records.changes_since(theirs)]
    assert sorted(changes) == [endpoints_key(API, 0), endpoints_key(WEB, 2), export_key(API)]


def test_what_is_below_ours_or_our_own_changes_nothing() -> None:
    room = on_stage()
    ours = only(room.want({WEB: range(3)}))
    room.wait(SECOND)
    assert room.see(ours.manifest, ours.records) == []
    assert room.see(manifest(WALL - 1, 99)) == []
    assert room.wait(SECOND) == []


def test_a_set_between_our_last_and_our_epoch_is_no_reason_for_another() -> None:
    room = on_stage()
    room.see(manifest(WALL - 1, 99, packed({WEB: range(9)})), packed({WEB: range(9)}))
    done = only(room.want({WEB: range(9)}))
    assert done.manifest.order[:3] == (1, WALL + 1, 1)


def test_a_clone_that_signs_with_our_epoch_is_gone_above_and_said() -> None:
    room = on_stage()
    ours = only(room.want({WEB: range(3)}))
    for records in (packed({API: range(1)}), EMPTY):
        _, epoch, version, _ = ours.manifest.order
        done = room.tell(ManifestSeen(manifest(epoch, version, records)))
        assert alarms(done) == [Alarm.CLONE]
        assert room.tell(ExportRemoved(API)) == []
        done += room.wait(6 * SECOND)
        proposed = [each for each in done if isinstance(each, EpochProposed)]
        assert [each.epoch for each in proposed] > [epoch]
        ours = only(room.confirm(proposed))


def test_a_proposal_that_is_surpassed_before_it_stands_is_made_anew() -> None:
    room = Newsroom()
    room.want({WEB: range(3)})
    first = room.tell(LeaseAcquired(0, START + MINUTE))
    second = room.tell(ManifestSeen(manifest(WALL + 70)))
    assert (first, second) == ([EpochProposed(WALL + 1)], [EpochProposed(WALL + 71)])
    assert room.confirm(first) == []
    assert only(room.confirm(second)).manifest.body.epoch == WALL + 71


def test_two_that_outdo_each_other_do_so_slowly() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    epochs = 0
    for _ in range(1_000):
        order = room.publisher.statistics().order
        assert order is not None
        done = room.tell(ManifestSeen(manifest(order.epoch + 5)))
        done += room.wait(60 * MILLISECOND)
        for each in done:
            if isinstance(each, EpochProposed):
                epochs += 1
                room.confirm([each])
    assert 12 <= epochs <= 14


def test_another_cluster_of_our_name_is_gone_above_but_not_gone_on_from() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    theirs = packed({API: range(40)})
    done = room.see(manifest(WALL + 500, 3, theirs, uid="another"), theirs)
    assert alarms(done) == [Alarm.UID]
    ours = only(room.confirm(done))
    assert read(ours.records) == state({WEB: range(3)})
    assert ours.manifest.body.epoch == WALL + 501


# --- keys --------------------------------------------------------------------------------


def test_a_key_of_the_next_generation_signs_the_same_set_at_once() -> None:
    room = on_stage()
    before = only(room.want({WEB: range(3)}))
    done = only(room.tell(KeyRotated(key(2))))
    assert done.records is before.records
    assert done.manifest.order == Order(2, WALL + 1, 2, before.records.root)
    assert done.manifest.is_signed_by(key(2).signer.public, RING)


def test_another_certificate_of_the_same_key_is_shown_at_once() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    assert room.tell(KeyRotated(key())) == []
    done = only(room.tell(KeyRotated(key(certificate=b"newer"))))
    assert done.manifest.certificate == b"newer"
    assert done.manifest.order[:3] == (1, WALL + 1, 2)
    assert room.wait(SECOND) == []


@pytest.mark.parametrize("bad", [key(1, "other"), key(0)])
def test_what_is_no_successor_is_refused(bad: object) -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    assert isinstance(bad, type(key()))
    assert alarms(room.tell(KeyRotated(bad))) == [Alarm.ROTATION]
    done = only(room.wait(RESIGN))
    assert done.manifest.is_signed_by(key().signer.public, RING)
    room.tell(KeyRotated(key(2)))
    assert room.publisher.statistics().alarms == ()


def test_whose_key_is_old_publishes_nothing_until_it_has_the_newer_one() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    newer = packed({WEB: range(3), API: range(9)})
    done = room.see(manifest(5, 3, newer, generation=2), newer)
    assert alarms(done) == [Alarm.KEY]
    room.tell(ExportChanged(exported(WEB, range(5))))
    assert published(room.wait(MINUTE)) == []
    after = only(room.confirm(room.tell(KeyRotated(key(2)))))
    assert after.manifest.order[:3] == (2, WALL + 60_001, 1)
    assert read(after.records) == state({WEB: range(5)})
    assert room.publisher.statistics().alarms == ()


def test_a_rotation_finds_the_newer_generation_ahead_and_goes_above() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    room.tell(ManifestSeen(manifest(WALL + 900, 3, generation=2)))
    assert room.tell(KeyRotated(key(2))) == [EpochProposed(WALL + 901)]


# --- departure ---------------------------------------------------------------------------


def test_a_departure_is_a_signed_higher_empty_set() -> None:
    room = on_stage()
    room.want({WEB: range(30)})
    done = only(room.tell(DepartureRequested()))
    assert done.records is EMPTY
    assert done.manifest.body.departs
    assert done.manifest.order[:3] == (1, WALL + 1, 2)
    assert done.manifest.body.intents == (Intent(WALL + 1, 2, IntentKind.DEPARTURE, ""),)
    assert room.want({API: range(3)}) == []
    assert only(room.wait(RESIGN)).manifest.body.departs


def test_a_departure_waits_for_the_lease_and_for_no_list() -> None:
    room = Newsroom()
    assert room.tell(DepartureRequested()) == []
    assert only(room.hold_lease()).manifest.body.departs


def test_who_comes_back_after_a_departure_publishes_above_it() -> None:
    before = on_stage()
    gone = only(before.tell(DepartureRequested()))
    room = Newsroom()
    room.see(gone.manifest, gone.records)
    done = only([*room.want({WEB: range(3)}), *room.hold_lease()])
    assert done.manifest.order > gone.manifest.order
    assert not done.manifest.body.departs


# --- intents and the guard ---------------------------------------------------------------


def test_what_is_meant_is_named_in_the_version_that_does_it_and_in_later_ones() -> None:
    room = on_stage()
    room.want({WEB: range(30)})
    room.now += SECOND
    assert room.tell(IntentDeclared(IntentKind.SCALE_DOWN, WEB, 25)) == []
    done = only(room.tell(ExportChanged(exported(WEB, range(5)))))
    intent = Intent(WALL + 1, 2, IntentKind.SCALE_DOWN, "shop/web", 25)
    assert done.manifest.body.intents == (intent,)
    assert lists(room.said) == []
    room.now += SECOND
    later = only(room.tell(ExportChanged(exported(WEB, range(6)))))
    assert later.manifest.body.intents == (intent,)


def test_a_drain_is_an_intent_of_its_own() -> None:
    room = on_stage()
    room.want({WEB: range(30)})
    room.now += SECOND
    drain = DrainRecord(drain="d", started_at_ms=WALL)
    done = only(room.tell(StatementsChanged(Statements(drains={WEB: drain}))))
    intent = Intent(WALL + 1, 2, IntentKind.DRAIN, "shop/web")
    assert done.manifest.body.intents == (intent,)
    room.now += 30 * MINUTE
    gone = only(room.tell(ExportRemoved(WEB)))
    assert gone.manifest.body.intents == (intent,)
    assert lists(room.said) == []


def test_a_wipe_that_nothing_explains_is_held_and_listed_afresh() -> None:
    room = on_stage()
    room.want({WEB: range(30), API: range(40, 42)})
    room.now += SECOND
    done = room.want({API: range(40, 43)})
    assert lists(done) == [1]
    assert read(only(done).records) == state({WEB: range(30), API: range(40, 43)})
    statistics = room.publisher.statistics()
    assert (statistics.held_services, statistics.held_endpoints) == (("shop/web",), 30)
    assert lists(room.wait(10 * SECOND)) == [1]
    room.now += SECOND
    confirmed = only(room.tell(ListConfirmed(1)))
    assert read(confirmed.records) == state({API: range(40, 43)})
    assert room.publisher.statistics().held_services == ()
    assert lists(room.wait(10 * MINUTE)) == []


def test_what_comes_back_while_it_is_held_was_never_gone() -> None:
    room = on_stage()
    room.want({WEB: range(30)})
    room.now += SECOND
    assert [type(each).__name__ for each in room.want({})] == ["FreshListWanted"]
    room.now += SECOND
    assert room.want({WEB: range(30)}) == []
    assert room.publisher.statistics().held_services == ()
    assert lists(room.wait(MINUTE)) == []
    assert room.tell(ListConfirmed(1)) == []


def test_an_intent_that_comes_late_frees_what_is_held() -> None:
    room = on_stage()
    room.want({WEB: range(30)})
    room.now += SECOND
    room.tell(ExportRemoved(WEB))
    room.now += SECOND
    done = only(room.tell(IntentDeclared(IntentKind.UNEXPORT, WEB)))
    assert read(done.records) == state({})
    assert done.manifest.body.intents[-1].kind is IntentKind.UNEXPORT


def test_changes_of_condition_are_never_held() -> None:
    room = on_stage()
    room.want({WEB: range(30)})
    room.now += SECOND
    gone = exported(WEB, range(30))
    unready = {
        ports: tuple(type(each)(each.address, ready=False, node=each.node) for each in there)
        for ports, there in gone.endpoints.items()
    }
    done = only(room.tell(ExportChanged(type(gone)(WEB, gone.head, unready))))
    assert lists(room.said) == []
    [service] = read(done.records).exports.values()
    assert not any(each.ready for there in service.endpoints.values() for each in there)


def test_an_empty_guess_after_a_restart_is_held_against_what_was_found() -> None:
    held = packed({WEB: range(30), API: range(40, 60)})
    room = Newsroom()
    room.see(manifest(WALL - 9, 7, held), held)
    room.hold_lease()
    done = room.want({})
    assert lists(done) == [1]
    assert read(only(done).records) == canonical(state({WEB: range(30), API: range(40, 60)}))


def test_only_the_list_that_was_asked_for_last_confirms() -> None:
    room = on_stage()
    room.want({WEB: range(30)})
    room.now += SECOND
    room.want({})
    assert room.tell(ListConfirmed(0)) == []
    assert room.tell(ListConfirmed(2)) == []
    assert room.publisher.statistics().held_endpoints == 30


# --- refusals, limits, clocks ------------------------------------------------------------


def test_what_peers_would_refuse_is_not_published_and_shows() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    room.now += SECOND
    bad = ServiceName("shop", "Bad")
    done = only(room.want({WEB: range(3), bad: range(3), DB: range(1)}))
    assert read(done.records) == state({WEB: range(3), DB: range(1)})
    [refused] = room.publisher.statistics().refused
    assert (refused.origin, refused.count) == ("alpha", 1)
    assert "shop/Bad" in refused.what


def test_what_is_larger_than_peers_take_leaves_the_last_set() -> None:
    room = on_stage(PublisherConfig(records=5))
    room.want({WEB: range(16)})
    room.now += SECOND
    assert alarms(room.want({WEB: range(16 * 9)})) == [Alarm.LIMITS]
    again = only(room.wait(RESIGN))
    assert read(again.records) == state({WEB: range(16)})
    room.now += SECOND
    done = only(room.want({WEB: range(17)}))
    assert read(done.records) == state({WEB: range(17)})
    assert room.publisher.statistics().alarms == ()


def test_a_manifest_that_cannot_be_made_is_tried_again_slowly() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    assert alarms(room.tell(KeyRotated(key(certificate=bytes(2_000))))) == [Alarm.SIGNING]
    assert room.wait(MINUTE) == []
    done = room.tell(KeyRotated(key(certificate=b"small")))
    assert only([*done, *room.wait(10 * SECOND)]).manifest.certificate == b"small"
    assert room.publisher.statistics().alarms == ()


def test_a_wall_clock_behind_what_was_signed_is_said_and_blocks_nothing() -> None:
    room = Newsroom()
    hours = 5 * 3_600_000
    room.see(manifest(WALL + hours, 3))
    room.want({WEB: range(3)})
    done = room.tell(LeaseAcquired(0, START + MINUTE))
    assert alarms(room.said) == [Alarm.CLOCK_BEHIND]
    assert only(room.confirm(done)).manifest.body.epoch == WALL + hours + 1
    room.tell(WallClockRead(WALL + hours))
    assert Alarm.CLOCK_BEHIND not in dict(room.publisher.statistics().alarms)


def test_a_wall_clock_that_steps_is_said() -> None:
    room = on_stage()
    room.now += SECOND
    assert alarms(room.tell(WallClockRead(WALL + 30_000))) == []
    assert alarms(room.tell(WallClockRead(WALL + 3_600_000))) == [Alarm.CLOCK_STEP]
    assert room.publisher.statistics().alarms[0][0] is Alarm.CLOCK_STEP
    assert alarms(room.tell(WallClockRead(WALL + 3_600_000))) == []
    assert room.publisher.statistics().alarms == ()


def test_a_clock_far_ahead_of_the_last_signature_is_said() -> None:
    room = Newsroom(read=False)
    room.tell(WallClockRead(WALL + 40 * 86_400_000))
    assert alarms(room.see(manifest(WALL - 9))) == [Alarm.CLOCK_AHEAD]


def test_an_epoch_beyond_all_clocks_dies_with_the_key_that_signed_it() -> None:
    room = on_stage()
    room.want({WEB: range(3)})
    done = room.tell(ManifestSeen(manifest((1 << 63) - 1)))
    assert alarms(done) == [Alarm.CLOCK_BEHIND, Alarm.EPOCH]
    assert published(room.wait(RESIGN)) == []
    proposed = room.tell(KeyRotated(key(2)))
    after = only(room.confirm(proposed))
    assert after.manifest.body.generation == 2
    assert after.manifest.body.epoch < WALL * 2
