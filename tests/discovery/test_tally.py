"""Counting records: the same verdict as decoding, and the counts of what decodes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.endpoints import (
    Endpoint,
    EndpointPort,
    EndpointRecord,
    decode_endpoints,
    encode_endpoints,
    is_address_of_pod,
)
from discovery.fields import packed
from discovery.refusals import Refused
from discovery.tally import ZoneCount, shared, tally_endpoints, tally_of, total_tally

NODES = st.sampled_from(["", "n1", "n2", "n3"])
ENDPOINTS = st.builds(
    Endpoint,
    address=st.one_of(st.ip_addresses(v=4, network="0.0.0.0/0"), st.ip_addresses(v=6))
    .filter(lambda each: is_address_of_pod(each.packed))
    .map(str),
    ready=st.booleans(),
    serving=st.booleans(),
    terminating=st.booleans(),
    node=NODES,
    zone=st.sampled_from(["", "z1", "z2"]),
    hostname=st.sampled_from(["", "", "", "h"]),
)
RECORDS = st.lists(ENDPOINTS, max_size=16, unique_by=lambda each: each.address).map(
    lambda each: EndpointRecord((EndpointPort("http", 80),), tuple(each))
)


@given(RECORDS, st.frozensets(NODES))
def test_counts_are_those_of_the_decoded_endpoints(
    record: EndpointRecord, down: frozenset[str]
) -> None:
    counted = tally_endpoints(encode_endpoints(record), "record", down)
    assert counted == tally_of(record.endpoints, down)
    assert sum(each.total for each in counted) == len(record.endpoints)
    ready = [each for each in record.endpoints if each.ready and each.node not in down]
    assert sum(each.ready for each in counted) == len(ready)
    assert [each.zone for each in counted] == sorted({each.zone for each in record.endpoints})


ANYTHING: st.SearchStrategy[object] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 5)
    | st.sampled_from([b"\x0a\0\0\1", b"\x0a\0\0\2", b"\1" * 16, b"xx", "n1", "Bad Node", "z1"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=1), inner),
    max_leaves=6,
)
ROWS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(
                [b"\x0a\0\0\1", b"\x0a\0\0\2", b"\x0a\0\0\3", b"bad", bytes(4), b"\xe0\0\0\1"]
            )
            | ANYTHING,
            st.integers(0, 7) | ANYTHING,
            st.sampled_from(["n1", "", "Bad Node"]) | ANYTHING,
            st.sampled_from([None, 0, 1, 2]) | ANYTHING,
        ),
        ANYTHING,
    ),
    max_size=4,
)


def verdict(read: object) -> object:
    assert callable(read)
    try:
        return read()
    except Refused as refused:
        return refused.reason, refused.what


@given(
    st.fixed_dictionaries(
        {"e": ROWS | ANYTHING, "z": st.sampled_from([["z1"], ["z1", "z2"], None]) | ANYTHING},
        optional={"p": ANYTHING},
    )
)
def test_what_decoding_refuses_counting_refuses_in_the_same_words(
    fields: dict[str, object],
) -> None:
    data = packed(fields)  # type: ignore[arg-type]  # whatever a peer could send
    decoded = verdict(lambda: tally_of(decode_endpoints(data, "record").endpoints))
    assert verdict(lambda: tally_endpoints(data, "record")) == decoded


@given(st.binary(max_size=64))
def test_any_bytes_are_counted_or_refused(data: bytes) -> None:
    decoded = verdict(lambda: tally_of(decode_endpoints(data, "record").endpoints))
    assert verdict(lambda: tally_endpoints(data, "record")) == decoded


@pytest.mark.parametrize("zone", [None, 0, "", {}])
def test_zones_that_are_no_array_are_refused(zone: object) -> None:
    import msgpack

    with pytest.raises(Refused):
        tally_endpoints(msgpack.packb({"e": [], "z": zone}), "record")


def test_a_node_that_is_down_takes_readiness_from_its_own_endpoints_alone() -> None:
    record = EndpointRecord(
        (),
        (
            Endpoint("10.0.0.1", node="n1", zone="z"),
            Endpoint("10.0.0.2", node="n10", zone="z"),
            Endpoint("10.0.0.3", node="n1", zone="z", ready=False),
        ),
    )
    down = frozenset({"n1"})
    assert tally_endpoints(encode_endpoints(record), "record", down) == (ZoneCount("z", 3, 1),)


def test_totals_add_up_by_zone() -> None:
    first, second = (ZoneCount("", 1, 0), ZoneCount("z", 2, 2)), (ZoneCount("z", 3, 1),)
    assert total_tally([first, second]) == (ZoneCount("", 1, 0), ZoneCount("z", 5, 3))
    assert total_tally([]) == ()


def test_equal_counts_are_one_object() -> None:
    assert shared((ZoneCount("q", 7, 3),)) is shared((ZoneCount("q", 7, 3),))
