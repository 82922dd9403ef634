"""How a bridge that is none any more goes.

It leaves the pool of all clusters, and gives up the lease. A leave is gossip: it goes out with what
its detector says next, so that the detector lives on until the word has spread, and answers what it
is asked meanwhile. And an update of the Lease may be under way: the lease is given up once that has
ended. What either concludes concerns nobody.
"""

from collections.abc import Iterable
from typing import TypeAlias

from agent.core.events import LeaseWriteRequested, ToPool
from agent.core.lease import Lease
from agent.core.lease_events import Effect as LeaseEffect
from agent.core.lease_events import LeaseWanted, LeaseWritten, WriteLease
from agent.wire.header import Pool
from discovery.member import Effect as WanEffect
from discovery.member import WanMember
from failure_detect import events as pool_events
from failure_detect.clock import NEVER, SECOND, Duration, Instant
from failure_detect.identity import MemberId

LINGER: Duration = 1 * SECOND
"""How long the word that an agent leaves is given to spread."""

_ORDERS = (
    pool_events.SendDatagram,
    pool_events.SendRequest,
    pool_events.SendResponse,
    pool_events.ConnectNode,
)

Output: TypeAlias = ToPool | LeaseWriteRequested


class Parting:
    """A bridge on its way out."""

    def __init__(self, wan: WanMember, lease: Lease, own: MemberId, now: Instant) -> None:
        """Let `wan`, which speaks for `own`, leave, and `lease` be given up: `begin` begins it."""
        self._wan, self._lease = wan, lease
        self._ends_at: Instant = now + LINGER
        view = wan.detector.member(own)
        assert view is not None, "everybody knows itself"
        self.incarnation = view.incarnation
        """At which it left: it comes back above that."""

    def begin(self, now: Instant) -> list[Output]:
        """Say the first of it."""
        leaves = self._wan.handle(pool_events.LeaveRequested(), now)
        return [*_updates(self._lease.handle(LeaseWanted(wanted=False), now)), *_orders(leaves)]

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        ends_at = NEVER if self._lease.is_busy else self._ends_at
        return min(ends_at, self._wan.deadline, self._lease.deadline)

    def is_over(self, now: Instant) -> bool:
        """Tell whether the word has had its time, and the lease is given up or run out."""
        return now >= self._ends_at and not self._lease.is_busy

    def handle(self, event: pool_events.Event, now: Instant) -> list[Output]:
        """Take in what the network still brings."""
        return _orders(self._wan.handle(event, now))

    def lease_written(self, event: LeaseWritten, now: Instant) -> list[Output]:
        """Take in what became of an update of the Lease."""
        return _updates(self._lease.handle(event, now))

    def advance(self, now: Instant) -> list[Output]:
        """Say what is due."""
        said = _orders(self._wan.advance(now)) if self._wan.deadline <= now else []
        return [*said, *_updates(self._lease.advance(now))]


def _orders(effects: Iterable[WanEffect]) -> list[Output]:
    return [ToPool(Pool.WAN, each) for each in effects if isinstance(each, _ORDERS)]


def _updates(effects: Iterable[LeaseEffect]) -> list[Output]:
    return [
        LeaseWriteRequested(each.number, each.write)
        for each in effects
        if isinstance(each, WriteLease)
    ]
