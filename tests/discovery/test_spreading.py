"""Several replicators come to hold the same by what is said between them, and then fall silent."""

from discovery.config import ReplicatorConfig
from discovery.events import (
    ContradictionFound,
    ItemAccepted,
    ItemLapsed,
    ItemReceived,
    SetAdopted,
    SetRestored,
)
from discovery.index import set_key
from discovery.messages import (
    Item,
)
from discovery.names import Origin
from discovery.recordset import RecordSet
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import (
    MemberDied,
)
from tests.discovery.circle import Circle, circle_of
from tests.discovery.lone import (
    ALPHA,
    BETA,
    GAMMA,
    member_of,
    signed,
    some_records,
    trusting,
)

KEY = set_key(ALPHA)
RECORDS = RecordSet.of(some_records(60))
FIRST = signed(RECORDS)
NEXT = signed(RECORDS.updated({b"endpoints/shop/s/3": b"new"}), version=2)


def test_a_set_comes_to_all_and_a_change_of_it_by_gossip_alone() -> None:
    circle = circle_of(4)
    circle.publish(0, FIRST)
    circle.settle()
    assert circle.agree()
    before = circle.traffic["round trips"]
    circle.publish(0, NEXT)
    circle.settle()
    assert circle.agree()
    assert circle.traffic["round trips"] == before
    for each in circle.replicators:
        held = each.catalog.get(ALPHA)
        assert held is not None
        assert held.records == NEXT.records


def test_in_equal_state_nothing_is_said() -> None:
    circle = circle_of(4)
    circle.publish(0, FIRST)
    circle.settle()
    circle.heal(2)
    before = circle.traffic.copy()
    circle.heal(100)
    assert circle.traffic == before


def test_what_a_rumour_did_not_bring_comparing_does() -> None:
    circle = circle_of(3)
    circle.cut = {(0, 2), (1, 2)}
    circle.publish(0, FIRST)
    circle.settle()
    assert not circle.agree()
    circle.heal(6)
    assert circle.agree()


def test_contradicting_sets_are_found_by_both_and_the_higher_one_stays() -> None:
    one, two = signed({b"a": b"1"}), signed({b"a": b"2"})
    circle = circle_of(2)
    circle.cut = {(0, 1)}
    circle.publish(0, one)
    circle.publish(1, two)
    circle.cut = set()
    circle.heal(8)
    assert circle.agree()
    higher = max(one, two, key=lambda each: each.manifest.order)
    assert all(r.catalog.get(ALPHA).records == higher.records for r in circle.replicators)  # type: ignore[union-attr]  # it is held
    assert any(isinstance(fact, ContradictionFound) for _, fact in circle.facts)


def test_those_that_trust_different_origins_fall_silent() -> None:
    circle = Circle([trusting("alpha", "beta"), trusting("alpha"), trusting("beta")])
    circle.publish(0, FIRST)
    circle.publish(0, signed({b"a": b"1"}, BETA))
    circle.settle()
    circle.heal(10)
    before = circle.traffic.copy()
    circle.heal(30)
    assert circle.traffic == before


def test_what_is_lacking_is_found_as_soon_while_what_is_not_shared_changes() -> None:
    # The second trusts gamma, the third all; of alpha, which only it and the first trust, a new
    # set reaches the first by no rumour.
    circle = Circle([trusting(ALPHA, BETA), trusting(BETA, GAMMA), trusting()])
    for origin in (ALPHA, BETA, GAMMA):
        circle.publish(2, signed(RECORDS, origin))
    circle.heal(10)
    before = 0
    for version in range(2, 62):
        if version == 12:  # By then all have found out what they do not share.
            before = comparisons(circle)
        circle.publish(2, signed({b"a": b"%d" % version}, GAMMA, version))
        if version % 2:
            circle.publish(2, signed({b"a": b"%d" % version}, BETA, version))
        circle.heal(1)
    assert comparisons(circle) == before
    circle.is_lost = lambda _from, to: to == 0
    circle.publish(2, signed(NEXT.records, version=2))
    circle.settle()
    circle.is_lost = lambda _from, _to: False
    for version in range(62, 66):
        circle.publish(2, signed({b"a": b"%d" % version}, GAMMA, version))
        circle.heal(1)
    held = circle.replicators[0].catalog.get(ALPHA)
    assert held is not None
    assert held.records == NEXT.records
    assert comparisons(circle) == before + 1


def comparisons(circle: Circle) -> int:
    """How many all of them have begun."""
    counts = (dict(each.statistics().counts) for each in circle.replicators)
    return sum(each.get("comparisons", 0) for each in counts)


def test_two_that_differ_in_one_of_two_hundred_origins_find_it_cheaply() -> None:
    names = [f"c{at}" for at in range(200)]
    circle = circle_of(2, *names)
    sets = [signed(some_records(40, 40, at), name) for at, name in enumerate(names)]
    for each in sets:
        for who in (0, 1):
            circle.tell(who, SetRestored(each.manifest, each.records))
    assert circle.agree()
    changed = signed(sets[7].records.updated({b"endpoints/shop/s/3": b"new"}), "c7", 2)
    circle.tell(0, SetRestored(changed.manifest, changed.records))
    circle.traffic.clear()
    circle.heal(4)
    assert circle.agree()
    assert circle.traffic["round trips"] <= 3
    assert circle.traffic.total() - circle.traffic["round trips"] < 4_096
    held = circle.replicators[1].catalog.get(Origin("c7"))
    assert held is not None
    assert held.records == changed.records


