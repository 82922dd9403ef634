"""Pinging for others."""

import pytest

from failure_detect.clock import MILLISECOND, NEVER, Instant
from simulations.baseline.config import MemberlistConfig, lifeguard, memberlist_lan
from simulations.baseline.proxy import Proxy
from simulations.baseline.wire import Ack, Nack, Ping, PingReq
from tests.simulations.baseline.stage import ME, address_of, member_id, sent, station_of

T: Instant = 1_000
ASKED = PingReq(77, bytes((10, 0, 0, 2)), 7946, b"n2", True, bytes((10, 0, 0, 1)), 7946, b"n1")


def proxy_of(config: MemberlistConfig | None = None) -> Proxy:
    return Proxy(station_of(4, config or memberlist_lan()))


def test_it_pings_in_its_own_name_and_passes_the_ack_on() -> None:
    proxy = proxy_of()
    [(to, [ping])] = sent(proxy.on_request(ASKED, member_id(1), T))
    assert to == member_id(2)
    assert ping == Ping(1, b"n2", bytes((10, 0, 0, 0)), 7946, ME)
    assert sent(proxy.on_ack(1)) == [(member_id(1), [Ack(77)])]
    assert proxy.on_ack(1) == []
    assert proxy.advance(T + 500 * MILLISECOND) == []
    assert proxy.deadline == NEVER


@pytest.mark.parametrize(("config", "delay"), [(memberlist_lan(), 500), (lifeguard(), 400)])
def test_it_says_that_it_heard_nothing(config: MemberlistConfig, delay: int) -> None:
    proxy = proxy_of(config)
    proxy.on_request(ASKED, member_id(1), T)
    at = T + delay * MILLISECOND
    assert proxy.deadline == at
    assert proxy.advance(at - 1) == []
    assert sent(proxy.advance(at)) == [(member_id(1), [Nack(77)])]


def test_an_ack_after_an_early_nack_is_passed_on_and_after_the_timeout_is_not() -> None:
    proxy = proxy_of(lifeguard())
    proxy.on_request(ASKED, member_id(1), T)
    proxy.on_request(ASKED, member_id(1), T)
    proxy.advance(T + 400 * MILLISECOND)
    assert len(proxy.on_ack(1)) == 1
    assert proxy.deadline == T + 500 * MILLISECOND
    assert proxy.advance(T + 500 * MILLISECOND) == []
    assert proxy.on_ack(2) == []


def test_no_nack_where_none_was_asked_for_or_none_is_known() -> None:
    for config, request in (
        (memberlist_lan(), ASKED._replace(nack=False)),
        (MemberlistConfig(nack_percent=0), ASKED),
    ):
        proxy = proxy_of(config)
        proxy.on_request(request, member_id(1), T)
        assert proxy.advance(T + 500 * MILLISECOND) == []


def test_an_unknown_asker_is_answered_where_it_says() -> None:
    proxy = proxy_of()
    request = ASKED._replace(source=b"n9", source_address=bytes((10, 9, 9, 9)), source_port=5)
    proxy.on_request(request, member_id(9), T)
    [order] = proxy.on_ack(1)
    assert sent([order])[0][0] == member_id(9)
    assert getattr(order, "address", None) == "10.9.9.9:5"


def test_addresses_of_odd_length_are_not_pinged() -> None:
    proxy = proxy_of()
    assert proxy.on_request(ASKED._replace(target=b"abc"), member_id(1), T) == []
    assert proxy.on_request(ASKED._replace(source_address=b""), member_id(1), T) == []


def test_pings_go_to_the_address_that_was_given() -> None:
    [order] = proxy_of().on_request(ASKED, member_id(1), T)
    assert getattr(order, "address", None) == address_of(2)
