"""Who brings nothing further is asked later and later; who is only late, or behind, is not."""

import pytest

from discovery.deltas import Delta, delta_of
from discovery.events import Effect, ItemAccepted, ItemReceived, TrustChanged
from discovery.index import Entry, set_rank
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
    Rumour,
    Wanted,
)
from discovery.wire import BUCKETS, encode_gossip
from failure_detect.clock import NEVER, SECOND
from failure_detect.events import MemberLeft, SendRequest
from tests.discovery.answers import (
    FIRST,
    KEY,
    LATER,
    NEXT,
    RECORDS,
    changes,
    holding,
    part,
    told_of,
)
from tests.discovery.lone import (
    Lone,
    adoptions,
    member_of,
    pull_in,
    requests,
    signed,
)

# --- nobody is blamed for what moving on caused ----------------------------------------------


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
    [third] = requests(lone.give(second, part(NEXT, 0, 3_000)))
    assert pull_in(third).wanted[0].target == NEXT.records.root
    assert requests(lone.give(first, part(FIRST, 1_000, 2_000, begins=False))) == []
    assert adoptions(lone.give(third, part(NEXT, 3_000, BUCKETS, begins=False)))
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


# --- nobody leads in circles -----------------------------------------------------------------


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


# --- what we may not hold --------------------------------------------------------------------


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