def test_an_older_and_a_newer_agent_understand_each_other() -> None:
    for older, newer in ((0, 1), (1, 0)):
        circle = Circle([trusting(), trusting()], speaks={older: 1, newer: 2})
        circle.publish(older, FIRST)
        circle.publish(newer, signed(some_records(200, 300), BETA))
        circle.settle()
        assert circle.agree()
        circle.publish(older, signed(some_records(90, 300, 2), version=2))
        circle.settle()
        assert circle.agree()
        assert all(not each.statistics().refused for each in circle.replicators)


# --- for a few ---------------------------------------------------------------------------------


def test_nobody_outside_the_audience_gets_anything_by_any_way() -> None:
    circle = circle_of(4)
    few = signed(RECORDS, audience=("c1", "c2"))
    circle.publish(1, few)
    circle.settle()
    circle.heal(20)
    assert [ALPHA in {h.manifest.origin for h in each.catalog} for each in circle.replicators] == [
        False,
        True,
        True,
        False,
    ]
    for replicator in (circle.replicators[0], circle.replicators[3]):
        assert replicator.statistics().size_bytes == 0
        assert replicator.statistics().staged_bytes == 0
    before = circle.traffic.copy()
    circle.heal(20)
    assert circle.traffic == before


def test_no_gossip_says_what_is_in_a_set_for_a_few() -> None:
    circle = circle_of(4)
    secret = {b"endpoints/shop/s/1": b"a secret of many bytes"}
    circle.publish(1, signed(secret, audience=("c1", "c2")))
    circle.settle()
    changed = {b"endpoints/shop/s/1": b"another secret of many"}
    circle.traffic.clear()
    circle.publish(1, signed(changed, version=2, audience=("c1", "c2")))
    circle.settle()
    rumours = 2 * 3  # The publisher's hint, and that of the other who is meant.
    assert circle.traffic["gossip"] <= rumours * 80
    held = circle.replicators[2].catalog.get(ALPHA)
    assert held is not None
    assert dict(held.records) == changed


# --- items -------------------------------------------------------------------------------------


def test_items_come_to_all_whole_or_by_hint_and_their_ages_add_up() -> None:
    circle = circle_of(3)
    circle.rank_of = lambda _who, item: (item.age >= 0 and 7,)
    small, large = Item(b"o/small", b"s" * 100, SECOND), Item(b"o/large", b"l" * 3_000, SECOND)
    for item in (small, large):
        circle.tell(0, ItemAccepted(item, (7,)))
    circle.now += 2 * SECOND
    circle.settle()
    assert circle.agree()
    ages = {
        (who, fact.item.key): fact.item.age
        for who, fact in circle.facts
        if isinstance(fact, ItemReceived)
    }
    assert ages[1, b"o/small"] == ages[2, b"o/small"] == SECOND
    assert ages[1, b"o/large"] >= 3 * SECOND
    assert ages[2, b"o/large"] >= 3 * SECOND


def test_an_item_that_lapsed_at_one_is_not_pulled_over_and_over() -> None:
    circle = circle_of(2)
    lapsed: set[int] = set()
    circle.rank_of = lambda who, _item: None if who in lapsed else (7,)
    circle.tell(0, ItemAccepted(Item(b"o/x", b"raw"), (7,)))
    circle.settle()
    assert circle.agree()
    lapsed.add(1)
    circle.tell(1, ItemLapsed(b"o/x"))
    circle.heal(10)
    before = circle.traffic.copy()
    circle.heal(30)
    assert circle.traffic == before
    circle.tell(0, ItemLapsed(b"o/x"))
    assert circle.agree()


# --- an origin that is too fast ------------------------------------------------------------------


def test_an_origin_that_changes_faster_than_a_pull_takes_starves_nobody() -> None:
    config = ReplicatorConfig(room=8_192, room_min=8_192, frame_bytes=16_384)
    circle = circle_of(2, config=config)
    circle.delay = lambda _from, _to: 200 * MILLISECOND
    other = signed({b"a": b"1"}, BETA)
    for version in range(1, 60):
        circle.publish(0, signed(some_records(400, 100, version), version=version))
        if version == 30:
            circle.publish(0, other)
        circle.wait(SECOND)
        circle.probe()
    held = circle.replicators[1].catalog.get(ALPHA)
    assert held is not None
    assert held.manifest.body.version >= 50
    adopted = [
        fact.manifest.body.version
        for who, fact in circle.facts
        if who == 1 and isinstance(fact, SetAdopted) and fact.manifest.origin == ALPHA
    ]
    assert len(adopted) >= 6
    assert circle.replicators[1].catalog.get(BETA) is not None
    assert not circle.replicators[1].statistics().refused


def test_a_provider_that_dies_in_the_middle_costs_no_byte_twice() -> None:
    config = ReplicatorConfig(room=8_192, room_min=8_192, frame_bytes=16_384)
    circle = circle_of(3, config=config)
    circle.delay = lambda _from, _to: 100 * MILLISECOND
    circle.cut = {(0, 2), (1, 2)}
    big = signed(some_records(600, 100))
    circle.publish(0, big)
    circle.settle()
    circle.cut = {(1, 2)}
    circle.traffic.clear()
    circle.probe()
    circle.wait(900 * MILLISECOND)
    assert circle.replicators[2].statistics().staged_bytes > 8_192
    circle.tell(2, MemberDied(member_of(0), 1, ()))
    circle.cut = {(0, 2)}
    circle.wait(config.timeout)
    for _ in range(6):
        circle.probe()
        circle.wait(SECOND)
    held = circle.replicators[2].catalog.get(ALPHA)
    assert held is not None
    assert held.records == big.records
