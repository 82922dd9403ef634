"""What a bridge is put together from, and when it has been in touch with others for long enough."""

from dataclasses import dataclass, field

from agent.core.lease import Lease
from agent.drivers.writer import Writer
from agent.sources.acks import Acks
from agent.sources.sources import Sources
from discovery.member import WanMember
from failure_detect import events as pool_events
from failure_detect.clock import NEVER, SECOND, Duration, Instant

SYNC_AFTER: Duration = 5 * SECOND
"""How long a bridge of another cluster must have been alive before what is missing here counts as
gone: two bridges whose catalogs differ compare them after 1.5 s, and pull."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The machines of a bridge, all of them new."""

    wan: WanMember
    lease: Lease
    writer: Writer
    sources: Sources
    acks: Acks


@dataclass(slots=True)
class Contact:
    """Whether a bridge of another cluster was in touch for long enough."""

    own: str
    """The name of our own cluster."""
    members: dict[bytes, Instant] = field(default_factory=dict)
    """Members of other clusters that are alive, and since when."""
    dead: set[bytes] = field(default_factory=set)
    """Those of other clusters that died, and may return."""
    is_enough: bool = False

    def heard(self, fact: object, now: Instant) -> None:
        """Take in what the detector of the pool of all clusters found."""
        match fact:
            case pool_events.MemberJoined(identity) | pool_events.MemberUpdated(identity):
                if identity.group != self.own:
                    self.members.setdefault(identity.member, now)
            case pool_events.MemberDied(member):
                if self.members.pop(member, None) is not None:
                    self.dead.add(member)
            case pool_events.MemberReturned(member):
                if member in self.dead:
                    self.dead.remove(member)
                    self.members[member] = now
            case pool_events.MemberLeft(member) | pool_events.MemberRetired(member):
                self.members.pop(member, None)
                self.dead.discard(member)
            case _:
                pass

    @property
    def deadline(self) -> Instant:
        """When it will have been long enough; `NEVER` once that was said."""
        if self.is_enough:
            return NEVER
        return min(self.members.values(), default=NEVER - SYNC_AFTER) + SYNC_AFTER
