from discovery.guard_rules import GuardConfig
from discovery.guards import (
    ORIGINS_MAX,
    HoldEnded,
    HoldsRestored,
    HoldStarted,
    ImporterGuard,
    OriginForgotten,
    OverlaysChanged,
    SetChanged,
)
from discovery.manifest import Intent, IntentKind, Order
from discovery.names import Origin
from failure_detect.clock import NEVER, SECOND, Instant
from tests.discovery.desks import API, CONFIG, EAST, NORTH, START, WEB, Desk, Endpoints, desk, pods


def started(now: Instant, held: Endpoints, missing: int, total: int) -> HoldStarted:
    why = f"{missing} of {total} endpoints withdrawn within 60 s, and no intent explains it"
    return HoldStarted(EAST, {WEB: held}, now + CONFIG.hold, why)


def test_more_than_half_without_an_intent_is_held() -> None:
    east = desk(20)
    assert east.publish(START, {WEB: pods(0, 9)}) == [started(START, pods(9, 11), 11, 20)]
    assert east.guard.held(EAST) == {WEB: pods(9, 11)}
    assert east.guard.deadline == START + CONFIG.hold


def test_half_is_believed() -> None:
    east = desk(20)
    assert east.publish(START, {WEB: pods(0, 10)}) == []
    assert east.guard.held(EAST) == {}
    assert east.guard.deadline == NEVER


def test_fewer_than_ten_are_believed() -> None:
    east = desk(9)
    assert east.publish(START, {WEB: ()}) == []


def test_a_hold_ends_when_its_time_is_over_and_not_before() -> None:
    east = desk(20)
    east.publish(START, {WEB: ()})
    assert east.guard.advance(START + CONFIG.hold - 1) == []
    assert east.guard.advance(START + CONFIG.hold) == [
        HoldEnded(EAST, {WEB: pods(0, 20)}, "lapsed")
    ]
    assert east.guard.deadline == NEVER
    east.guard.check_invariants()


def test_an_intent_explains_what_vanishes() -> None:
    east = desk(20)
    assert east.publish(START, {WEB: ()}, east.intent("shop/web")) == []


def test_an_intent_of_less_explains_only_so_many() -> None:
    east = desk(40)
    effects = east.publish(START, {WEB: ()}, east.intent("shop/web", 19))
    assert effects == [started(START, pods(0, 21), 21, 40)]
    other = desk(40)
    assert other.publish(START, {WEB: ()}, other.intent("shop/web", 20)) == []


def test_an_intent_explains_what_goes_while_it_is_young() -> None:
    east = desk(40)
    assert east.publish(START, {WEB: pods(0, 39)}, east.intent("shop/web", 40)) == []
    assert east.publish(START + CONFIG.explains - 1, {WEB: ()}) == []
    other = desk(40)
    assert other.publish(START, {WEB: pods(0, 39)}, other.intent("shop/web", 40)) == []
    assert len(other.publish(START + CONFIG.explains, {WEB: ()})) == 1


def test_an_intent_that_is_used_up_explains_no_more() -> None:
    east = desk(40)
    assert east.publish(START, {WEB: pods(0, 25)}, east.intent("shop/web", 15)) == []
    assert len(east.publish(START + SECOND, {WEB: ()})) == 1


def test_an_intent_that_the_first_set_names_is_spent() -> None:
    east = Desk()
    east.publish(START, {WEB: pods(0, 20)}, east.intent("shop/web"))
    assert len(east.publish(START + SECOND, {WEB: ()})) == 1


def test_what_a_new_manifest_explains_of_a_restored_set_is_not_spent() -> None:
    guard = ImporterGuard(CONFIG)
    intent = Intent(1, 5, IntentKind.UNEXPORT, "shop/web")
    change = SetChanged(EAST, {WEB: pods(0, 20)}, 20, (intent,), Order(1, 1, 5, b""))
    assert guard.handle(change, START) == []
    assert guard.statistics().holds_started == 0


def test_an_intent_that_comes_late_ends_the_hold() -> None:
    east = desk(20)
    east.publish(START, {WEB: ()})
    effects = east.publish(START + SECOND, {WEB: ()}, east.intent("shop/web"))
    assert effects == [HoldEnded(EAST, {WEB: pods(0, 20)[::-1]}, "explained")]


def test_a_higher_manifest_that_still_lacks_them_confirms_after_a_while() -> None:
    east = desk(20)
    east.publish(START, {WEB: ()})
    assert east.publish(START + CONFIG.confirm - 1, {WEB: ()}) == []
    effects = east.publish(START + CONFIG.confirm, {WEB: ()})
    assert effects == [HoldEnded(EAST, {WEB: pods(0, 20)}, "confirmed")]


def test_the_same_manifest_again_confirms_nothing() -> None:
    east = desk(20)
    east.publish(START, {WEB: ()})
    again = SetChanged(EAST, {}, 0, (), Order(1, 1, east.version, b""))
    assert east.guard.handle(again, START + CONFIG.hold - 1) == []


