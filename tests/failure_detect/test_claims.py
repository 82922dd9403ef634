"""What is signed says all of it, and one signature is worth one statement."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failure_detect.claims import (
    INCARNATION_MAX,
    accuse_message,
    alive_message,
    left_message,
    node_message,
    proof_message,
    vouch_message,
)
from failure_detect.identity import MemberId, NodeName
from failure_detect.wire import encode_left
from tests.failure_detect.samples import SHORT, SIGNATURE
from tests.failure_detect.strategies import (
    CERTIFICATES,
    INCARNATIONS,
    MEMBER_IDS,
    NODE_NAMES,
    NONCES,
)

SUBJECT, OTHER = MemberId(b"s" * 32), MemberId(b"o" * 32)
ONE = bytes(7) + b"\1"
HEAD = b"isthmus-swim-1\x03lan"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (alive_message(b"lan", SUBJECT, 1, b"cert"), b"\1" + SUBJECT + ONE + b"cert"),
        (left_message(b"lan", SUBJECT, 1), b"\2" + SUBJECT + ONE),
        (accuse_message(b"lan", SUBJECT, 1, OTHER), b"\3" + SUBJECT + ONE + OTHER),
        (vouch_message(b"lan", SUBJECT, 1, OTHER), b"\4" + SUBJECT + ONE + OTHER),
        (proof_message(b"lan", SUBJECT, b"n" * 8), b"\5" + SUBJECT + b"n" * 8),
        (
            node_message(b"lan", NodeName("né"), OTHER, 1, silent=True),
            b"\6" + OTHER + ONE + b"\1" + "né".encode(),
        ),
        (
            node_message(b"lan", NodeName("n"), OTHER, 1, silent=False),
            b"\6" + OTHER + ONE + b"\0n",
        ),
        (left_message(b"lan", SUBJECT, INCARNATION_MAX), b"\2" + SUBJECT + b"\xff" * 8),
    ],
)
def test_the_signed_bytes_are_settled(message: bytes, expected: bytes) -> None:
    assert message == HEAD + expected


POOLS = st.binary(min_size=1, max_size=16)
Spoken = tuple[tuple[str | bytes | int, ...], bytes]
"""What was said, part by part, and the bytes that are signed for it."""


@st.composite
def spoken(draw: st.DrawFn) -> Spoken:
    pool, subject, other = draw(POOLS), draw(MEMBER_IDS), draw(MEMBER_IDS)
    number = draw(INCARNATIONS)
    match draw(st.sampled_from(["alive", "left", "accuse", "vouch", "proof", "node"])):
        case "alive":
            certificate = draw(CERTIFICATES)
            signed = alive_message(pool, subject, number, certificate)
            return ("alive", pool, subject, number, certificate), signed
        case "left":
            return ("left", pool, subject, number), left_message(pool, subject, number)
        case "accuse":
            signed = accuse_message(pool, subject, number, other)
            return ("accuse", pool, subject, number, other), signed
        case "vouch":
            signed = vouch_message(pool, subject, number, other)
            return ("vouch", pool, subject, number, other), signed
        case "proof":
            nonce = draw(NONCES)
            return ("proof", pool, subject, nonce), proof_message(pool, subject, nonce)
        case _:
            node, silent = draw(NODE_NAMES), draw(st.booleans())
            signed = node_message(pool, node, other, number, silent=silent)
            return ("node", pool, node, other, number, silent), signed


@given(spoken(), spoken())
def test_two_statements_never_share_their_signed_bytes(one: Spoken, two: Spoken) -> None:
    assert (one[0] == two[0]) == (one[1] == two[1])


@given(MEMBER_IDS, INCARNATIONS, CERTIFICATES)
def test_a_word_of_one_pool_is_worth_nothing_in_another(
    member: MemberId, incarnation: int, certificate: bytes
) -> None:
    signed = {
        alive_message(pool, member, incarnation, certificate)
        for pool in (b"lan", b"wan", b"l", b"lan" + member[:1])
    }
    assert len(signed) == 4


@pytest.mark.parametrize("incarnation", [-1, INCARNATION_MAX + 1])
def test_an_incarnation_beyond_64_bits_is_never_signed(incarnation: int) -> None:
    with pytest.raises(OverflowError):
        left_message(b"lan", SUBJECT, incarnation)


def test_a_claim_is_not_changed() -> None:
    claim = encode_left(SHORT, 1, SIGNATURE)
    with pytest.raises(FrozenInstanceError):
        claim.incarnation = 2  # type: ignore[misc]  # what is frozen, mypy sees as well
