"""The cluster's objects as this agent has them: which kinds it wants, and what changed in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from agent.core.driver_choice import DriverChoice
from agent.core.events import KindsServed, ObjectSeen, ObjectsListed
from agent.mirror import Mirror
from agent.objects import (
    CRD,
    FREEZE,
    LEASE,
    MESH_CONFIG,
    NODE,
    TRUSTED_CLUSTER,
    TRUSTED_FLEET,
    Document,
    Kind,
    ObjectKey,
    text_at,
)
from agent.sources import sources
from failure_detect.clock import Instant

ObjectFact: TypeAlias = KindsServed | ObjectsListed | ObjectSeen
Documents: TypeAlias = tuple[Document, ...]

TRUST = (TRUSTED_CLUSTER, TRUSTED_FLEET)
"""What must be known before a bridge begins."""


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
        """Take in what the store has; what comes of a kind that is wanted no more is no news."""
        match fact:
            case KindsServed(served):
                self.mirror.serve(served)
                return News(frozenset())
            case ObjectsListed(kind, documents, begun_at):
                if kind not in self._wanted:
                    return News(frozenset({kind}))
                keys = self.mirror.replace(kind, documents)
                return News(frozenset({kind}), tuple(keys), kind, begun_at)
            case ObjectSeen(key, document):
                # One object makes no kind known: what a watch brings before the list is of old.
                is_followed = key.kind in self._wanted and self.mirror.knows(key.kind)
                differs = is_followed and self.mirror.take(key, document)
                return News(frozenset({key.kind}), (key,) if differs else ())
            case _:
                assert_never(fact)

    @property
    def trusted(self) -> Documents | None:
        """The objects that say whom the cluster trusts; None while it is not known."""
        if not all(map(self.mirror.knows, TRUST)):
            return None
        return tuple(document for kind in TRUST for _, document in self.mirror.of(kind))

    def recall(self, documents: Iterable[Document]) -> list[News]:
        """Take trust objects of an earlier run for what there is, of kinds that are not known.

        What the store lists later is compared with them: what was deleted meanwhile is.
        """
        documents = list(documents)
        news: list[News] = []
        for kind in TRUST:
            if not self.mirror.knows(kind):
                found = [each for each in documents if text_at(each, "kind") == kind.name]
                news.append(self.take(ObjectsListed(kind, tuple(found), 0)))
        return news

    def choose(self, news: News) -> bool:
        """Choose a driver anew where that hangs on the news; tell whether it is another now."""
        concerns = not news.kinds or MESH_CONFIG in news.kinds
        return concerns and self.choice.look(self.mirror)

    def newly_wanted(self, *, is_bridge: bool) -> tuple[Kind, ...] | None:
        """Return the kinds to watch from now on; None where they are the same as before.

        What is watched no more is forgotten: it would be believed when it is wanted again.
        """
        kinds = {NODE}
        if is_bridge:
            kinds |= {*sources.KINDS, LEASE, FREEZE, CRD, MESH_CONFIG}
            kinds |= self.choice.driver.reads if self.choice.driver else frozenset()
        wanted = tuple(sorted(kinds))
        if wanted == self._wanted:
            return None
        for kind in set(self._wanted).difference(wanted):
            self.mirror.forget(kind)
        self._wanted = wanted
        return wanted
