"""What a publisher withdraws, holds, refuses and complains of."""

from dataclasses import replace

from discovery.alarms import Alarm, AlarmRaised
from discovery.exports import NO_PACKING, Statements, repacked
from discovery.isolation import CutOffEnded, CutOffPresumed
from discovery.manifest import Intent, IntentKind
from discovery.names import ServiceName
from discovery.publisher_config import PublisherConfig
from discovery.publisher_events import (
    DepartureRequested,
    DesiredChanged,
    ExportChanged,
    ExportRemoved,
    IntentDeclared,
    KeyRotated,
    LeaseAcquired,
    ListConfirmed,
    ManifestSeen,
    Published,
    StatementsChanged,
)
from discovery.records import ClusterRecord, DrainRecord
from discovery.recordset import RecordSet
from discovery.refusals import Remembered
from discovery.wall_time import WallClockRead
from failure_detect.clock import MILLISECOND, MINUTE, SECOND
from tests.discovery.newsroom import (
    SOON,
    START,
    WALL,
    Newsroom,
    alarms,
    key,
    lists,
    manifest,
    on_stage,
    only,
    published,
    wanted,
)
from tests.discovery.published import API, DB, WEB, canonical, exported, read, state

RESIGN = 1_200 * SECOND


def packed(services: dict[ServiceName, range]) -> RecordSet:
    desired = state(services)
    return repacked(NO_PACKING, desired.exports, desired.statements).packing.records


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


def test_a_list_that_is_confirmed_is_not_asked_for_again_before_it_is_taken_in() -> None:
    room = on_stage()
    room.want({WEB: range(30)})
    room.now += SECOND
    room.want({})
    room.now += 10 * MILLISECOND
    assert room.tell(ListConfirmed(1)) == []
    [done] = room.wait(SOON)
    assert isinstance(done, Published)
    assert read(done.records) == state({})


def test_only_the_list_that_was_asked_for_last_confirms() -> None:
    room = on_stage()
    room.want({WEB: range(30)})
    room.now += SECOND
    room.want({})
    assert room.tell(ListConfirmed(0)) == []
    assert room.tell(ListConfirmed(2)) == []
    assert room.publisher.statistics().held_endpoints == 30


# --- while we are cut off ----------------------------------------------------------------


def test_who_is_cut_off_publishes_no_removal_and_everything_else() -> None:
    room = on_stage()
    room.want({WEB: range(20), API: range(40, 43)})
    room.now += SECOND
    words = (
        "5 of 6 members of our own pool are lost: it is most likely us, and nothing is withdrawn"
        " without an intent"
    )
    assert room.tell(CutOffPresumed(5, 6)) == [AlarmRaised(Alarm.CUT_OFF, words)]
    assert room.want({WEB: range(12)}) == []
    statistics = room.publisher.statistics()
    assert statistics.is_cut_off
    assert statistics.alarms == ((Alarm.CUT_OFF, words),)
    assert statistics.held_services == ("shop/api", "shop/web")
    assert statistics.held_endpoints == 8 + 3
    room.now += SECOND
    done = only(room.want({WEB: range(12), DB: range(60, 62)}))
    assert read(done.records) == state({WEB: range(20), API: range(40, 43), DB: range(60, 62)})
    assert lists(room.wait(10 * MINUTE)) == []
    assert room.tell(ListConfirmed(1)) == []
    # Nothing is left to hold once it is whole again: less than half goes, as it always may.
    [after] = room.tell(CutOffEnded())
    assert isinstance(after, Published)
    assert read(after.records) == state({WEB: range(12), DB: range(60, 62)})
    statistics = room.publisher.statistics()
    assert (statistics.is_cut_off, statistics.held_services, statistics.alarms) == (False, (), ())


def test_what_is_meant_goes_while_we_are_cut_off_as_well() -> None:
    room = on_stage()
    room.want({WEB: range(20), API: range(40, 43)})
    room.tell(CutOffPresumed(5, 6))
    room.now += SECOND
    assert room.want({WEB: range(20)}) == []
    room.now += SECOND
    done = only(room.tell(IntentDeclared(IntentKind.UNEXPORT, API)))
    assert read(done.records) == state({WEB: range(20)})
    assert room.publisher.statistics().held_services == ()
    room.now += SECOND
    assert only(room.tell(DepartureRequested())).manifest.body.departs


