"""Everything that one port takes and sends as datagrams: both pools, and the one hop.

    s = Sessions(member, entropy=entropy)          one for each process key, ever
    s.open(Pool.LAN, credentials)
    s.handle_datagram(data, source, now)           -> Transmit, Forward, Delivered, Refused
    s.send(Pool.LAN, member, address, data, now)   -> Transmit, Refused
    s.advance(now) at s.deadline

Rule 1: any bytes give effects and never an exception. Rule 2: to a source that has proved nothing
no more is sent than came from it. Rule 3: what is refused is counted by its reason, once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.wire.budgets import Asked, Strangers
from agent.wire.cookies import CookieJar
from agent.wire.effects import Delivered, Effect, Forward, Refused, Transmit
from agent.wire.handshake import HELLO_BYTES, has_via, read_via
from agent.wire.header import NO_MARK, Head, Kind, Pool, mark_of, read_head
from agent.wire.hops import WITH_VIA, Cluster, is_passed_on, passed_on
from agent.wire.limits import WireLimits
from agent.wire.nonces import Counters
from agent.wire.peers import OVERHEAD_BYTES
from agent.wire.pool_sessions import PoolSessions, Shared
from agent.wire.reasons import Reason, WireRefused
from agent.wire.sealing import Credentials, Entropy
from failure_detect.clock import NEVER, Instant
from failure_detect.identity import Address, MemberId, ShortId, short_id


@dataclass(frozen=True, slots=True)
class WireStatistics:
    """What went over the wire as datagrams, since the process began."""

    delivered: Mapping[Pool, int]
    transmitted: int
    """Sealed datagrams and words of handshakes."""
    forwarded: int
    refused: Mapping[Reason, int]
    """Received or to be sent, and dropped."""
    peers: Mapping[Pool, int]
    """Members with whom a session is kept."""
    attempts: Mapping[Pool, int]
    """Handshakes under way."""
    hosts: int
    """Hosts of strangers whose share is kept account of."""


class Sessions:
    """The machine. A process key has one, ever: it keeps the counters of that key."""

    def __init__(
        self, own: MemberId, *, entropy: Entropy, limits: WireLimits | None = None
    ) -> None:
        """Be a member of no pool yet."""
        self._own = own
        self._mark = mark_of(own)
        limits = WireLimits() if limits is None else limits
        strangers = Strangers(limits.strangers)
        self.strangers = strangers
        """What strangers cost; streams are put to the same account."""
        self._shared = Shared(limits, entropy, strangers, CookieJar(entropy))
        self._longest = max(limits.data_bytes + OVERHEAD_BYTES, HELLO_BYTES + OVERHEAD_BYTES)
        self._counters = {pool: Counters() for pool in Pool}
        self._pools: dict[Pool, PoolSessions] = {}
        self.cluster = Cluster()
        """The other agents of our own cluster; streams are passed on to them as well."""
        self._delivered: Counter[Pool] = Counter()
        self._refused: Counter[Reason] = Counter()
        self._transmitted = 0
        self._forwarded = 0

    # --- which pools ------------------------------------------------------------------------

    @property
    def longest(self) -> int:
        """The most bytes that a datagram may have; longer ones are refused unread."""
        return self._longest

    def open(self, pool: Pool, credentials: Credentials) -> None:
        """Be a member of a pool from now on. ValueError for credentials of another process."""
        if credentials.member != self._own:
            raise ValueError("credentials: of another process key than this one")
        self.close(pool)
        counters = self._counters[pool]
        self._pools[pool] = PoolSessions(pool, credentials, self._shared, counters)

    def close(self, pool: Pool) -> None:
        """Be no member of a pool any more; nothing that waited in it is sent."""
        closed = self._pools.pop(pool, None)
        if closed is not None:
            closed.close()

    def renew(self, pool: Pool, certificate: bytes) -> None:
        """Show another certificate of the same key in a pool; KeyError where it is not open."""
        self._pools[pool].renew(certificate)

    def recheck(self) -> None:
        """Believe nobody unasked: trust, keys or revocations have changed."""
        for sessions in self._pools.values():
            sessions.recheck()

    def forget(self, pool: Pool, member: MemberId) -> None:
        """Forget a member of a pool: it has left for good."""
        if pool in self._pools:
            self._pools[pool].forget(member)

    def know_cluster(
        self, bridges: Mapping[ShortId, Address], agents: Iterable[Address] = ()
    ) -> None:
        """Pass on what is for these bridges of our own cluster, and for nobody else.

        `bridges` are named by the first 8 bytes of their ids, with their addresses in `lan`. From
        `agents`, and from bridges, is taken what was passed on by them. Addresses as sockets show
        them, `192.0.2.1:7400` or `[2001:db8::1]:7400`; this agent's own may be among them.
        """
        own = short_id(self._own)
        self.cluster.replace({b: where for b, where in bridges.items() if b != own}, agents)

    # --- the machine's surface ----------------------------------------------------------------

    @property
    def deadline(self) -> Instant:
        """When `advance` may have something to do."""
        return min((each.deadline for each in self._pools.values()), default=NEVER)

    def handle_datagram(self, data: bytes, source: Address, now: Instant) -> list[Effect]:
        """Take in what came from `source`, which may be forged."""
        try:
            return self._counted(self._taken(data, source, now))
        except WireRefused as refused:
            return self._counted([Refused(refused.reason, source, refused.what)])

    def send(
        self, pool: Pool, to: MemberId, address: Address, data: bytes, now: Instant
    ) -> list[Effect]:
        """Send `data` to a member of a pool, by a handshake first where there is no session."""
        sessions = self._pools.get(pool)
        try:
            if sessions is None:
                raise WireRefused(Reason.NO_POOL, f"this agent is no member of {pool.value}")
            return self._counted(sessions.send(to, address, data, now))
        except WireRefused as refused:
            return self._counted([Refused(refused.reason, address, refused.what)])

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due."""
        effects: list[Effect] = []
        for sessions in self._pools.values():
            if sessions.deadline <= now:
                effects += sessions.advance(now)
        return self._counted(effects)

    def statistics(self) -> WireStatistics:
        """Return what has happened so far."""
        return WireStatistics(
            delivered=dict(self._delivered),
            transmitted=self._transmitted,
            forwarded=self._forwarded,
            refused=dict(self._refused),
            peers={pool: each.peers for pool, each in self._pools.items()},
            attempts={pool: each.attempts for pool, each in self._pools.items()},
            hosts=self.strangers.hosts,
        )

    def check_invariants(self) -> None:
        """Assert what must always hold."""
        for sessions in self._pools.values():
            sessions.check_invariants()

    # --- which way ------------------------------------------------------------------------------

    def _taken(self, data: bytes, source: Address, now: Instant) -> list[Effect]:
        if len(data) > self._longest:
            raise WireRefused(Reason.OVERSIZED, "longer than any datagram may be")
        head = read_head(data)
        if head.mark != self._mark and (head.kind is not Kind.AGAIN or head.mark != NO_MARK):
            return [self._passed_on(head, data, source, now)]
        sessions = self._pools.get(head.pool)
        if sessions is None:
            raise WireRefused(Reason.NO_POOL, f"this agent is no member of {head.pool.value}")
        return sessions.handle(head, data, self._answerable(head, data, source), now)

    def _passed_on(self, head: Head, data: bytes, source: Address, now: Instant) -> Forward:
        if head.is_hop:
            raise WireRefused(Reason.HOPPED, "for another member, and passed on once already")
        address = self.cluster.of_mark(head.mark) if is_passed_on(head) else None
        if address is None:
            raise WireRefused(Reason.NOT_OURS, "for a member that is not known here")
        onward = passed_on(head, data, source)
        if onward is None:
            raise WireRefused(Reason.MALFORMED, "neither hello nor proof, though it says so")
        if not self.strangers.may(Asked.HOP, source, now):
            raise WireRefused(Reason.BUDGET, "more than is passed on for strangers")
        return Forward(address, onward)

    def _answerable(self, head: Head, data: bytes, source: Address) -> Address | None:
        """Return where a datagram may be answered to; None where that is not known."""
        if head.kind not in WITH_VIA:
            return None if head.is_hop else source
        if not head.is_hop:
            if has_via(data):
                raise WireRefused(Reason.MALFORMED, "says that it was passed on, and was not")
            return source
        # Anybody may set the bit, and would have us answer to whomever he likes.
        if not self.cluster.is_of_ours(source):
            raise WireRefused(Reason.HOP_SOURCE, "passed on by no agent of our own cluster")
        return read_via(data)

    def _counted(self, effects: list[Effect]) -> list[Effect]:
        for effect in effects:
            match effect:
                case Transmit():
                    self._transmitted += 1
                case Forward():
                    self._forwarded += 1
                case Delivered(pool):
                    self._delivered[pool] += 1
                case Refused(reason):
                    self._refused[reason] += 1
        return effects
