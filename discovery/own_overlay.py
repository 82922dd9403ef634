"""What this bridge says of its own cluster's nodes: its overlay, signed anew as things change.

It follows the `lan` pool: a silent node is down, until it answers. Of the nodes that its sisters
call down it lists those whose agents live in its own sight: one that is heard is not down. It also
lists those whose agents are dead in its own sight, so that nobody waits for it to hear them; of
agents that it never met it says nothing. The first change after a quiet time is said at once,
others together; while anything is said it is signed anew before it lapses. An answer to others does
not delay what it finds itself. Who presumes itself cut off calls nobody down, or dead.
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from discovery.authority import Signer
from discovery.names import Origin, is_subdomain
from discovery.overlays import (
    DEFAULT_LIFETIME_S,
    NODE_CHARACTERS_MAX,
    NODES_MAX,
    OVERLAY_BYTES_MAX,
    Overlay,
    OverlayBody,
    issue_overlay,
    next_serial,
)
from failure_detect.clock import MILLISECOND, NEVER, SECOND, Duration, Instant
from failure_detect.events import (
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    NodeAnswered,
    NodeDeleted,
    NodeSilent,
)
from failure_detect.identity import Identity, MemberId, NodeName

PAUSE: Duration = 200 * MILLISECOND
"""Least time between two overlays that call other nodes down, and between two that answer others
otherwise: a rack that goes down is a few of them, not forty."""

RENEWAL: Duration = DEFAULT_LIFETIME_S * SECOND // 3

_LIST_BYTES_MAX = (OVERLAY_BYTES_MAX - 1_024) // 2
"""What the names of nodes down may have, and those of all others, so that both fit beside the
rest."""

_NAME_BYTES = 3
"""What msgpack puts before a name, at most."""

LanFact: TypeAlias = (
    MemberJoined
    | MemberUpdated
    | MemberDied
    | MemberReturned
    | MemberLeft
    | MemberRetired
    | NodeSilent
    | NodeAnswered
    | NodeDeleted
)
_Nodes: TypeAlias = tuple[NodeName, ...]


class _Said(NamedTuple):
    down: _Nodes = ()
    answers: tuple[_Nodes, _Nodes] = ((), ())
    """Of what others call down: what is heard, and what is not."""


_NOTHING = _Said()


class OwnOverlay:
    """Decides what to say, and signs it."""

    def __init__(self, identity: Identity, signer: Signer) -> None:
        """Say nothing yet, as the bridge `identity`, whose agent key `signer` holds."""
        self._origin = Origin(identity.group)
        self._member = identity.member
        self._signer = signer
        self._down: dict[NodeName, None] = {}
        self._living: dict[MemberId, NodeName] = {identity.member: identity.node}
        self._nodes: dict[MemberId, NodeName] = {}
        self._doubted: _Nodes = ()
        self._is_cut_off = False
        self._wanted: _Said | None = _NOTHING
        """What is to be said; None where it has to be found out anew."""
        self._said = _NOTHING
        self._said_at: Instant = -NEVER
        self._called_at: Instant = -NEVER
        """When it last called other nodes down than before."""
        self._answered_at: Instant = -NEVER
        """When it last gave other answers than before."""
        self._serial = 0
        self.wall_ms = 0
        """What the wall clock showed last (ms since 1970): a new process goes on above an old."""

    def follow(self, fact: LanFact) -> None:
        """Take in what happens in the pool of our own cluster."""
        self._wanted = None
        match fact:
            case NodeSilent(node):
                self._down[node] = None
            case NodeAnswered(node):
                self._down.pop(node, None)
            case NodeDeleted(node):
                self._down.pop(node, None)
                self._forget(node)
            case MemberJoined(identity, _) | MemberUpdated(identity, _):
                self._nodes[identity.member] = identity.node
                self._lives(identity.member)
            case MemberReturned(member, _):
                self._lives(member)
            case MemberDied(member, _, _):
                self._living.pop(member, None)
            case MemberLeft(member) | MemberRetired(member, _):
                self._living.pop(member, None)
                self._nodes.pop(member, None)

    def _lives(self, member: MemberId) -> None:
        node = self._nodes.get(member)
        if node is not None:
            self._living[member] = node
            self._down.pop(node, None)

    def _forget(self, node: NodeName) -> None:
        """Forget the dead agents of a node that is no more; if one lives, it is met anew."""
        for member in [each for each, its in self._nodes.items() if its == node]:
            if member not in self._living:
                del self._nodes[member]

    def cut_off(self, *, presumed: bool) -> None:
        """Learn whether we presume ourselves cut off from our own pool."""
        self._is_cut_off = presumed
        self._wanted = None

    def doubted(self, nodes: Iterable[NodeName]) -> None:
        """Learn which nodes the other bridges of our cluster call down."""
        self._doubted = tuple(nodes)
        self._wanted = None

    def _to_say(self) -> _Said:
        if self._wanted is None:
            down = () if self._is_cut_off else _fitting(self._down)
            self._wanted = _Said(down, self._answers() if self._doubted else ((), ()))
        return self._wanted

    def _answers(self) -> tuple[_Nodes, _Nodes]:
        """Return what is to be said of nodes that others call down and that we do not."""
        lives, met = frozenset(self._living.values()), frozenset(self._nodes.values())
        doubted = [each for each in self._doubted if each not in self._down]
        heard = _fitting(each for each in doubted if each in lives)
        room = _LIST_BYTES_MAX - sum(len(each) + _NAME_BYTES for each in heard)
        dead = (each for each in doubted if each in met and each not in lives)
        return heard, () if self._is_cut_off else _fitting(dead, room)

    @property
    def deadline(self) -> Instant:
        """When there is something to sign."""
        to_say, said = self._to_say(), self._said
        if to_say == said:
            return NEVER if said == _NOTHING else self._said_at + RENEWAL
        called = NEVER if to_say.down == said.down else self._called_at + PAUSE
        answered = NEVER if to_say.answers == said.answers else self._answered_at + PAUSE
        return min(called, answered)

    def due(self, now: Instant) -> Overlay | None:
        """Return the overlay to spread now; None where nothing is due."""
        if self.deadline > now:
            return None
        before, self._said, self._said_at = self._said, self._to_say(), now
        down, (heard, unheard) = self._said
        if down != before.down:
            self._called_at = now
        if self._said.answers != before.answers:
            self._answered_at = now
        self._serial = next_serial(self._serial, self.wall_ms)
        body = OverlayBody(
            origin=self._origin,
            bridge=self._member,
            serial=self._serial,
            down=down,
            heard=heard,
            unheard=unheard,
        )
        return issue_overlay(body, self._signer)


def _fitting(nodes: Iterable[NodeName], room: int = _LIST_BYTES_MAX) -> _Nodes:
    """Return those of these nodes that may be said, sorted, as many as there is room for."""
    fitting = list[NodeName]()
    for node in sorted(nodes):
        if not is_subdomain(node) or len(node) > NODE_CHARACTERS_MAX:
            continue
        room -= len(node) + _NAME_BYTES
        if room < 0 or len(fitting) == NODES_MAX:
            break
        fitting.append(node)
    return tuple(fitting)
