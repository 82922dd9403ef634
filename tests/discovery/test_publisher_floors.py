"""What a publisher makes of sets above its own, of new keys, and of its cluster's departure."""

from dataclasses import replace

import pytest

from discovery.alarms import Alarm
from discovery.exports import NO_PACKING, repacked
from discovery.keys import endpoints_key, export_key
from discovery.manifest import Intent, IntentKind, Order, sign_manifest
from discovery.names import Origin, ServiceName
from discovery.publisher_events import (
    DepartureRequested,
    EpochProposed,
    ExportChanged,
    ExportRemoved,
    KeyRotated,
    LeaseAcquired,
    ManifestSeen,
    SetSeen,
)
from discovery.recordset import EMPTY, RecordSet
from failure_detect.clock import MILLISECOND, MINUTE, SECOND
from tests.discovery.newsroom import (
    RING,
    START,
    WALL,
    Newsroom,
    alarms,
    key,
    manifest,
    on_stage,
    only,
    published,
)
from tests.discovery.published import API, WEB, exported, read, state

RESIGN = 1_200 * SECOND


def packed(services: dict[ServiceName, range]) -> RecordSet:
    desired = state(services)
    return repacked(NO_PACKING, desired.exports, desired.statements).packing.records


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
    low, high = packed({WEB: range(16, 20)}), packed({WEB: range(20)})
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
    assert epochs == 4, "at once, after 5 s, after 10 s more, after 20 s more"


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
