"""What a sole bridge finds down waits until its losses rest: it may be the one that is cut off.

Of several bridges, one that hears the nodes objects. The word of a sole one counts at once and
everywhere, and the first of many losses looks like any other: a sole bridge in the smaller part of
its pool called down what lives, node by node, until more than half was lost and it knew better.

Rule 1: while a sister lives, nothing waits. Rule 2: alone, a node that falls silent is told of once
nothing else was lost for `REST`, or when it has waited for `LONGEST`; what answers meanwhile was
never silent. By then who is cut off presumes so (`isolation`), and calls nobody down. Rule 3: where
fewer than `POOL_MIN` make up the pool nothing waits: nobody there can lose more than half and have
company left, and of whom nobody answers the detector says so before it finds anybody dead.
"""

from discovery.own_overlay import LanFact
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
from failure_detect.identity import MemberId, NodeName

REST: Duration = 1_500 * MILLISECOND
"""How long nothing else must have been lost. Near two of the detector's rounds (0.8 s), in each of
which whoever is on our side finds one more. What a sole bridge tells of comes so much later."""

LONGEST: Duration = 5 * SECOND
"""How long a silence waits at most while losses go on. Above what a third of a pool takes to find
out that all the rest is lost to it, some three rounds and their spread."""

POOL_MIN = 5


class Silences:
    """What is on its way from the detector of `lan` to what this bridge says."""

    def __init__(self, own: MemberId) -> None:
        """Know nobody but oneself."""
        self._pool: dict[MemberId, NodeName | None] = {own: None}
        self._lost_at: Instant = -NEVER
        self._waiting: dict[NodeName, Instant] = {}
        """Nodes that fell silent, and when."""

    @property
    def waiting(self) -> tuple[NodeName, ...]:
        """The nodes of which nothing is told yet, in the order in which they fell silent."""
        return tuple(self._waiting)

    def take(self, fact: LanFact, now: Instant, *, alone: bool) -> list[LanFact]:
        """Take in a fact; return what is to be told at once.

        `alone` says that no other bridge of our cluster lives.
        """
        match fact:
            case NodeSilent(node):
                self._lost_at = now
                if alone and len(self._pool) >= POOL_MIN:
                    self._waiting.setdefault(node, now)
                    return []
            case MemberDied():
                self._lost_at = now
            case NodeAnswered(node) | NodeDeleted(node):
                self._waiting.pop(node, None)
            case _:
                self._follow(fact)
        return [fact]

    def _follow(
        self, fact: MemberJoined | MemberUpdated | MemberReturned | MemberLeft | MemberRetired
    ) -> None:
        match fact:
            case MemberJoined(identity, _) | MemberUpdated(identity, _):
                self._pool[identity.member] = identity.node
                self._waiting.pop(identity.node, None)
            case MemberReturned(member, _):
                node = self._pool.get(member)
                if node is not None:
                    self._waiting.pop(node, None)
            case MemberLeft(member) | MemberRetired(member, _):
                self._pool.pop(member, None)

    def deadline(self, *, alone: bool) -> Instant:
        """When the next silence has waited for long enough; `NEVER` where none waits."""
        return min(
            (self._ends(since, alone=alone) for since in self._waiting.values()), default=NEVER
        )

    def due(self, now: Instant, *, alone: bool) -> list[NodeSilent]:
        """Return the silences that are to be told now, each once."""
        due = [
            node for node, since in self._waiting.items() if self._ends(since, alone=alone) <= now
        ]
        for node in due:
            del self._waiting[node]
        return [NodeSilent(node) for node in due]

    def _ends(self, since: Instant, *, alone: bool) -> Instant:
        return min(max(since, self._lost_at) + REST, since + LONGEST) if alone else since
