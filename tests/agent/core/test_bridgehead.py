"""What one part of a bridge concludes is the next one's fact, in the order in which it is done."""

from agent.core import events
from agent.core.bridgehead import Bridgehead, Output
from agent.core.events import (
    LeaseWriteRequested,
    Noted,
    StateChanged,
    ToPool,
    TrustAltered,
)
from agent.core.object_book import TRUST, News
from agent.drivers.writer_events import WriteFinished
from agent.objects import (
    FREEZE,
    LEASE,
    MULTI_CLUSTER_SERVICE,
    Document,
    ObjectKey,
    at,
    map_at,
    text_at,
)
from agent.sources.sources import DESIRED, KINDS
from agent.wire.header import Pool
from discovery.names import Origin
from discovery.publisher_events import LeaseAcquired, LeaseLost, Published
from tests.agent.core.lonely import Lonely, of
from tests.agent.core.townscape import Town

FREEZING: Document = {
    "apiVersion": "isthmus.dev/v1alpha1",
    "kind": "Freeze",
    "metadata": {"name": "upgrade"},
    "spec": {"reason": "the mesh is upgraded"},
}


def head_of(alone: Lonely) -> Bridgehead:
    assert alone.agent.head is not None
    return alone.agent.head


def risen() -> Lonely:
    alone = Lonely()
    alone.rise()
    return alone


def test_it_seeks_the_lease_once_all_its_sources_are_known() -> None:
    alone = risen()
    assert of(alone.listed(LEASE), LeaseWriteRequested) == []
    *kinds, last = DESIRED
    for kind in kinds:
        assert of(alone.listed(kind), LeaseWriteRequested) == []
    [update] = of(alone.listed(last), LeaseWriteRequested)
    assert text_at(update.write.document, "spec", "holderIdentity") == alone.charter.holder
    assert head_of(alone).sources.is_complete


def publishing() -> tuple[Lonely, list[Output | object]]:
    """A bridge whose lease the store has just granted, and what it said to that."""
    alone = risen()
    alone.listed(LEASE)
    effects = [each for kind in KINDS for each in alone.listed(kind)]
    [update] = of(effects, LeaseWriteRequested)
    shelf = alone.town.api("east").shelf
    told: list[object] = []
    updates = [update]
    while updates:
        write = updates[0].write
        document = shelf.apply(write.document, if_version=write.if_version, force=True)
        effects = alone.give(events.LeaseWriteFinished(updates[0].number, document))
        updates = of(effects, LeaseWriteRequested)
        told += effects
    return alone, told


def test_a_publisher_writes_its_epoch_into_the_lease_before_it_signs_anything() -> None:
    alone, told = publishing()
    facts = [each.fact for each in of(told, Noted)]
    acquired = next(each for each in facts if isinstance(each, LeaseAcquired))
    published = next(each for each in facts if isinstance(each, Published))
    assert facts.index(acquired) < facts.index(published)
    [lease] = alone.town.api("east").documents(LEASE)
    annotated = at(lease, "metadata", "annotations", "isthmus.dev/epoch")
    assert annotated == str(published.manifest.order.epoch)


def test_what_must_be_kept_is_said_first() -> None:
    _, told = publishing()
    kept = told.index(StateChanged())
    published = next(
        at
        for at, each in enumerate(told)
        if isinstance(each, Noted) and isinstance(each.fact, Published)
    )
    assert kept < published
    sent = [at for at, each in enumerate(told) if isinstance(each, ToPool)]
    assert all(each > kept for each in sent)


def test_whom_the_cluster_believes_is_asked_anew_when_that_changes() -> None:
    alone = risen()
    alone.town.api("east").delete(TRUST[0], "south")
    kept, altered, *_ = alone.listed(TRUST[0])
    assert (kept, altered) == (StateChanged(), TrustAltered())
    assert alone.listed(TRUST[0]) == []


def test_while_frozen_it_says_why() -> None:
    alone = risen()
    assert head_of(alone).frozen is None
    alone.town.api("east").put(FREEZING)
    alone.listed(FREEZE)
    assert head_of(alone).frozen == "upgrade: the mesh is upgraded"
    alone.town.api("east").delete(FREEZE, "upgrade")
    alone.listed(FREEZE)
    assert head_of(alone).frozen is None


def test_a_lease_that_runs_out_ends_the_publishing() -> None:
    alone, _ = publishing()
    facts = [each.fact for each in of(alone.run(60), Noted)]
    assert LeaseLost() in facts
    assert not head_of(alone).lease.holds(alone.now)


def test_a_view_that_changes_is_written_by_the_publisher_alone() -> None:
    town = Town()
    town.start()
    town.settle()
    publisher = town.publisher("south")
    written = {site for _, site, step in town.writes if step.key.kind == MULTI_CLUSTER_SERVICE}
    assert publisher in written
    assert not written & (set(town.bridges("south")) - {publisher})


def test_floors_in_the_status_of_trust_objects_forbid_what_is_older() -> None:
    town = Town()
    town.start()
    town.settle()
    town.run(12)
    [status] = [
        map_at(each, "status")
        for each in town.api("south").documents(TRUST[0])
        if text_at(each, "metadata", "name") == "west"
    ]
    order = town.order(town.publisher("south"), "west")
    assert order is not None
    alone = Lonely()
    key = ObjectKey(TRUST[0], "", "west")
    alone.town.api("east").shelf.apply_status(key, "v1alpha1", status)
    alone.rise()
    assert head_of(alone).bridge.catalog.floor(Origin("west")) == order


def test_news_that_are_none_do_nothing() -> None:
    alone = risen()
    assert head_of(alone).objects(News(frozenset({FREEZE})), alone.now) == []
    assert alone.give(WriteFinished(number=99)) == []
    head_of(alone).check_invariants()


def test_orders_of_the_wan_pool_are_marked_as_its_own() -> None:
    town = Town()
    town.start()
    town.settle()
    head = town.process("east-1").agent.head
    assert head is not None
    town.run(0.01)
    found = [each for _ in range(40) for each in head.advance(head.deadline)]
    pools = {each.pool for each in of(found, ToPool)}
    assert pools == {Pool.WAN}