def test_what_comes_back_is_no_longer_held() -> None:
    east = desk(20)
    east.publish(START, {WEB: ()})
    effects = east.publish(START + SECOND, {WEB: pods(0, 5)})
    assert effects == [HoldEnded(EAST, {WEB: pods(0, 5)}, "returned")]
    assert east.guard.held(EAST) == {WEB: pods(5, 15)}


def test_a_trickle_within_the_window_counts_together() -> None:
    east = desk(40)
    for second in range(20):
        left = pods(0, 39 - second)
        assert east.publish(START + second * SECOND, {WEB: left}) == []
    now = START + 20 * SECOND
    held = pods(19, 21)[::-1]
    assert east.publish(now, {WEB: pods(0, 19)}) == [started(now, held, 21, 40)]


def test_what_went_before_the_window_does_not_count() -> None:
    east = desk(40)
    assert east.publish(START, {WEB: pods(0, 20)}) == []
    assert east.publish(START + CONFIG.window, {WEB: pods(0, 10)}) == []
    other = desk(40)
    assert other.publish(START, {WEB: pods(0, 20)}) == []
    assert len(other.publish(START + CONFIG.window - 1, {WEB: pods(0, 10)})) == 1


def test_more_of_the_same_joins_what_is_held() -> None:
    east = desk(40)
    east.publish(START, {WEB: pods(0, 15)})
    now = START + SECOND
    assert east.publish(now, {WEB: pods(0, 14)}) == [started(now, pods(14, 1), 26, 40)]
    assert east.guard.advance(START + CONFIG.hold) == [
        HoldEnded(EAST, {WEB: pods(15, 25)}, "lapsed")
    ]
    assert east.guard.deadline == now + CONFIG.hold


def test_one_withdrawal_later_than_the_window_joins_no_hold() -> None:
    east = desk(40)
    east.publish(START, {WEB: pods(0, 15)})
    assert [type(effect) for effect in east.publish(START + CONFIG.window, {WEB: pods(0, 14)})] == [
        HoldEnded
    ]  # That manifest has confirmed the rest, and is believed.
    assert east.guard.held(EAST) == {}


def test_a_rollout_is_no_withdrawal() -> None:
    east = desk(100)
    now = START
    for step in range(0, 100, 10):  # First ten more, then ten fewer, as deployments do.
        assert east.publish(now, {WEB: (*pods(step, 100), *pods(1_000, 0))}) == []
        assert east.publish(now + SECOND, {WEB: pods(step + 10, 100)}) == []
        now += 2 * SECOND


def test_replacing_everything_at_once_is_no_withdrawal() -> None:
    east = desk(100)
    assert east.publish(START, {WEB: pods(500, 100)}) == []


def test_replacements_that_come_later_end_the_hold_of_the_oldest() -> None:
    east = desk(20)
    east.publish(START, {WEB: ()})
    effects = east.publish(START + 2 * SECOND, {WEB: pods(500, 15)})
    assert effects == [HoldEnded(EAST, {WEB: pods(0, 15)}, "replaced")]


def test_what_replaced_others_and_vanishes_itself_is_held() -> None:
    east = desk(20)
    east.publish(START, {WEB: pods(500, 20)})
    now = START + SECOND
    assert east.publish(now, {WEB: ()}) == [started(now, pods(500, 20), 20, 20)]


def test_arrivals_that_vanish_themselves_replace_nothing() -> None:
    east = desk(10)
    east.publish(START, {WEB: pods(0, 110)})
    now = START + SECOND
    assert east.publish(now, {WEB: ()}) == [started(now, pods(0, 110), 110, 110)]


def test_replacements_are_of_the_same_service() -> None:
    east = desk(20)
    assert east.publish(START, {WEB: (), API: pods(500, 20)}) == [
        started(START, pods(0, 20), 20, 20)
    ]


def test_a_first_set_that_shrinks_at_once_is_guarded() -> None:
    east = Desk()
    east.publish(START, {WEB: pods(0, 40)})
    assert len(east.publish(START + SECOND, {WEB: pods(0, 19)})) == 1


def test_arrivals_of_long_ago_replace_nothing() -> None:
    east = desk(20)
    east.publish(START, {WEB: pods(0, 60)})
    now = START + CONFIG.window
    assert east.publish(now, {WEB: pods(0, 29)}) == [started(now, pods(29, 31), 31, 60)]


def test_overlays_that_take_more_than_half_are_held() -> None:
    east = desk(20)
    assert east.overlay(START, {WEB: pods(0, 10)}) == []
    now = START + SECOND
    assert east.overlay(now, {WEB: pods(0, 11)}) == [started(now, pods(0, 11), 11, 20)]


def test_nodes_that_are_up_again_end_the_hold() -> None:
    east = desk(20)
    east.overlay(START, {WEB: pods(0, 20)})
    effects = east.overlay(START + SECOND, {WEB: pods(0, 5)})
    assert effects == [HoldEnded(EAST, {WEB: pods(5, 15)}, "returned")]


