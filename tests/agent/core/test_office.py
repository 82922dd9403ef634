"""What agents of one cluster ask each other is read back as it was said, or refused."""

import json
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.office import (
    ANSWER_BYTES_MAX,
    BODY_BYTES_MAX,
    Answer,
    Ask,
    Question,
    Told,
    decode_answer,
    decode_question,
    encode_answer,
    encode_question,
)
from discovery.fields import packed
from discovery.names import Origin
from discovery.refusals import Refused
from discovery.reports import Path, Repeated, Report, Seen

QUESTIONS: list[Question] = [
    Ask("/v1/clusters", {}),
    Ask("/v1/services/shop/web", {"address": "10.0.0.1", "a": ""}),
    Told(Report(3, False, (Seen(Origin("west"), True, False, Path.SHUT),))),
    Told(Repeated(3, True)),
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_read_back(question: Question) -> None:
    assert decode_question(encode_question(question)) == question


def test_an_answer_is_read_back() -> None:
    answer = Answer(404, b'{"error": "no such service"}')
    assert decode_answer(encode_answer(answer)) == answer


def test_what_a_light_agent_asks_about_five_hundred_clusters_fits_into_an_answer() -> None:
    items = [
        {"name": f"cluster-{each}", "why": "alive, reachable", "n": each} for each in range(60_000)
    ]
    answer = Answer(200, json.dumps(items).encode())
    assert len(answer.body) > ANSWER_BYTES_MAX
    data = encode_answer(answer)
    assert len(data) < ANSWER_BYTES_MAX
    assert decode_answer(data) == answer


def test_an_answer_that_would_become_too_much_is_refused() -> None:
    bomb = zlib.compress(bytes(BODY_BYTES_MAX + 1))
    with pytest.raises(Refused):
        decode_answer(packed({"s": 200, "z": bomb}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        packed({"k": 9}),
        packed({"k": 1}),
        packed({"k": 1, "p": "x" * 2_000}),
        packed({"k": 1, "p": "/", "q": [["a"]]}),
        packed({"k": 1, "p": "/", "q": [["a", 1]]}),
        packed({"k": 2}),
        packed({"k": 2, "r": b"?"}),
    ],
)
def test_what_is_no_question_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        decode_question(data)


@pytest.mark.parametrize("data", [b"", packed({"s": 200}), packed({"s": 99, "b": b""})])
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        decode_answer(data)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for decode in (decode_question, decode_answer):
        with suppress(Refused):
            decode(data)
