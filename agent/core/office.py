"""What agents of one cluster ask each other over streams of their own pool.

A question is a packed map with `k`, its kind; an answer has no kind, since whoever asked knows.
Both are refused whole where they are not exactly what is written here.

    k 1  ask      p path, q query as [[name, value], ...]     answer: s HTTP status, b JSON, or z:
                                                              JSON that zlib made smaller
    k 2  report   r what a bridge sees (`discovery.reports`)    answer: s 200, b empty
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from discovery.compression import deflated, inflated
from discovery.fields import Fields, packed
from discovery.refusals import Refusal, Refused
from discovery.reports import REPORT_BYTES_MAX, AnyReport, decode_report, encode_report
from failure_detect.packing import Packable

QUESTION_BYTES_MAX = REPORT_BYTES_MAX + 1_024
ANSWER_BYTES_MAX = (2 << 20) - 4_096
"""What a frame of a stream has room for (`agent.wire.limits`)."""

BODY_BYTES_MAX = 16 << 20
"""Of JSON that comes out of an answer."""

COMPRESSED_FROM = 16 << 10

PATH_CHARACTERS_MAX = 1_024
QUERY_MAX = 16

_ASK, _REPORT = 1, 2


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer this as your local API would."""

    path: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What a bridge sees of other clusters."""

    report: AnyReport


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to an `Ask`."""

    status: int
    """As HTTP has it."""
    body: bytes
    """JSON."""


Question: TypeAlias = Ask | Told


def encode_question(question: Question) -> bytes:
    """Return a question as bytes."""
    match question:
        case Ask(path, query):
            pairs: list[Packable] = [[name, value] for name, value in sorted(query.items())]
            return packed({"k": _ASK, "p": path, "q": pairs or None})
        case Told(report):
            return packed({"k": _REPORT, "r": encode_report(report)})
        case _:
            assert_never(question)


def decode_question(data: bytes) -> Question:
    """Return the question in `data`. Raises `Refused` for all else."""
    fields = Fields("question of an agent", data, QUESTION_BYTES_MAX)
    match fields.integer("k"):
        case 1:
            path = fields.text("p", most=PATH_CHARACTERS_MAX)
            given = fields.sequence("q", most=QUERY_MAX) if fields.has("q") else ()
            return Ask(path, dict(_pair(fields, each) for each in given))
        case 2:
            return Told(
                decode_report(fields.octets("r", most=REPORT_BYTES_MAX), "report of a bridge")
            )
        case kind:
            raise Refused(Refusal.UNEXPECTED, f"question of an agent: of kind {kind}")


def _pair(fields: Fields, each: object) -> tuple[str, str]:
    match each:
        case (str(name), str(value)) if max(len(name), len(value)) <= PATH_CHARACTERS_MAX:
            return name, value
        case _:
            raise fields.refuse("q", "must be pairs of a name and a value")


def encode_answer(answer: Answer) -> bytes:
    """Return an answer as bytes; a long one smaller than it is, since a frame has a bound."""
    small = deflated(answer.body) if len(answer.body) >= COMPRESSED_FROM else None
    if small is None or len(small) >= len(answer.body):
        return packed({"s": answer.status, "b": answer.body})
    return packed({"s": answer.status, "z": small})


def decode_answer(data: bytes) -> Answer:
    """Return the answer in `data`. Raises `Refused` for all else."""
    fields = Fields("answer of an agent", data, ANSWER_BYTES_MAX)
    status = fields.integer("s", most=599)
    if status < 200:
        raise fields.refuse("s", "must be the status of an answer")
    if fields.has("z"):
        small = fields.octets("z", most=ANSWER_BYTES_MAX)
        return Answer(status, inflated("answer of an agent", small, BODY_BYTES_MAX))
    return Answer(status, fields.octets("b", most=ANSWER_BYTES_MAX))
