"""The cluster's objects as this agent has them: which kinds it wants, and what changed in them."""

from dataclasses import dataclass
from typing import TypeAlias, assert_never

from agent.core.driver_choice import DriverChoice
from agent.core.events import KindsServed, ObjectSeen, ObjectsListed
from agent.mirror import Mirror
from agent.objects import CRD, FREEZE, LEASE, MESH_CONFIG, NODE, Kind, ObjectKey
from agent.sources import sources
from failure_detect.clock import Instant

ObjectFact: TypeAlias = KindsServed | ObjectsListed | ObjectSeen


@dataclass(frozen=True, slots=True)
class News:
    """What one fact of the store changed in the mirror."""

    kinds: frozenset[Kind]
    """Those that were looked at; empty: what is served, so all of them."""
    keys: tuple[ObjectKey, ...] = ()
    """Objects that differ."""
    listed: Kind | None = None
    """The kind of which all objects are there now."""
    begun_at: Instant = 0
    """When that list was asked for."""


class ObjectBook:
    """The mirror, and what hangs on it alone."""

    def __init__(self, choice: DriverChoice) -> None:
        """Have nothing yet."""
        self.mirror = Mirror()
        self.choice = choice
        self._wanted: tuple[Kind, ...] = ()

    def take(self, fact: ObjectFact) -> News:
        """Take in what the store has."""
        match fact:
            case KindsServed(served):
                self.mirror.serve(served)
                return News(frozenset())
            case ObjectsListed(kind, documents, begun_at):
                keys = self.mirror.replace(kind, documents)
                return News(frozenset({kind}), tuple(keys), kind, begun_at)
            case ObjectSeen(key, document):
                differs = self.mirror.take(key, document)
                return News(frozenset({key.kind}), (key,) if differs else ())
            case _:
                assert_never(fact)

    def choose(self, news: News) -> bool:
        """Choose a driver anew where that hangs on the news; tell whether it is another now."""
        concerns = not news.kinds or MESH_CONFIG in news.kinds
        return concerns and self.choice.look(self.mirror)

    def newly_wanted(self, *, is_bridge: bool) -> tuple[Kind, ...] | None:
        """Return the kinds to watch from now on; None where they are the same as before."""
        kinds = {NODE}
        if is_bridge:
            kinds |= {*sources.KINDS, LEASE, FREEZE, CRD, MESH_CONFIG}
            kinds |= self.choice.driver.reads if self.choice.driver else frozenset()
        wanted = tuple(sorted(kinds))
        if wanted == self._wanted:
            return None
        self._wanted = wanted
        return wanted
