"""The publisher's guard: what is held, what passes, and what frees it."""

from hypothesis import given
from hypothesis import strategies as st

from discovery.guard_rules import GuardConfig
from discovery.manifest import IntentKind
from discovery.names import ServiceName
from discovery.publisher_guard import INTENTS_IN_FORCE_MAX, Counts, PublisherGuard
from failure_detect.clock import MINUTE, SECOND
from tests.discovery.published import API, DB, WEB

CONFIG = GuardConfig()


def guard() -> PublisherGuard:
    return PublisherGuard(CONFIG)


def weigh(
    judge: PublisherGuard, now: int, published: int, **counts: tuple[int, int]
) -> list[ServiceName]:
    held = judge.weigh(
        {ServiceName("shop", name): Counts(*each) for name, each in counts.items()}, published, now
    )
    judge.check_invariants()
    return sorted(held)


def test_half_may_go_and_more_may_not() -> None:
    assert weigh(guard(), 0, 40, web=(40, 20)) == []
    assert weigh(guard(), 0, 40, web=(40, 19)) == [WEB]


def test_fewer_than_ten_may_always_go() -> None:
    assert weigh(guard(), 0, 9, web=(9, 0)) == []


def test_all_that_nothing_explains_is_held_and_all_else_passes() -> None:
    judge = guard()
    judge.declare(IntentKind.UNEXPORT, "shop/api", 0, 0)
    held = weigh(judge, 0, 61, web=(21, 0), api=(20, 0), db=(20, 25))
    assert held == [WEB]
    assert dict(judge.held) == {WEB: 21}


def test_what_is_replaced_has_not_vanished() -> None:
    assert weigh(guard(), 0, 30, web=(30, 30)) == []


def test_a_trickle_is_no_way_around() -> None:
    judge = guard()
    for step in range(5):
        assert (
            weigh(judge, step * SECOND, 100 - step * 10, web=(100 - step * 10, 90 - step * 10))
            == []
        )
    assert weigh(judge, 6 * SECOND, 50, web=(50, 49)) == [WEB]


def test_a_trickle_that_is_slow_is_no_blow() -> None:
    judge = guard()
    for step in range(9):
        now = step * CONFIG.window
        assert weigh(judge, now, 90 - step * 9, web=(90 - step * 9, 81 - step * 9)) == []


def test_what_comes_in_place_of_the_lost_makes_up_for_it() -> None:
    judge = guard()
    for step in range(20):
        assert weigh(judge, step * SECOND, 40, web=(40, 30)) == []
        assert weigh(judge, step * SECOND + 1, 30, web=(30, 40)) == []


def test_what_comes_elsewhere_makes_up_for_nothing() -> None:
    judge = guard()
    assert weigh(judge, 0, 50, web=(40, 20)) == []
    assert weigh(judge, 1, 30, api=(10, 20), web=(20, 9)) == [WEB]


def test_an_amount_is_used_up_by_what_passes() -> None:
    judge = guard()
    judge.declare(IntentKind.SCALE_DOWN, "shop/web", 25, 0)
    assert weigh(judge, 1, 50, web=(50, 30)) == []
    assert weigh(judge, 2, 30, web=(30, 4)) == [WEB]
    judge.declare(IntentKind.SCALE_DOWN, "shop/web", 21, 3)
    assert weigh(judge, 3, 30, web=(30, 4)) == []


def test_an_amount_is_used_up_by_what_passes_while_all_else_is_held() -> None:
    judge = guard()
    judge.declare(IntentKind.SCALE_DOWN, "shop/web", 25, 0)
    assert weigh(judge, 1, 100, web=(40, 20), api=(50, 0)) == [API]
    assert weigh(judge, 2, 80, web=(20, 5), api=(50, 0)) == [API, WEB]


def test_an_intent_lapses() -> None:
    judge = guard()
    judge.declare(IntentKind.UNEXPORT, "shop/web", 0, 0)
    assert weigh(judge, CONFIG.explains - 1, 50, web=(50, 30)) == []
    assert weigh(judge, CONFIG.explains, 30, web=(30, 0)) == [WEB]


def test_a_drain_explains_as_long_as_it_is_stated() -> None:
    judge = guard()
    judge.set_drains(("shop/web",))
    assert weigh(judge, 99 * MINUTE, 50, web=(50, 0)) == []
    judge.set_drains(())
    assert weigh(judge, 99 * MINUTE, 50, web=(50, 0)) == [WEB]
    judge.set_drains(("",))
    assert weigh(judge, 99 * MINUTE, 50, web=(50, 0), api=(9, 0)) == []


