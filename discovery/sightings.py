"""What is known of the other clusters: by this bridge's own detector, and by its sisters' reports.

Rule 1: a cluster is alive if any witness sees any bridge of it alive, reachable if any witness
reaches one itself, and its data path is open if any found it open of late. Rule 2: a witness is a
bridge of ours that is not isolated: this one, and each whose report is fresh. Rule 3: where there
is no witness, nothing is alive as far as anybody can tell.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from discovery.names import Origin
from discovery.reports import SEEN_MAX, AnyReport, Path, Repeated, Seen
from discovery.verdict_config import VerdictConfig
from discovery.verdict_events import MembershipFact
from failure_detect.clock import NEVER, Instant
from failure_detect.events import (
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    ReachabilityChanged,
)
from failure_detect.identity import Identity, MemberId


class Loss(Enum):
    """How the last living bridge of a cluster went."""

    UNSEEN = auto()
    """None was ever seen alive."""
    LEFT = auto()
    DIED = auto()


@dataclass(slots=True)
class _Bridge:
    origin: Origin
    is_alive: bool = True
    is_reachable: bool = True


class Bridges:
    """Bridges of all clusters, as this bridge's own detector sees them."""

    def __init__(self, members_max: int) -> None:
        """Know none."""
        self._members_max = members_max
        self._members: dict[MemberId, _Bridge] = {}
        self._by_origin: dict[Origin, dict[MemberId, _Bridge]] = {}
        self._losses: dict[Origin, Loss] = {}
        self.ignored = 0
        """Members beyond the limit."""

    def __len__(self) -> int:
        """Return how many members are followed."""
        return len(self._members)

    def follow(self, event: MembershipFact) -> Origin | None:
        """Take in a fact; return whose bridge it is about, None where it is nobody's."""
        match event:
            case MemberJoined(identity) | MemberUpdated(identity):
                return self._lives(identity)
            case MemberDied(member):
                return self._goes(member, Loss.DIED)
            case MemberReturned(member):
                return self._returns(member)
            case MemberLeft(member) | MemberRetired(member):
                return self._goes(member, Loss.LEFT)
            case ReachabilityChanged(member, reachable):
                return self._reached(member, is_reachable=reachable)
            case _:
                assert_never(event)

    def alive(self, origin: Origin) -> int:
        """Return how many bridges of a cluster are alive."""
        return sum(bridge.is_alive for bridge in self._by_origin.get(origin, {}).values())

    def reachable(self, origin: Origin) -> int:
        """Return how many of the living answer this bridge's own probes."""
        bridges = self._by_origin.get(origin, {}).values()
        return sum(bridge.is_alive and bridge.is_reachable for bridge in bridges)

    def dead(self, origin: Origin) -> int:
        """Return how many died and were not seen since."""
        return sum(not bridge.is_alive for bridge in self._by_origin.get(origin, {}).values())

    def loss(self, origin: Origin) -> Loss:
        """Return how the last living one went; of no meaning while one is alive."""
        return self._losses.get(origin, Loss.UNSEEN)

    def _lives(self, identity: Identity) -> Origin | None:
        origin = Origin(identity.group)
        known = self._members.get(identity.member)
        if known is not None and known.origin == origin:
            known.is_alive = True
            return origin
        if known is None and not self._has_room():
            self.ignored += 1
            return None
        if known is not None:
            self._drop(identity.member)
        bridge = self._members[identity.member] = _Bridge(origin)
        self._by_origin.setdefault(origin, {})[identity.member] = bridge
        return origin

    def _has_room(self) -> bool:
        if len(self._members) < self._members_max:
            return True
        dead = next((m for m, bridge in self._members.items() if not bridge.is_alive), None)
        if dead is None:
            return False
        self._drop(dead)
        return True

    def _drop(self, member: MemberId) -> Origin | None:
        bridge = self._members.pop(member, None)
        if bridge is None:
            return None
        mine = self._by_origin[bridge.origin]
        del mine[member]
        if not mine:
            del self._by_origin[bridge.origin]
        return bridge.origin

    def _goes(self, member: MemberId, loss: Loss) -> Origin | None:
        bridge = self._members.get(member)
        if bridge is None:
            return None
        if bridge.is_alive:  # A dead one whose successor came says nothing new.
            self._losses.pop(bridge.origin, None)
            self._losses[bridge.origin] = loss
            if len(self._losses) > self._members_max:
                del self._losses[next(iter(self._losses))]
        if loss is Loss.LEFT:
            return self._drop(member)
        bridge.is_alive = False
        return bridge.origin

    def _returns(self, member: MemberId) -> Origin | None:
        bridge = self._members.get(member)
        if bridge is None:
            return None
        bridge.is_alive = True
        return bridge.origin

    def _reached(self, member: MemberId, *, is_reachable: bool) -> Origin | None:
        bridge = self._members.get(member)
        if bridge is None:
            return None
        bridge.is_reachable = is_reachable
        return bridge.origin

    def check_invariants(self) -> None:
        """Raise AssertionError where the two indexes disagree."""
        assert max(len(self._members), len(self._losses)) <= self._members_max
        assert sum(map(len, self._by_origin.values())) == len(self._members)
        for origin, bridges in self._by_origin.items():
            assert bridges
            assert all(self._members[m] is b and b.origin == origin for m, b in bridges.items())


