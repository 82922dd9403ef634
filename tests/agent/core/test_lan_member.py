"""Detector and office share the streams of the pool, and neither hears what is the other's."""

from dataclasses import replace
from random import Random

import pytest

from agent.core.lan_member import Answered, Asked, LanMember
from agent.core.office import Answer, Ask, encode_answer
from failure_detect.clock import SECOND
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SeedsResolved,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, Identity, MemberId, NodeName
from simulations.authority import Notary

NOTARY = Notary(7)
ASK = Ask("/v1/status", {"a": "b"})


def identity(name: str) -> Identity:
    member, address = NOTARY.member_id(name, 1), Address(f"{name}:7000")
    return Identity(member, NodeName(name), 1, address, "east")


def member(name: str) -> LanMember:
    who = identity(name)
    detector = FailureDetector(
        NOTARY.certify(who),
        DetectorConfig.lan(),
        authority=NOTARY.signer(who.member),
        now=0,
        rng=Random(1),
    )
    return LanMember(detector)


def asked(sender: LanMember, to: Identity) -> tuple[int, SendRequest]:
    return sender.ask(to.member, to.address, ASK, SECOND)


def test_a_question_reaches_the_office_and_its_answer_comes_back() -> None:
    first, second = member("a"), member("b")
    number, order = asked(first, identity("b"))
    sender = identity("a").member
    assert second.handle(RequestReceived(5, sender, order.data), 0) == [Asked(5, sender, ASK)]
    answer = Answer(200, b"{}")
    answered = ResponseReceived(order.request, identity("b").member, encode_answer(answer))
    assert first.handle(answered, 0) == [Answered(number, answer)]
    assert first.handle(answered, 0) == []


def test_the_detectors_own_streams_stay_its_own() -> None:
    first, second = member("a"), member("b")
    first.handle(SeedsResolved((identity("b").address,)), 0)
    orders = [each for each in first.advance(SECOND) if isinstance(each, SendRequest)]
    assert orders
    effects = second.handle(RequestReceived(1, identity("a").member, orders[0].data), SECOND)
    [response] = [each for each in effects if isinstance(each, SendResponse)]
    brought = ResponseReceived(orders[0].request, identity("b").member, response.data)
    first.handle(brought, SECOND)
    assert {str(each.identity.node) for each in first.detector.members()} == {"a", "b"}
    assert dict(first.detector.statistics().refused) == {}


def test_a_stream_that_failed_is_answered_by_nothing() -> None:
    first = member("a")
    number, order = asked(first, identity("b"))
    assert first.handle(RequestFailed(order.request), 0) == [Answered(number, None)]
    assert first.handle(RequestFailed(order.request), 0) == []


@pytest.mark.parametrize("data", [b"", b"?"])
def test_an_answer_that_is_none_counts_as_no_answer(data: bytes) -> None:
    first = member("a")
    number, order = asked(first, identity("b"))
    brought = ResponseReceived(order.request, identity("b").member, data)
    assert first.handle(brought, 0) == [Answered(number, None)]
    assert sum(first.refusals.counts().values()) == bool(data)


def test_an_answer_of_somebody_else_counts_as_no_answer() -> None:
    first = member("a")
    number, order = asked(first, identity("b"))
    other = ResponseReceived(order.request, MemberId(b"x" * 32), encode_answer(Answer(200, b"")))
    assert first.handle(other, 0) == [Answered(number, None)]


def test_a_question_that_is_none_is_refused_and_counted() -> None:
    second = member("b")
    assert second.handle(RequestReceived(1, identity("a").member, b"\2?"), 0) == []
    assert second.refusals.counts() == {"malformed": 1}
    second.handle(RequestReceived(2, identity("a").member, b"\7x"), 0)
    assert dict(second.detector.statistics().refused) == {"malformed": 1}


def test_the_detectors_requests_failing_are_told_to_it() -> None:
    first = member("a")
    first.handle(SeedsResolved((identity("b").address,)), 0)
    [order, *_] = [each for each in first.advance(SECOND) if isinstance(each, SendRequest)]
    assert order == replace(order, data=b"\0" + order.data[1:])
    first.handle(RequestFailed(order.request), SECOND)
    assert first.deadline > SECOND
    first.check_invariants()
