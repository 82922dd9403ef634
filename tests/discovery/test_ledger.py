from discovery.endpoints import Endpoint
from discovery.guard_rules import GuardConfig
from discovery.ledger import (
    ENTRIES_MAX,
    INTENTS_REMEMBERED_MAX,
    TOTALS_MAX,
    Ending,
    Key,
    Ledger,
)
from discovery.manifest import Intent, IntentKind, Order
from discovery.names import ServiceName
from failure_detect.clock import NEVER, SECOND

WEB, API = ServiceName("shop", "web"), ServiceName("shop", "api")
CONFIG = GuardConfig()
START = 1_000 * SECOND


def pods(first: int, count: int, service: ServiceName = WEB) -> list[tuple[Key, Endpoint]]:
    return [((service, f"a{n}"), Endpoint(f"a{n}")) for n in range(first, first + count)]


def test_what_is_missing_counts_for_a_window_and_is_then_believed() -> None:
    ledger = Ledger(CONFIG)
    ledger.withdraw(pods(0, 3), START)
    assert ledger.missing(START) == 3
    assert ledger.missing(START + CONFIG.window - 1) == 3
    assert ledger.missing(START + CONFIG.window) == 0
    ledger.prune(START + CONFIG.window)
    ledger.arrive(pods(0, 3), START + CONFIG.window, spare=True)
    assert ledger.take_ended() == {}


def test_the_total_is_the_highest_of_the_window() -> None:
    ledger = Ledger(CONFIG)
    for second, total in enumerate((40, 60, 50, 50, 20)):
        ledger.count_total(total, START + second * SECOND)
    assert ledger.total(START + 4 * SECOND) == 60
    assert ledger.total(START + SECOND + CONFIG.window) == 50
    assert ledger.total(START + 3 * SECOND + CONFIG.window) == 20
    ledger.prune(START + 4 * SECOND + CONFIG.window)
    assert ledger.total(START + 4 * SECOND) == 0


def test_a_total_that_sinks_for_ever_takes_bounded_room_and_is_not_underrated() -> None:
    ledger = Ledger(CONFIG)
    for step in range(2 * TOTALS_MAX):
        ledger.count_total(1_000 - step, START + step)
    assert ledger.total(START + CONFIG.window + TOTALS_MAX) >= 1_000 - TOTALS_MAX


def test_nothing_is_held_that_is_not_too_much() -> None:
    ledger = Ledger(CONFIG)
    ledger.count_total(20, START)
    ledger.withdraw(pods(0, 10), START)
    assert ledger.hold(START) == []
    assert ledger.deadline == NEVER
    ledger.withdraw(pods(10, 1), START)
    assert ledger.hold(START) == pods(0, 11)
    assert ledger.hold(START) == []
    assert (ledger.held_count, ledger.deadline) == (11, START + CONFIG.hold)
    assert ledger.held() == pods(0, 11)


def test_more_than_can_be_remembered_drops_the_oldest() -> None:
    ledger = Ledger(CONFIG)
    ledger.withdraw(pods(0, ENTRIES_MAX), START)
    ledger.hold(START)
    ledger.withdraw(pods(ENTRIES_MAX, 2), START + 1)
    ledger.hold(START + 1)
    assert ledger.take_ended() == {Ending.OVERFLOWED: pods(0, 2)}
    assert ledger.held_count == ENTRIES_MAX
    ledger.check_invariants()


def test_more_down_than_can_be_remembered_is_cut_off() -> None:
    ledger = Ledger(CONFIG)
    ledger.overlay(dict(pods(0, ENTRIES_MAX + 9)), START)
    assert ledger.missing(START) == ENTRIES_MAX
    ledger.check_invariants()


def test_intents_are_bounded_too() -> None:
    ledger = Ledger(CONFIG)
    for version in range(INTENTS_REMEMBERED_MAX + 1):
        intent = Intent(1, version, IntentKind.UNEXPORT, f"shop/s{version}")
        ledger.read((intent,), START, spent=False)
    for number in range(INTENTS_REMEMBERED_MAX + 1):
        ledger.withdraw(pods(0, 1, ServiceName("shop", f"s{number}")), START)
    ledger.explain()
    assert ledger.missing(START) == 1  # The one whose intent was dropped, the oldest.


