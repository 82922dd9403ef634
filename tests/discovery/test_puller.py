"""What is lacking is asked of who has it: several at once, resumed, and within bounds."""

from dataclasses import replace

import pytest

from discovery.config import ReplicatorConfig
from discovery.deltas import Delta
from discovery.events import ItemReceived, SetAdopted
from discovery.index import Entry, set_key, set_rank
from discovery.messages import (
    Busy,
    Changes,
    Differ,
    Digests,
    Hint,
    Item,
    Nothing,
    Part,
    Pull,
    Pulled,
    Rumour,
    Wanted,
)
from discovery.recordset import RecordSet, bucket_of
from discovery.replicator import REQUEST_BYTES_MAX
from discovery.wire import BUCKETS, encode_gossip, write_message
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import ResponseReceived
from tests.discovery.answers import (
    FIRST,
    KEY,
    LATER,
    NEXT,
    RECORDS,
    buckets_of,
    changes,
    digests,
    holding,
    part,
    told_of,
)
from tests.discovery.lone import (
    BETA,
    Lone,
    Signed,
    adoptions,
    broadcasts,
    member_of,
    pull_in,
    requests,
    signed,
    some_records,
    trusting,
)

# --- the ways in which a set comes -----------------------------------------------------------


def test_what_changed_since_what_it_has_is_adopted_and_told() -> None:
    lone = holding(FIRST)
    order = told_of(lone, NEXT)
    [wanted] = pull_in(order).wanted
    assert wanted.have == RECORDS.root
    assert wanted.branches == tuple(each[:8] for each in RECORDS.branch_digests())
    effects = lone.give(order, changes(NEXT, FIRST))
    assert effects[0] == SetAdopted(NEXT.manifest, FIRST.records, NEXT.records)
    assert len(broadcasts(effects)) == 1
    assert requests(effects) == []
    assert lone.replicator.statistics().wants == 0


def test_a_whole_set_comes_in_several_parts() -> None:
    lone = holding()
    order = told_of(lone, FIRST)
    assert pull_in(order).wanted == (Wanted(key=KEY),)
    [order] = requests(lone.give(order, part(FIRST, 0, 1_000)))
    assert pull_in(order).wanted == (Wanted(key=KEY, target=RECORDS.root, first=1_000),)
    [order] = requests(lone.give(order, part(FIRST, 1_000, 2_500, begins=False)))
    assert pull_in(order).wanted == (Wanted(key=KEY, target=RECORDS.root, first=2_500),)
    effects = lone.give(order, part(FIRST, 2_500, BUCKETS, begins=False))
    assert adoptions(effects) == [FIRST.manifest]
    assert lone.replicator.statistics().staged_bytes == 0


def test_digests_of_buckets_lead_to_the_buckets_that_differ() -> None:
    lone = holding(FIRST)
    order = told_of(lone, LATER)
    [order] = requests(lone.give(order, digests(LATER, RECORDS)))
    [wanted] = pull_in(order).wanted
    differ = {bucket_of(each.key) for each in LATER.records.changes_since(RECORDS)}
    assert (wanted.target, wanted.buckets) == (LATER.records.root, tuple(sorted(differ)))
    one, two = wanted.buckets
    [order] = requests(lone.give(order, buckets_of(LATER, one)))
    assert pull_in(order).wanted[0].buckets == (two,)
    assert adoptions(lone.give(order, buckets_of(LATER, two))) == [LATER.manifest]


def test_an_item_is_handed_upward_and_asked_for_no_more() -> None:
    lone = holding()
    [order] = requests(lone.hear(encode_gossip(Hint(Entry(b"o/x", (4,))))))
    item = Item(b"o/x", b"raw", 9)
    assert lone.give(order, item) == [ItemReceived(item, member_of(1), is_news=True)]
    assert lone.replicator.statistics().wants == 0


def test_a_set_of_an_intermediate_version_is_adopted_and_the_pull_goes_on() -> None:
    lone = holding(FIRST)
    order = told_of(lone, NEXT)
    lone.hear(encode_gossip(Hint(Entry(KEY, set_rank(LATER.manifest)))))
    effects = lone.give(order, changes(NEXT, FIRST))
    assert adoptions(effects) == [NEXT.manifest]
    [order] = requests(effects)
    assert pull_in(order).wanted[0].have == NEXT.records.root
    assert adoptions(lone.give(order, changes(LATER, NEXT))) == [LATER.manifest]


