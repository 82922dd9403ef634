"""The intents of a manifest are few, and mean no more than was meant."""

from hypothesis import given
from hypothesis import strategies as st

from discovery.guard_rules import unexplained
from discovery.intents import AT_ONCE_MAX, Pending, named
from discovery.manifest import INTENTS_MAX, Intent, IntentKind
from discovery.names import ServiceName

WEB = Pending(IntentKind.SCALE_DOWN, "shop/web", 3, 3)
ALL = Pending(IntentKind.UNEXPORT, "shop/web", 0, 30)


def test_an_intent_has_the_version_in_which_it_first_holds() -> None:
    first = named((), [WEB], 7, 2)
    assert first == (Intent(7, 2, IntentKind.SCALE_DOWN, "shop/web", 3),)
    assert named(first, [], 7, 3) == first
    assert named(first, [WEB], 7, 4) == (
        *first,
        Intent(7, 4, IntentKind.SCALE_DOWN, "shop/web", 3),
    )


def test_who_means_all_of_it_anew_replaces_what_he_meant_before() -> None:
    before = named((), [ALL, WEB], 7, 2)
    assert named(before, [ALL], 7, 5) == (
        Intent(7, 2, IntentKind.SCALE_DOWN, "shop/web", 3),
        Intent(7, 5, IntentKind.UNEXPORT, "shop/web"),
    )


def test_the_same_twice_in_one_version_is_once() -> None:
    assert len(named((), [ALL, ALL], 7, 2)) == 1


def test_many_at_once_are_folded_by_kind_and_explain_as_many() -> None:
    many = [Pending(IntentKind.UNEXPORT, f"shop/s{number}", 0, 5) for number in range(50)]
    assert named((), [*many, WEB], 7, 2) == (
        Intent(7, 2, IntentKind.UNEXPORT, "", 250),
        Intent(7, 2, IntentKind.SCALE_DOWN, "", 3),
    )


def test_what_explains_nothing_is_never_folded_into_what_explains_all() -> None:
    many = [Pending(IntentKind.UNEXPORT, f"shop/s{number}", 0, 0) for number in range(50)]
    assert named((), many, 7, 2) == ()


def test_what_is_meant_of_the_whole_cluster_stays() -> None:
    many = [Pending(IntentKind.UNEXPORT, f"shop/s{number}", 0, 5) for number in range(5)]
    whole = Pending(IntentKind.DRAIN, "", 0, 0)
    assert Intent(7, 2, IntentKind.DRAIN, "") in named((), [*many, whole], 7, 2)


SERVICES = [ServiceName("shop", f"s{number}") for number in range(8)]


@given(
    st.lists(
        st.tuples(st.sampled_from(SERVICES), st.sampled_from(list(IntentKind)), st.integers(0, 9)),
        unique_by=lambda each: each[:2],
        max_size=30,
    )
)
def test_they_are_few_and_explain_what_was_meant(
    meant: list[tuple[ServiceName, IntentKind, int]],
) -> None:
    pending = [Pending(kind, str(service), n, n) for service, kind, n in meant if n]
    intents = named((), pending, 7, 2)
    assert len(intents) <= INTENTS_MAX
    removed: dict[ServiceName, int] = {}
    for service, _, count in meant:
        removed[service] = removed.get(service, 0) + count
    assert unexplained(removed, intents) == 0
    assert sum(each.amount for each in intents) == sum(removed.values())
    assert all(each.amount for each in intents)
    assert len(intents) <= max(AT_ONCE_MAX, len(IntentKind))
