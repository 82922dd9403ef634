"""Strangers share what there is, and one of them cannot take it all."""

import pytest

from agent.wire.budgets import Allowance, Asked, StrangerLimits, Strangers, host_of
from failure_detect.clock import SECOND
from failure_detect.identity import Address

LIMITS = StrangerLimits(
    hellos=Allowance(5, 20), words=Allowance(1, 1), hosts=8, proofs=Allowance(2, 3)
)


def source(number: int, port: int = 1) -> Address:
    return Address(f"192.0.2.{number}:{port}")


def test_one_host_has_its_share_whatever_port_it_uses() -> None:
    strangers = Strangers(LIMITS)
    asked = [strangers.may(Asked.HELLO, source(1, port), 0) for port in range(30)]
    assert asked == [True] * 10 + [False] * 20
    assert strangers.may(Asked.HELLO, source(2), 0)
    assert [strangers.may(Asked.HELLO, source(1), SECOND) for _ in range(6)] == [True] * 5 + [False]


def test_all_hosts_together_have_theirs() -> None:
    strangers = Strangers(LIMITS)
    asked = [strangers.may(Asked.HELLO, source(number), 0) for number in range(100)]
    assert sum(asked) == 40
    assert strangers.may(Asked.HELLO, source(101), SECOND)


def test_one_thing_that_is_asked_costs_nothing_of_another() -> None:
    strangers = Strangers(LIMITS)
    assert sum(strangers.may(Asked.WORD, source(1), 0) for _ in range(10)) == 2
    assert strangers.may(Asked.PROOF, source(1), 0)


def test_hosts_are_kept_account_of_within_bounds() -> None:
    strangers = Strangers(LIMITS)
    for number in range(200):
        strangers.may(Asked.HELLO, source(number), number * SECOND)
    assert strangers.hosts == 8


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("192.0.2.1:1", "192.0.2.1:2", True),
        ("192.0.2.1:1", "192.0.2.2:1", False),
        ("[2001:db8::1]:1", "[2001:db8:0:0:ffff::1]:1", True),
        ("[2001:db8:0:1::1]:1", "[2001:db8::1]:1", False),
        ("[1::2:3:4:5:6:7]:1", "[1:0:2:3::]:1", True),
        ("[nonsense]:1", "[nonsense]:2", True),
    ],
)
def test_a_host_is_an_ipv4_address_or_a_network_of_ipv6(one: str, other: str, is_one: bool) -> None:
    assert (host_of(Address(one)) == host_of(Address(other))) == is_one
