"""Items are kept by rank, bounded in number and bytes, and grow older while they are held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.index import ENTRY_KEY_BYTES_MAX
from discovery.items import BYTES_MAX, Items
from discovery.messages import Item
from discovery.overlays import OVERLAY_BYTES_MAX
from discovery.revocations import REVOCATIONS_BYTES_MAX
from discovery.wire import ITEM_BYTES_MAX

KEY = b"o/paris/1"


def test_an_item_comes_back_as_it_was_and_older() -> None:
    items = Items(4)
    assert items.put(Item(KEY, b"raw", age=30), (1,), now=100)
    assert items.item(KEY, now=100) == Item(KEY, b"raw", age=30)
    assert items.item(KEY, now=150) == Item(KEY, b"raw", age=80)
    assert items.item(b"o/rome/1", now=150) is None
    assert len(items) == 1


def test_an_item_may_be_older_than_our_clock() -> None:
    items = Items(4)
    items.put(Item(KEY, b"raw", age=1_000), (1,), now=5)
    assert items.item(KEY, now=6) == Item(KEY, b"raw", age=1_001)


def test_no_item_has_an_age_below_zero() -> None:
    items = Items(4)
    items.put(Item(KEY, b"raw"), (1,), now=5)
    assert items.item(KEY, now=4) == Item(KEY, b"raw", age=0)


@pytest.mark.parametrize(
    ("rank", "stays"), [((2,), b"old"), ((1, 9), b"old"), ((2, 0), b"new"), ((3,), b"new")]
)
def test_the_higher_rank_stays(rank: tuple[int, ...], stays: bytes) -> None:
    items = Items(4)
    items.put(Item(KEY, b"old", age=7), (2,), now=10)
    assert items.put(Item(KEY, b"new"), rank, now=20) is (stays == b"new")
    found = items.item(KEY, now=20)
    assert found is not None
    assert (found.raw, found.age) == ((b"new", 0) if stays == b"new" else (b"old", 17))


def test_too_many_are_not_held_and_those_that_are_can_still_be_replaced() -> None:
    items = Items(2)
    assert [items.put(Item(b"%d" % at, b""), (1,), 0) for at in range(3)] == [True, True, False]
    assert items.put(Item(b"0", b"new"), (2,), 0)
    assert items.drop(b"1")
    assert items.put(Item(b"2", b""), (1,), 0)
    assert len(items) == 2
    items.check_invariants()


def test_bytes_are_bounded_keys_included() -> None:
    items = Items(9, most_bytes=10)
    assert items.put(Item(b"k", bytes(4)), (1,), 0)
    assert not items.put(Item(b"l", bytes(5)), (1,), 0)
    assert items.put(Item(b"l", bytes(4)), (1,), 0)
    assert items.size_bytes == 10
    assert not items.put(Item(b"l", bytes(5)), (2,), 0)
    assert items.put(Item(b"l", b""), (2,), 0)
    assert items.put(Item(b"k", bytes(8)), (2,), 0)
    items.drop(b"k")
    assert (items.size_bytes, len(items)) == (1, 1)


def test_there_is_room_for_the_largest_overlay_of_every_bridge() -> None:
    assert BYTES_MAX >= 3 * 500 * (OVERLAY_BYTES_MAX + ENTRY_KEY_BYTES_MAX)
    assert max(OVERLAY_BYTES_MAX, REVOCATIONS_BYTES_MAX) <= ITEM_BYTES_MAX


def test_what_is_dropped_is_gone_and_may_come_back_at_any_rank() -> None:
    items = Items(4)
    items.put(Item(KEY, b"raw"), (5,), 0)
    assert items.drop(KEY)
    assert not items.drop(KEY)
    assert items.item(KEY, 0) is None
    assert items.put(Item(KEY, b"raw"), (1,), 0)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from([b"a", b"b", b"c", b"d"]),
        st.binary(max_size=6),
        st.one_of(st.none(), st.integers(0, 3)),
    ),
    max_size=30,
)


@given(operations=OPERATIONS)
def test_any_history_holds_the_highest_within_bounds(
    operations: list[tuple[bytes, bytes, int | None]],
) -> None:
    items, model = Items(3, most_bytes=12), dict[bytes, tuple[int, bytes]]()
    for key, raw, rank in operations:
        if rank is None:
            assert items.drop(key) is (model.pop(key, None) is not None)
        elif items.put(Item(key, raw), (rank,), 0):
            assert key not in model or model[key][0] < rank
            model[key] = (rank, raw)
        items.check_invariants()
        for each, (_, content) in model.items():
            assert items.item(each, 0) == Item(each, content)
        assert len(items) == len(model)
