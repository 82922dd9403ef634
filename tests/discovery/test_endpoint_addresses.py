"""Addresses of endpoints: one spelling each, and none that can be no pod's."""

import re
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.endpoints import (
    Endpoint,
    EndpointRecord,
    decode_endpoints,
    encode_endpoints,
    is_address_of_pod,
    packed_address,
    shown_address,
)
from discovery.refusals import Refused
from tests.discovery.strategies import POD_ADDRESSES, packed_value


@given(POD_ADDRESSES)
def test_an_address_has_one_spelling(address: bytes) -> None:
    shown = shown_address(address)
    assert packed_address(shown) == address
    assert shown == str(ip_address(address))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("fd00::0a00:1", "fd00::a00:1"),
    ],
)
def test_a_longer_spelling_becomes_the_canonical_one(written: str, shown: str) -> None:
    data = encode_endpoints(EndpointRecord((), (Endpoint(written),)))
    assert decode_endpoints(data, "record").endpoints == (Endpoint(shown),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0",
        "10.0.0.01",
        "10.0.0.1/32",
        "10.0.0.256",
        " 10.0.0.1",
        "a",
        "fe80::1%eth0",
        "::g",
    ],
)
def test_what_is_no_address_of_one_host_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        packed_address(text)
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        encode_endpoints(EndpointRecord((), (Endpoint(text),)))


FORBIDDEN = [
    "0.0.0.0",  # noqa: S104  nothing is bound to it
    "169.254.169.254",
    "224.0.0.1",
    "239.255.255.255",
    "255.255.255.255",
    "::",
    "ff02::1",
    "fe80::1",
    "febf::1",
    "::ffff:10.0.0.1",
]
ALLOWED = [
    "0.0.0.1",
    "127.0.0.1",
    "169.253.255.255",
    "169.255.0.0",
    "223.255.255.255",
    "240.0.0.1",  # Pods have such addresses at some providers.
    "255.255.255.254",
    "::1",
    "::ffff",
    "::fffe:10.0.0.1",
    "fec0::1",
    "fd00::1",
    "fe7f::1",
]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_an_address_that_can_be_no_pods_is_refused(text: str) -> None:
    address = ip_address(text).packed
    assert not is_address_of_pod(address)
    with pytest.raises(Refused, match=r"record\.e: has .*, which can be no pod's address$"):
        decode_endpoints(packed_value({"e": [(address, 3, "", None)]}), "record")
    with pytest.raises(ValueError, match=r"endpoints\.e: has .* no pod's address"):
        encode_endpoints(EndpointRecord((), (Endpoint(text),)))


@pytest.mark.parametrize("text", ALLOWED)
def test_addresses_next_to_those_are_taken(text: str) -> None:
    assert is_address_of_pod(ip_address(text).packed)
    shown = str(ip_address(text))
    each = EndpointRecord((), (Endpoint(shown),))
    assert decode_endpoints(encode_endpoints(each), "record") == each


@given(st.one_of(st.ip_addresses()))
def test_special_addresses_are_those_of_the_standard_library(address: object) -> None:
    found = ip_address(str(address))
    mapped = getattr(found, "ipv4_mapped", None)
    expected = (
        found.is_unspecified
        or found.is_link_local
        or found.is_multicast
        or mapped is not None
        or str(found) == "255.255.255.255"
    )
    assert is_address_of_pod(found.packed) is not expected