def test_what_is_confirmed_passes_and_what_vanishes_after_it_is_another_matter() -> None:
    judge = guard()
    assert weigh(judge, 0, 50, web=(50, 20)) == [WEB]
    judge.confirm({WEB: 20})
    assert weigh(judge, 1, 50, web=(50, 20)) == []
    judge = guard()
    assert weigh(judge, 0, 50, web=(50, 40), api=(0, 0)) == []
    assert weigh(judge, 0, 50, web=(50, 20)) == [WEB]
    judge.confirm({WEB: 20})
    assert weigh(judge, 1, 30, web=(50, 3)) == [WEB]


def test_what_is_held_is_measured_by_what_there_was() -> None:
    judge = guard()
    assert weigh(judge, 0, 20, web=(20, 0)) == [WEB]
    # Twenty others have come, and the twenty that are held are still published.
    assert weigh(judge, 1, 40, web=(40, 20)) == []
    assert dict(judge.held) == {}


def test_who_is_cut_off_holds_whatever_vanishes_unless_it_is_meant_or_replaced() -> None:
    judge = guard()
    judge.cut_off(presumed=True)
    judge.declare(IntentKind.SCALE_DOWN, "shop/api", 3, 0)
    assert weigh(judge, 0, 90, web=(40, 39), api=(30, 27), db=(20, 20)) == [WEB]
    assert dict(judge.held) == {WEB: 40}
    judge.confirm({WEB: 39})
    assert weigh(judge, 1, 87, web=(40, 39), db=(20, 25)) == [WEB]
    assert weigh(judge, 2, 88, web=(41, 40)) == []


def test_what_is_still_to_vanish_after_a_cut_off_is_weighed_as_ever() -> None:
    judge = guard()
    judge.cut_off(presumed=True)
    assert weigh(judge, 0, 60, web=(40, 20), api=(20, 19)) == [API, WEB]
    judge.cut_off(presumed=False)
    assert weigh(judge, 99, 60, web=(40, 20), api=(20, 19)) == []
    judge.cut_off(presumed=True)
    assert weigh(judge, 99, 39, web=(20, 0)) == [WEB]
    judge.cut_off(presumed=False)
    assert weigh(judge, 99, 39, web=(20, 0)) == [WEB]


def test_what_was_confirmed_before_a_cut_off_is_confirmed_no_more() -> None:
    judge = guard()
    assert weigh(judge, 0, 50, web=(50, 20)) == [WEB]
    judge.confirm({WEB: 20})
    judge.cut_off(presumed=True)
    assert weigh(judge, 1, 50, web=(50, 20)) == [WEB]


def test_after_a_reset_it_counts_from_there() -> None:
    judge = guard()
    assert weigh(judge, 0, 20, web=(20, 0)) == [WEB]
    judge.reset()
    assert dict(judge.held) == {}
    assert weigh(judge, 1, 40, web=(40, 20)) == []


def test_intents_are_bounded_and_the_oldest_goes() -> None:
    judge = guard()
    judge.declare(IntentKind.UNEXPORT, "shop/web", 0, 0)
    for number in range(INTENTS_IN_FORCE_MAX):
        judge.declare(IntentKind.UNEXPORT, f"shop/s{number}", 0, 0)
    assert weigh(judge, 1, 20, web=(20, 0)) == [WEB]


SIZES = st.dictionaries(
    st.sampled_from([WEB, API, DB]), st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1
)


@given(SIZES, st.integers(0, 100))
def test_only_what_shrinks_is_held_and_only_where_it_is_too_much(
    sizes: dict[ServiceName, tuple[int, int]], others: int
) -> None:
    total = others + sum(before for before, _ in sizes.values())
    counts = {service: Counts(*each) for service, each in sizes.items()}
    held = guard().weigh(counts, total, 0)
    lost = sum(max(0, before - after) for before, after in sizes.values())
    shrinking = {service for service, (before, after) in sizes.items() if after < before}
    assert held == (shrinking if lost >= 10 and 2 * lost > total else frozenset())
    lone = guard()
    lone.cut_off(presumed=True)
    assert lone.weigh(counts, total, 0) == shrinking
