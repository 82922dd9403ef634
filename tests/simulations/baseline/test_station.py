"""What the loops share."""

from failure_detect.events import SendDatagram
from simulations.baseline.station import Gate, Ticker
from simulations.baseline.wire import Ack, Code, Suspect
from tests.simulations.baseline.stage import address_of, member, member_id, sent, station_of

CLAIM = Suspect(1, b"n2", b"n3")


def test_news_rides_on_whatever_is_sent() -> None:
    station = station_of(4)
    station.broadcasts.put(b"n2", CLAIM.encode())
    order = station.datagram(member_id(1), address_of(1), Ack(5).encode())
    assert sent([order]) == [(member_id(1), [Ack(5), CLAIM])]


def test_without_news_a_message_is_sent_as_it_is() -> None:
    station = station_of(4)
    order = station.datagram_to(member(1), Ack(5).encode())
    assert order == SendDatagram(member_id(1), address_of(1), Ack(5).encode())


def test_gossip_has_a_checksum_and_no_further_news() -> None:
    station = station_of(4)
    station.broadcasts.put(b"n2", CLAIM.encode())
    order = station.datagram_without_news(member(1), [Ack(5).encode()])
    assert order.data[0] == Code.CHECKED
    assert sent([order]) == [(member_id(1), [Ack(5)])]
    order = station.datagram_without_news(member(1), [Ack(5).encode(), CLAIM.encode()])
    assert sent([order]) == [(member_id(1), [Ack(5), CLAIM])]


def test_a_datagram_never_exceeds_its_limit() -> None:
    station = station_of(4)
    for index in range(200):
        station.broadcasts.put(b"n%d" % index, Suspect(1, b"n%d" % index, b"n3").encode())
    assert len(station.datagram_to(member(1), Ack(5).encode()).data) <= 1_400


def test_numbers_of_pings_wrap() -> None:
    station = station_of(1)
    assert [station.next_seq(), station.next_seq()] == [1, 2]
    assert [station.next_request(), station.next_request()] == [1, 2]


def test_a_closed_gate_keeps_orders_in_their_order() -> None:
    gate = Gate()
    orders = [SendDatagram(member_id(1), address_of(1), bytes((number,))) for number in range(3)]
    assert gate.send(orders[0]) == [orders[0]]
    gate.closed = True
    assert gate.send(orders[1]) == []
    assert gate.send(orders[2]) == []
    assert gate.held == orders[1:]


def test_a_beat_that_was_missed_is_made_up_once() -> None:
    ticker = Ticker(10, 100)
    ticker.take(9)
    assert ticker.next_at == 10
    ticker.take(10)
    assert ticker.next_at == 110
    ticker.take(575)
    assert ticker.next_at == 610
