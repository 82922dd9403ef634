"""Which nodes of which cluster are down: overlays of all bridges, this one's own among them.

It joins `overlays`, which counts what living bridges say, with `own_overlay`, which decides what
this one says, and tells whenever the answer for a cluster is another one.

A majority may be wrong, where a cluster's pool falls into halves, and the bridge that knows better
speaks last: it learns of the doubt by the same gossip. So while a living bridge has said neither
that a node is down nor whether it hears it, a majority's word is not acted on for `OBJECTION`. Who
lives on a node that is down is waited for no more; while that node is only called so, it is. Nobody
objects to a sole bridge: what it finds itself waits until its losses rest (`silences`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from discovery.authority import Signer, Verifier
from discovery.events import ItemAccepted, ItemLapsed, ItemReceived, MembershipFact
from discovery.messages import Item
from discovery.names import Origin
from discovery.overlays import Overlay, OverlayBook, decode_overlay
from discovery.own_overlay import LanFact, OwnOverlay
from discovery.refusals import Refusal, Refused
from discovery.silences import Silences
from failure_detect.clock import NEVER, SECOND, Duration, Instant
from failure_detect.events import (
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    ReachabilityChanged,
)
from failure_detect.identity import Identity, MemberId, NodeName

OBJECTION: Duration = 1 * SECOND
"""How long a bridge has to say whether it hears a node that a majority of its cluster's calls down.
Above the pause between its overlays and twice what gossip takes; a node that one bridge never gets
to know about stays in the view for so much longer."""


@dataclass(frozen=True, slots=True)
class NodesDownChanged:
    """These are all nodes of `origin` that are down now, by the word of its bridges."""

    origin: Origin
    nodes: tuple[NodeName, ...]


Effect: TypeAlias = ItemAccepted | ItemLapsed | NodesDownChanged


class NodeWatch:
    """Follows bridges and their overlays."""

    def __init__(self, identity: Identity, signer: Signer, verifier: Verifier) -> None:
        """Watch as the bridge `identity`, whose agent key `signer` holds."""
        self._own = Origin(identity.group)
        self._identity = identity
        self._verifier = verifier
        self._book = OverlayBook()
        self._overlay = OwnOverlay(identity, signer)
        self._silences = Silences(identity.member)
        self._bridges: dict[MemberId, Identity] = {identity.member: identity}
        self._living: dict[Origin, dict[MemberId, None]] = {self._own: {identity.member: None}}
        self._down: dict[Origin, tuple[NodeName, ...]] = {}
        self._waiting: dict[Origin, dict[NodeName, Instant]] = {}
        """Nodes that a majority calls down, and until when another may object."""

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        parts = (self._book.deadline, self._overlay.deadline, self._objection_ends())
        return min(*parts, self._silences.deadline(alone=self._is_alone))

    @property
    def _is_alone(self) -> bool:
        return len(self._living[self._own]) == 1

    def _objection_ends(self) -> Instant:
        ends = (until for waiting in self._waiting.values() for until in waiting.values())
        return min(ends, default=NEVER)

    def nodes_down(self, origin: Origin) -> tuple[NodeName, ...]:
        """Return the nodes of a cluster that count as down."""
        return self._down.get(origin, ())

    def overlays(self, origin: Origin | None = None) -> list[Overlay]:
        """Return the overlays that are held of one cluster, or of all: who says what."""
        return self._book.overlays(origin)

    # --- what it is told ----------------------------------------------------------------

    def on_lan(self, fact: LanFact, now: Instant) -> list[Effect]:
        """Take in what happens in the pool of our own cluster."""
        for each in self._silences.take(fact, now, alone=self._is_alone):
            self._overlay.follow(each)
        return self._say(now)

    def cut_off(self, now: Instant, *, presumed: bool) -> list[Effect]:
        """Learn whether we presume ourselves cut off."""
        self._overlay.cut_off(presumed=presumed)
        return self._say(now)

    def clock_read(self, wall_ms: int) -> None:
        """Learn what the wall clock shows (ms since 1970)."""
        self._overlay.wall_ms = wall_ms

    def on_member(self, fact: MembershipFact, now: Instant) -> list[Effect]:
        """Take in what becomes of a bridge in `wan`; what is said of ourselves is no news."""
        match fact:
            case MemberJoined(identity, _) | MemberUpdated(identity, _):
                if identity.member != self._identity.member:
                    self._bridges[identity.member] = identity
                return self._lives(identity.member, now)
            case MemberReturned(member, _):
                return self._lives(member, now)
            case MemberDied(member, _, _):
                return self._gone(member, now)
            case MemberLeft(member) | MemberRetired(member, _):
                effects = self._gone(member, now)
                if member != self._identity.member:
                    self._bridges.pop(member, None)
                return effects
            case ReachabilityChanged():
                return []

    def _lives(self, member: MemberId, now: Instant) -> list[Effect]:
        identity = self._bridges.get(member)
        if identity is None:
            return []
        origin = Origin(identity.group)
        living = self._living.setdefault(origin, {})
        if member in living:
            return []
        living[member] = None
        return self._count([origin], now)

    def _gone(self, member: MemberId, now: Instant) -> list[Effect]:
        gone = self._bridges.get(member)
        if gone is None or member == self._identity.member:
            return []
        origin = Origin(gone.group)
        self._living.get(origin, {}).pop(member, None)
        return [*self._book.signer_gone(member), *self._count([origin], now)]

    def receive(self, received: ItemReceived, now: Instant) -> list[Effect]:
        """Take in what somebody passed on as an overlay. Raises `Refused`."""
        item = received.item
        overlay = decode_overlay(item.raw)
        if overlay.item_key != item.key:
            raise Refused(Refusal.MALFORMED, "overlay: under the key of another bridge")
        if overlay.body.bridge == self._identity.member:
            return []  # Our own, come round.
        if not self._book.receive(overlay, item.age, self._identify, self._verifier, now):
            return []
        accepted = ItemAccepted(item, overlay.rank, is_news=received.is_news)
        return [accepted, *self._count([overlay.body.origin], now)]

    def _identify(self, member: MemberId) -> Identity | None:
        identity = self._bridges.get(member)
        if identity is None or member not in self._living.get(Origin(identity.group), {}):
            return None
        return identity

    def forget(self, origin: Origin) -> list[Effect]:
        """Drop what bridges of an origin said that is not trusted any more."""
        self._down.pop(origin, None)
        self._waiting.pop(origin, None)
        return list(self._book.forget(origin))

    def advance(self, now: Instant) -> list[Effect]:
        """Let lapse and sign anew what is due."""
        touched = {each.body.origin: None for each in self._book.overlays()}
        lapsed = self._book.advance(now)
        effects: list[Effect] = [*lapsed]
        if lapsed or self._objection_ends() <= now:
            effects += self._count(touched, now)
        for silent in self._silences.due(now, alone=self._is_alone):
            self._overlay.follow(silent)
        return effects + self._say(now)

    # --- what comes of it ---------------------------------------------------------------

    def _say(self, now: Instant) -> list[Effect]:
        overlay = self._overlay.due(now)
        if overlay is None:
            return []
        self._book.receive(overlay, 0, self._identify, self._verifier, now)
        accepted = ItemAccepted(Item(overlay.item_key, overlay.raw), overlay.rank)
        return [accepted, *self._count([self._own], now)]

    def _count(self, origins: Iterable[Origin], now: Instant) -> list[Effect]:
        effects: list[Effect] = []
        for origin in origins:
            if origin == self._own:
                self._overlay.doubted(self._doubted())
            nodes = self._settled(origin, now)
            if nodes != self._down.get(origin, ()):
                self._down[origin] = nodes
                effects.append(NodesDownChanged(origin, nodes))
        return effects

    def _settled(self, origin: Origin, now: Instant) -> tuple[NodeName, ...]:
        """Return the nodes that count as down, but for those that somebody may still hear."""
        living = self._living.get(origin, {})
        nodes = self._book.nodes_down(origin, living, now)
        down = self._down.get(origin, ())
        asked = [member for member in living if self._bridges[member].node not in down]
        before, waiting = self._waiting.pop(origin, {}), dict[NodeName, Instant]()
        for node in self._book.unanswered(origin, nodes, asked, now):
            until = before.get(node, now + OBJECTION)
            if node not in down and now < until:
                waiting[node] = until
        if waiting:
            self._waiting[origin] = waiting
        return tuple(node for node in nodes if node not in waiting)

    def _doubted(self) -> list[NodeName]:
        """Return what the other bridges of our own cluster call down."""
        others: list[Overlay] = [
            each
            for each in self._book.overlays(self._own)
            if each.body.bridge != self._identity.member
        ]
        return sorted({node for each in others for node in each.body.down})

    def check_invariants(self) -> None:
        """Assert those of the book, and that nobody waits for what was decided."""
        self._book.check_invariants()
        for origin, waiting in self._waiting.items():
            assert waiting
            assert waiting.keys().isdisjoint(self._down.get(origin, ()))
        for living in self._living.values():
            assert living.keys() <= self._bridges.keys()
