"""The transport: datagrams and streams of both pools, on one port, for one process key.

    transport = Transport(member, settings, sink, entropy=entropy)
    transport.open(Pool.LAN, credentials)
    address = await nursery.start(transport.run)
    transport.send(Pool.LAN, order)        and `request`, `respond`, `connect`: none of them waits

Rule 1: what comes in goes to the sink at once, or is dropped and counted. Rule 2: each request has
one outcome, `ResponseReceived` or `RequestFailed`, within its timeout. Rule 3: whatever others do
is bounded: how many, how long, how large; and what is refused is counted by its reason.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import trio

from agent.transport.answering import Answering
from agent.transport.calling import Calling
from agent.transport.connecting import Done, has_answered
from agent.transport.datagrams import Datagrams
from agent.transport.inbound import KINDS, Drop, Inbound, Sink
from agent.transport.ports import open_port, source_of
from agent.transport.settings import TransportSettings
from agent.wire.effects import Refused
from agent.wire.header import Pool
from agent.wire.prefaces import Called
from agent.wire.reasons import Reason
from agent.wire.sealing import Credentials, Entropy
from agent.wire.sessions import Sessions, WireStatistics
from agent.wire.streams import Answered, Answerer, Asked, Caller
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.events import (
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendDatagram,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, MemberId, ShortId

ROOM_AGAIN_S = 0.02
"""How soon it is tried again to tell an outcome that had no room."""


def trio_clock() -> Instant:
    """Return trio's own time in microseconds."""
    return int(trio.current_time() * SECOND)


@dataclass(frozen=True, slots=True)
class TransportStatistics:
    """What went over the port since the process began."""

    wire: WireStatistics
    """Datagrams."""
    received: int
    """Datagrams that came, good or not."""
    drops: Mapping[Drop, int]
    streams_refused: Mapping[Reason, int]
    streams_answering: int
    """Streams that others have open to us."""
    streams_calling: int
    """Streams that we have open to others."""
    requests: int
    """Requests that we sent, and of these such as brought no response."""
    requests_failed: int
    requests_answered: int
    """Requests of others that were answered."""


def ignore(refused: Refused) -> None:
    """Let a refusal be: it is counted."""


