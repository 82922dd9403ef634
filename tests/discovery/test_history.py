"""Earlier sets are kept while they are few and cost little, the current one never among them."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from discovery.history import RECORD_OVERHEAD_BYTES, History
from discovery.limits import HistoryLimits
from discovery.recordset import EMPTY, RecordSet
from tests.discovery.strategies import RAW_MAPS

FEW = HistoryLimits(versions=3, spare_bytes=1_000_000)


def numbered(count: int) -> list[RecordSet]:
    return [RecordSet.of({b"a": b"%d" % at, b"same": bytes(50)}) for at in range(count)]


def kept(history: History, sets: list[RecordSet]) -> list[bool]:
    return [history.get(each.root) is not None for each in sets]


def history_of(sets: list[RecordSet], limits: HistoryLimits = FEW) -> History:
    history = History(limits)
    for before, after in pairwise(sets):
        history.add(before, after)
    return history


def test_nothing_is_kept_at_first() -> None:
    history = History(FEW)
    assert (len(history), history.cost_bytes, history.get(EMPTY.root)) == (0, 0, None)


def test_the_oldest_go_first_and_the_current_is_not_among_them() -> None:
    sets = numbered(6)
    history = history_of(sets)
    assert kept(history, sets) == [False, False, True, True, True, False]
    assert len(history) == 3


def test_a_set_that_is_kept_comes_back_with_its_records() -> None:
    sets = numbered(3)
    found = history_of(sets).get(sets[1].root)
    assert found is sets[1]


def test_a_set_that_returns_is_the_current_one_and_no_earlier_one() -> None:
    sets = numbered(3)
    history = history_of([*sets, sets[0]])
    assert kept(history, sets) == [False, True, True]
    history = history_of([*sets, sets[0], sets[1], sets[0]])
    assert kept(history, sets) == [False, True, True]
    assert len(history) == 2


def test_an_earlier_set_costs_what_its_successor_does_not_share() -> None:
    one, two, three = (
        RecordSet.of({b"a": b"1", b"same": bytes(500)}),
        RecordSet.of({b"a": b"22", b"same": bytes(500), b"more": b"m"}),
        RecordSet.of({b"same": bytes(500)}),
    )
    assert history_of([one, two]).cost_bytes == 2 + len(b"more") + 2 * RECORD_OVERHEAD_BYTES
    assert history_of([two, three]).cost_bytes == 3 + 5 + 2 * RECORD_OVERHEAD_BYTES
    both = history_of([one, two]).cost_bytes + history_of([two, three]).cost_bytes
    assert history_of([one, two, three]).cost_bytes == both


def test_earlier_sets_may_cost_as_much_as_the_current_and_some_more() -> None:
    # Each replaces one record of 101 bytes: 229 with what it takes beside its own.
    sets = [RecordSet.of({b"a": bytes([at] * 100)}) for at in range(5)]
    most = 101 + 229
    assert len(history_of(sets, HistoryLimits(versions=9, spare_bytes=most))) == 1
    exactly = HistoryLimits(versions=9, spare_bytes=2 * 229 - 101)
    assert kept(history_of(sets, exactly), sets) == [False, False, True, True, False]
    short = HistoryLimits(versions=9, spare_bytes=2 * 229 - 101 - 1)
    assert kept(history_of(sets, short), sets) == [False, False, False, True, False]


def test_a_set_that_is_kept_already_is_counted_once() -> None:
    one, two, three = numbered(3)
    history = History(FEW)
    history.add(one, two)
    history.add(one, three)
    assert len(history) == 1
    assert history.cost_bytes == history_of([one, three]).cost_bytes


def test_what_costs_too_much_alone_is_not_kept() -> None:
    large, small = RecordSet.of({b"a": bytes(10_000)}), RecordSet.of({b"a": b""})
    history = history_of([large, small], HistoryLimits(versions=9, spare_bytes=100))
    assert (len(history), history.cost_bytes) == (0, 0)


@given(
    maps=st.lists(RAW_MAPS, max_size=12),
    versions=st.integers(1, 4),
    spare=st.integers(1, 2_000),
)
def test_it_is_bounded_and_right_whatever_was_published(
    maps: list[dict[bytes, bytes]], versions: int, spare: int
) -> None:
    sets = [RecordSet.of(each) for each in maps]
    sets = [each for at, each in enumerate(sets) if at == 0 or each != sets[at - 1]]
    history = History(HistoryLimits(versions=versions, spare_bytes=spare))
    for before, after in pairwise(sets):
        history.add(before, after)
        assert len(history) <= versions
        assert 0 <= history.cost_bytes <= after.size_bytes + spare
        assert history.get(after.root) is None
        for each in sets:
            assert history.get(each.root) in (None, each)
    roots = {each.root for each in sets}
    assert sum(history.get(root) is not None for root in roots) == len(history)


@given(maps=st.lists(RAW_MAPS, min_size=2, max_size=8))
def test_with_room_enough_all_distinct_earlier_sets_are_there(
    maps: list[dict[bytes, bytes]],
) -> None:
    sets = [RecordSet.of(each) for each in maps]
    history = history_of(sets, HistoryLimits(versions=100, spare_bytes=1 << 30))
    earlier = {each.root for each in sets} - {sets[-1].root}
    assert {root for root in earlier if history.get(root) is not None} == earlier
    assert len(history) == len(earlier)
