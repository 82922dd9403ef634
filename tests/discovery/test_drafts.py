"""The next set in the making: what is looked at, what is held, what is refused."""

from discovery.drafts import PENDING_MAX, Draft
from discovery.exports import Desired, Statements, recovered
from discovery.guard_rules import GuardConfig
from discovery.intents import Pending
from discovery.manifest import IntentKind
from discovery.names import ServiceName
from discovery.publisher_config import PublisherConfig
from discovery.records import DrainRecord
from discovery.recordset import EMPTY
from tests.discovery.newsroom import ALPHA
from tests.discovery.published import API, CLUSTER, WEB, exported, read, state


def draft(config: PublisherConfig | None = None) -> Draft:
    return Draft(ALPHA, config or PublisherConfig())


def compose(ours: Draft, now: int = 0) -> None:
    assert ours.compose(now) is None
    ours.check_invariants()


def test_nothing_counts_before_everything_was_listed() -> None:
    ours = draft()
    ours.change(WEB, exported(WEB, range(3)))
    ours.state(Statements(cluster=CLUSTER))
    assert (ours.is_complete, ours.is_fresh) == (False, False)
    ours.replace(state({}))
    assert (ours.is_complete, ours.is_fresh) == (True, True)
    compose(ours)
    assert read(ours.packing.records) == state({})


def test_what_stays_as_it_is_makes_nothing_fresh() -> None:
    ours = draft()
    ours.replace(state({WEB: range(3)}))
    compose(ours)
    ours.replace(state({WEB: range(3)}))
    ours.change(WEB, exported(WEB, range(3)))
    ours.change(API, None)
    ours.state(Statements())
    assert not ours.is_fresh


def test_only_services_that_changed_are_packed() -> None:
    ours = draft()
    ours.replace(state({WEB: range(3), API: range(9)}))
    compose(ours)
    before = ours.packing.placements[API]
    ours.replace(state({WEB: range(4), API: range(9)}))
    compose(ours)
    assert ours.packing.placements[API] is before
    assert read(ours.packing.records) == state({WEB: range(4), API: range(9)})


def test_another_base_is_gone_on_from() -> None:
    other = draft()
    other.replace(state({WEB: range(16), API: range(5)}))
    compose(other)
    ours = draft()
    ours.replace(state({WEB: range(20)}))
    ours.rebase(other.packing.records)
    compose(ours)
    assert read(ours.packing.records) == state({WEB: range(20)})
    assert recovered(ours.packing.records).placements == ours.packing.placements


def test_drains_are_meant_once() -> None:
    ours = draft()
    drain = DrainRecord(drain="d", started_at_ms=1)
    ours.replace(Desired.of([exported(WEB, range(30))], Statements(drains={WEB: drain})))
    compose(ours)
    assert ours.take_intents(0) == (Pending(IntentKind.DRAIN, "shop/web", 0, 0),)
    later = draft()
    later.replace(Desired.of([exported(WEB, range(30))], Statements(drains={WEB: drain})))
    later.rebase(ours.packing.records)
    compose(later)
    assert later.take_intents(0) == ()


def test_intents_wait_and_grow_old() -> None:
    ours = draft()
    ours.replace(state({WEB: range(30)}))
    compose(ours)
    ours.declare(IntentKind.UNEXPORT, WEB, 0, 5)
    ours.declare(IntentKind.DELETION, None, 3, 5 + GuardConfig().explains)
    assert ours.take_intents(5 + GuardConfig().explains) == (
        Pending(IntentKind.DELETION, "", 3, 3),
    )
    assert ours.take_intents(6) == ()
    ours.declare(IntentKind.UNEXPORT, WEB, 0, 5)
    assert ours.take_intents(6) == (Pending(IntentKind.UNEXPORT, "shop/web", 0, 30),)
    for number in range(PENDING_MAX + 5):
        ours.declare(IntentKind.UNEXPORT, ServiceName("shop", f"s{number}"), 0, 5)
    assert len(ours.take_intents(6)) == PENDING_MAX


def test_what_is_held_is_looked_at_each_time() -> None:
    ours = draft()
    ours.replace(state({WEB: range(30), API: range(3)}))
    compose(ours)
    ours.replace(state({API: range(3)}))
    compose(ours)
    assert (ours.held_services, ours.held_endpoints) == ((WEB,), 30)
    ours.change(API, exported(API, range(4)))
    compose(ours)
    assert (ours.held_services, ours.held_endpoints) == ((WEB,), 30)
    ours.confirm()
    compose(ours)
    assert (ours.held_services, ours.held_endpoints) == ((), 0)
    assert read(ours.packing.records) == state({API: range(4)})


def test_a_service_that_shrinks_is_held_whole_and_still_grows() -> None:
    ours = draft()
    ours.replace(state({WEB: range(30)}))
    compose(ours)
    ours.change(WEB, exported(WEB, [1, 2, 40]))
    compose(ours)
    assert read(ours.packing.records) == state({WEB: [*range(30), 40]})
    assert ours.held_endpoints == 28


def test_a_set_that_is_too_large_leaves_the_last_and_is_tried_again() -> None:
    ours = draft(PublisherConfig(size_bytes=2_000))
    ours.replace(state({WEB: range(10)}))
    compose(ours)
    before = ours.packing
    ours.change(WEB, exported(WEB, range(90)))
    refused = ours.compose(1)
    assert refused is not None
    assert "own set" in refused.what
    assert ours.packing is before
    ours.change(WEB, exported(WEB, range(11)))
    compose(ours)
    assert read(ours.packing.records) == state({WEB: range(11)})


def test_an_emptied_draft_publishes_nothing() -> None:
    ours = draft()
    ours.replace(state({WEB: range(30)}))
    compose(ours)
    ours.empty()
    assert ours.packing.records is EMPTY