def test_what_an_overlay_took_and_the_manifest_too_is_one_withdrawal() -> None:
    east = desk(30)
    assert east.overlay(START, {WEB: pods(0, 12)}) == []
    assert east.publish(START + SECOND, {WEB: pods(12, 18)}) == []
    assert east.overlay(START + 2 * SECOND, {}) == []
    assert east.publish(START + 3 * SECOND, {WEB: pods(15, 15)}) == []
    now = START + 4 * SECOND
    held = (*pods(0, 15), *pods(15, 1))
    assert east.publish(now, {WEB: pods(16, 14)}) == [started(now, held, 16, 30)]


def test_what_an_overlay_took_long_ago_is_not_withdrawn_again() -> None:
    east = desk(30)
    assert east.overlay(START, {WEB: pods(0, 12)}) == []
    assert east.publish(START + CONFIG.window, {WEB: pods(21, 9)}) == []


def test_a_manifest_confirms_what_overlays_took() -> None:
    east = desk(20)
    east.overlay(START, {WEB: pods(0, 15)})
    assert east.publish(START + CONFIG.confirm, {WEB: pods(0, 20)}) == []
    now = START + CONFIG.confirm + SECOND
    assert east.publish(now, {WEB: pods(15, 5)}) == [
        HoldEnded(EAST, {WEB: pods(0, 15)}, "confirmed")
    ]


def test_what_comes_back_on_a_node_that_is_down_stays_held() -> None:
    east = desk(20)
    east.publish(START, {WEB: ()})
    east.overlay(START, {WEB: pods(0, 2)})
    effects = east.publish(START + SECOND, {WEB: pods(0, 4)})
    assert effects == [HoldEnded(EAST, {WEB: pods(2, 2)}, "returned")]
    assert east.overlay(START + 2 * SECOND, {}) == [HoldEnded(EAST, {WEB: pods(0, 2)}, "returned")]


def test_of_a_forgotten_origin_nothing_is_held() -> None:
    east = desk(20)
    east.publish(START, {WEB: ()})
    assert east.guard.handle(OriginForgotten(EAST), START) == [
        HoldEnded(EAST, {WEB: pods(0, 20)}, "forgotten")
    ]
    assert east.guard.statistics().origins == 0
    assert east.guard.handle(OriginForgotten(EAST), START) == []


def test_origins_are_counted_apart() -> None:
    east = desk(20)
    north = Desk(origin=NORTH)
    north.guard = east.guard
    north.publish(START, {WEB: pods(0, 100)})
    assert len(east.publish(START, {WEB: pods(0, 9)})) == 1
    assert east.guard.held(NORTH) == {}
    statistics = east.guard.statistics()
    assert (statistics.origins, statistics.holding, statistics.held) == (2, 1, 11)
    assert statistics.holds_started == 1


def test_statistics_count_what_ended_by_its_reason() -> None:
    east = desk(20)
    east.publish(START, {WEB: ()})
    east.publish(START + SECOND, {WEB: pods(0, 3)})
    east.guard.advance(START + CONFIG.hold)
    ended = east.guard.statistics().ended
    assert list(ended) == sorted(ended)
    assert {why: count for why, count in ended.items() if count} == {"returned": 3, "lapsed": 17}


def test_origins_beyond_the_limit_are_believed_and_counted() -> None:
    guard = ImporterGuard(CONFIG)
    for number in range(ORIGINS_MAX + 1):
        guard.handle(SetChanged(Origin(f"c{number}"), {}, 0, (), Order(1, 1, 1, b"")), START)
    guard.handle(OverlaysChanged(Origin("one-more"), {WEB: pods(0, 20)}, 20), START)
    guard.check_invariants()
    statistics = guard.statistics()
    assert (statistics.origins, statistics.unguarded, statistics.held) == (ORIGINS_MAX, 2, 0)


def test_each_setting_of_the_guard_has_an_effect() -> None:
    assert len(desk(20, GuardConfig(share_percent=20)).publish(START, {WEB: pods(0, 10)})) == 1
    assert len(desk(6, GuardConfig(least=4)).publish(START, {WEB: pods(0, 1)})) == 1


def test_what_an_earlier_process_held_is_held_for_the_rest_of_its_time() -> None:
    guard = ImporterGuard(CONFIG)
    over, young = START - CONFIG.hold, START - CONFIG.hold + SECOND
    why = "withdrawn before this process began, and no intent explained it"
    held = ((over, {API: pods(0, 4)}), (young, {WEB: pods(0, 3)}))
    assert guard.handle(HoldsRestored(EAST, held), START) == [
        HoldStarted(EAST, {WEB: pods(0, 3)}, START + SECOND, why)
    ]
    assert guard.withdrawn(EAST) == [(young, {WEB: pods(0, 3)})]
    assert guard.withdrawn(NORTH) == []
    guard.check_invariants()
    assert guard.advance(START + SECOND) == [HoldEnded(EAST, {WEB: pods(0, 3)}, "lapsed")]
    assert guard.handle(HoldsRestored(NORTH, ((over, {WEB: pods(0, 3)}),)), START) == []
    assert guard.handle(HoldsRestored(NORTH, ((START, {}),)), START) == []
