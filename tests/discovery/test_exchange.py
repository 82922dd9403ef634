"""What is adopted is indexed, and what is told says no more than all who hear it may know."""

from random import Random

import pytest

from discovery.catalog import Catalog
from discovery.config import ReplicatorConfig
from discovery.events import SetAdopted, SetForgotten
from discovery.exchange import Exchange
from discovery.index import Entry, set_key, set_rank
from discovery.limits import CatalogLimits
from discovery.messages import Hint, Item, Rumour
from discovery.recordset import EMPTY, RecordSet
from discovery.refusals import Refusal, Refused
from discovery.wire import decode_gossip, encode_gossip
from failure_detect.clock import SECOND
from failure_detect.events import BroadcastRequested
from tests.discovery.lone import ALPHA, BETA, Signed, member_of, signed, some_records, trusting

NOW = 50 * SECOND
FIRST = signed(some_records(30))
SECOND_SET = signed(FIRST.records.updated({b"endpoints/shop/s/3": b"new"}), version=2)


def exchange_of(*sets: Signed, config: ReplicatorConfig | None = None) -> Exchange:
    catalog = Catalog(trusting(), CatalogLimits())
    for each in sets:
        catalog.adopt(each.manifest, each.records, 0)
    return Exchange(catalog, config or ReplicatorConfig(), Random(1))


def told(exchange: Exchange) -> BroadcastRequested:
    [effect] = exchange.out
    assert isinstance(effect, BroadcastRequested)
    return effect


def tell(exchange: Exchange, new: Signed) -> BroadcastRequested:
    adopted = exchange.adopt(new.manifest, new.records, NOW)
    assert adopted is not None
    exchange.out.clear()
    exchange.tell(adopted)
    return told(exchange)


def test_it_begins_with_an_index_of_what_is_held() -> None:
    exchange = exchange_of(FIRST)
    assert exchange.index.rank(set_key(ALPHA)) == set_rank(FIRST.manifest)
    assert exchange.index.fingerprint != exchange_of().index.fingerprint


def test_what_is_adopted_is_indexed_counted_and_said() -> None:
    exchange = exchange_of(FIRST)
    exchange.adopt(SECOND_SET.manifest, SECOND_SET.records, NOW)
    assert exchange.out == [SetAdopted(SECOND_SET.manifest, FIRST.records, SECOND_SET.records)]
    assert exchange.index.rank(set_key(ALPHA)) == set_rank(SECOND_SET.manifest)
    assert (exchange.changed_at, exchange.counts["adopted"]) == (NOW, 1)


@pytest.mark.parametrize("known", [FIRST, SECOND_SET])
def test_what_is_no_higher_changes_nothing(known: Signed) -> None:
    exchange = exchange_of(SECOND_SET)
    assert exchange.adopt(known.manifest, known.records, NOW) is None
    assert exchange.out == []
    assert exchange.changed_at == 0


def test_records_that_are_not_those_signed_change_nothing() -> None:
    exchange = exchange_of(FIRST)
    before = exchange.index.fingerprint
    with pytest.raises(Refused) as refused:
        exchange.adopt(SECOND_SET.manifest, FIRST.records, NOW)
    assert refused.value.reason is Refusal.ROOT
    assert (exchange.out, exchange.index.fingerprint) == ([], before)


def test_what_is_forgotten_is_not_indexed_nor_wanted() -> None:
    exchange = exchange_of(FIRST)
    exchange.wants.note(set_key(ALPHA), (1, 1, 9, 0), member_of(1))
    exchange.forget(ALPHA, "no trust object", NOW)
    assert exchange.out == [SetForgotten(ALPHA, FIRST.records, "no trust object")]
    assert (len(exchange.index), len(exchange.wants)) == (0, 0)
    exchange.forget(ALPHA, "again", NOW)
    assert len(exchange.out) == 1


