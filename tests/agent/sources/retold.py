"""A cluster whose objects change, and what somebody knows who is told what its sources tell."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agent.mirror import Mirror
from agent.objects import Document, Kind, ObjectKey
from agent.sources.cluster_facts import ClusterSettings
from agent.sources.source_events import (
    AcksStated,
    Effect,
    Event,
    KindListed,
    ListAnew,
    ObjectsChanged,
    ZonesChanged,
)
from agent.sources.sources import KINDS, Sources, SourcesConfig
from discovery.bridge_events import LanFact, PoliciesListed
from discovery.exports import Exported, Statements
from discovery.isolation import HeartbeatSeen, HeartbeatStopped
from discovery.names import ServiceName
from discovery.publisher_events import (
    DepartureRequested,
    DesiredChanged,
    ExportChanged,
    ExportRemoved,
    IntentDeclared,
    ListConfirmed,
    StatementsChanged,
    Wanted,
)
from discovery.trust_events import ObjectApplied, ObjectDeleted
from failure_detect.events import NodeDeleted
from tests.agent.sources.written import key, mirror_of

CONFIG = SourcesConfig(settings=ClusterSettings(region="eu"))


@dataclass
class Retold:
    """The sum of effects."""

    trust: dict[tuple[str, str], Document] = field(default_factory=dict)
    policies: tuple[Document, ...] | None = None
    exports: dict[ServiceName, Exported] = field(default_factory=dict)
    statements: Statements | None = None
    zones: tuple[str, ...] = ()
    missed: set[str] = field(default_factory=set)
    departs: bool = False
    intents: list[IntentDeclared] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)
    wanted: list[ListAnew] = field(default_factory=list)

    def take(self, effects: Iterable[Effect]) -> None:
        for each in effects:
            if isinstance(each, LanFact | ZonesChanged):
                self._take_nodes(each)
            elif isinstance(each, ObjectApplied | ObjectDeleted | PoliciesListed):
                self._take_objects(each)
            elif isinstance(each, ListConfirmed):
                self.confirmed.append(each.request)
            elif isinstance(each, ListAnew):
                self.wanted.append(each)
            else:
                self._take_wanted(each)

    def _take_objects(self, effect: ObjectApplied | ObjectDeleted | PoliciesListed) -> None:
        match effect:
            case ObjectApplied(document):
                self.trust[kind_and_name(document)] = document
            case ObjectDeleted(kind, name):
                del self.trust[kind, name]
            case PoliciesListed(objects):
                self.policies = tuple(dict(each) for each in objects)

    def _take_nodes(self, effect: LanFact | ZonesChanged) -> None:
        match effect:
            case ZonesChanged(zones):
                self.zones = zones
            case LanFact(HeartbeatStopped(node)):
                self.missed.add(node)
            case LanFact(HeartbeatSeen(node)):
                self.missed.remove(node)
            case LanFact(NodeDeleted(node)):
                self.missed.discard(node)
            case _:
                raise AssertionError(effect)

    def _take_wanted(self, effect: Wanted) -> None:
        match effect:
            case DesiredChanged(desired):
                assert self.statements is None, "everything is told once"
                self.exports, self.statements = dict(desired.exports), desired.statements
            case ExportChanged(exported):
                assert self.statements is not None
                assert self.exports.get(exported.service) != exported
                self.exports[exported.service] = exported
            case ExportRemoved(service):
                del self.exports[service]
            case StatementsChanged(statements):
                assert self.statements not in (None, statements)
                self.statements = statements
            case IntentDeclared():
                self.intents.append(effect)
            case DepartureRequested():
                assert not self.departs
                self.departs = True


def kind_and_name(document: object) -> tuple[str, str]:
    assert isinstance(document, dict)
    return str(document["kind"]), str(document["metadata"]["name"])


class Cluster:
    """A mirror, its sources, and what they told."""

    def __init__(self, *documents: Document) -> None:
        self.mirror = mirror_of(*documents)
        self.sources = Sources(self.mirror, CONFIG)
        self.retold = Retold()
        self.first = self.tell(AcksStated())

    def tell(self, event: Event) -> list[Effect]:
        effects = self.sources.handle(event)
        self.retold.take(effects)
        self.sources.check_invariants()
        return effects

    def forget(self) -> None:
        """Begin anew with a mirror that was told what is served, and nothing else."""
        self.mirror = Mirror()
        self.mirror.serve([(kind, kind.versions[0]) for kind in KINDS])
        self.sources, self.retold = Sources(self.mirror, CONFIG), Retold()

    def begin(self) -> list[Effect]:
        return [effect for kind in KINDS for effect in self.relist(kind)]

    def relist(self, kind: Kind, *documents: Document) -> list[Effect]:
        """List a kind anew: what is given, else what is there."""
        there = [document for _, document in self.mirror.of(kind)]
        keys = self.mirror.replace(kind, documents or there)
        return self.tell(KindListed(kind, frozenset({*keys, *map(key, there)})))

    def lose(self, kind: Kind) -> list[Effect]:
        """List a kind anew, and find nothing of it."""
        return self.tell(KindListed(kind, frozenset(self.mirror.replace(kind, []))))

    def put(self, *documents: Document) -> list[Effect]:
        keys = [key(each) for each in documents]
        for at, document in zip(keys, documents, strict=True):
            self.mirror.put(at, document)
        return self.tell(ObjectsChanged(frozenset(keys)))

    def remove(self, *keys: ObjectKey) -> list[Effect]:
        for each in keys:
            self.mirror.remove(each)
        return self.tell(ObjectsChanged(frozenset(keys)))


def summed(retold: Retold) -> Retold:
    """What is known in the end, without the way that led there."""
    return replace(retold, intents=[], confirmed=[], wanted=[])


def at_once(mirror: Mirror) -> Cluster:
    """A cluster with the objects of a mirror, all of them told at once."""
    cluster = Cluster(*(each for kind in KINDS for _, each in mirror.of(kind)))
    cluster.begin()
    return cluster
