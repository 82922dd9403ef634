"""Contents are compared where something may be lacking, and not for what will never be shared."""

from discovery.events import ItemAccepted, ItemLapsed, TrustChanged
from discovery.index import Entry, Index, group_of, set_key, set_rank
from discovery.messages import Compare, Differ, Item, Rumour
from discovery.recordset import RecordSet
from discovery.wire import encode_gossip
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import MemberLeft
from tests.discovery.lone import (
    BETA,
    Lone,
    Signed,
    asked,
    member_of,
    requests,
    signed,
    some_records,
)

RECORDS = RecordSet.of(some_records(60))
FIRST = signed(RECORDS)
NEXT = signed(RECORDS.updated({b"endpoints/shop/s/3": b"new"}), version=2)
OTHER = b"\1" * 8


def settled(lone: Lone) -> None:
    lone.publish(FIRST)
    lone.now += 10 * SECOND
    lone.said.clear()


def test_fingerprints_that_differ_for_as_long_as_a_rumour_takes_are_compared() -> None:
    lone = Lone()
    settled(lone)
    assert lone.see(OTHER) == []
    lone.now += lone.config.settle - 1
    assert lone.see(OTHER) == []
    lone.now += 1
    [order] = requests(lone.see(OTHER))
    assert isinstance(asked(order), Compare)


def test_whoever_shows_it_next_is_compared_with() -> None:
    # Two of ninety bridges meet every 45 s: nobody waits for the same one to come again.
    lone = Lone(peers=2)
    settled(lone)
    lone.see(OTHER, 1)
    lone.now += lone.config.settle
    [order] = requests(lone.see(b"\2" * 8, 2))
    assert isinstance(asked(order), Compare)
    assert order.to == member_of(2)


def test_a_doubt_ends_with_what_raised_it() -> None:
    for ends in ("explained", "gone", "compared"):
        lone = Lone(peers=2)
        settled(lone)
        lone.see(OTHER, 1)
        if ends == "explained":
            lone.see(lone.replicator.fingerprint, 1)
        elif ends == "gone":
            lone.tell(MemberLeft(member_of(1)))
        lone.now += lone.config.settle
        if ends == "compared":
            [order] = requests(lone.see(OTHER, 1))
            lone.answer(order, Differ(OTHER, (), ()))
            lone.now += 2 * lone.config.gap
        assert lone.see(OTHER, 2) == []


def test_what_showed_strange_and_has_come_here_since_raises_no_doubt() -> None:
    lone = Lone(peers=2)
    settled(lone)
    ahead = Lone()
    settled(ahead)
    ahead.publish(NEXT)
    lone.see(ahead.replicator.fingerprint, 1)
    lone.publish(NEXT)
    lone.now += lone.config.settle
    assert lone.see(OTHER, 2) == []


def test_while_ours_keeps_changing_only_the_impatient_compare() -> None:
    lone = Lone()
    settled(lone)
    lone.see(OTHER)
    started = lone.now
    while lone.now < started + lone.config.impatient - 500 * MILLISECOND:
        lone.now += 500 * MILLISECOND
        lone.tell(ItemAccepted(Item(b"o/x", b""), (lone.now,)))
        if lone.now < started + lone.config.impatient:
            assert lone.see(OTHER) == []
    lone.now = started + lone.config.impatient
    lone.tell(ItemAccepted(Item(b"o/x", b""), (lone.now,)))
    assert len(requests(lone.see(OTHER))) == 1


def test_who_holds_nothing_compares_at_once() -> None:
    assert len(requests(Lone().see(OTHER))) == 1


def test_equal_fingerprints_and_none_are_never_compared() -> None:
    lone = Lone()
    assert lone.see(lone.replicator.fingerprint) == []
    assert lone.see(b"") == []
    assert lone.see(OTHER, member=9) == []


def test_between_two_comparisons_there_is_a_gap_whoever_differs() -> None:
    lone = Lone(peers=2)
    assert len(requests(lone.see(OTHER))) == 1
    lone.now += lone.config.gap - 1
    assert lone.see(OTHER, member=2) == []
    lone.now += lone.config.gap // 2 + 1
    assert len(requests(lone.see(OTHER, member=2))) == 1


def test_a_comparison_that_found_nothing_is_repeated_only_when_the_other_has_changed() -> None:
    lone = Lone()
    [order] = requests(lone.see(OTHER))
    lone.answer(order, Differ(OTHER, (), ()))
    lone.now += 60 * SECOND
    assert lone.see(OTHER) == []
    lone.publish(FIRST)
    lone.tell(ItemAccepted(Item(b"o/x", b""), (1,)))
    lone.tell(ItemLapsed(b"o/x"))
    lone.now += 60 * SECOND
    assert lone.see(OTHER) == []
    lone.now += 60 * SECOND
    assert lone.see(b"\2" * 8) == []
    lone.now += lone.config.settle
    assert len(requests(lone.see(b"\2" * 8))) == 1


def fingerprint(*entries: Entry) -> bytes:
    index = Index()
    for each in entries:
        index.put(*each)
    return index.fingerprint


def entry(published: Signed) -> Entry:
    return Entry(set_key(published.manifest.origin), set_rank(published.manifest))


def of_stranger(version: int) -> Signed:
    return signed({b"a": b"%d" % version}, "mallory", version)


def test_what_only_another_trusts_may_change_without_a_comparison_and_hides_nothing() -> None:
    lone = Lone()
    settled(lone)
    shown = fingerprint(entry(FIRST), entry(of_stranger(1)))
    assert lone.see(shown) == []
    lone.now += lone.config.settle
    [order] = requests(lone.see(shown))
    stranger = entry(of_stranger(1))
    lone.answer(order, Differ(shown, (group_of(stranger.key),), (stranger,)))
    for version in range(2, 9):
        lone.now += 10 * SECOND
        lone.hear(encode_gossip(Rumour(of_stranger(version).manifest.raw)), 1)
        lone.now += 10 * SECOND
        assert lone.see(fingerprint(entry(FIRST), entry(of_stranger(version)))) == []
    lacking = fingerprint(entry(FIRST), entry(of_stranger(8)), Entry(set_key(BETA), (1, 1, 1, 1)))
    assert lone.see(lacking) == []
    lone.now += lone.config.settle
    assert isinstance(asked(requests(lone.see(lacking))[0]), Compare)
    assert lone.count("comparisons") == 2


def test_what_was_on_its_way_when_it_was_seen_does_not_count_later() -> None:
    lone = Lone()
    settled(lone)
    lone.see(fingerprint(entry(NEXT)))
    lone.now += SECOND
    lone.publish(NEXT)
    lone.now += 60 * SECOND
    assert lone.see(OTHER) == []
    lone.now += lone.config.settle - 1
    assert lone.see(OTHER) == []
    lone.now += 1
    assert len(requests(lone.see(OTHER))) == 1


def test_who_shows_what_was_held_here_a_moment_ago_is_not_compared_with() -> None:
    lone = Lone()
    settled(lone)
    lone.publish(NEXT)
    for _ in range(3):
        lone.now += 10 * SECOND
        assert lone.see(fingerprint(entry(FIRST))) == []


def test_after_a_change_of_trust_all_are_compared_again() -> None:
    lone = Lone()
    [order] = requests(lone.see(OTHER))
    lone.answer(order, Differ(OTHER, (), ()))
    lone.now += 60 * SECOND
    lone.tell(TrustChanged())
    assert len(requests(lone.see(OTHER))) == 1