def test_a_small_change_rides_along_with_its_manifest() -> None:
    order = tell(exchange_of(FIRST), SECOND_SET)
    rumour = decode_gossip(order.payload)
    assert isinstance(rumour, Rumour)
    assert rumour.manifest == SECOND_SET.manifest.raw
    assert rumour.base == FIRST.records.root
    assert rumour.delta is not None
    assert rumour.delta.applied(FIRST.records) == SECOND_SET.records
    assert len(order.payload) + len(order.key) <= 980


def test_what_does_not_fit_is_only_announced() -> None:
    large = signed(
        FIRST.records.updated({b"endpoints/shop/s/3": Random(1).randbytes(900)}), version=2
    )
    rumour = decode_gossip(tell(exchange_of(FIRST), large).payload)
    assert rumour == Rumour(large.manifest.raw, FIRST.records.root)
    exact = exchange_of(FIRST, config=ReplicatorConfig(rumour_bytes=1_400))
    assert isinstance(fits := decode_gossip(tell(exact, large).payload), Rumour)
    assert fits.delta is not None


def test_a_rumour_fills_the_room_to_the_byte() -> None:
    value = Random(1).randbytes(400)
    new = signed(FIRST.records.updated({b"endpoints/shop/s/3": value}), version=2)
    order = tell(exchange_of(FIRST), new)
    size = len(order.payload) + len(order.key)
    exact = exchange_of(FIRST, config=ReplicatorConfig(rumour_bytes=size))
    assert tell(exact, new) == order
    short = exchange_of(FIRST, config=ReplicatorConfig(rumour_bytes=size - 1))
    assert decode_gossip(tell(short, new).payload) == Rumour(new.manifest.raw, FIRST.records.root)


def test_a_manifest_that_only_is_signed_anew_comes_with_no_delta() -> None:
    anew = signed(FIRST.records, version=2)
    assert decode_gossip(tell(exchange_of(FIRST), anew).payload) == Rumour(
        anew.manifest.raw, FIRST.records.root
    )


def test_a_set_for_a_few_is_told_as_a_hint_alone() -> None:
    few = signed(FIRST.records, version=2, audience=("beta",))
    order = tell(exchange_of(FIRST), few)
    assert order.payload == encode_gossip(Hint(Entry(set_key(ALPHA), set_rank(few.manifest))))


def test_a_newer_word_on_the_same_origin_takes_the_place_of_the_older() -> None:
    first, second = tell(exchange_of(), FIRST), tell(exchange_of(FIRST), SECOND_SET)
    other = tell(exchange_of(), signed(EMPTY, BETA))
    assert first.key == second.key != other.key
    assert len(first.key) == 8


def test_an_item_is_told_whole_where_it_fits_and_as_a_hint_elsewhere() -> None:
    exchange = exchange_of()
    small, large = Item(b"o/x", b"x" * 100, 5), Item(b"o/y", b"y" * 2_000, 5)
    exchange.index.put(b"o/y", (3,))
    exchange.tell_item(small)
    assert told(exchange).payload == encode_gossip(small)
    exchange.out.clear()
    exchange.tell_item(large)
    assert told(exchange).payload == encode_gossip(Hint(Entry(b"o/y", (3,))))


def test_only_what_could_be_held_is_worth_asking_for() -> None:
    exchange = exchange_of(SECOND_SET)
    assert exchange.may_hold(set_key(BETA), (1, 1, 1, 0))
    assert not exchange.may_hold(b"s/mallory", (1, 1, 1, 0))
    assert exchange.may_hold(set_key(ALPHA), (1, 1, 2, 0))
    assert not exchange.may_hold(set_key(ALPHA), (1, 1, 1, 1 << 63))
    assert exchange.may_hold(b"o/any", (1,))
    assert exchange.may_hold(b"o/alpha/bridge", (1,))
    assert not exchange.may_hold(b"o/mallory/bridge", (1,))
    assert exchange.may_hold(b"r/any", (1,))
    assert not exchange.may_hold(b"z/of-a-later-version", (1,))


def test_a_large_change_is_not_even_compressed() -> None:
    huge = signed(RecordSet.of(some_records(500, 400)), version=2)
    assert decode_gossip(tell(exchange_of(FIRST), huge).payload) == Rumour(
        huge.manifest.raw, FIRST.records.root
    )
