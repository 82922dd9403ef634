"""An agent without the cluster key asks a bridge for its certificates."""

from dataclasses import replace

import pytest

from agent.certificate_requests import (
    TOKEN_CHARACTERS_MAX,
    CertificatePair,
    CertificateQuestion,
    decode_answer,
    decode_question,
    encode_answer,
    encode_question,
    issue_pair,
)
from agent.credentials import CredentialsError, Place
from discovery.certificates import decode_agent_certificate
from discovery.fields import packed
from discovery.names import Origin
from discovery.refusals import Refusal, Refused
from discovery.signing import NaclVerifier
from discovery.trust import TrustBook
from failure_detect.identity import Address, MemberId, NodeName
from failure_detect.packing import Packable
from tests.agent.key_rings import NEXT_SEED, ring

ASKER, OTHER = MemberId(b"a" * 32), MemberId(b"b" * 32)
QUESTION = CertificateQuestion(ASKER, 17, (1, 1), "header.payload.signature")
REVIEWED = Place(
    cluster=Origin("east"),
    node=NodeName("node-7"),
    lan=Address("10.0.0.7:7979"),
    wan=Address("10.0.0.7:31979"),
    node_address=Address("10.0.0.7:10250"),
    versions=(1, 1),
)
BOOK = TrustBook(Origin("east"), ring().own_keys, NaclVerifier())
T0 = 1_800_000_000_000


def test_an_agent_is_certified_at_the_place_that_was_reviewed_and_as_no_bridge() -> None:
    asked = decode_question(encode_question(QUESTION), ASKER)
    assert asked == QUESTION
    pair = issue_pair(asked, REVIEWED, ring(), T0)
    assert decode_answer(encode_answer(pair), QUESTION, BOOK) == pair
    lan, wan = (decode_agent_certificate(each).body for each in (pair.lan, pair.wan))
    assert (lan.node, lan.address, wan.address) == ("node-7", REVIEWED.lan, REVIEWED.wan)
    assert (lan.member, lan.start) == (ASKER, 17)
    assert not lan.roles.holds_key
    assert not lan.roles.may_bridge


def test_the_token_is_shown_nowhere() -> None:
    assert QUESTION.token not in repr(QUESTION)
    with pytest.raises(Refused) as caught:
        decode_question(encode_question(replace(QUESTION, versions=(2, 1))), ASKER)
    assert QUESTION.token not in str(caught.value)


def test_nobody_gets_a_certificate_of_anothers_key() -> None:
    with pytest.raises(Refused) as caught:
        decode_question(encode_question(QUESTION), OTHER)
    assert caught.value.reason is Refusal.KEY


@pytest.mark.parametrize(
    "change",
    [
        {"t": ""},
        {"t": 3},
        {"t": "x" * (TOKEN_CHARACTERS_MAX + 1)},
        {"s": -1},
        {"v": [1]},
        {"m": b""},
    ],
)
def test_a_question_that_is_none_is_refused(change: dict[str, Packable]) -> None:
    good: dict[str, Packable] = {"m": ASKER, "s": 1, "v": [1, 1], "t": "x"}
    decode_question(packed(good), ASKER)
    with pytest.raises(Refused):
        decode_question(packed({**good, **change}), ASKER)
    with pytest.raises(Refused):
        decode_question(b"\xff", ASKER)


def test_a_token_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(ValueError, match="token: must have at most"):
        encode_question(replace(QUESTION, token="x" * (TOKEN_CHARACTERS_MAX + 1)))


def test_a_bridge_that_refuses_says_why() -> None:
    with pytest.raises(Refused, match="the bridge refuses: the token is of another audience"):
        decode_answer(encode_answer("the token is of another audience"), QUESTION, BOOK)


def test_an_answer_is_judged_before_it_is_used() -> None:
    other = issue_pair(replace(QUESTION, member=OTHER), REVIEWED, ring(), T0)
    with pytest.raises(Refused, match="is of another agent"):
        decode_answer(encode_answer(other), QUESTION, BOOK)
    forged = issue_pair(QUESTION, REVIEWED, ring(1, NEXT_SEED), T0)
    with pytest.raises(Refused):
        decode_answer(encode_answer(forged), QUESTION, BOOK)
    with pytest.raises(Refused):
        decode_answer(encode_answer(CertificatePair(b"", b"")), QUESTION, BOOK)


def test_what_finds_no_room_is_refused() -> None:
    with pytest.raises(CredentialsError, match="certificate of N"):
        issue_pair(QUESTION, replace(REVIEWED, node=NodeName("N" * 9)), ring(), T0)
