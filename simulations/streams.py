"""Streams between members, and connects to nodes: TCP as far as it matters here.

A connect takes one round trip; a SYN or its answer that is lost costs 1 s, then 2 s, and so
on. Request and response go one way each, in segments; lost ones are sent again after
200 ms, doubling while nothing gets through. Where the network has a first window, so many
segments are under way at first, twice as many when their acknowledgement is back, and half
as many after a loss. Each attempt looks at the network as it is at
its instant, so a stream that is in flight when a cut begins stalls, and goes on when the
cut ends or fails when its time runs out. An end whose process is gone but whose node
lives refuses; an end that is down says nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant
from failure_detect.events import (
    ConnectFinished,
    ConnectNode,
    Event,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address
from simulations.hosts import Host, Process
from simulations.network import Network
from simulations.schedule import Schedule

SYN_RETRY: Duration = 1 * SECOND
SEGMENT_RETRY: Duration = 200 * MILLISECOND
SEGMENT_BYTES = 1_460

_Segments: TypeAlias = tuple[int, ...]
"""How many bytes each segment carries."""


@dataclass(slots=True, eq=False)
class _Stream:
    """One request and its response."""

    asker: Process
    order: SendRequest
    host: Host
    answerer: Process | None = None
    serial: int = 0
    is_done: bool = False


class Streams:
    """Carries requests and responses, and connects to the addresses of nodes."""

    def __init__(
        self,
        schedule: Schedule,
        network: Network,
        hosts: list[Host],
        deliver: Callable[[Process, Event], None],
    ) -> None:
        self.refused = 0
        """How often a living node had no such process behind the address."""
        self.stray_responses = 0
        """Responses to requests that are not open, or not any more."""
        self._schedule, self._network, self._deliver = schedule, network, deliver
        self._nodes: dict[Address, Host] = {host.node_address: host for host in hosts}
        self._open: dict[int, _Stream] = {}
        """Streams whose request has arrived, by the number that the answerer knows."""
        self._serials = 0

    def request(self, process: Process, order: SendRequest) -> None:
        """Open a stream and send the request."""
        traffic = process.host.traffic
        traffic.requests_sent += 1
        traffic.request_bytes_sent += len(order.data)
        target = self._network.addresses.get(order.address)
        if target is None:  # As with an address that nobody has: no answer, ever.
            self._schedule.after(order.timeout, partial(self._report_failure, process, order))
            return
        stream = _Stream(process, order, target)
        self._schedule.after(order.timeout, partial(self._fail, stream))
        self._dial(
            (process.host, target),
            lambda: stream.is_done or not process.runs,
            partial(self._connected, stream),
            SYN_RETRY,
        )

    def respond(self, process: Process, order: SendResponse) -> None:
        """Send the response on the stream that brought the request."""
        stream = self._open.pop(order.request, None)
        if stream is None or stream.answerer is not process:
            self.stray_responses += 1
            return
        traffic = process.host.traffic
        traffic.responses_sent += 1
        traffic.response_bytes_sent += len(order.data)
        event = ResponseReceived(stream.order.request, process.member, order.data)
        self._transfer(
            stream,
            (process.host, stream.asker.host),
            _segments(order.data),
            partial(self._succeed, stream, event),
        )

    def connect(self, process: Process, order: ConnectNode) -> None:
        """Connect to a node's own address and report whether anything answered."""
        process.host.traffic.connects += 1
        reported: list[bool] = []

        def report(*, answered: bool) -> None:
            if not reported:
                reported.append(answered)
                if process.runs:
                    self._deliver(process, ConnectFinished(order.connect, answered=answered))

        self._schedule.after(order.timeout, partial(report, answered=False))
        target = self._nodes.get(order.address)
        if target is not None:
            self._dial(
                (process.host, target),
                lambda: bool(reported) or not process.runs,
                partial(report, answered=True),
                SYN_RETRY,
            )

    def end(self, process: Process) -> None:
        """Let the streams of a process end with it; its node, if it lives, resets them."""
        ours = [
            (serial, stream)
            for serial, stream in self._open.items()
            if process in (stream.asker, stream.answerer)
        ]
        for serial, stream in ours:
            del self._open[serial]
            if stream.answerer is process and process.host.node_up:
                self._reset(stream)

    # --- the handshake ------------------------------------------------------------------

    def _dial(
        self,
        ends: tuple[Host, Host],
        is_over: Callable[[], bool],
        then: Callable[[], None],
        retry: Duration,
    ) -> None:
        """Send a SYN; when its answer is back, do `then`."""
        if is_over():
            return
        source, target = ends
        again_at = self._schedule.now + retry
        again = partial(self._dial, ends, is_over, then, 2 * retry)
        delay = self._network.segment(source, target) if source.node_up else None
        if delay is None:
            self._schedule.at(again_at, again)
        else:
            self._schedule.after(delay, partial(self._answer_syn, ends, then, again, again_at))

    def _answer_syn(
        self,
        ends: tuple[Host, Host],
        then: Callable[[], None],
        again: Callable[[], None],
        again_at: Instant,
    ) -> None:
        source, target = ends
        delay = self._network.segment(target, source) if target.node_up else None
        if delay is None:
            self._schedule.at(again_at, again)
        else:
            self._schedule.after(delay, then)

    # --- the transfer -------------------------------------------------------------------

    def _connected(self, stream: _Stream) -> None:
        if stream.is_done:
            return
        listener = stream.host.process
        if listener is None or stream.order.to not in (None, listener.member):
            self.refused += 1
            self._fail(stream)
            return
        ends = (stream.asker.host, stream.host)
        arrive = partial(self._request_arrives, stream)
        self._transfer(stream, ends, _segments(stream.order.data), arrive)

    def _request_arrives(self, stream: _Stream) -> None:
        listener = stream.host.process
        if stream.is_done or not stream.host.node_up:
            return
        if listener is None or stream.order.to not in (None, listener.member):
            self.refused += 1
            self._reset(stream)
            return
        self._serials += 1
        stream.answerer, stream.serial = listener, self._serials
        self._open[self._serials] = stream
        sender = stream.asker.member
        self._deliver(listener, RequestReceived(self._serials, sender, stream.order.data))

    def _transfer(
        self,
        stream: _Stream,
        ends: tuple[Host, Host],
        segments: _Segments,
        then: Callable[[], None],
        window: int | None = None,
        retry: Duration = SEGMENT_RETRY,
    ) -> None:
        """Send segments from end to end; when the last is there, do `then`."""
        if stream.is_done:
            return
        source, target = ends
        window = window or self._network.first_window
        sent, later = segments[:window], segments[window:]
        delay, lost = 0, list[int]()
        for size in sent:
            crossing = self._network.segment(source, target, size) if source.node_up else None
            if crossing is None:
                lost.append(size)
            else:
                delay = max(delay, crossing)
        if lost:
            rest = (*lost, *later)
            retry, smaller = SEGMENT_RETRY if len(lost) < len(sent) else retry, max(1, window // 2)
            again = partial(self._transfer, stream, ends, rest, then, smaller, 2 * retry)
            self._schedule.after(self._network.backlog(source) + retry, again)
            then = _go_no_further
        elif later:
            then = partial(self._acknowledge, stream, ends, later, then, 2 * window)
        size, count = sum(sent) - sum(lost), len(sent) - len(lost)
        self._schedule.after(delay, partial(self._arrived, target, size, count, then))

    def _arrived(self, target: Host, size: int, count: int, then: Callable[[], None]) -> None:
        """Do `then` when the target has taken in what has arrived."""
        waits = self._network.absorb(target, size, count) if count else 0
        if waits:
            self._schedule.after(waits, then)
        else:
            then()

    def _acknowledge(
        self,
        stream: _Stream,
        ends: tuple[Host, Host],
        later: _Segments,
        then: Callable[[], None],
        window: int,
    ) -> None:
        """Send the rest when the source knows that all so far has arrived."""
        source, target = ends
        back = self._network.segment(target, source) if target.node_up else None
        on = partial(self._transfer, stream, ends, later, then, window)
        self._schedule.after(SEGMENT_RETRY if back is None else back, on)

    # --- the end ------------------------------------------------------------------------

    def _succeed(self, stream: _Stream, event: ResponseReceived) -> None:
        if not stream.is_done:
            self._close(stream)
            if stream.asker.runs:
                self._deliver(stream.asker, event)

    def _close(self, stream: _Stream) -> None:
        stream.is_done = True
        self._open.pop(stream.serial, None)

    def _reset(self, stream: _Stream) -> None:
        delay = self._network.segment(stream.host, stream.asker.host)
        if delay is not None:
            self._schedule.after(delay, partial(self._fail, stream))

    def _fail(self, stream: _Stream) -> None:
        if not stream.is_done:
            self._close(stream)
            self._report_failure(stream.asker, stream.order)

    def _report_failure(self, process: Process, order: SendRequest) -> None:
        if process.runs:
            self._deliver(process, RequestFailed(order.request))


def _segments(data: bytes) -> _Segments:
    """Return how many bytes each segment of `data` carries; there is one at least."""
    whole, rest = divmod(len(data), SEGMENT_BYTES)
    return (SEGMENT_BYTES,) * whole + ((rest,) if rest or not whole else ())


def _go_no_further() -> None:
    """What has arrived is not all."""
