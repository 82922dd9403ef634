"""A bridge in the `wan` pool: its failure detector and what it holds, on one wire.

What the detector concludes goes up to the bridge; what the bridge wants said goes down to the
detector. Streams of the two are told apart by one byte in front of each question, and by the
numbers of their requests; answers carry no mark, since whoever asked knows what.
"""

from collections.abc import Iterable
from typing import TypeAlias, assert_never

from discovery import bridge_events
from discovery.bridge import Bridge
from discovery.events import GossipFact, MembershipFact
from failure_detect import events as pool_events
from failure_detect.clock import Instant
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    BroadcastRequested,
    FingerprintChanged,
    IsolationChanged,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendRequest,
)

Effect: TypeAlias = pool_events.Effect | bridge_events.Effect
_BridgeEvent: TypeAlias = bridge_events.Event
_StreamEvent: TypeAlias = RequestReceived | ResponseReceived | RequestFailed
_Concluded: TypeAlias = MembershipFact | GossipFact | IsolationChanged

_DETECTOR, _BRIDGE = b"\0", b"\1"
_LAYERS = 2


class WanMember:
    """Two machines that are driven as one."""

    def __init__(self, detector: FailureDetector, bridge: Bridge) -> None:
        """Join them; both must be new."""
        self.detector = detector
        self.bridge = bridge

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        return min(self.detector.deadline, self.bridge.deadline)

    def handle(self, event: pool_events.Event, now: Instant) -> list[Effect]:
        """Take in what the network brings, or what the detector is told."""
        if isinstance(event, _StreamEvent):
            return self._on_stream(event, now)
        return self._concluded(self.detector.handle(event, now), now)

    def tell(self, event: _BridgeEvent, now: Instant) -> list[Effect]:
        """Take in what the bridge is told by its own cluster."""
        return self._said(self.bridge.handle(event, now), now)

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due in either."""
        effects: list[Effect] = []
        if self.detector.deadline <= now:
            effects += self._concluded(self.detector.advance(now), now)
        if self.bridge.deadline <= now:
            effects += self._said(self.bridge.advance(now), now)
        return effects

    # --- streams ------------------------------------------------------------------------

    def _on_stream(self, event: _StreamEvent, now: Instant) -> list[Effect]:
        match event:
            case RequestReceived(request, sender, data):
                layer = data[:1]
                # What has no mark of ours is nothing, which the detector refuses and counts.
                marked = data[1:] if layer in (_DETECTOR, _BRIDGE) else b""
                return self._to_layer(layer, RequestReceived(request, sender, marked), now)
            case ResponseReceived(request, sender, data):
                number, layer = _unmarked(request)
                return self._to_layer(layer, ResponseReceived(number, sender, data), now)
            case RequestFailed(request):
                number, layer = _unmarked(request)
                return self._to_layer(layer, RequestFailed(number), now)
            case _:
                assert_never(event)

    def _to_layer(self, layer: bytes, event: _StreamEvent, now: Instant) -> list[Effect]:
        if layer == _BRIDGE:
            return self._said(self.bridge.handle(event, now), now)
        return self._concluded(self.detector.handle(event, now), now)

    # --- between the two ----------------------------------------------------------------

    def _concluded(self, effects: Iterable[pool_events.Effect], now: Instant) -> list[Effect]:
        """Mark the detector's requests, and tell the bridge what it concluded."""
        out: list[Effect] = []
        for effect in effects:
            if isinstance(effect, SendRequest):
                out.append(_marked(effect, _DETECTOR))
                continue
            out.append(effect)
            if isinstance(effect, _Concluded):
                out += self._said(self.bridge.handle(effect, now), now)
        return out

    def _said(self, effects: Iterable[bridge_events.Effect], now: Instant) -> list[Effect]:
        """Mark the bridge's requests, and hand to the detector what it is to carry."""
        out: list[Effect] = []
        for effect in effects:
            match effect:
                case SendRequest():
                    out.append(_marked(effect, _BRIDGE))
                case BroadcastRequested() | FingerprintChanged():
                    out += self._concluded(self.detector.handle(effect, now), now)
                case _:
                    out.append(effect)
        return out

    def check_invariants(self) -> None:
        """Assert the invariants of both."""
        self.detector.check_invariants()
        self.bridge.check_invariants()


def is_of_bridge(question: RequestReceived | SendRequest) -> bool:
    """Tell whether a question, as it travels, is the bridge's, and not its detector's."""
    return question.data[:1] == _BRIDGE


def _unmarked(request: int) -> tuple[int, bytes]:
    """Return a request's own number and the mark of the layer that numbered it so."""
    number, layer = divmod(request, _LAYERS)
    return number, bytes([layer])


def _marked(order: SendRequest, layer: bytes) -> SendRequest:
    request = order.request * _LAYERS + layer[0]
    return SendRequest(request, order.to, order.address, layer + order.data, order.timeout)
