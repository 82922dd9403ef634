"""What is lacking is asked of who has it: several at once, resumed, and never in a tight loop."""

from dataclasses import replace

import pytest

from discovery.config import ReplicatorConfig
from discovery.deltas import Delta, delta_of
from discovery.events import Effect, ItemAccepted, ItemReceived, SetAdopted, TrustChanged
from discovery.index import Entry, set_key, set_rank
from discovery.messages import (
    Answer,
    Buckets,
    Busy,
    Changes,
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
from failure_detect.clock import MILLISECOND, NEVER, SECOND
from failure_detect.events import MemberLeft, ResponseReceived, SendRequest
from tests.discovery.lone import (
    ALPHA,
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

KEY = set_key(ALPHA)
RECORDS = RecordSet.of(some_records(60))
FIRST = signed(RECORDS)
NEXT = signed(RECORDS.updated({b"endpoints/shop/s/3": b"new"}), version=2)
LATER = signed(NEXT.records.updated({b"endpoints/shop/s/4": b"newer"}), version=3)


def holding(*sets: Signed, peers: int = 2, config: ReplicatorConfig | None = None) -> Lone:
    lone = Lone(config, peers=peers)
    for each in sets:
        lone.publish(each)
    lone.said.clear()
    return lone


def told_of(lone: Lone, new: Signed, sender: int = 1) -> SendRequest:
    """Tell it of a set with no delta; return what it asks."""
    [order] = requests(lone.hear(encode_gossip(Rumour(new.manifest.raw)), sender))
    assert order.to == member_of(sender)
    return order


def part(new: Signed, first: int, until: int, *, begins: bool = True) -> Part:
    put = {key: value for key, value in new.records if first <= bucket_of(key) < until}
    return Part(KEY, new.manifest.raw if begins else b"", new.records.root, first, until, put)


def changes(new: Signed, old: Signed) -> Changes:
    delta = delta_of(new.records.changes_since(old.records))
    return Changes(KEY, new.manifest.raw, old.records.root, delta)


def digests(new: Signed, old: RecordSet) -> Digests:
    numbers = {bucket_of(each.key) // 64 for each in new.records.changes_since(old)}
    listed = [
        (number, tuple(each[:8] for each in new.records.bucket_digests(number)))
        for number in sorted(numbers)
    ]
    return Digests(KEY, new.manifest.raw, tuple(listed))


def buckets_of(new: Signed, *numbers: int) -> Buckets:
    put = {key: value for key, value in new.records if bucket_of(key) in numbers}
    return Buckets(KEY, b"", new.records.root, buckets=numbers, put=put)


# --- the ways in which a set comes --------------------


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


# --- when it does not come --------------------


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


# --- garbage --------------------


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


# --- how much at once --------------------


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


# --- nobody is blamed for what moving on caused --------------------


def two_begun(lone: Lone) -> tuple[SendRequest, SendRequest]:
    """A set of which one provider has brought a part, and both are asked for more."""
    order = told_of(lone, FIRST)
    lone.hear(encode_gossip(Rumour(FIRST.manifest.raw)), sender=2)
    [first] = requests(lone.give(order, part(FIRST, 0, 1_000)))
    [second] = requests(lone.wait(lone.config.hedge))
    assert first.to != second.to
    return first, second


def test_who_brings_the_same_part_later_is_not_blamed() -> None:
    lone = holding()
    first, second = two_begun(lone)
    [third] = requests(lone.give(first, part(FIRST, 1_000, 2_000, begins=False)))
    lone.give(second, part(FIRST, 1_000, 1_500, begins=False))
    assert lone.refused() == {}
    assert pull_in(third).wanted[0].first == 2_000
    assert adoptions(lone.give(third, part(FIRST, 2_000, BUCKETS, begins=False)))


def test_who_has_a_newer_set_only_does_not_undo_what_another_has_brought() -> None:
    lone = holding()
    first, second = two_begun(lone)
    assert requests(lone.give(second, part(NEXT, 0, 500))) == []
    [third] = requests(lone.give(first, part(FIRST, 1_000, 3_000, begins=False)))
    assert pull_in(third).wanted[0] == Wanted(key=KEY, target=RECORDS.root, first=3_000)
    assert lone.refused() == {}


def test_who_has_more_of_a_newer_set_is_gone_on_with() -> None:
    lone = holding()
    first, second = two_begun(lone)
    lone.give(second, part(NEXT, 0, 3_000))
    [third] = requests(lone.give(first, part(FIRST, 1_000, 2_000, begins=False)))
    assert pull_in(third).wanted[0].target == NEXT.records.root
    assert lone.refused() == {}


def test_who_is_behind_is_asked_no_more_for_this_and_not_blamed() -> None:
    lone = holding(peers=2)
    order = told_of(lone, NEXT)
    lone.hear(encode_gossip(Hint(Entry(KEY, set_rank(FIRST.manifest)))), sender=2)
    [order] = requests(lone.give(order, part(NEXT, 0, 1_000)))
    [second] = requests(lone.fail(order))
    assert second.to == member_of(2)
    assert lone.give(second, part(FIRST, 0, 3_000)) == []
    assert lone.refused() == {}
    [third] = requests(lone.wait(lone.config.back_off))
    assert third.to == member_of(1)
    assert pull_in(third).wanted[0].target == NEXT.records.root


def test_when_only_who_is_behind_is_left_its_set_is_taken_in_any_number_of_parts() -> None:
    lone = holding()
    order = told_of(lone, NEXT)
    lone.hear(encode_gossip(Hint(Entry(KEY, set_rank(FIRST.manifest)))), sender=2)
    lone.give(order, part(NEXT, 0, 1_000))
    [order] = requests(lone.tell(MemberLeft(member_of(1)))) or requests(lone.wait(3 * SECOND))
    effects: list[Effect] = []
    for at in range(0, BUCKETS, 256):
        effects = lone.give(order, part(FIRST, at, at + 256, begins=at == 0))
        if at + 256 < BUCKETS:
            [order] = requests(effects)
    assert adoptions(effects) == [FIRST.manifest]
    assert lone.refused() == {}


def test_changes_since_what_was_had_when_it_was_asked_are_taken() -> None:
    lone = holding(FIRST)
    order = told_of(lone, LATER)
    delta = delta_of(NEXT.records.changes_since(FIRST.records))
    lone.hear(encode_gossip(Rumour(NEXT.manifest.raw, RECORDS.root, delta)), sender=2)
    assert adoptions(lone.give(order, changes(LATER, FIRST))) == [LATER.manifest]


def test_what_a_rumour_brought_meanwhile_makes_an_answer_late_and_nothing_worse() -> None:
    lone = holding(FIRST)
    order = told_of(lone, NEXT)
    delta = delta_of(NEXT.records.changes_since(FIRST.records))
    lone.hear(encode_gossip(Rumour(NEXT.manifest.raw, RECORDS.root, delta)), sender=2)
    assert lone.replicator.statistics().wants == 0
    assert lone.give(order, changes(NEXT, FIRST)) == []
    assert lone.refused() == {}


def test_when_parts_of_two_do_not_fit_one_is_asked_alone_and_only_it_is_blamed() -> None:
    lone = holding()
    first, second = two_begun(lone)
    lone.fail(first)
    wrong = Part(KEY, b"", RECORDS.root, 1_000, BUCKETS, {})
    [order] = requests(lone.give(second, wrong))
    assert lone.refused() == {"root": 1}
    assert order.to == member_of(2)
    assert pull_in(order).wanted == (Wanted(key=KEY),)
    assert requests(lone.wait(lone.config.hedge)) == []
    false = Part(KEY, FIRST.manifest.raw, RECORDS.root, 0, BUCKETS, {})
    [order] = requests(lone.give(order, false))
    assert order.to == member_of(1)
    assert adoptions(lone.give(order, part(FIRST, 0, BUCKETS))) == [FIRST.manifest]
    assert lone.refused() == {"root": 2}


# --- nobody leads in circles --------------------


def same_digests() -> tuple[tuple[int, tuple[bytes, ...]], ...]:
    return ((5, tuple(each[:8] for each in RECORDS.bucket_digests(5))),)


def circles() -> list[tuple[str, Answer]]:
    """Answers that bring nothing, each of which may be given for ever."""
    return [
        ("wrong base", Changes(KEY, NEXT.manifest.raw, b"\7" * 32, Delta())),
        ("no progress", Part(KEY, b"", NEXT.records.root, 3_000, 3_001)),
        ("other target", Part(KEY, b"", LATER.records.root, 0, 3)),
        ("not begun", Buckets(KEY, b"", NEXT.records.root, buckets=(1,))),
        ("nothing differs", Digests(KEY, NEXT.manifest.raw, same_digests())),
        ("other origin", Changes(KEY, signed({}, "beta").manifest.raw, b"", Delta())),
        ("an item", Item(KEY, b"raw")),
    ]


@pytest.mark.parametrize("answer", [each for _, each in circles()], ids=[n for n, _ in circles()])
def test_what_brings_nothing_further_is_asked_again_later_and_later_and_then_no_more(
    answer: Answer,
) -> None:
    lone = holding(FIRST)
    orders, pauses, at = [told_of(lone, NEXT)], list[int](), lone.now
    while orders:
        assert requests(lone.give(orders[0], answer)) == []
        orders = requests(lone.wait(lone.replicator.deadline - lone.now)) if waits(lone) else []
        pauses.append(lone.now - at)
        at = lone.now
    assert len(pauses) == 5
    assert all(pause >= lone.config.back_off // 2 << n for n, pause in enumerate(pauses[:-1]))
    assert lone.replicator.statistics().wants == 0


def waits(lone: Lone) -> bool:
    return lone.replicator.deadline < NEVER


def test_an_empty_answer_is_a_failure() -> None:
    lone = holding()
    order = told_of(lone, FIRST)
    assert lone.give(order) == []
    assert requests(lone.wait(lone.config.back_off // 2 - 1)) == []


def test_who_begins_the_same_set_over_and_over_gets_nowhere() -> None:
    lone = holding()
    order = told_of(lone, FIRST)
    asked_for = 0
    for until in [100, 200, 300, 50, 300, 299, 300, 1, 300, 300, 200]:
        orders = requests(lone.give(order, part(FIRST, 0, until)))
        orders = orders or requests(lone.wait(40 * SECOND))
        asked_for += 1
        if not orders:
            break
        [order] = orders
    assert asked_for == 3 + 5
    assert lone.replicator.statistics().wants == 0


def test_who_goes_up_and_down_between_two_sets_gets_nowhere() -> None:
    lone = holding()
    order, asked_for = told_of(lone, NEXT), 0
    for at in range(40):
        new = (NEXT, FIRST)[at % 2]
        orders = requests(lone.give(order, part(new, 0, 100)))
        orders = orders or requests(lone.wait(40 * SECOND))
        asked_for += 1
        if not orders:
            break
        [order] = orders
    assert asked_for < 12
    assert lone.replicator.statistics().wants == 0


def test_busy_for_no_time_is_a_while_all_the_same() -> None:
    lone = holding()
    assert lone.answer(told_of(lone, FIRST), Busy(0)) == []
    assert lone.wait(lone.config.back_off - 1) == []
    assert len(requests(lone.wait(1))) == 1


def test_whoever_is_busy_for_ever_is_asked_again_at_the_longest_pause() -> None:
    lone = holding()
    assert lone.answer(told_of(lone, FIRST), Busy(1 << 48)) == []
    assert len(requests(lone.wait(lone.config.back_off_max))) == 1


def test_many_wrong_answers_at_once_are_one_failure() -> None:
    lone = holding()
    order = told_of(lone, FIRST)
    lone.give(order, *(Nothing(b"o/%d" % at) for at in range(100)))
    assert lone.refused() == {"unexpected": 100}
    assert len(requests(lone.wait(lone.config.back_off))) == 1


# --- bounds --------------------


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
    names = [f"c{at}" for at in range(64)]
    lone = Lone(judge=trusting(*names))
    old = [signed(some_records(200, 20, at), name) for at, name in enumerate(names)]
    new = [signed(some_records(4_000, 20, 99 + at), name, 2) for at, name in enumerate(names[:2])]
    for each in old:
        lone.publish(each)
    lone.said.clear()
    orders = []
    for each in new:
        key = set_key(each.manifest.origin)
        orders += requests(lone.hear(encode_gossip(Hint(Entry(key, set_rank(each.manifest))))))
    for name in names[2:]:
        lone.hear(encode_gossip(Hint(Entry(f"s/{name}".encode(), (1, 1, 9, 0)))))
    listed = [
        (number, tuple(each[:8] for each in new[0].records.bucket_digests(number)))
        for number in range(64)
    ]
    answer = Digests(set_key(new[0].manifest.origin), new[0].manifest.raw, tuple(listed))
    [order] = requests(lone.give(orders[0], answer))
    assert len(pull_in(order).wanted) > 30
    for one in pull_in(order).wanted:
        assert one.size_bytes >= len(write_message(Pull((one,), 1))) - 8
    assert len(write_message(pull_in(order))) < REQUEST_BYTES_MAX // 2


# --- others are not delayed --------------------


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


# --- what we may not hold --------------------


def test_whoever_holds_what_we_do_not_believe_is_not_blamed_and_not_asked_again_for_it() -> None:
    lone = holding(FIRST)
    order = told_of(lone, NEXT)
    strange = signed(NEXT.records, version=2, generation=9)
    assert lone.give(order, changes(strange, FIRST)) == []
    assert lone.refused() == {"generation": 1}
    again = encode_gossip(Hint(Entry(KEY, set_rank(NEXT.manifest))))
    assert lone.hear(again) == []
    assert len(requests(lone.hear(again, sender=2))) == 1
    other = encode_gossip(Hint(Entry(KEY, set_rank(LATER.manifest))))
    lone.tell(TrustChanged())
    assert requests(lone.hear(other)) == []
    [order] = requests(lone.wait(lone.config.hedge))
    assert order.to == member_of(1)


def test_an_item_that_nobody_accepts_is_asked_of_the_next_after_a_while() -> None:
    lone = holding()
    [order] = requests(lone.hear(encode_gossip(Hint(Entry(b"o/x", (4,))))))
    lone.hear(encode_gossip(Hint(Entry(b"o/x", (4,)))), sender=2)
    assert requests(lone.give(order, Item(b"o/x", b"garbage"))) == []
    assert requests(lone.wait(lone.config.hedge - 1)) == []
    [order] = requests(lone.wait(1))
    assert order.to == member_of(2)
    [received] = lone.give(order, Item(b"o/x", b"raw"))
    assert received == ItemReceived(Item(b"o/x", b"raw"), member_of(2), is_news=True)
    assert lone.replicator.statistics().wants == 0


def test_an_item_that_is_accepted_is_asked_of_nobody_else() -> None:
    lone = holding()
    [order] = requests(lone.hear(encode_gossip(Hint(Entry(b"o/x", (4,))))))
    lone.hear(encode_gossip(Hint(Entry(b"o/x", (4,)))), sender=2)
    lone.give(order, Item(b"o/x", b"raw"))
    lone.tell(ItemAccepted(Item(b"o/x", b"raw"), (4,)))
    assert lone.replicator.statistics().wants == 0
    assert requests(lone.wait(60 * SECOND)) == []