@pytest.mark.parametrize(("held", "is_news"), [((), False), ((FIRST,), True)])
def test_what_came_by_comparing_is_told_only_where_its_origin_was_known(
    held: tuple[Signed, ...], is_news: bool
) -> None:
    lone, theirs = holding(*held), b"\1" * 8
    lone.now += 60 * SECOND
    orders = requests(lone.see(theirs))
    lone.now += lone.config.settle
    [order] = orders or requests(lone.see(theirs))
    entry = Entry(KEY, set_rank(LATER.manifest))
    [order] = requests(lone.answer(order, Differ(theirs, (1,), (entry,))))
    effects = lone.give(order, part(LATER, 0, BUCKETS))
    assert adoptions(effects) == [LATER.manifest]
    assert len(broadcasts(effects)) == is_news


def test_who_answers_in_a_newer_version_is_asked_in_it_from_then_on() -> None:
    lone = holding()
    order = told_of(lone, FIRST)
    assert order.data[:2] == b"\1\2"
    [order] = requests(lone.give(order, part(FIRST, 0, 1_000)))
    assert order.data[:2] == b"\2\2"


# --- when it does not come -------------------------------------------------------------------


def test_another_provider_goes_on_where_the_first_one_stopped() -> None:
    lone = holding()
    order = told_of(lone, FIRST)
    assert lone.hear(encode_gossip(Rumour(FIRST.manifest.raw)), sender=2) == []
    [order] = requests(lone.give(order, part(FIRST, 0, 1_000)))
    [second] = requests(lone.fail(order))
    assert order.to != second.to
    assert pull_in(second).wanted == (Wanted(key=KEY, target=RECORDS.root, first=1_000),)
    effects = lone.give(second, part(FIRST, 1_000, BUCKETS, begins=False))
    assert adoptions(effects) == [FIRST.manifest]


def test_a_provider_whose_target_is_gone_begins_anew() -> None:
    lone = holding()
    [order] = requests(lone.give(told_of(lone, FIRST), part(FIRST, 0, 1_000)))
    [order] = requests(lone.give(order, part(NEXT, 0, 2_000)))
    assert pull_in(order).wanted == (Wanted(key=KEY, target=NEXT.records.root, first=2_000),)
    effects = lone.give(order, part(NEXT, 2_000, BUCKETS, begins=False))
    assert adoptions(effects) == [NEXT.manifest]


def test_a_provider_that_fails_is_left_alone_for_half_a_second_at_most_then_a_second() -> None:
    lone = holding()
    order = told_of(lone, FIRST)
    assert requests(lone.fail(order)) == []
    [order] = requests(lone.wait(lone.config.back_off))
    assert requests(lone.fail(order)) == []
    assert requests(lone.wait(lone.config.back_off - 1)) == []
    assert len(requests(lone.wait(lone.config.back_off + 1))) == 1


def test_one_that_is_busy_is_asked_again_when_it_said() -> None:
    lone = holding()
    order = told_of(lone, FIRST)
    assert lone.answer(order, Busy(3 * SECOND)) == []
    assert lone.wait(3 * SECOND - 1) == []
    [order] = requests(lone.wait(1))
    assert pull_in(order).wanted == (Wanted(key=KEY),)


def test_what_one_has_not_brought_in_time_is_asked_of_another_too() -> None:
    lone = holding()
    first = told_of(lone, FIRST)
    lone.hear(encode_gossip(Rumour(FIRST.manifest.raw)), sender=2)
    assert requests(lone.wait(lone.config.hedge - 1)) == []
    [second] = requests(lone.wait(1))
    assert second.to == member_of(2)
    assert adoptions(lone.give(second, part(FIRST, 0, BUCKETS))) == [FIRST.manifest]
    assert lone.give(first, part(FIRST, 0, BUCKETS)) == []
    assert lone.refused() == {}


