"""An agent in the `lan` pool: its failure detector, and what agents of one cluster ask each other.

Streams of the two are told apart by one byte in front of each question and by the numbers of their
requests, as in `discovery.member`; answers carry no mark. A question that is malformed is refused,
counted and left without an answer, as the detector does it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from agent.core.office import Answer, Question, decode_answer, decode_question, encode_question
from discovery.refusals import Refusals, Refused
from failure_detect import events as pool_events
from failure_detect.clock import Duration, Instant
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendRequest,
)
from failure_detect.identity import Address, MemberId

_DETECTOR, _OFFICE = b"\0", b"\2"
_LAYERS = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """Another agent of our cluster asks; answer by a `SendResponse(request)`."""

    request: int
    sender: MemberId
    question: Question


@dataclass(frozen=True, slots=True)
class Answered:
    """What we asked came back: an answer, or None: nobody gave one, or not such a one."""

    number: int
    answer: Answer | None


Effect: TypeAlias = pool_events.Effect | Asked | Answered
_StreamEvent: TypeAlias = RequestReceived | ResponseReceived | RequestFailed


class LanMember:
    """The detector of the own cluster's pool, with one more use for its streams."""

    def __init__(self, detector: FailureDetector) -> None:
        """Go on from a detector that is new."""
        self.detector = detector
        self.refusals = Refusals()
        """Questions and answers that were none."""
        self._asked = 0
        self._open: dict[int, MemberId] = {}

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        return self.detector.deadline

    def handle(self, event: pool_events.Event, now: Instant) -> list[Effect]:
        """Take in what the network brings, or what the detector is told."""
        if isinstance(event, _StreamEvent):
            return self._on_stream(event, now)
        return self._marked(self.detector.handle(event, now))

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due in the detector."""
        return self._marked(self.detector.advance(now))

    def ask(
        self, to: MemberId, address: Address, question: Question, timeout: Duration
    ) -> tuple[int, SendRequest]:
        """Return the order that asks another agent, and the number under which it is answered."""
        self._asked += 1
        self._open[self._asked] = to
        data = _OFFICE + encode_question(question)
        return self._asked, SendRequest(self._asked * _LAYERS + 1, to, address, data, timeout)

    def check_invariants(self) -> None:
        """Assert those of the detector."""
        self.detector.check_invariants()

    # --- streams ------------------------------------------------------------------------------

    def _on_stream(self, event: _StreamEvent, now: Instant) -> list[Effect]:
        match event:
            case RequestReceived(request, sender, data):
                return self._on_request(request, sender, data, now)
            case ResponseReceived(request, sender, data):
                number, layer = divmod(request, _LAYERS)
                if layer:
                    return self._on_answer(number, sender, data)
                return self._marked(
                    self.detector.handle(ResponseReceived(number, sender, data), now)
                )
            case RequestFailed(request):
                number, layer = divmod(request, _LAYERS)
                if layer:
                    return self._on_answer(number, None, b"")
                return self._marked(self.detector.handle(RequestFailed(number), now))
            case _:
                assert_never(event)

    def _on_request(
        self, request: int, sender: MemberId, data: bytes, now: Instant
    ) -> list[Effect]:
        layer, rest = data[:1], data[1:]
        if layer != _OFFICE:
            # What has no mark of ours is nothing, which the detector refuses and counts.
            marked = rest if layer == _DETECTOR else b""
            return self._marked(self.detector.handle(RequestReceived(request, sender, marked), now))
        try:
            return [Asked(request, sender, decode_question(rest))]
        except Refused as refused:
            self.refusals.add(refused)
            return []

    def _on_answer(self, number: int, sender: MemberId | None, data: bytes) -> list[Effect]:
        asked = self._open.pop(number, None)
        if asked is None:
            return []
        if sender != asked or not data:
            return [Answered(number, None)]
        try:
            return [Answered(number, decode_answer(data))]
        except Refused as refused:
            self.refusals.add(refused)
            return [Answered(number, None)]

    def _marked(self, effects: Iterable[pool_events.Effect]) -> list[Effect]:
        return [_to_detector(each) if isinstance(each, SendRequest) else each for each in effects]


def _to_detector(order: SendRequest) -> SendRequest:
    data = _DETECTOR + order.data
    return SendRequest(order.request * _LAYERS, order.to, order.address, data, order.timeout)
