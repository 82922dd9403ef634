"""What zlib makes smaller comes back; what it would blow up does not come at all."""

import tracemalloc
import zlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.compression import BYTES_FREE, TIMES_MAX, believed, deflated, inflated
from discovery.refusals import Refusal, Refused
from tests.discovery.strategies import mutated

MEBIBYTE = 1 << 20


def refusal(data: bytes, most: int = 1_000) -> Refused:
    with pytest.raises(Refused) as raised:
        inflated("frame", data, most)
    return raised.value


def smaller(data: bytes) -> bytes:
    small = deflated(data)
    assert small is not None
    return small


@given(data=st.binary(max_size=2_000))
def test_anything_comes_back(data: bytes) -> None:
    assert inflated("frame", smaller(data), len(data)) == data


def test_it_is_made_smaller() -> None:
    assert len(smaller(bytes(10_000))) < 50


@pytest.mark.parametrize("noise", [0, 1, 100, 1_000])
def test_what_shrinks_further_than_is_believed_is_not_made_smaller(noise: int) -> None:
    data = Random(noise).randbytes(noise)
    low, high = 0, MEBIBYTE
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if deflated(data + bytes(middle)) is None else (middle, high)
    most, beyond = data + bytes(low), data + bytes(high)
    assert inflated("frame", smaller(most), MEBIBYTE) == most
    assert len(most) > BYTES_FREE + TIMES_MAX * noise
    assert deflated(beyond) is None
    bomb = zlib.compress(beyond, 6)
    refused = refusal(bomb, MEBIBYTE)
    assert refused.reason is Refusal.OVERSIZED
    assert refused.what == f"frame: more than {believed(len(bomb))} bytes when expanded"


@pytest.mark.parametrize("size", [1, 999, 1_000])
def test_the_bound_is_exact(size: int) -> None:
    assert len(inflated("frame", smaller(bytes(size)), size)) == size
    refused = refusal(smaller(bytes(size + 1)), size)
    assert refused.reason is Refusal.OVERSIZED
    assert refused.what == f"frame: more than {size} bytes when expanded"


WHOLE = smaller(b"what is whole")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        WHOLE[:-1],
        WHOLE[:5],
        WHOLE + b"x",
        WHOLE + WHOLE,
        WHOLE[:-1] + b"x",
        b"what is not compressed",
        zlib.compressobj(zdict=b"a dictionary").compress(b"x" * 500),
        zlib.compress(b"raw", wbits=-15),
        zlib.compress(b"gzip", wbits=31),
    ],
    ids=repr,
)
def test_what_zlib_did_not_make_is_malformed(data: bytes) -> None:
    assert refusal(data).reason is Refusal.MALFORMED


@given(data=mutated(st.binary(max_size=300).map(smaller)))
def test_damage_is_found(data: bytes) -> None:
    try:
        body = inflated("frame", data, 1_000)
    except Refused:
        return
    assert body == zlib.decompress(data)


def bomb(size: int) -> bytes:
    """Zeros, so many, as small as zlib makes them."""
    squeezer = zlib.compressobj(9)
    first, more = (
        squeezer.compress(bytes(MEBIBYTE)) + squeezer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    return first + more * (size // MEBIBYTE - 1)


def test_a_bomb_of_a_gibibyte_costs_no_more_than_the_bound() -> None:
    data = bomb(1 << 30)
    assert len(data) == pytest.approx(MEBIBYTE, rel=0.05)
    tracemalloc.start()
    refused = refusal(data, MEBIBYTE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.reason is Refusal.OVERSIZED
    assert len(data) * TIMES_MAX > MEBIBYTE
    # The bound, what zlib has not read yet, and the doubling of a buffer that grows.
    assert peak < len(data) + 3 * MEBIBYTE
