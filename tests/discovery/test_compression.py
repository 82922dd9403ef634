"""What zlib makes smaller comes back; what it would blow up does not come at all."""

import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.compression import deflated, inflated
from discovery.refusals import Refusal, Refused
from tests.discovery.strategies import mutated

MEBIBYTE = 1 << 20


def refusal(data: bytes, most: int = 1_000) -> Refused:
    with pytest.raises(Refused) as raised:
        inflated("frame", data, most)
    return raised.value


@given(data=st.binary(max_size=2_000))
def test_anything_comes_back(data: bytes) -> None:
    assert inflated("frame", deflated(data), len(data)) == data


def test_it_is_made_smaller() -> None:
    assert len(deflated(bytes(10_000))) < 50


@pytest.mark.parametrize("size", [1, 999, 1_000])
def test_the_bound_is_exact(size: int) -> None:
    assert len(inflated("frame", deflated(bytes(size)), size)) == size
    refused = refusal(deflated(bytes(size + 1)), size)
    assert refused.reason is Refusal.OVERSIZED
    assert refused.what == f"frame: more than {size} bytes when expanded"


WHOLE = deflated(b"what is whole")


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


@given(data=mutated(st.binary(max_size=300).map(deflated)))
def test_damage_is_found(data: bytes) -> None:
    try:
        body = inflated("frame", data, 1_000)
    except Refused:
        return
    assert body == zlib.decompress(data)


def bomb(size: int) -> bytes:
    """Zeros, so many, as small as zlib makes them."""
    squeezer = zlib.compressobj(9)
    pieces = [squeezer.compress(bytes(MEBIBYTE)) for _ in range(size // MEBIBYTE)]
    return b"".join(pieces) + squeezer.flush()


def test_a_bomb_of_a_gibibyte_costs_no_more_than_the_bound() -> None:
    data = bomb(1 << 30)
    assert len(data) == pytest.approx(MEBIBYTE, rel=0.01)
    tracemalloc.start()
    refused = refusal(data, MEBIBYTE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.reason is Refusal.OVERSIZED
    # The bound, what zlib has not read yet, and the doubling of a buffer that grows.
    assert peak < len(data) + 3 * MEBIBYTE
