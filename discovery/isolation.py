"""Is it them or us: whoever loses more than half of its own pool presumes that it is cut off.

The machine follows the `lan` pool of its own cluster, by the detector's facts, and what the API
server says of the nodes' heartbeats.

Rule 1: lost is a member that died and did not come back, was not succeeded on its node, whose node
object still exists, and whose node's heartbeat has not stopped as well: a node that the API server
misses too is dead, and says nothing about us. Who leaves in peace is not lost. A member that nobody
answers (`IsolationChanged`) has lost all others. Rule 2: more than half of the pool, oneself
counted, lost within the window: cut off. Rule 3: it lasts until no more than half of that pool is
lost, and then a while longer, so that everybody is looked at again before anything is done.

Who is cut off calls no node down (`own_overlay`), publishes no removal that nobody meant
(`publisher_guard`) and lets nothing expire (`verdicts`). The lease is another matter:
`may_hold_lease`.

| pool        | lost                           | verdict                                   |
|-------------|--------------------------------|-------------------------------------------|
| one node    | nothing to lose                | never cut off                             |
| two nodes   | the other one                  | not cut off: half is not more than half   |
| three nodes | one                            | not cut off                               |
| three nodes | both others                    | cut off                                   |
| any         | half of it                     | not cut off, on neither side              |
| any         | more than half                 | cut off                                   |
| any         | more, their heartbeats as well | not cut off: those nodes are dead         |
| any         | more, but not within a window  | not cut off: the pool has shrunk          |
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypeAlias, assert_never

from failure_detect.clock import MINUTE, NEVER, SECOND, Duration, Instant
from failure_detect.events import (
    IsolationChanged,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    NodeDeleted,
)
from failure_detect.identity import MemberId, NodeName
from failure_detect.validation import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationConfig:
    """When a cluster's loss is taken for our own."""

    share_percent: int = 50
    """More than this share of the pool lost: cut off. Higher withdraws what lives, lower lets the
    loss of a zone freeze us."""

    window: Duration = 5 * MINUTE
    """Losses within it count together. Longer than it takes the detector to find all of them."""

    recheck: Duration = 30 * SECOND
    """How long the pool must be whole again before anything is withdrawn. Longer than a probe of
    every member takes."""

    members_max: int = 16_384
    """Members that are followed, and nodes of which the heartbeat stopped; more are ignored."""

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError`, one for each fault."""
        found = list(_faults(self))
        if found:
            raise ExceptionGroup("invalid configuration of isolation", found)


def _faults(config: IsolationConfig) -> Iterator[ConfigError]:
    for each in fields(config):
        value: object = getattr(config, each.name)
        most = 99 if each.name == "share_percent" else (1 << 53) - 1
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            yield ConfigError(f"$.isolation.{each.name}", f"must be 1 to {most}, is {value!r}")


@dataclass(frozen=True, slots=True)
class HeartbeatStopped:
    """The API server has not heard from a node for too long."""

    node: NodeName


@dataclass(frozen=True, slots=True)
class HeartbeatSeen:
    """The API server hears from a node again."""

    node: NodeName


MemberFact: TypeAlias = (
    MemberJoined | MemberUpdated | MemberDied | MemberReturned | MemberLeft | MemberRetired
)
Event: TypeAlias = MemberFact | IsolationChanged | NodeDeleted | HeartbeatStopped | HeartbeatSeen


@dataclass(frozen=True, slots=True)
class CutOffPresumed:
    """We lost `lost` of the `pool` members of our own cluster: it is us. Withdraw nothing."""

    lost: int
    pool: int


@dataclass(frozen=True, slots=True)
class CutOffEnded:
    """The pool is whole enough again, and was looked at since."""


Effect: TypeAlias = CutOffPresumed | CutOffEnded


@dataclass(frozen=True, slots=True)
class IsolationStatistics:
    """How our own pool stands."""

    pool: int
    """Members that are alive or lost, oneself counted."""
    lost: int
    is_cut_off: bool
    times: int
    """How often we were cut off."""
    ignored: int
    """Members beyond the limit."""


@dataclass(slots=True)
class _Member:
    node: NodeName
    died_at: Instant = NEVER


class Isolation:
    """Watches over the pool of one's own cluster."""

    def __init__(self, own: MemberId, config: IsolationConfig) -> None:
        """Know nobody but oneself."""
        self._own = own
        self._config = config
        self._members: dict[MemberId, _Member] = {}
        self._stopped: dict[NodeName, None] = {}
        self._deaf_since: Instant = NEVER
        self._cut_off_at: Instant = NEVER
        self._whole_since: Instant = NEVER
        self._times = 0
        self._ignored = 0

    @property
    def is_cut_off(self) -> bool:
        """Whether we presume to be cut off: then nothing is withdrawn."""
        return self._cut_off_at != NEVER

    @property
    def may_hold_lease(self) -> bool:
        """Whether the holder of the lease may keep it, as far as silence goes: always.

        Neither the loss of all of `wan` nor that of our own pool says that another holder would do
        better, and without one nobody would write for local changes. Who has the lease is for the
        API server to say, and for the holder's own clock.
        """
        return True

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact of the `lan` pool, or of the API server."""
        match event:
            case NodeDeleted() | HeartbeatStopped() | HeartbeatSeen():
                self._on_node(event)
            case IsolationChanged(isolated):
                self._deaf_since = now if isolated else NEVER
            case _:
                self._on_member(event, now)
        return self._judge(now)

    def _on_node(self, event: NodeDeleted | HeartbeatStopped | HeartbeatSeen) -> None:
        match event:
            case NodeDeleted(node):
                self._deleted(node)
            case HeartbeatStopped(node):
                self._stopped_at(node)
            case HeartbeatSeen(node):
                self._stopped.pop(node, None)
            case _:
                assert_never(event)

    def _on_member(self, event: MemberFact, now: Instant) -> None:
        match event:
            case MemberJoined(identity) | MemberUpdated(identity):
                self._joined(identity.member, identity.node)
            case MemberDied(member):
                self._died(member, now)
            case MemberReturned(member):
                self._returned(member)
            case MemberLeft(member) | MemberRetired(member):
                self._members.pop(member, None)
            case _:
                assert_never(event)

    def advance(self, now: Instant) -> list[Effect]:
        """End it where the pool has been whole again for long enough."""
        return self._judge(now)

    @property
    def deadline(self) -> Instant:
        """When the pool will have been whole for long enough; else `NEVER`."""
        if not self.is_cut_off or self._whole_since == NEVER:
            return NEVER
        return self._whole_since + self._config.recheck

    def statistics(self) -> IsolationStatistics:
        """Return how our own pool stands."""
        lost = sum(self._counts(member) for member in self._members.values())
        return IsolationStatistics(
            len(self._members) + 1, lost, self.is_cut_off, self._times, self._ignored
        )

    def check_invariants(self) -> None:
        """Raise AssertionError where the state contradicts itself."""
        assert max(len(self._members), len(self._stopped)) <= self._config.members_max
        assert self._own not in self._members
        assert self._whole_since == NEVER or self.is_cut_off

    def _joined(self, member: MemberId, node: NodeName) -> None:
        if member == self._own:
            return
        if member not in self._members and len(self._members) >= self._config.members_max:
            self._ignored += 1
            return
        self._members[member] = _Member(node)

    def _died(self, member: MemberId, now: Instant) -> None:
        known = self._members.get(member)
        if known is not None and known.died_at == NEVER:
            known.died_at = now

    def _returned(self, member: MemberId) -> None:
        known = self._members.get(member)
        if known is not None:
            known.died_at = NEVER

    def _deleted(self, node: NodeName) -> None:
        self._stopped.pop(node, None)
        gone = [
            member
            for member, known in self._members.items()
            if known.node == node and known.died_at != NEVER
        ]
        for member in gone:
            del self._members[member]

    def _stopped_at(self, node: NodeName) -> None:
        if len(self._stopped) < self._config.members_max:
            self._stopped[node] = None

    def _counts(self, member: _Member) -> bool:
        """Tell whether a member is lost, and its node not known to be dead."""
        lost = member.died_at != NEVER or self._deaf_since != NEVER
        return lost and member.node not in self._stopped

    def _since(self, member: _Member) -> Instant:
        return min(member.died_at, self._deaf_since)

    def _judge(self, now: Instant) -> list[Effect]:
        lost, pool = self._lost(now)
        too_many = lost * 100 > self._config.share_percent * pool
        if not self.is_cut_off:
            if not too_many:
                return []
            self._cut_off_at = now
            self._times += 1
            return [CutOffPresumed(lost, pool)]
        if too_many:
            self._whole_since = NEVER
        elif self._whole_since == NEVER:
            self._whole_since = now
        if now < self.deadline:
            return []
        self._cut_off_at = self._whole_since = NEVER
        return [CutOffEnded()]

    def _lost(self, now: Instant) -> tuple[int, int]:
        """Return how many are lost, and of how many: who died before the window is in neither.

        While we are cut off, the window stands still where it was when that began.
        """
        until = self._cut_off_at if self.is_cut_off else now
        since = until - self._config.window
        lost = alive = 0
        for member in self._members.values():
            if member.died_at == NEVER and self._deaf_since == NEVER:
                alive += 1
            elif self._counts(member) and self._since(member) > since:
                lost += 1
        return lost, lost + alive + 1
