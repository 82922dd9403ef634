"""The table of services: marks, asking in between, and diffs that look at what was marked."""

from discovery.importing import ImportRule
from discovery.names import ServiceName
from discovery.policy_book import PolicyBook
from discovery.recordset import Change
from discovery.tiers import Viewpoint
from discovery.view_changes import ViewDiff
from discovery.view_origin import Circumstances, Known
from discovery.view_services import ServiceTable
from tests.discovery.view_world import BANK, CART, SHOP, A, B, endpoints, exported

HERE = Circumstances(viewpoint=Viewpoint(own=A), now=0)


def table(*names: ServiceName) -> tuple[ServiceTable, Known]:
    services, known = ServiceTable(PolicyBook(A)), Known(B, ImportRule())
    for name in names:
        records = exported(name, endpoints("10.0.0.1"))
        known.index.apply([Change(key, None, value) for key, value in records.items()], 0, 1)
        services.link(name, known)
        services.mark([name])
    return services, known


def test_asking_in_between_takes_nothing_from_the_diff() -> None:
    services, _ = table(SHOP, CART)
    assert services.stale_count == 2
    assert services.in_view(HERE) == [CART, SHOP]
    assert services.stale_count == 0
    assert services.take_diff(HERE) == ViewDiff(added=(CART, SHOP))
    assert services.take_diff(HERE) == ViewDiff()
    services.check_invariants(HERE)


def test_what_is_marked_and_comes_out_the_same_is_not_in_the_diff() -> None:
    services, _ = table(SHOP)
    services.take_diff(HERE)
    services.mark_heads([SHOP, BANK])
    services.mark([BANK])
    assert services.take_diff(HERE) == ViewDiff()
    assert list(services) == [SHOP]


def test_subjects_of_policies_mark_one_service_or_a_namespace() -> None:
    services, _ = table(SHOP, CART, BANK)
    services.take_diff(HERE)
    services.mark_subjects([("shop", "cart"), ("shop", "none"), ("nowhere", "")])
    assert services.stale_count == 1
    services.mark_subjects([("shop", "")])
    assert services.stale_count == 2


def test_a_service_of_which_nobody_has_a_word_is_dropped_once_reported() -> None:
    services, known = table(SHOP)
    services.take_diff(HERE)
    known.index.holdings.clear()
    services.mark_heads([SHOP])
    services.link(SHOP, known)
    services.unlink(BANK, B)
    assert services.known_of(SHOP) == []
    assert services.take_diff(HERE) == ViewDiff(removed=(SHOP,))
    assert len(services) == 0
    assert services.outcome(SHOP, HERE) is None
    assert not services.sends_to(SHOP, B, HERE)


def test_one_can_ask_where_a_service_sends() -> None:
    services, _ = table(SHOP)
    assert services.sends_to(SHOP, B, HERE)
    assert not services.sends_to(SHOP, A, HERE)