def test_pods_that_others_replace_go_and_pods_that_are_not_ready_say_so() -> None:
    room = on_stage()
    room.want({WEB: range(20)})
    room.tell(CutOffPresumed(5, 6))
    room.now += SECOND
    done = only(room.want({WEB: range(5, 25)}))
    assert read(done.records) == state({WEB: range(5, 25)})
    room.now += SECOND
    whole = exported(WEB, range(5, 25))
    unready = {
        p: tuple(replace(e, ready=False) for e in each) for p, each in whole.endpoints.items()
    }
    done = only(room.tell(ExportChanged(replace(whole, endpoints=unready))))
    [service] = read(done.records).exports.values()
    assert not any(each.ready for there in service.endpoints.values() for each in there)


def test_a_wipe_while_we_are_cut_off_needs_a_fresh_list_afterwards() -> None:
    room = on_stage()
    room.want({WEB: range(30)})
    room.now += SECOND
    assert lists(room.want({})) == [1]
    room.tell(CutOffPresumed(2, 3))
    # The list was asked for before; what it says then comes from where we are cut off from.
    assert published(room.tell(ListConfirmed(1))) == []
    assert published(room.wait(MINUTE)) == []
    assert lists(room.said) == [1]
    assert lists(room.tell(CutOffEnded())) == [2]
    room.now += SECOND
    assert read(only(room.tell(ListConfirmed(2))).records) == state({})


def test_who_takes_over_while_cut_off_withdraws_nothing_of_what_was_found() -> None:
    held = packed({WEB: range(8)})
    room = Newsroom()
    room.tell(CutOffPresumed(2, 3))
    room.see(manifest(WALL - 9, 7, held), held)
    room.hold_lease()
    assert read(only(room.want({WEB: range(3)})).records) == canonical(state({WEB: range(8)}))


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
    room.now += SECOND
    room.want({WEB: range(4), DB: range(1)})
    assert room.publisher.statistics().refused == ()


def test_what_is_refused_stands_for_each_service_until_that_is_mended() -> None:
    room = on_stage()
    bad, worse = ServiceName("shop", "Bad"), ServiceName("shop", "Worse")
    room.want({bad: range(3), worse: range(1)})
    for count in (1, 2):
        words = [(each.what.split(":")[0], each.count) for each in shown(room)]
        assert words == [("export/shop/Bad", count), ("export/shop/Worse", 1)]
        room.now += SECOND
        room.tell(ExportChanged(exported(bad, range(3 + count))))
    room.now += SECOND
    room.tell(ExportRemoved(bad))
    assert [each.what.split(":")[0] for each in shown(room)] == ["export/shop/Worse"]


def test_what_is_refused_of_statements_stands_until_they_say_something_else() -> None:
    room = on_stage()
    nobody = ClusterRecord(region="x" * 5_000)
    room.tell(DesiredChanged(wanted({WEB: range(3)}, Statements(cluster=nobody))))
    [refused] = shown(room)
    assert refused.what.startswith("cluster")
    room.now += SECOND
    room.want({WEB: range(4)})
    assert shown(room) == ()


def shown(room: Newsroom) -> tuple[Remembered, ...]:
    """Return what is refused now, as statistics say."""
    return room.publisher.statistics().refused


def test_what_is_larger_than_peers_take_leaves_the_last_set() -> None:
    room = on_stage(PublisherConfig(records=5))
    room.want({WEB: range(16)})
    room.now += SECOND
    assert alarms(room.want({WEB: range(16 * 9)})) == [Alarm.LIMITS]
    [refused] = room.publisher.statistics().refused
    assert refused.what.startswith("own set: 11 records of ")
    again = only(room.wait(RESIGN))
    assert read(again.records) == state({WEB: range(16)})
    room.now += SECOND
    done = only(room.want({WEB: range(17)}))
    assert read(done.records) == state({WEB: range(17)})
    assert room.publisher.statistics().refused == ()
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
