"""What is forged, altered, reflected or replayed is refused, and strangers cost little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.budgets import Allowance, StrangerLimits
from agent.wire.effects import Delivered, Forward, Refused, Transmit
from agent.wire.handshake import (
    Hello,
    Proof,
    Welcome,
    read_hello,
    read_proof,
    read_welcome,
    write_hello,
    write_proof,
    write_welcome,
)
from agent.wire.header import HEAD_BYTES, Head, Kind, Pool, mark_of
from agent.wire.limits import WireLimits
from agent.wire.reasons import Reason
from failure_detect.clock import SECOND
from tests.agent.wire.pairs import STRANGER, datagram, met, pair


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


def test_what_was_sealed_for_one_cookie_is_worth_nothing_with_another() -> None:
    line, one, two = met()
    first = read_proof(line.seen[2].data)
    # A stranger gets a cookie of his own for a certificate that everybody knows.
    hello = Hello(bytes(16), b"mine", first.certificate)
    head = Head(Kind.HELLO, Pool.LAN, mark_of(two.member))
    (answer,) = line.inject(two, write_hello(head, hello), STRANGER)
    assert isinstance(answer, Transmit)
    cookie = read_welcome(answer.data).cookie
    two.sessions.forget(Pool.LAN, one.member)
    forged = Proof(bytes(16), cookie, first.certificate, first.sealed)
    line.inject(two, write_proof(line.seen[2].data[:HEAD_BYTES], forged), STRANGER)
    assert two.reasons == [Reason.SEAL]
    assert two.sessions.statistics().peers[Pool.LAN] == 0


def test_proofs_are_looked_into_within_the_budget_for_strangers() -> None:
    limits = WireLimits(strangers=StrangerLimits(proofs=Allowance(1, 10)))
    line, one, two = pair(limits)
    line.send(one, two, b"word")
    line.step()
    line.step()
    proof = line.queue.popleft()
    for _ in range(4):
        line.inject(two, proof.data, proof.source)
    assert two.reasons == [Reason.REPLAY, Reason.BUDGET, Reason.BUDGET]


def test_few_answers_to_one_hello_are_looked_into() -> None:
    line, one, two = pair()
    line.send(one, two, b"word")
    challenge = read_hello(line.queue[0].data).challenge
    head = Head(Kind.WELCOME, Pool.LAN, mark_of(one.member))
    forged = write_welcome(head, Welcome(challenge, bytes(16), b"no certificate"))
    for _ in range(6):
        line.inject(one, forged, STRANGER)
    assert one.reasons == [Reason.CERTIFICATE] * 4 + [Reason.BUDGET] * 2
