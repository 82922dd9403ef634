"""Addresses are read as they are shown, for either family."""

import pytest

from agent.transport.addresses import for_family, join_address, literal, shown, split_address
from failure_detect.identity import Address


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("192.0.2.1:7400", "192.0.2.1", 7400),
        ("[2001:db8::1]:0", "2001:db8::1", 0),
        ("name.example:65535", "name.example", 65_535),
    ],
)
def test_an_address_is_split_and_joined(address: str, host: str, port: int) -> None:
    assert split_address(Address(address)) == (host, port)
    assert join_address(host, port) == address


@pytest.mark.parametrize("address", ["", "host", "host:", ":1", "host:x", "host:65536", "[::1]"])
def test_what_is_none_is_refused_by_its_name(address: str) -> None:
    with pytest.raises(ValueError, match=r"HOST:PORT|brackets"):
        split_address(Address(address))


def test_ipv6_without_brackets_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match="must stand in brackets"):
        split_address(Address("2001:db8::1:7400"))


@pytest.mark.parametrize(
    ("source", "address"),
    [
        (("192.0.2.1", 1), "192.0.2.1:1"),
        (("::ffff:192.0.2.1", 1, 0, 0), "192.0.2.1:1"),
        (("2001:db8::1", 1, 0, 0), "[2001:db8::1]:1"),
    ],
)
def test_a_source_is_shown_as_an_address(source: tuple[object, ...], address: str) -> None:
    assert shown(source) == address


def test_a_socket_sends_to_its_own_family_and_one_of_both_to_both() -> None:
    assert for_family("192.0.2.1", 1, is_ipv6=False) == ("192.0.2.1", 1)
    assert for_family("192.0.2.1", 1, is_ipv6=True) == ("::ffff:192.0.2.1", 1)
    assert for_family("2001:db8::1", 1, is_ipv6=True) == ("2001:db8::1", 1)
    assert for_family("2001:db8::1", 1, is_ipv6=False) is None


def test_a_name_is_no_literal() -> None:
    assert [literal(host) for host in ("192.0.2.1", "::1", "name", "")] == [
        True,
        True,
        False,
        False,
    ]