@dataclass(slots=True)
class _Sister:
    number: int
    is_isolated: bool
    seen: dict[Origin, Seen]
    received_at: Instant
    """When its last whole report came."""
    heard_at: Instant


@dataclass(frozen=True, slots=True)
class Witness:
    """What one bridge of ours says of one cluster, whether or not it counts."""

    bridge: MemberId | None
    """None: this one."""
    is_isolated: bool
    """Then it is no witness."""
    seen: Seen | None
    """None: it says nothing of that cluster."""
    heard_at: Instant
    """When it was heard last."""


class Sisters:
    """What the other bridges of our own cluster reported, as long as it is fresh."""

    def __init__(self, config: VerdictConfig) -> None:
        """Start with no witness."""
        self._config = config
        self._sisters: dict[MemberId, _Sister] = {}
        self.ignored = 0
        """Reports beyond the limit or overtaken by later ones, and repetitions of reports that we
        do not have."""

    def __len__(self) -> int:
        """Return how many have reported."""
        return len(self._sisters)

    def hear(self, bridge: MemberId, report: AnyReport, now: Instant) -> bool:
        """Take in a report; tell whether it changed anything that counts."""
        known = self._sisters.get(bridge)
        if isinstance(report, Repeated):
            return self._repeated(known, report, now)
        if known is not None and report.number < known.number:  # Overtaken on its way.
            self.ignored += 1
            return False
        if known is None and len(self._sisters) >= self._config.bridges_max:
            self.ignored += 1
            return False
        seen = {each.origin: each for each in report.seen[:SEEN_MAX]}
        self._sisters[bridge] = _Sister(report.number, report.isolated, seen, now, now)
        return known is None or (known.is_isolated, known.seen) != (report.isolated, seen)

    def _repeated(self, known: _Sister | None, report: Repeated, now: Instant) -> bool:
        if known is None or known.number != report.number:
            self.ignored += 1
            return False
        changed = known.is_isolated != report.isolated
        known.is_isolated, known.heard_at = report.isolated, now
        return changed

    def gone(self, bridge: MemberId) -> bool:
        """Forget a bridge; tell whether it had said anything."""
        return self._sisters.pop(bridge, None) is not None

    def lapse(self, now: Instant) -> bool:
        """Forget whoever was silent for too long; tell whether there was one."""
        since = now - self._config.report_fresh
        silent = [bridge for bridge, each in self._sisters.items() if each.heard_at <= since]
        for bridge in silent:
            del self._sisters[bridge]
        return bool(silent)

    @property
    def deadline(self) -> Instant:
        """When the next one will have been silent for too long."""
        heard = min((each.heard_at for each in self._sisters.values()), default=NEVER)
        return NEVER if heard == NEVER else heard + self._config.report_fresh

    def witnesses(self) -> int:
        """Return how many count."""
        return sum(not each.is_isolated for each in self._sisters.values())

    def of(self, origin: Origin) -> list[Seen]:
        """Return what those that count see of a cluster."""
        return [
            each.seen[origin]
            for each in self._sisters.values()
            if not each.is_isolated and origin in each.seen
        ]

    def testimonies(self, origin: Origin) -> list[Witness]:
        """Return what each of them says of a cluster, by its id."""
        return [
            Witness(bridge, each.is_isolated, each.seen.get(origin), each.heard_at)
            for bridge, each in sorted(self._sisters.items())
        ]

    def silent_since(self, origin: Origin) -> Instant:
        """Return since when a cluster was silent for whoever lost it first; `NEVER` if none did."""
        return min(
            (
                each.received_at - each.seen[origin].silent_for
                for each in self._sisters.values()
                if not each.is_isolated and origin in each.seen and not each.seen[origin].alive
            ),
            default=NEVER,
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What all of ours together know of one cluster."""

    witnesses: int
    """Bridges of ours that count."""
    alive: bool
    reachable: bool
    path: Path
    why_lost: str
    """In words, if none is alive."""


def weigh(own: Seen | None, sisters: list[Seen], witnesses: int, why_lost: str) -> Evidence:
    """Pool what this bridge sees (None where it is isolated) with its sisters' reports."""
    seen = sisters if own is None else [own, *sisters]
    paths = [each.path for each in seen]
    path = Path.UNKNOWN
    if Path.OPEN in paths:
        path = Path.OPEN
    elif Path.SHUT in paths:
        path = Path.SHUT
    return Evidence(
        witnesses=witnesses,
        alive=any(each.alive for each in seen),
        reachable=any(each.alive and each.reachable for each in seen),
        path=path,
        why_lost=why_lost,
    )
