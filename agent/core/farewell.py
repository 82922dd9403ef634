"""What of an agent is on its way out: its part in the pool of all clusters, or all of it.

An agent that was asked to stop may end when it has given up the lease and the word has spread, or
when its time is over.
"""

from agent.core.events import BridgeEnded, Stopped
from agent.core.lease import Lease
from agent.core.parting import LINGER, Output, Parting
from discovery.member import WanMember
from failure_detect.clock import NEVER, Duration, Instant
from failure_detect.identity import MemberId


class Farewell:
    """Of one agent."""

    def __init__(self) -> None:
        """Be asked by nobody yet."""
        self.parting: Parting | None = None
        """What was a bridge, and is going."""
        self.left_at = 0
        """The incarnation at which it left the pool of all clusters last; 0: it never did."""
        self._spread_at: Instant = NEVER
        self._stops_by: Instant = NEVER
        self._is_begun = False

    @property
    def is_begun(self) -> bool:
        """Whether the agent was asked to stop."""
        return self._is_begun

    @property
    def deadline(self) -> Instant:
        """When something of it is due."""
        if self.parting is None:
            return self._spread_at
        return min(self._stops_by, self.parting.deadline)

    def part(self, wan: WanMember, lease: Lease, own: MemberId, now: Instant) -> list[Output]:
        """Leave the pool of all clusters, in which `wan` speaks for `own`, and give up `lease`."""
        self.parting = Parting(wan, lease, own, now)
        self.left_at = self.parting.incarnation
        return self.parting.begin(now)

    def begin(self, within: Duration, now: Instant) -> None:
        """Begin to leave, and be over `within` that time whatever does not answer."""
        self._is_begun = True
        self._spread_at, self._stops_by = now + min(LINGER, within), now + within

    def advance(self, now: Instant) -> list[Output | BridgeEnded | Stopped]:
        """Do what is due; the last of it is that the agent may end, where it was asked to stop."""
        said: list[Output | BridgeEnded | Stopped] = []
        if self.parting is not None:
            said += self.parting.advance(now)
            if self.parting.is_over(now):
                said += self.cut_short()
        if now >= (self._spread_at if self.parting is None else self._stops_by):
            self._spread_at = self._stops_by = NEVER
            said.append(Stopped())
        return said

    def cut_short(self) -> list[BridgeEnded]:
        """Have no part in the pool of all clusters from now on."""
        if self.parting is None:
            return []
        self.parting = None
        return [BridgeEnded()]
