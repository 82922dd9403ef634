"""Who is believed, and for how long; what becomes of a session that one end has lost."""

from random import Random

from agent.wire.effects import Delivered, Transmit
from agent.wire.header import HEAD_BYTES, Kind, Pool, mark_of
from agent.wire.limits import WireLimits
from agent.wire.reasons import Reason
from discovery.wall_time import WallClockRead
from failure_detect.clock import SECOND
from tests.agent.wire.ends import End, Line, certificate_of
from tests.agent.wire.pairs import STRANGER, datagram, kinds, met
from tests.discovery.trusted import EAST, HOME, NOW_MS


def test_an_agent_of_another_cluster_is_let_into_wan_and_not_into_lan() -> None:
    home, east = End("one"), End("one", origin=EAST)
    line = Line(home, east)
    line.send(home, east, b"word", Pool.WAN)
    line.settle()
    assert east.delivered == [Delivered(Pool.WAN, home.member, b"word")]
    line.send(home, east, b"word", Pool.LAN)
    line.settle()
    assert home.reasons == [Reason.CERTIFICATE]
    assert len(east.delivered) == 1


def test_somebody_else_than_was_asked_is_refused_when_he_answers() -> None:
    one, two, three = End("one"), End("two"), End("three")
    line = Line(one, two, three)
    line.take(one, one.sessions.send(Pool.LAN, two.member, two.address, b"word", line.now))
    hello = line.queue.popleft().data
    line.inject(three, hello[:2] + mark_of(three.member) + hello[6:], one.address)
    line.settle()
    assert one.reasons == [Reason.WRONG_MEMBER]


def test_a_peer_of_another_version_is_refused_with_both_ranges_named() -> None:
    one, two = End("one"), End("two", versions=(2, 3))
    line = Line(one, two)
    line.send(one, two, b"word")
    line.settle()
    assert one.refused[0].reason == Reason.VERSION
    assert one.refused[0].what == "two of home speaks versions 2 to 3, this agent 1 to 1"


def test_whoever_is_not_believed_any_more_is_not_heard_any_more() -> None:
    line, one, two = met(WireLimits(recheck=60 * SECOND))
    line.now += 59 * SECOND
    data = datagram(line, one, two)
    sessions, book = two.sessions, two.book
    book.handle(WallClockRead(NOW_MS + 30 * 3_600_000))
    line.inject(two, data, one.address)
    assert two.said[-1] == b"word"
    sessions.recheck()
    line.inject(two, datagram(line, one, two), one.address)
    assert two.reasons == [Reason.CERTIFICATE]
    assert sessions.statistics().peers[Pool.LAN] == 0


def test_a_certificate_is_checked_again_after_a_while_though_nobody_asks() -> None:
    line, one, two = met(WireLimits(recheck=60 * SECOND))
    two.book.handle(WallClockRead(NOW_MS + 30 * 3_600_000))
    line.now += 60 * SECOND
    line.inject(two, datagram(line, one, two), one.address)
    assert two.reasons == [Reason.CERTIFICATE]


def test_a_renewed_certificate_is_shown_with_the_next_datagram_and_nothing_is_lost() -> None:
    line, one, two = met()
    one.sessions.renew(Pool.LAN, certificate_of(HOME, "one", one.address, start=2))
    line.seen.clear()
    line.now += 5 * SECOND
    line.send(one, two, b"word")
    line.settle()
    assert kinds(line) == [Kind.DATA, Kind.HELLO, Kind.WELCOME, Kind.PROOF, Kind.ACCEPT]
    line.send(one, two, b"more")
    line.settle()
    assert two.said[-2:] == [b"word", b"more"]
    assert kinds(line)[5:] == [Kind.DATA]


def test_who_lost_a_session_says_so_and_a_handshake_is_made_beside_it() -> None:
    line, one, two = met()
    line.now += 10 * SECOND
    two.sessions.forget(Pool.LAN, one.member)
    line.seen.clear()
    line.send(one, two, b"lost")
    line.settle()
    assert kinds(line) == [
        Kind.DATA,
        Kind.AGAIN,
        Kind.HELLO,
        Kind.WELCOME,
        Kind.PROOF,
        Kind.ACCEPT,
    ]
    line.send(one, two, b"found")
    line.settle()
    assert two.said[-1] == b"found"


def test_a_forged_word_ends_no_session_and_makes_one_handshake_at_most() -> None:
    line, one, two = met()
    data = datagram(line, one, two)
    word = bytes((1, Kind.AGAIN << 2)) + bytes(4) + data[6:16]
    made = [line.inject(one, word, STRANGER) for _ in range(50)]
    assert sum(isinstance(effects[0], Transmit) for effects in made) == 1
    line.settle()
    line.send(one, two, b"still")
    line.settle()
    assert two.said[-1] == b"still"
    other = bytes((1, Kind.AGAIN << 2)) + bytes(4) + Random(1).randbytes(10)
    line.inject(one, other, STRANGER)
    assert one.reasons[-1] == Reason.UNEXPECTED


def test_words_are_said_to_strangers_within_their_budget() -> None:
    line, one, two = met()
    data = datagram(line, one, two)
    out = [line.inject(two, data[:6] + bytes(4) + data[10:], STRANGER) for _ in range(200)]
    words = [each for effects in out for each in effects if isinstance(each, Transmit)]
    assert len(words) == 40
    assert {len(each.data) for each in words} == {HEAD_BYTES}


def test_silence_makes_a_handshake_beside_the_session_less_and_less_often() -> None:
    line, one, two = met()
    line.is_lost = lambda sent: True
    line.seen.clear()
    for _ in range(120):
        line.send(one, two, b"word")
        line.run(SECOND)
    hellos = kinds(line).count(Kind.HELLO)
    assert 8 <= hellos <= 24
    assert kinds(line).count(Kind.DATA) == 120
    line.is_lost = lambda sent: False
    line.send(one, two, b"heard")
    line.settle()
    assert two.said[-1] == b"heard"


def test_a_session_that_is_not_used_lapses_and_its_counter_does_not() -> None:
    line, one, two = met(WireLimits(idle=10 * SECOND))
    last = int.from_bytes(datagram(line, one, two)[10:16])
    line.run(11 * SECOND)
    assert one.sessions.statistics().peers[Pool.LAN] == 0
    line.seen.clear()
    line.send(one, two, b"word")
    line.settle()
    assert two.said[-1] == b"word"
    counters = [int.from_bytes(sent.data[10:16]) for sent in line.seen if sent.to == two.address]
    assert min(counter for counter in counters if counter) > last


def test_a_pool_that_is_opened_again_counts_on() -> None:
    line, one, two = met()
    last = int.from_bytes(datagram(line, one, two)[10:16])
    one.sessions.open(Pool.LAN, one.credentials(Pool.LAN))
    line.seen.clear()
    line.send(one, two, b"word")
    line.settle()
    assert two.said[-1] == b"word"
    assert int.from_bytes(line.seen[2].data[10:16]) > last


def test_the_least_used_session_gives_way_where_there_are_too_many() -> None:
    limits = WireLimits(peers=2)
    hub = End("hub", limits=limits)
    others = [End(f"other-{number}") for number in range(4)]
    line = Line(hub, *others)
    for other in others:
        line.send(other, hub, b"word")
        line.settle()
    assert hub.said == [b"word"] * 4
    assert hub.sessions.statistics().peers[Pool.LAN] == 2