def test_an_intent_that_is_said_again_is_not_believed_again() -> None:
    ledger = Ledger(CONFIG)
    intent = Intent(1, 1, IntentKind.SCALE_DOWN, "shop/web", 2)
    for second in range(2):
        ledger.read((intent,), START + second, spent=False)
        ledger.withdraw(pods(2 * second, 2), START + second)
        ledger.explain()
    assert ledger.missing(START + 1) == 2


def test_an_intent_of_the_service_is_used_before_that_of_the_cluster() -> None:
    ledger = Ledger(CONFIG)
    whole = Intent(1, 1, IntentKind.SCALE_DOWN, "", 2)
    ledger.read((whole, Intent(1, 1, IntentKind.SCALE_DOWN, "shop/web", 2)), START, spent=False)
    ledger.withdraw(pods(0, 2), START)
    ledger.explain()
    ledger.withdraw(pods(0, 2, API), START)
    ledger.explain()
    assert ledger.missing(START) == 0


def test_a_manifest_is_new_until_it_is_confirmed() -> None:
    ledger = Ledger(CONFIG)
    assert ledger.is_new
    ledger.confirm(Order(1, 1, 1, b""), START)
    assert not ledger.is_new


def test_an_order_below_the_last_confirms_nothing() -> None:
    ledger = Ledger(CONFIG)
    ledger.confirm(Order(1, 1, 5, b""), START)
    ledger.withdraw(pods(0, 20), START)
    ledger.hold(START)
    late = START + CONFIG.confirm
    for order in (Order(1, 1, 5, b""), Order(1, 1, 4, b"x")):
        ledger.confirm(order, late)
        assert ledger.take_ended() == {}
    ledger.confirm(Order(1, 1, 5, b"x"), late)
    assert ledger.take_ended() == {Ending.CONFIRMED: pods(0, 20)}


def test_a_ledger_that_is_closed_holds_nothing() -> None:
    ledger = Ledger(CONFIG)
    ledger.withdraw(pods(0, 20), START)
    ledger.hold(START)
    ledger.close()
    assert ledger.take_ended() == {Ending.FORGOTTEN: pods(0, 20)}
    assert ledger.deadline == NEVER
    ledger.check_invariants()


def test_what_was_held_before_is_held_on_and_ends_in_its_own_time() -> None:
    ledger = Ledger(CONFIG)
    older, younger = START - 200 * SECOND, START - 30 * SECOND
    ledger.restore([(older, pods(0, 3)), (younger, pods(2, 4))])
    ledger.check_invariants()
    assert ledger.held() == pods(0, 6)
    assert ledger.withdrawn() == [(older, pods(0, 3)), (younger, pods(3, 3))]
    assert ledger.missing(START) == 3  # Those within the window count with what goes from now on.
    assert ledger.deadline == older + CONFIG.hold
    ledger.lapse(older + CONFIG.hold)
    assert ledger.take_ended() == {Ending.LAPSED: pods(0, 3)}
    assert ledger.deadline == younger + CONFIG.hold
    ledger.check_invariants()


def test_what_is_known_since_is_newer_than_what_was_held_before() -> None:
    ledger = Ledger(CONFIG)
    ledger.withdraw(pods(0, 1), START)
    ledger.restore([(START - SECOND, pods(0, 3))])
    assert ledger.held() == []


def test_no_more_is_held_again_than_is_remembered() -> None:
    ledger = Ledger(CONFIG)
    ledger.restore([(START - 2, pods(0, ENTRIES_MAX)), (START - 1, pods(ENTRIES_MAX, 1))])
    assert ledger.held_count == ENTRIES_MAX
    ledger.check_invariants()


def test_what_only_an_overlay_took_is_not_withdrawn() -> None:
    ledger = Ledger(CONFIG)
    ledger.count_total(20, START)
    ledger.overlay(dict(pods(0, 5)), START)
    ledger.withdraw(pods(5, 8), START)
    ledger.hold(START)
    assert ledger.held_count == 13
    assert ledger.withdrawn() == [(START, pods(5, 8))]
