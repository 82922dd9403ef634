"""A head is sixteen bytes, says what it says, and everything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.header import (
    COUNTER_MAX,
    HEAD_BYTES,
    INNER_BYTES,
    TAG_MAX,
    VERSIONS,
    Head,
    Kind,
    Pool,
    hopped,
    inner,
    mark_of,
    read_head,
    write_head,
)
from agent.wire.reasons import Reason, WireRefused
from failure_detect.identity import MemberId

HEADS = st.builds(
    Head,
    kind=st.sampled_from(Kind),
    pool=st.sampled_from(Pool),
    mark=st.binary(min_size=4, max_size=4),
    tag=st.integers(0, TAG_MAX),
    counter=st.integers(0, COUNTER_MAX),
    is_hop=st.booleans(),
    version=st.just(VERSIONS[1]),
)


@given(HEADS, st.binary(max_size=20))
def test_what_is_written_is_read(head: Head, rest: bytes) -> None:
    data = write_head(head)
    assert len(data) == HEAD_BYTES
    assert read_head(data + rest) == head


def test_the_bytes_stay_the_same_over_versions() -> None:
    head = Head(Kind.DATA, Pool.WAN, b"mark", tag=0x01020304, counter=5, is_hop=True)
    assert write_head(head).hex() == "01176d61726b01020304000000000005"


@given(st.binary(max_size=40))
def test_any_bytes_give_a_head_or_a_refusal(data: bytes) -> None:
    try:
        read: Head | Reason = read_head(data)
    except WireRefused as refused:
        read = refused.reason
    if isinstance(read, Head):
        assert write_head(read) == data[:HEAD_BYTES]
    else:
        assert read in (Reason.MALFORMED, Reason.VERSION)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(15), Reason.MALFORMED),
        (bytes(16), Reason.VERSION),
        (bytes((2, *bytes(15))), Reason.VERSION),
        (bytes((1, 6 << 2, *bytes(14))), Reason.MALFORMED),
        (bytes((1, 0x80, *bytes(14))), Reason.MALFORMED),
    ],
)
def test_what_is_no_head_is_refused_by_its_reason(data: bytes, reason: Reason) -> None:
    with pytest.raises(WireRefused) as caught:
        read_head(data)
    assert caught.value.reason == reason


@given(HEADS)
def test_what_is_repeated_inside_leaves_out_the_hop_alone(head: Head) -> None:
    data = write_head(head)
    assert inner(data) == inner(hopped(data)) == write_head(head._replace(is_hop=False))[:10]
    assert len(inner(data)) == INNER_BYTES
    assert read_head(hopped(data)) == head._replace(is_hop=True)


def test_a_mark_is_the_beginning_of_a_member_id() -> None:
    assert mark_of(MemberId(bytes(range(32)))) == bytes(range(4))
