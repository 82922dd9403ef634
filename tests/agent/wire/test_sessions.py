"""Two sessions find to each other over a line that loses, and everything forged is refused."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.effects import Delivered, Forward, Refused, Transmit
from agent.wire.handshake import HELLO_BYTES
from agent.wire.header import HEAD_BYTES, Kind, Pool, hopped, mark_of
from agent.wire.limits import WireLimits
from agent.wire.reasons import Reason
from agent.wire.sessions import Sessions
from discovery.wall_time import WallClockRead
from failure_detect.clock import SECOND
from failure_detect.identity import Address, short_id
from tests.agent.wire.ends import End, Line, Sent, certificate_of, entropy_of
from tests.discovery.trusted import EAST, HOME, NOW_MS

STRANGER = Address("198.51.100.9:999")


def pair(limits: WireLimits | None = None) -> tuple[Line, End, End]:
    one, two = End("one", limits=limits), End("two", limits=limits)
    return Line(one, two), one, two


def met(limits: WireLimits | None = None) -> tuple[Line, End, End]:
    """Two ends that have a session, and said one word each."""
    line, one, two = pair(limits)
    line.send(one, two, b"first")
    line.settle()
    line.send(two, one, b"second")
    line.settle()
    assert (one.said, two.said) == ([b"second"], [b"first"])
    return line, one, two


def kinds(line: Line) -> list[Kind]:
    return [Kind(sent.data[1] >> 2) for sent in line.seen]


def test_the_first_datagram_is_delivered_after_a_handshake_and_the_next_at_once() -> None:
    line, one, two = met()
    hello, welcome, proof, accept, data, answer = line.seen
    assert kinds(line) == [
        Kind.HELLO,
        Kind.WELCOME,
        Kind.PROOF,
        Kind.ACCEPT,
        Kind.DATA,
        Kind.DATA,
    ]
    assert len(hello.data) == HELLO_BYTES > len(welcome.data)
    assert two.delivered == [Delivered(Pool.LAN, one.member, b"first")]
    assert len(data.data) == len(b"first") + 42
    assert {each.refused == [] for each in (one, two)} == {True}
    assert (proof.to, accept.to, answer.to) == (two.address, one.address, one.address)


def test_what_waits_for_a_handshake_is_sent_in_order() -> None:
    line, one, two = pair()
    for word in (b"1", b"2", b"3"):
        line.send(one, two, word)
    line.settle()
    assert two.said == [b"1", b"2", b"3"]


def test_the_oldest_gives_way_where_too_much_waits() -> None:
    line, one, two = pair(WireLimits(queue=2))
    for word in (b"1", b"2", b"3"):
        line.send(one, two, word)
    assert one.reasons == [Reason.QUEUE]
    line.settle()
    assert two.said == [b"2", b"3"]


def test_both_may_begin_at_once() -> None:
    line, one, two = pair()
    line.send(one, two, b"to two")
    line.send(two, one, b"to one")
    line.settle()
    assert (one.said, two.said) == ([b"to one"], [b"to two"])
    line.send(one, two, b"more")
    line.send(two, one, b"more")
    line.settle()
    assert (one.said[-1], two.said[-1], one.refused, two.refused) == (b"more", b"more", [], [])


@given(st.integers(0, 2**32), st.integers(0, 60))
def test_a_lossy_line_is_overcome(seed: int, percent: int) -> None:
    line, one, two = pair()
    dice = Random(seed)
    line.is_lost = lambda sent: dice.randrange(100) < percent
    for number in range(60):
        line.send(one, two, b"%d" % number)
        line.send(two, one, b"%d" % number)
        line.run(SECOND // 2)
    line.is_lost = lambda sent: False
    line.run(20 * SECOND)
    line.send(one, two, b"last")
    line.send(two, one, b"last")
    line.settle()
    assert (one.said[-1], two.said[-1]) == (b"last", b"last")
    assert len(set(one.said)) == len(one.said)
    assert len(set(two.said)) == len(two.said)


def test_a_member_that_never_answers_is_given_up_and_what_waited_is_counted() -> None:
    line, one, two = pair()
    line.is_lost = lambda sent: True
    line.send(one, two, b"lost")
    line.run(30 * SECOND)
    assert one.refused == [Refused(Reason.NO_ANSWER, two.address, "1 datagrams were dropped")]
    assert kinds(line) == [Kind.HELLO] * 4
    assert one.sessions.statistics().attempts == {Pool.LAN: 0, Pool.WAN: 0}


def test_each_datagram_is_delivered_once_and_reordering_within_the_window_is_borne() -> None:
    line, one, two = met()
    for number in range(20):
        line.send(one, two, b"%d" % number)
    sent = list(line.queue)
    line.queue.clear()
    Random(1).shuffle(sent)
    for each in sent:
        line.inject(two, each.data, each.source)
    assert sorted(two.said[1:], key=int) == [b"%d" % number for number in range(20)]
    for each in sent:
        effects = line.inject(two, each.data, each.source)
        assert effects == [Refused(Reason.REPLAY, one.address, "came before, or too late to tell")]


def test_what_is_older_than_the_window_is_refused() -> None:
    line, one, two = met(WireLimits(window=64))
    line.send(one, two, b"late")
    late = line.queue.popleft()
    for _ in range(64):
        line.send(one, two, b"newer")
    line.settle()
    line.inject(two, late.data, late.source)
    assert two.reasons == [Reason.REPLAY]


def datagram(line: Line, sender: End, to: End, pool: Pool = Pool.LAN) -> bytes:
    line.send(sender, to, b"word", pool)
    return line.queue.pop().data


@given(st.integers(0, 8 * (42 + 4) - 1))
def test_every_bit_of_a_sealed_datagram_matters_but_the_hop_bit(bit: int) -> None:
    line, one, two = met()
    data = bytearray(datagram(line, one, two))
    data[bit // 8] ^= 1 << bit % 8
    before = len(two.delivered)
    effects = line.inject(two, bytes(data), one.address)
    if bit == 8 + 1:
        assert effects == [Delivered(Pool.LAN, one.member, b"word")]
    else:
        assert len(two.delivered) == before
        assert isinstance(effects[0], Refused)


@pytest.mark.parametrize(
    ("place", "flip", "reason"),
    [
        (0, 2, Reason.VERSION),
        (1, 1, Reason.UNKNOWN_TAG),
        (1, 1 << 5, Reason.MALFORMED),
        (2, 1, Reason.NOT_OURS),
        (6, 1, Reason.UNKNOWN_TAG),
        (15, 64, Reason.SEAL),
        (20, 1, Reason.SEAL),
        (-1, 1, Reason.SEAL),
    ],
)
def test_what_was_altered_is_refused_by_its_reason(place: int, flip: int, reason: Reason) -> None:
    line, one, two = met()
    data = bytearray(datagram(line, one, two))
    data[place] ^= flip
    line.inject(two, bytes(data), one.address)
    assert two.reasons == [reason]


@pytest.mark.parametrize("length", [*range(0, 46, 5), 45])
def test_what_was_cut_is_refused(length: int) -> None:
    line, one, two = met()
    data = datagram(line, one, two)[:length]
    line.inject(two, data, one.address)
    assert two.reasons == [Reason.MALFORMED if length < 42 else Reason.SEAL]


def test_what_is_reflected_to_its_sender_is_refused() -> None:
    line, one, two = met()
    data = datagram(line, one, two)
    line.inject(one, data, two.address)
    line.inject(one, data[:2] + mark_of(one.member) + data[6:], two.address)
    assert one.reasons == [Reason.NOT_OURS, Reason.UNKNOWN_TAG]
    tag = datagram(line, two, one)[6:10]
    line.inject(one, data[:2] + mark_of(one.member) + tag + data[10:], two.address)
    assert one.reasons[-1] == Reason.SEAL


def test_what_belongs_to_one_pool_is_worth_nothing_in_the_other() -> None:
    line, one, two = met()
    line.send(one, two, b"first", Pool.WAN)
    line.settle()
    wan_tag = datagram(line, one, two, Pool.WAN)[6:10]
    lan = datagram(line, one, two)
    line.inject(two, lan[:1] + bytes((lan[1] | 1,)) + lan[2:], one.address)
    line.inject(two, lan[:1] + bytes((lan[1] | 1,)) + lan[2:6] + wan_tag + lan[10:], one.address)
    assert two.reasons == [Reason.UNKNOWN_TAG, Reason.SEAL]


def test_a_pool_that_is_not_open_takes_nothing() -> None:
    one, two = End("one"), End("two", pools=(Pool.LAN,))
    line = Line(one, two)
    line.send(one, two, b"word", Pool.WAN)
    line.send(two, one, b"word", Pool.WAN)
    line.settle()
    assert two.reasons == [Reason.NO_POOL, Reason.NO_POOL]
    two.sessions.open(Pool.WAN, two.credentials(Pool.WAN))
    line.run(SECOND)
    assert two.said == [b"word"]


# --- bytes of strangers -------------------------------------------------------------------------


@given(st.binary(max_size=1_300))
def test_arbitrary_bytes_never_raise_and_never_deliver(data: bytes) -> None:
    line, _, two = met()
    before = len(two.delivered)
    for shaped in (data, bytes((1,)) + data, bytes((1, 20)) + mark_of(two.member) + data):
        out = line.inject(two, shaped, STRANGER)
        assert sum(len(each.data) for each in out if isinstance(each, Transmit)) <= len(shaped)
    assert len(two.delivered) == before


@given(st.data())
def test_no_more_goes_to_a_source_that_proved_nothing_than_came_from_it(
    data: st.DataObject,
) -> None:
    line, one, two = met()
    seen = [*(sent.data for sent in line.seen), datagram(line, one, two)]
    for _ in range(5):
        raw = bytearray(data.draw(st.sampled_from(seen)))
        for place in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=4)):
            raw[place] ^= data.draw(st.integers(1, 255))
        cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
        effects = line.inject(two, cut, STRANGER)
        out = [each for each in effects if isinstance(each, Transmit | Forward)]
        assert sum(len(each.data) for each in out) <= len(cut)
        assert all(each.address == STRANGER for each in out if isinstance(each, Transmit))


def test_strangers_who_say_hello_too_often_are_not_answered() -> None:
    line, one, two = pair()
    line.send(one, two, b"word")
    hello = line.queue.popleft().data
    out = [line.inject(two, hello, STRANGER) for _ in range(1_000)]
    answered = [effects for effects in out if isinstance(effects[0], Transmit)]
    assert len(answered) == 500
    assert two.reasons == [Reason.BUDGET] * 500
    assert two.sessions.statistics().peers[Pool.LAN] == 0
    assert isinstance(line.inject(two, hello, one.address)[0], Transmit)


def test_nothing_is_kept_and_nothing_verified_for_who_has_no_cookie() -> None:
    line, one, two = pair()
    line.send(one, two, b"word")
    line.step()
    line.step()
    proof = line.queue.popleft().data
    line.inject(two, proof, STRANGER)
    altered = proof[:40] + bytes((proof[40] ^ 1,)) + proof[41:]
    line.inject(two, altered, one.address)
    assert two.reasons == [Reason.COOKIE, Reason.COOKIE]
    line.now += 31 * SECOND
    line.inject(two, proof, one.address)
    assert two.reasons[-1] == Reason.COOKIE
    assert two.sessions.statistics().peers[Pool.LAN] == 0


def test_a_proof_that_is_said_again_is_a_replay_and_alters_no_session() -> None:
    line, one, two = met()
    proof = line.seen[2]
    line.inject(two, proof.data, proof.source)
    assert two.reasons == [Reason.REPLAY]
    line.send(two, one, b"still")
    line.settle()
    assert one.said[-1] == b"still"


def test_a_proof_replayed_after_its_session_was_forgotten_brings_back_nothing_old() -> None:
    line, one, two = met()
    proof, data = line.seen[2], line.seen[4]
    two.sessions.forget(Pool.LAN, one.member)
    line.inject(two, proof.data, proof.source)
    line.inject(two, data.data, data.source)
    assert two.said == [b"first"]
    assert two.reasons == [Reason.UNKNOWN_TAG]


def test_a_hello_that_is_not_padded_is_refused() -> None:
    line, one, two = pair()
    line.send(one, two, b"word")
    hello = line.queue.popleft().data
    line.inject(two, hello[:-1], one.address)
    line.inject(two, hello + b"\0", one.address)
    assert two.reasons == [Reason.MALFORMED, Reason.OVERSIZED]


def test_our_own_hello_that_comes_back_is_refused() -> None:
    line, one, two = pair()
    line.send(one, two, b"word")
    hello = line.queue.popleft().data
    line.inject(one, hello[:2] + mark_of(one.member) + hello[6:], two.address)
    assert one.reasons == [Reason.SELF]


def test_an_answer_that_nobody_asked_for_is_refused() -> None:
    line, one, two = met()
    line.inject(one, line.seen[1].data, two.address)
    line.inject(two, line.seen[3].data[:2] + mark_of(two.member) + bytes(56), one.address)
    assert one.reasons == [Reason.UNEXPECTED]
    assert two.reasons == [Reason.UNKNOWN_TAG]


# --- who is believed ----------------------------------------------------------------------------


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


# --- sessions that one end has lost ------------------------------------------------------------


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


def test_handshakes_under_way_are_bounded() -> None:
    one = End("one", limits=WireLimits(attempts=3))
    line = Line(one)
    for number in range(5):
        line.send(one, End(f"nobody-{number}"), b"word")
    assert one.reasons == [Reason.CROWDED] * 2


def test_what_is_too_long_is_neither_sent_nor_read() -> None:
    line, one, two = met()
    line.send(one, two, bytes(1_201))
    line.inject(two, bytes(1_300), one.address)
    assert (one.reasons, two.reasons) == ([Reason.OVERSIZED], [Reason.OVERSIZED])
    line.send(one, two, bytes(1_200))
    line.settle()
    assert two.said[-1] == bytes(1_200)


def test_nobody_sends_to_himself() -> None:
    line, one, _ = pair()
    line.send(one, one, b"word")
    assert one.reasons == [Reason.SELF]


def test_credentials_of_another_process_open_nothing() -> None:
    one, two = End("one"), End("two")
    sessions = Sessions(one.member, entropy=entropy_of("x"))
    with pytest.raises(ValueError, match="another process key"):
        sessions.open(Pool.LAN, two.credentials(Pool.LAN))


# --- the one hop --------------------------------------------------------------------------------


def cluster_behind_balancer() -> tuple[Line, End, End, End]:
    """A bridge of east; a bridge of home; an agent of home to which its balancer gives all."""
    far = End("far", origin=EAST)
    bridge, light = End("bridge"), End("light", pools=(Pool.LAN,))
    light.sessions.know_cluster({short_id(bridge.member): bridge.address})
    bridge.sessions.know_cluster({}, {light.address})
    return Line(far, bridge, light), far, bridge, light


def test_a_balancer_that_gives_to_the_wrong_agent_costs_one_hop_and_no_word() -> None:
    line, far, bridge, light = cluster_behind_balancer()
    line.take(far, far.sessions.send(Pool.WAN, bridge.member, light.address, b"through", line.now))
    line.settle()
    assert bridge.delivered == [Delivered(Pool.WAN, far.member, b"through")]
    assert light.sessions.statistics().forwarded == 3
    assert not any(end.refused for end in (far, bridge, light))
    sizes = [len(sent.data) for sent in line.seen]
    assert sizes[0] == sizes[1] == HELLO_BYTES


def test_there_is_no_second_hop_and_none_for_lan() -> None:
    line, far, bridge, light = cluster_behind_balancer()
    line.take(far, far.sessions.send(Pool.WAN, bridge.member, light.address, b"1", line.now))
    hello = line.queue.popleft().data
    line.inject(light, hopped(hello), far.address)
    line.inject(light, hello[:1] + b"\0" + hello[2:], far.address)
    line.inject(light, hello[:2] + b"none" + hello[6:], far.address)
    assert light.reasons == [Reason.HOPPED, Reason.NOT_OURS, Reason.NOT_OURS]


def test_only_our_own_cluster_may_say_where_something_came_from() -> None:
    line, far, bridge, light = cluster_behind_balancer()
    line.take(far, far.sessions.send(Pool.WAN, bridge.member, light.address, b"1", line.now))
    line.step()
    passed_on = line.queue.popleft()
    line.inject(bridge, passed_on.data, STRANGER)
    line.inject(bridge, passed_on.data[:1] + b"\1" + passed_on.data[2:], STRANGER)
    assert bridge.reasons == [Reason.HOP_SOURCE, Reason.MALFORMED]
    assert line.inject(bridge, passed_on.data, light.address)[0] == Transmit(
        far.address, line.queue[0].data
    )


def test_hops_are_within_the_budget_for_strangers() -> None:
    line, far, bridge, light = cluster_behind_balancer()
    line.take(far, far.sessions.send(Pool.WAN, bridge.member, light.address, b"1", line.now))
    hello = line.queue.popleft().data
    made = [line.inject(light, hello, far.address)[0] for _ in range(3_000)]
    assert sum(isinstance(effect, Forward) for effect in made) == 2_000
    assert light.reasons == [Reason.BUDGET] * 1_000


def test_a_session_behind_a_balancer_that_was_lost_is_found_again_by_silence() -> None:
    line, far, bridge, light = cluster_behind_balancer()

    def say(word: bytes) -> None:
        effects = far.sessions.send(Pool.WAN, bridge.member, light.address, word, line.now)
        line.take(far, effects)
        line.run(SECOND)

    say(b"first")
    bridge.sessions.forget(Pool.WAN, far.member)
    for _ in range(6):
        say(b"word")
    assert bridge.said[0] == b"first"
    assert bridge.said[-1] == b"word"


def test_what_happened_is_counted() -> None:
    line, _, two = met()
    line.inject(two, b"", STRANGER)
    statistics = two.sessions.statistics()
    assert statistics.delivered == {Pool.LAN: 1}
    assert statistics.refused == {Reason.MALFORMED: 1}
    assert statistics.transmitted == 3
    assert (statistics.peers, statistics.hosts) == ({Pool.LAN: 1, Pool.WAN: 0}, 2)
    assert replace(statistics, hosts=0) != statistics
    assert isinstance(line.seen[0], Sent)
