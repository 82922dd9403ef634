"""Packed records by service: keys taken apart quickly, heads that share, what a drain leaves."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.endpoints import EndpointPort
from discovery.holdings import (
    Holding,
    head_of,
    parsed,
    ports_of,
    records_of,
    shown_key,
)
from discovery.keys import RecordKey, endpoints_key, parse_key
from discovery.records import decode_export, encode_export
from discovery.refusals import Refusal, Refused
from tests.discovery.view_world import SHOP, endpoints, export

KEYS = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda word, parts: "/".join([word, *parts]).encode(),
        st.sampled_from(["endpoints", "export", "policy", "drain", "ack", "cluster", "later"]),
        st.lists(
            st.sampled_from(["shop", "web", "Shop", "", "0", "7", "07", "1048575", "1048576", "²"]),
            max_size=4,
        ),
    ),
)


def outcome(read: Callable[[bytes], RecordKey], key: bytes) -> RecordKey | tuple[Refusal, str]:
    try:
        return read(key)
    except Refused as refused:
        return refused.reason, refused.what


@given(KEYS)
def test_keys_are_read_as_the_slow_way_reads_them(key: bytes) -> None:
    assert outcome(parsed, key) == outcome(parse_key, key)


def test_all_records_of_a_service_share_its_name() -> None:
    first, second = parsed(endpoints_key(SHOP, 1)), parsed(endpoints_key(SHOP, 2))
    assert first.service is second.service


def test_heads_are_what_decodes_and_share_their_ports() -> None:
    one, other = encode_export(export(at=1)), encode_export(export(at=2, labels={"a": "b"}))
    assert head_of(one, "head") == decode_export(one, "head")
    assert head_of(other, "head") == decode_export(other, "head")
    assert head_of(one, "head").ports is head_of(other, "head").ports
    with pytest.raises(Refused):
        head_of(b"\xc1", "head")


def test_a_holding_is_empty_without_head_and_records() -> None:
    holding = Holding()
    assert holding.is_empty()
    holding.values = (b"x",)
    assert not holding.is_empty()


def test_records_are_read_on_demand() -> None:
    ((number, record),) = records_of((7,), (endpoints("10.0.0.1"),))
    assert (number, record.endpoints[0].address) == (7, "10.0.0.1")
    assert ports_of(endpoints("10.0.0.1")) == (EndpointPort("http", 8080),)


def test_a_key_is_shown_whatever_it_is() -> None:
    assert shown_key(b"export/a/b") == "record export/a/b"
    assert shown_key(b"\xff" * 300) == "record " + "\ufffd" * 120
