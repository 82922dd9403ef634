"""A bridge as a machine of the world: what it sends goes to the network, the rest to the stage.

What runs is what runs in production (`discovery.member`); only what an agent's driver does besides
is played by the stage: the disk, the Lease, the lists of sources, the pool of the own cluster.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast, get_args

from discovery import bridge_events
from discovery.member import Effect as MemberEffect
from discovery.member import WanMember, is_of_bridge
from failure_detect import events as pool_events
from failure_detect.clock import Instant
from failure_detect.events import RequestReceived, SendRequest, SendResponse
from simulations.machine import Called, Machine

BridgeFact: TypeAlias = bridge_events.Effect
Listener: TypeAlias = Callable[["BridgeMachine", BridgeFact], None]

_POOL_EFFECTS = get_args(pool_events.Effect)


@dataclass(slots=True)
class Streamed:
    """What a bridge asked and answered by streams, its detector's own apart; bytes in clear."""

    requests: int = 0
    request_bytes: int = 0
    responses: int = 0
    response_bytes: int = 0

    @property
    def bytes(self) -> int:
        """All that it put into streams."""
        return self.request_bytes + self.response_bytes


class BridgeMachine:
    """One process of the world."""

    def __init__(self, index: int, member: WanMember, listener: Listener) -> None:
        """Run `member` as the one at place `index`; `listener` hears what the bridge says."""
        self.index = index
        self.member = member
        self.streamed = Streamed()
        self._listener = listener
        self._asked: set[int] = set()

    @property
    def deadline(self) -> Instant:
        """When something is due."""
        return self.member.deadline

    def handle(self, event: pool_events.Event, now: Instant) -> list[pool_events.Effect]:
        """Take in what the network brings."""
        if isinstance(event, RequestReceived) and is_of_bridge(event):
            self._asked.add(event.request)
        return self._split(self.member.handle(event, now))

    def advance(self, now: Instant) -> list[pool_events.Effect]:
        """Do what is due."""
        return self._split(self.member.advance(now))

    def tell(self, event: bridge_events.Event, now: Instant) -> list[pool_events.Effect]:
        """Take in what the own cluster says."""
        return self._split(self.member.tell(event, now))

    def _split(self, effects: list[MemberEffect]) -> list[pool_events.Effect]:
        out: list[pool_events.Effect] = []
        for effect in effects:
            if isinstance(effect, _POOL_EFFECTS):
                self._count(effect)
                out.append(cast("pool_events.Effect", effect))
            else:
                self._listener(self, cast("BridgeFact", effect))
        return out

    def _count(self, effect: MemberEffect) -> None:
        streamed = self.streamed
        if isinstance(effect, SendRequest) and is_of_bridge(effect):
            streamed.requests += 1
            streamed.request_bytes += len(effect.data)
        elif isinstance(effect, SendResponse) and effect.request in self._asked:
            self._asked.remove(effect.request)
            streamed.responses += 1
            streamed.response_bytes += len(effect.data)

    def statistics(self) -> object:
        """Return the detector's counts."""
        return self.member.detector.statistics()

    def check_invariants(self) -> None:
        """Assert those of detector and bridge."""
        self.member.check_invariants()

    def snapshot(self) -> Sequence[bytes]:
        """Return what the detector keeps over a restart."""
        return self.member.detector.snapshot()


@dataclass(frozen=True, slots=True)
class _Told:
    event: bridge_events.Event

    def __call__(self, machine: Machine, now: Instant) -> list[pool_events.Effect]:
        assert isinstance(machine, BridgeMachine)
        return machine.tell(self.event, now)


def told(event: bridge_events.Event) -> Called:
    """Return an event of the bridge as something that a world can deliver."""
    return Called(type(event).__name__, _Told(event))