def test_a_provider_that_has_nothing_after_all_is_not_asked_again() -> None:
    lone = holding()
    assert lone.give(told_of(lone, FIRST), Nothing(KEY)) == []
    assert lone.wait(60 * SECOND) == []
    assert lone.replicator.statistics().wants == 0


# --- garbage ---------------------------------------------------------------------------------


def test_an_answer_that_nobody_asked_for_is_refused() -> None:
    lone = holding()
    assert lone.tell(ResponseReceived(77, member_of(1), b"")) == []
    assert lone.refused() == {"unexpected": 1}


def test_bytes_that_are_no_answer_are_a_failure() -> None:
    lone = holding()
    order = told_of(lone, FIRST)
    assert lone.tell(ResponseReceived(order.request, member_of(1), b"\x01")) == []
    assert lone.refused() == {"malformed": 1}
    assert requests(lone.wait(lone.config.back_off // 2 - 1)) == []
    assert len(requests(lone.wait(lone.config.back_off))) == 1


def test_the_first_wrong_root_asks_for_the_whole_and_the_second_drops_the_provider() -> None:
    lone = holding(FIRST)
    order = told_of(lone, NEXT)
    wrong = Changes(KEY, NEXT.manifest.raw, RECORDS.root, Delta({b"x": b"y"}))
    assert requests(lone.give(order, wrong)) == []
    [order] = requests(lone.wait(lone.config.back_off))
    assert pull_in(order).wanted == (Wanted(key=KEY),)
    false = Part(KEY, NEXT.manifest.raw, NEXT.records.root, 0, BUCKETS, {b"x": b"y"})
    assert requests(lone.give(order, false)) == []
    assert lone.wait(60 * SECOND) == []
    assert lone.refused() == {"root": 2}
    assert lone.replicator.statistics().wants == 0


def test_an_answer_about_something_else_is_refused() -> None:
    lone = holding()
    order = told_of(lone, FIRST)
    lone.give(order, Nothing(b"s/beta"))
    assert lone.refused() == {"unexpected": 1}


# --- how much at once ------------------------------------------------------------------------


def test_no_more_is_asked_at_once_than_a_batch() -> None:
    lone = holding(config=ReplicatorConfig(batch=3))
    first = requests(lone.hear(encode_gossip(Hint(Entry(b"o/0", (1,))))))
    for at in range(1, 8):
        assert lone.hear(encode_gossip(Hint(Entry(b"o/%d" % at, (1,))))) == []
    [order] = requests(lone.give(first[0], Nothing(b"o/0")))
    assert [each.key for each in pull_in(order).wanted] == [b"o/1", b"o/2", b"o/3"]


def test_room_grows_with_full_answers_that_come_soon() -> None:
    lone = holding(config=ReplicatorConfig(room=16 << 10))
    big = signed(RecordSet.of(some_records(300, 400)))
    order = told_of(lone, big)
    assert pull_in(order).room == 16 << 10
    lone.now += 100 * MILLISECOND
    [order] = requests(lone.give(order, part(big, 0, 600)))
    assert pull_in(order).room == 32 << 10
    lone.now += SECOND
    [order] = requests(lone.give(order, part(big, 600, 2_000, begins=False)))
    assert pull_in(order).room == 32 << 10
    lone.fail(order)
    [order] = requests(lone.wait(lone.config.back_off))
    assert pull_in(order).room == 16 << 10


def test_a_small_answer_says_nothing_of_how_much_there_is_room_for() -> None:
    lone = holding()
    for at in range(4):
        [order] = requests(lone.hear(encode_gossip(Hint(Entry(b"o/%d" % at, (1,))))))
        assert pull_in(order).room == lone.config.room
        lone.answer(order, Pulled((Nothing(b"o/%d" % at),)))


# --- bounds ----------------------------------------------------------------------------------


def test_more_than_the_manifest_says_is_not_staged() -> None:
    lone = holding()
    order = told_of(lone, signed({b"a": b"1"}))
    much = Part(
        KEY, signed({b"a": b"1"}).manifest.raw, signed({b"a": b"1"}).records.root, 0, BUCKETS - 1
    )
    put = {key: value for key, value in RECORDS if bucket_of(key) < BUCKETS - 1}
    lone.give(order, replace(much, put=put))
    assert lone.replicator.statistics().staged_bytes == 0
    assert lone.refused() == {"root": 1}


def test_what_is_staged_is_bounded() -> None:
    lone = holding(config=ReplicatorConfig(staged_bytes=1_000))
    order = told_of(lone, FIRST)
    assert lone.give(order, part(FIRST, 0, 3_000)) == []
    assert lone.replicator.statistics().staged_bytes == 0
    assert lone.count("unstaged") == 1
    assert lone.refused() == {}


def test_a_request_says_no_more_of_what_is_had_than_is_read_at_the_other_end() -> None:
    names = [f"c{at}" for at in range(24)]
    lone = Lone(judge=trusting(*names))
    old = [signed(some_records(20, 20, at), name) for at, name in enumerate(names)]
    new = [signed(some_records(30, 20, at), name, 2) for at, name in enumerate(names)]
    for each in old:
        lone.publish(each)
    first = requests(lone.hear(encode_gossip(Hint(Entry(b"o/x", (1,))))))
    for each in new:
        entry = Entry(set_key(each.manifest.origin), set_rank(each.manifest))
        assert lone.hear(encode_gossip(Hint(entry))) == []
    [order] = requests(lone.give(first[0], Nothing(b"o/x")))
    assert len(pull_in(order).wanted) == 24
    everything = tuple((branch, (b"\1" * 8,) * 64) for branch in range(64))
    begun = [Digests(set_key(each.manifest.origin), each.manifest.raw, everything) for each in new]
    [order] = requests(lone.give(order, *begun))
    assert 5 < len(pull_in(order).wanted) < 24
    for one in pull_in(order).wanted:
        assert one.size_bytes >= len(write_message(Pull((one,), 1))) - 8
    assert len(write_message(pull_in(order))) < REQUEST_BYTES_MAX // 2


# --- others are not delayed ------------------------------------------------------------------


def test_six_that_never_answer_hold_up_a_seventh_for_no_longer_than_a_hedge() -> None:
    lone = holding(peers=7)
    for number in range(1, 7):
        hint = encode_gossip(Hint(Entry(b"o/%d" % number, (1,))))
        assert len(requests(lone.hear(hint, sender=number))) == 1
    hint = encode_gossip(Hint(Entry(b"o/7", (1,))))
    assert requests(lone.hear(hint, sender=7)) == []
    assert requests(lone.wait(lone.config.hedge - 1)) == []
    [order] = requests(lone.wait(1))
    assert order.to == member_of(7)


def test_where_nobody_is_free_it_wakes_up_when_the_first_one_is() -> None:
    lone = holding(peers=2)
    assert lone.answer(told_of(lone, FIRST), Busy(5 * SECOND)) == []
    hint = encode_gossip(Hint(Entry(b"o/2", (1,))))
    [order] = requests(lone.hear(hint, sender=2))
    assert lone.answer(order, Busy(3 * SECOND)) == []
    assert lone.replicator.deadline == lone.now + 3 * SECOND
    [order] = requests(lone.wait(3 * SECOND))
    assert order.to == member_of(2)
    assert lone.replicator.deadline == lone.now + 2 * SECOND


def test_what_one_is_slow_to_bring_does_not_hold_up_what_another_has() -> None:
    lone = holding()
    slow = told_of(lone, FIRST)
    other = signed({b"a": b"1"}, "beta")
    [order] = requests(lone.hear(encode_gossip(Rumour(other.manifest.raw)), sender=2))
    assert order.to == member_of(2)
    whole = Part(set_key(BETA), other.manifest.raw, other.records.root, 0, BUCKETS, {b"a": b"1"})
    assert adoptions(lone.give(order, whole)) == [other.manifest]
    assert adoptions(lone.give(slow, part(FIRST, 0, BUCKETS))) == [FIRST.manifest]


def test_a_large_set_lets_small_ones_come_first_once_something_of_it_has_come() -> None:
    lone = holding()
    order = told_of(lone, FIRST)
    for at in range(3):
        lone.hear(encode_gossip(Hint(Entry(b"o/%d" % at, (1,)))))
    [order] = requests(lone.give(order, part(FIRST, 0, 500)))
    assert [each.key for each in pull_in(order).wanted] == [b"o/0", b"o/1", b"o/2", KEY]
