"""Two bridges of unequal trust need not compare for what they will never share."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from discovery.apart import EQUAL, OVERHEARD_MAX, SPREADS, UNSHARED_MAX, Apart, Hearsay
from discovery.index import CHANGES_MAX, GROUPS, Index
from discovery.messages import Differ
from failure_detect.clock import SECOND, Instant

SHARED, OURS, THEIRS, LACKING = b"s/shared", b"s/ours", b"s/theirs", b"s/lacking"


class Pair:
    """What we hold, what a peer holds, and what we know of that."""

    def __init__(self) -> None:
        self.ours, self.theirs = Index(), Index()
        self.hearsay = Hearsay(self.ours)
        self.apart = EQUAL
        self.now: Instant = 0
        self.share(1)
        self.ours.put(OURS, (1,))
        self.theirs.put(THEIRS, (1,))

    def share(self, rank: int) -> None:
        """Let both hold this of what both may hold."""
        self.ours.put(SHARED, (rank,))
        self.theirs.put(SHARED, (rank,))

    def answer(self, sums: tuple[int, ...] | None = None) -> Differ:
        """What the peer answers when it is given our sums."""
        asked = sums or self.ours.sums
        groups = tuple(at for at in range(GROUPS) if asked[at] != self.theirs.sums[at])
        return Differ(self.theirs.fingerprint, groups, tuple(self.theirs.entries(groups)))

    def compare(self, *wanted: bytes) -> Apart:
        self.apart = self.hearsay.compared(
            self.ours.sums, self.answer(), wanted, self.apart, self.now
        )
        self.hearsay.check_invariants()
        return self.apart

    def hear(self, key: bytes, rank: int) -> None:
        self.hearsay.hear(key, (rank,), self.now)
        self.hearsay.check_invariants()

    def is_explained(self) -> bool:
        return self.hearsay.explains(self.apart, self.theirs.fingerprint)


def compared() -> Pair:
    """A pair that has compared."""
    pair = Pair()
    assert not pair.is_explained()
    assert pair.compare() == Apart(frozenset([OURS]), frozenset([THEIRS]))
    assert pair.is_explained()
    return pair


# --- what explains a difference -----------------------------------------------------------


def test_what_either_holds_alone_may_change_where_it_is_known_or_overheard() -> None:
    pair = compared()
    for rank in range(2, 10):
        pair.ours.put(OURS, (rank,))
        assert pair.is_explained()
        pair.theirs.put(THEIRS, (rank,))
        assert not pair.is_explained()
        pair.hear(THEIRS, rank)
        assert pair.is_explained()
        pair.share(rank)
        assert pair.is_explained()


def test_what_was_not_overheard_is_learnt_by_comparing() -> None:
    pair = compared()
    pair.theirs.put(THEIRS, (7,))
    assert not pair.is_explained()
    assert pair.compare() == Apart(frozenset([OURS]), frozenset([THEIRS]))
    assert pair.is_explained()


def test_what_is_learnt_of_one_peer_is_known_of_all_that_hold_it() -> None:
    pair = compared()
    other, pair.apart = pair.apart, EQUAL
    pair.theirs.put(THEIRS, (7,))
    pair.compare()
    assert pair.hearsay.explains(other, pair.theirs.fingerprint)


def test_something_that_is_lacking_is_never_explained() -> None:
    pair = compared()
    pair.theirs.put(LACKING, (1,))
    for rank in range(2, 10):
        pair.ours.put(OURS, (rank,))
        pair.theirs.put(THEIRS, (rank,))
        pair.hear(THEIRS, rank)
        pair.share(rank)
        assert not pair.is_explained()
    pair.ours.put(LACKING, (1,))
    assert pair.is_explained()


def test_what_is_pulled_now_will_not_stand_between_us() -> None:
    pair = Pair()
    pair.theirs.put(LACKING, (1,))
    pair.theirs.put(SHARED, (2,))
    assert pair.compare(LACKING, SHARED) == Apart(frozenset([OURS]), frozenset([THEIRS]))
    assert not pair.is_explained()
    pair.ours.put(LACKING, (1,))
    assert not pair.is_explained()
    pair.ours.put(SHARED, (2,))
    assert pair.is_explained()


def test_who_is_behind_lacks_nothing_that_we_could_give_it_by_comparing() -> None:
    pair = compared()
    for rank in (2, 3, 4):
        pair.ours.put(SHARED, (rank,))
        pair.ours.put(OURS, (rank,))
        pair.hear(THEIRS, rank)
        pair.hear(b"s/elsewhere", rank)
        assert pair.is_explained()
    pair.theirs.put(SHARED, (3,))
    assert not pair.is_explained()  # It would have had the other before that.
    pair.theirs.put(THEIRS, (3,))
    assert pair.is_explained()


def test_who_is_behind_as_we_compare_is_expected_to_follow() -> None:
    pair = Pair()
    pair.ours.put(SHARED, (2,))
    assert pair.compare() == Apart(frozenset([OURS]), frozenset([THEIRS]))
    assert pair.is_explained()
    pair.theirs.put(SHARED, (2,))
    assert pair.is_explained()


def test_once_something_was_dropped_the_past_explains_nothing() -> None:
    pair = compared()
    pair.share(2)
    shown = pair.theirs.fingerprint
    pair.ours.drop(SHARED)
    assert not pair.hearsay.explains(pair.apart, shown)
    pair.ours.put(SHARED, (1,))
    assert not pair.hearsay.explains(pair.apart, shown)


def test_what_was_too_long_ago_explains_nothing() -> None:
    pair = compared()
    for rank in range(2, CHANGES_MAX + 2):
        pair.ours.put(SHARED, (rank,))
        assert pair.is_explained()
    pair.ours.put(SHARED, (CHANGES_MAX + 2,))
    assert not pair.is_explained()


def test_what_is_held_at_a_lower_rank_and_not_taken_anew_is_both_sides_own() -> None:
    pair = compared()
    pair.theirs.put(SHARED, (5,))  # Its key has expired here, say.
    assert pair.compare() == Apart(frozenset([OURS, SHARED]), frozenset([THEIRS, SHARED]))
    assert pair.is_explained()
    pair.theirs.put(SHARED, (6,))
    pair.hear(SHARED, 6)
    assert pair.is_explained()


def test_what_a_peer_does_not_list_for_us_is_a_rest_that_stays() -> None:
    pair = Pair()
    pair.theirs.put(b"s/hidden", (1,))
    whole = pair.answer()
    entries = tuple(each for each in whole.entries if each.key != b"s/hidden")
    listed = Differ(whole.fingerprint, whole.groups, entries)
    pair.apart = pair.hearsay.compared(pair.ours.sums, listed, (), EQUAL, 0)
    assert pair.apart.rest
    assert pair.is_explained()
    pair.ours.put(OURS, (2,))
    assert pair.is_explained()
    pair.theirs.put(b"s/hidden", (2,))
    assert not pair.is_explained()


def test_what_changed_here_while_the_question_was_under_way_is_no_rest() -> None:
    pair = Pair()
    sums, answer = pair.ours.sums, pair.answer()
    pair.ours.put(SHARED, (2,))
    pair.apart = pair.hearsay.compared(sums, answer, (), EQUAL, 0)
    assert pair.apart == Apart(frozenset([OURS]), frozenset([THEIRS]))
    assert pair.is_explained()
    pair.theirs.put(SHARED, (2,))
    assert pair.is_explained()


def test_of_more_than_is_remembered_only_the_sum_is() -> None:
    for side in ("ours", "theirs"):
        pair = Pair()
        pair.theirs.put(LACKING, (1,))
        index = pair.ours if side == "ours" else pair.theirs
        for number in range(UNSHARED_MAX):
            index.put(b"s/%d" % number, (1,))
        apart = pair.compare(LACKING)
        assert (apart.ours, apart.theirs) == (frozenset(), frozenset())
        assert not pair.is_explained()
        pair.ours.put(LACKING, (1,))
        assert pair.is_explained()
        pair.share(2)
        assert pair.is_explained()
        index.put(b"s/0", (2,))
        index.put(b"s/1", (2,))
        assert pair.is_explained() == (side == "ours")  # It shows no more than it did before.


def test_more_than_is_remembered_changes_nothing_where_it_came_late() -> None:
    pair = compared()
    before = pair.apart
    for number in range(UNSHARED_MAX):
        pair.theirs.put(b"s/%d" % number, (1,))
    sums, answer = pair.ours.sums, pair.answer()
    pair.ours.put(SHARED, (2,))
    assert pair.hearsay.compared(sums, answer, (), before, 0) is before


# --- hearsay -----------------------------------------------------------------------------


def test_of_what_is_overheard_the_higher_rank_counts() -> None:
    pair = compared()
    pair.theirs.put(THEIRS, (5,))
    pair.hear(THEIRS, 5)
    pair.hear(THEIRS, 3)
    assert pair.is_explained()


def test_a_rank_that_nobody_has_counts_until_one_who_should_have_it_says_otherwise() -> None:
    pair = compared()
    pair.hear(THEIRS, 1 << 60)
    pair.theirs.put(THEIRS, (2,))
    pair.now += SPREADS
    pair.compare()
    assert not pair.is_explained()  # It may have been on its way.
    pair.now += 1
    pair.compare()
    assert pair.is_explained()
    pair.theirs.put(THEIRS, (3,))
    pair.hear(THEIRS, 3)
    assert pair.is_explained()


def test_what_is_remembered_is_bounded_and_what_was_heard_last_stays() -> None:
    pair = Pair()
    for number in range(OVERHEARD_MAX + 9):
        pair.hearsay.hear(b"s/%d" % number, (1,), number * SECOND)
    pair.hearsay.check_invariants()
    assert len(pair.hearsay) == OVERHEARD_MAX


# --- any history ---------------------------------------------------------------------------

MOVES = st.lists(st.tuples(st.sampled_from("SOTH"), st.integers(0, 2)), max_size=25)


@given(before=MOVES, after=MOVES, is_lacking=st.booleans())
def test_whatever_changes_only_what_is_lacking_is_not_explained(
    before: list[tuple[str, int]], after: list[tuple[str, int]], *, is_lacking: bool
) -> None:
    pair = Pair()
    _play(pair, [(kind, number) for kind in "SOT" for number in range(3)], 1)
    _play(pair, before, 50)
    pair.compare()
    if is_lacking:
        pair.theirs.put(LACKING, (1,))
    _play(pair, after, 100)
    assert pair.is_explained() != is_lacking


def _play(pair: Pair, moves: Iterable[tuple[str, int]], rank: int) -> None:
    """S: something shared changes; O, T: what we, or they, hold alone; H: what neither holds."""
    for kind, number in moves:
        rank += 1
        key = b"s/%s%d" % (kind.encode(), number)
        if kind in "SO":
            pair.ours.put(key, (rank,))
        if kind in "ST":
            pair.theirs.put(key, (rank,))
        if kind in "TH":
            pair.hear(key, rank)