class Transport:
    """Moves what the layers above say to others, and what others say to them."""

    def __init__(
        self,
        own: MemberId,
        settings: TransportSettings,
        sink: Sink,
        *,
        entropy: Entropy,
        clock: Callable[[], Instant] = trio_clock,
        notice: Callable[[Refused], None] = ignore,
    ) -> None:
        """Be the process `own`; one transport for each process key, ever.

        `sink` gets what comes; `clock` must run at trio's pace; `notice` gets each refusal, for the
        log.
        """
        self._own = own
        self._settings = settings
        self._sink = sink
        self._entropy = entropy
        self._notice = notice
        self._sessions = Sessions(own, entropy=entropy, limits=settings.wire)
        self._credentials: dict[Pool, Credentials] = {}
        self._datagrams = Datagrams(self._sessions, settings, clock, sink, notice)
        strangers = self._sessions.strangers
        self._answering = Answering(
            settings.streams, strangers, clock, self._on_asked, self._on_stream_refused
        )
        self._nursery: trio.Nursery | None = None
        self._calling = Calling(
            settings.streams.called, self._on_stream_refused, source_of(settings.listen)
        )
        self._tried = 0
        self._drops: Counter[Drop] = Counter()
        self._refused: Counter[Reason] = Counter()
        self._counts: Counter[str] = Counter()

    # --- which pools --------------------------------------------------------------------------

    def open(self, pool: Pool, credentials: Credentials) -> None:
        """Be a member of a pool from now on. ValueError for credentials of another process."""
        self._sessions.open(pool, credentials)
        self._credentials[pool] = credentials

    def close(self, pool: Pool) -> None:
        """Be no member of a pool any more; its requests that are under way fail."""
        self._sessions.close(pool)
        self._credentials.pop(pool, None)
        self._calling.close(pool)

    def renew(self, pool: Pool, certificate: bytes) -> None:
        """Show another certificate of the same key in a pool; KeyError where it is not open."""
        self._credentials[pool] = self._credentials[pool].renewed(certificate)
        self._sessions.renew(pool, certificate)

    def recheck(self) -> None:
        """Believe nobody unasked: trust has changed; streams of the revoked are closed at once."""
        self._sessions.recheck()
        self._answering.recheck()
        self._calling.recheck()

    def forget(self, pool: Pool, member: MemberId) -> None:
        """Forget a member of a pool: it has left for good."""
        self._sessions.forget(pool, member)

    def know_cluster(
        self, bridges: Mapping[ShortId, Address], agents: Iterable[Address] = ()
    ) -> None:
        """Pass on what is for these bridges of our own cluster: `Sessions.know_cluster`."""
        self._sessions.know_cluster(bridges, agents)

    # --- running ------------------------------------------------------------------------------

    async def run(self, task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen until cancelled; started with the address that it listens on.

        Raises `ListenError` where the port cannot be had.
        """
        port = open_port(self._settings.listen)
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                await nursery.start(self._datagrams.run, port)
                nursery.start_soon(self._serve, port.tcp)
                task_status.started(port.address)
        finally:
            self._nursery = None
            port.udp.close()

    async def _serve(self, listener: trio.SocketListener) -> None:
        await trio.serve_listeners(self._answer, [listener])

    async def _answer(self, stream: trio.SocketStream) -> None:
        most, cluster = self._settings.wire.frame_bytes, self._sessions.cluster
        answerer = Answerer(self._own, self._credentials, cluster, self._entropy, most)
        await self._answering.serve(stream, answerer)

    # --- what the layers above say ------------------------------------------------------------

    def send(self, pool: Pool, order: SendDatagram) -> None:
        """Send a datagram, or let it wait for a handshake; nobody is told what becomes of it."""
        self._datagrams.send(pool, order)

    def request(self, pool: Pool, order: SendRequest) -> None:
        """Send a request; its outcome comes to the sink, once, and never from within this call."""
        if self._nursery is None:
            self._drops[Drop.OUTCOME] += 1
            return
        self._nursery.start_soon(self._call, pool, order)

    def respond(self, pool: Pool, order: SendResponse) -> None:
        """Answer a request that was received; one whose stream has ended is counted."""
        if self._answering.respond(pool, order.request, order.data):
            self._counts["answered"] += 1
        else:
            self._drops[Drop.LATE] += 1

    def connect(self, address: Address, timeout: Duration, done: Done) -> None:
        """Try to connect, and tell `done` once whether anybody answered: `has_answered`.

        None as well where too many are tried at a time. It is never told from within this call,
        and not at all where the transport does not run (any more).
        """
        if self._nursery is not None:
            self._nursery.start_soon(self._try, address, timeout, done)

    async def _try(self, address: Address, within: Duration, done: Done) -> None:
        if self._tried >= self._settings.streams.tried:
            self._drops[Drop.BUSY] += 1
            done(None)
            return
        self._tried += 1
        silent = self._settings.is_refusal_silence
        try:
            answered = await has_answered(address, within, is_refusal_silence=silent)
        finally:
            self._tried -= 1
        done(answered)

    async def _call(self, pool: Pool, order: SendRequest) -> None:
        answer = await self._answer_to(pool, order)
        self._counts["requests"] += 1
        if answer is None:
            self._counts["failed"] += 1
            await self._conclude(pool, RequestFailed(order.request))
        else:
            await self._conclude(pool, ResponseReceived(order.request, answer.sender, answer.data))

    async def _conclude(self, pool: Pool, outcome: ResponseReceived | RequestFailed) -> None:
        """Tell an outcome as soon as there is room: somebody waits for each, maybe for ever."""
        while not self._sink(pool, outcome):  # noqa: ASYNC110  an inbox says nothing of its room
            await trio.sleep(ROOM_AGAIN_S)

    async def _answer_to(self, pool: Pool, order: SendRequest) -> Answered | None:
        credentials = self._credentials.get(pool)
        if credentials is None:
            what = f"this agent is no member of {pool.value}"
            self._on_stream_refused(Refused(Reason.NO_POOL, order.address, what))
            return None
        if self._calling.is_full:
            self._drops[Drop.BUSY] += 1
            return None
        called = Called(pool, order.to, is_hop=False)
        most = self._settings.wire.frame_bytes
        caller = Caller(called, order.data, credentials, self._entropy, most)
        return await self._calling.call(pool, order.address, caller, order.timeout)

    # --- what others say ------------------------------------------------------------------------

    def _on_asked(self, request: int, asked: Asked) -> bool:
        return self._tell(asked.pool, RequestReceived(request, asked.sender, asked.data))

    def _tell(self, pool: Pool, fact: Inbound) -> bool:
        has_room = self._sink(pool, fact)
        if not has_room:
            self._drops[KINDS[type(fact)]] += 1
        return has_room

    def _on_stream_refused(self, refused: Refused) -> None:
        self._refused[refused.reason] += 1
        self._notice(refused)

    def statistics(self) -> TransportStatistics:
        """Return what has happened so far."""
        return TransportStatistics(
            wire=self._sessions.statistics(),
            received=self._datagrams.received,
            drops=dict(self._drops + self._datagrams.drops),
            streams_refused=dict(self._refused),
            streams_answering=self._answering.open,
            streams_calling=self._calling.open,
            requests=self._counts["requests"],
            requests_failed=self._counts["failed"],
            requests_answered=self._counts["answered"],
        )
