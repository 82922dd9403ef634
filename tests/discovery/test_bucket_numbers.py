"""Buckets are told in the shorter of two forms, and come back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.bucket_numbers import BITMAP_BYTES, BUCKETS, packed_buckets, read_buckets
from discovery.refusals import Refused
from failure_detect.packing import pack, unpack_one


@given(st.lists(st.integers(0, BUCKETS - 1), unique=True, max_size=400).map(tuple))
def test_whatever_is_told_is_read(buckets: tuple[int, ...]) -> None:
    value = unpack_one(pack([packed_buckets(buckets)]), 1 << 16)
    assert isinstance(value, tuple)
    assert read_buckets("test", value[0]) == buckets


def test_many_in_order_are_bits_and_others_a_list() -> None:
    few, many = tuple(range(170)), tuple(range(171))
    assert packed_buckets(few) == list(few)
    assert packed_buckets(many) == ((1 << 171) - 1).to_bytes(BITMAP_BYTES, "little")
    assert packed_buckets(many[::-1]) == list(many[::-1])
    assert packed_buckets(tuple(range(BUCKETS))) == b"\xff" * BITMAP_BYTES


@pytest.mark.parametrize(
    "value",
    [None, 5, "1", (1, 1), (True,), (BUCKETS,), (-1,), (1.0,), b"", bytes(511), (0,) * 4_097],
)
def test_all_else_is_refused(value: object) -> None:
    with pytest.raises(Refused):
        read_buckets("test", value)
