"""From a cluster's objects to what its bridge is told: at first all of it, then what changes.

The machine reads a mirror that somebody else keeps, and is told which objects of it have changed.
It depends on no time. What it has told in the end is what the mirror says, whatever the order was.

Rule 1: nothing is concluded from a kind that is not known. Each part waits for the kinds that it is
made of; the set is wanted (`DesiredChanged`) once all of them were listed, what is acknowledged was
stated, and those that we may not list are done without, where that is possible. A kind that was
served and is not any more is unknown again, not empty: what was made of it stands.
Rule 2: an intent comes before the withdrawal that it explains, and only where an object says that
it is meant (`withdrawals`).
Rule 3: what cannot be read leaves its last good state: a service without a readable port is
exported as it was, a policy or a drain holds as it did, for as long as its object is there.
Rule 4: what was told is not told again; states of objects that mean the same are the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from agent.mirror import Mirror
from agent.objects import (
    DEPARTURE,
    DRAIN,
    ENDPOINT_SLICE,
    ENDPOINTS,
    MESH_CONFIG,
    NAMESPACE,
    NODE,
    POD,
    SECRET,
    SERVICE,
    SERVICE_EXPORT,
    TRAFFIC_POLICY,
    TRUSTED_CLUSTER,
    TRUSTED_FLEET,
    Document,
    Kind,
    ObjectKey,
    at,
)
from agent.sources import cluster_facts, exports
from agent.sources.cluster_facts import ClusterSettings, StatedFacts, cluster_record, mesh_root
from agent.sources.exports import ExportRead, ExportReader
from agent.sources.nodes import NodeBook, zones_of
from agent.sources.problems import SourceProblem
from agent.sources.source_events import (
    AcksStated,
    Effect,
    Event,
    KindForbidden,
    KindListed,
    ListAnew,
    ObjectsChanged,
    ServedChanged,
    SettingsChanged,
    ZonesChanged,
)
from agent.sources.withdrawals import is_going, scaled_down, why_gone
from discovery.bridge_events import LanFact, PoliciesListed
from discovery.exports import Desired, Exported, Statements
from discovery.manifest import IntentKind
from discovery.names import ServiceName
from discovery.publisher_events import (
    DepartureRequested,
    DesiredChanged,
    ExportChanged,
    ExportRemoved,
    FreshListWanted,
    IntentDeclared,
    ListConfirmed,
    StatementsChanged,
)
from discovery.trust_events import ObjectApplied, ObjectDeleted

TRUST = (TRUSTED_CLUSTER, TRUSTED_FLEET)
DESIRED = tuple(dict.fromkeys((*exports.KINDS, *cluster_facts.KINDS)))
KINDS = (*DESIRED, *TRUST, DEPARTURE)
"""All kinds that are read."""

DISPENSABLE = frozenset((ENDPOINTS, POD, NODE, NAMESPACE, SECRET, MESH_CONFIG))
"""Without these there is less to say, and nothing wrong."""

LISTED_ANEW = (SERVICE, SERVICE_EXPORT, ENDPOINT_SLICE, ENDPOINTS, DRAIN)
"""What endpoints can vanish by: to be listed before a withdrawal in great numbers is believed."""


READ_AT_ONCE = 16
"""Services that are read before something else has its turn: some 3 ms each with 20 endpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesConfig:
    """How objects are read."""

    settings: ClusterSettings = field(default_factory=ClusterSettings)
    allow_loopback: bool = False
    """Whether endpoints on loopback are exported: only where all clusters are on one machine."""


class Sources:
    """Follows a mirror. Events go in, what the bridge is to be told comes out, in order."""

    def __init__(self, mirror: Mirror, config: SourcesConfig) -> None:
        """Have told nothing yet of what `mirror` has."""
        self._mirror = mirror
        self._settings = config.settings
        self._reader = ExportReader(mirror, allow_loopback=config.allow_loopback)
        self._facts = StatedFacts()
        self._nodes = NodeBook()
        self._served: dict[Kind, None] = {}
        """Kinds that were served at some time."""
        self._forbidden: dict[Kind, None] = {}
        self._changed: dict[Kind, dict[ObjectKey, None]] = {}
        """Objects whose change was not looked at yet."""
        self._stale: dict[Kind, None] = dict.fromkeys(KINDS)
        """Kinds of which something has changed, by what is made of them as a whole."""
        self._told: set[ObjectKey] = set()
        """Changes that the watch told of, among those not looked at yet."""
        self._trusted: dict[ObjectKey, Document] = {}
        self._policies: list[Document] | None = None
        self._zones: tuple[str, ...] = ()
        self._departs = False
        self._acks: AcksStated | None = None
        self._reads: dict[ServiceName, ExportRead] = {}
        # Services of which something else is to be said, until whoever says it clears this.
        self.reread: dict[ServiceName, None] = {}
        self._exports: dict[ServiceName, Exported] = {}
        self._going: set[ServiceName] = set()  # Their namespace is being deleted, which was said.
        self._statements: Statements | None = None
        """What was stated last; None before everything was known once."""
        self._request: FreshListWanted | None = None
        self._awaited: dict[Kind, None] = {}
        self._due: dict[ServiceName, None] = {}
        """Services that are to be read anew."""

    # --- what it has ------------------------------------------------------------------------

    @property
    def is_complete(self) -> bool:
        """Whether everything was known once, and told."""
        return self._statements is not None

    @property
    def is_pending(self) -> bool:
        """Whether more is to be read: `go_on` does it, a part at a time."""
        return bool(self._due) and self._acks is not None and all(map(self._is_usable, DESIRED))

    @property
    def missing(self) -> tuple[Kind, ...]:
        """Kinds that are waited for, in order."""
        return tuple(kind for kind in KINDS if not self._is_usable(kind))

    @property
    def exports(self) -> Mapping[ServiceName, Exported]:
        """What was told of exports: what is wanted to be published."""
        return self._exports

    @property
    def statements(self) -> Statements | None:
        """What was stated last beside exports; None before everything was known."""
        return self._statements

    def read(self, service: ServiceName) -> ExportRead | None:
        """Return how a service was read last, None where nothing exports it."""
        return self._reads.get(service)

    def problems(self) -> tuple[SourceProblem, ...]:
        """Return all that is wrong with the objects that were read, in order."""
        found = [each for read in self._reads.values() for each in read.problems]
        root = mesh_root(self._mirror, self._settings).problem
        return tuple(sorted((*found, *self._facts.problems, *((root,) if root else ()))))

    # --- what it is told --------------------------------------------------------------------

    def handle(self, event: Event) -> list[Effect]:
        """Take in what changed in the mirror; return what is to be told, in order."""
        effects: list[Effect] = []
        match event:
            case ObjectsChanged(keys):
                self._mark(keys)
                self._told |= keys
            case KindListed(kind, keys):
                self._listed(kind, keys)
            case ServedChanged():
                self._stale = dict.fromkeys(KINDS)
            case KindForbidden(kind):
                self._forbidden[kind] = None
            case AcksStated():
                self._acks = event
                self._stale[DRAIN] = None
            case SettingsChanged(settings):
                self._settings = settings
                self._stale[SECRET] = None
            case FreshListWanted():
                effects += self._list_anew(event)
            case _:
                assert_never(event)
        return [*effects, *self._step()]

    def go_on(self) -> list[Effect]:
        """Read the next part of what is to be read; return what is to be told of it."""
        return self._step()

    def _mark(self, keys: Iterable[ObjectKey]) -> None:
        for key in keys:
            self._changed.setdefault(key.kind, {})[key] = None
            self._stale[key.kind] = None

    def _listed(self, kind: Kind, keys: Iterable[ObjectKey]) -> None:
        """Take a list, and what is there no more: if the kind was forgotten, no key says so."""
        self._forbidden.pop(kind, None)
        self._awaited.pop(kind, None)
        self._stale[kind] = None
        self._mark(keys)
        if kind in TRUST:
            self._mark(key for key in self._trusted if key.kind == kind)
        elif kind in exports.KINDS:
            self._mark(self._reader.lost(kind))

    def _list_anew(self, wanted: FreshListWanted) -> list[Effect]:
        kinds = [kind for kind in LISTED_ANEW if self._mirror.version(kind) is not None]
        self._request = wanted
        self._awaited = dict.fromkeys(kind for kind in kinds if kind not in self._forbidden)
        return [ListAnew(tuple(self._awaited), wanted.why)]

    # --- what follows -----------------------------------------------------------------------

    def _step(self) -> list[Effect]:
        self._served |= dict.fromkeys(k for k in KINDS if self._mirror.version(k) is not None)
        effects: list[Effect] = [*self._tell_trust(), *self._tell_policies(), *self._tell_nodes()]
        if self._is_usable(DEPARTURE) and not self._departs and any(self._mirror.of(DEPARTURE)):
            self._departs = True
            effects.append(DepartureRequested())
        if self._acks is not None and all(map(self._is_usable, DESIRED)):
            effects += self._tell_desired(self._acks)
            if self._request is not None and not self._awaited and not self._due:
                effects.append(ListConfirmed(self._request.request))
                self._request = None
        return effects

    def _is_usable(self, kind: Kind) -> bool:
        """Tell whether an absence in this kind means that there is nothing."""
        if kind in self._forbidden and kind in DISPENSABLE:
            return True
        has_gone = kind in self._served and self._mirror.version(kind) is None
        return self._mirror.knows(kind) and not (has_gone and self._stands_on(kind))

    def _stands_on(self, kind: Kind) -> bool:
        """Tell whether anything that was told would fall if there were nothing of a kind."""
        if kind == SERVICE_EXPORT:
            said_by = (read.said_by for read in self._reads.values())
            return any(each is not None and each.kind == kind for each in said_by)
        if kind == TRAFFIC_POLICY:
            return bool(self._policies)
        if kind == DRAIN:
            return bool(self._facts.drains)
        is_trust = any(key.kind == kind for key in self._trusted)
        return is_trust or kind in (SERVICE, ENDPOINT_SLICE)

    def _takes(self, kind: Kind) -> bool:
        """Tell whether something of a kind is to be looked at now; it is, from then on."""
        if kind not in self._stale or not self._is_usable(kind):
            return False
        del self._stale[kind]
        return True

    def _tell_trust(self) -> Iterator[Effect]:
        for kind in TRUST:
            if not self._takes(kind):
                continue
            for key in sorted(self._changed.pop(kind, {})):
                document = self._mirror.get(key)
                if document is None:
                    if self._trusted.pop(key, None) is not None:
                        yield ObjectDeleted(kind.name, key.name)
                elif _meaning(self._trusted.get(key, {})) != _meaning(document):
                    self._trusted[key] = document
                    yield ObjectApplied(document)

    def _tell_policies(self) -> Iterator[Effect]:
        if TRAFFIC_POLICY not in self._stale or not self._is_usable(TRAFFIC_POLICY):
            return
        policies = [document for _, document in self._mirror.of(TRAFFIC_POLICY)]
        before = self._policies
        if before is None or list(map(_meaning, before)) != list(map(_meaning, policies)):
            self._policies = policies
            yield PoliciesListed(tuple(policies))

    def _tell_nodes(self) -> Iterator[Effect]:
        if NODE not in self._stale or not self._is_usable(NODE):
            return
        for fact in self._nodes.read((key.name, each) for key, each in self._mirror.of(NODE)):
            yield LanFact(fact)
        zones, self._zones = self._zones, zones_of(self._mirror)
        if zones != self._zones:
            yield ZonesChanged(self._zones)

    # --- what is to be published --------------------------------------------------------------

    def _tell_desired(self, acks: AcksStated) -> Iterator[Effect]:
        is_first = self._statements is None
        told: list[Effect] = [*self._tell_exports()]
        if is_first and self._due:
            return  # All of it is told at once, when all of it is read.
        statements = self._state(acks)
        for kind in DESIRED:
            self._stale.pop(kind, None)
        if not self._due:
            self._told.clear()
        if is_first:
            self._statements = statements
            yield DesiredChanged(Desired.of(self._exports.values(), statements))
            return
        if statements != self._statements:  # First: a drain explains what vanishes by it.
            self._statements = statements
            yield StatementsChanged(statements)
        yield from told

    def _state(self, acks: AcksStated) -> Statements:
        if self._stale.keys() & {TRAFFIC_POLICY, DRAIN} or self._statements is None:
            self._facts.read(self._mirror)
        return Statements(
            cluster=cluster_record(self._mirror, self._settings),
            policies=dict(self._facts.policies),
            drains=dict(self._facts.drains),
            acks=acks.acks,
            service_acks=acks.service_acks,
        )

    def _tell_exports(self) -> Iterator[Effect]:
        """Read what is to be read anew, `READ_AT_ONCE` services at most, and tell what differs."""
        for kind in exports.KINDS:
            for key in self._changed.pop(kind, {}):
                self._due |= dict.fromkeys(self._reader.concerned(key))
        for service in sorted(self._due)[:READ_AT_ONCE]:
            del self._due[service]
            yield from self._tell_export(service)

    def _tell_export(self, service: ServiceName) -> Iterator[Effect]:
        before, read = self._reads.get(service), self._reader.read(service)
        held, exported = self._exports.get(service), read.exported
        if read.is_unreadable:
            exported = held
        yield from self._intents(before, held, exported)
        if read.said_by is None and not read.problems:
            self._reads.pop(service, None)
        else:
            self._reads[service] = read
            self.reread |= {} if read == before else {service: None}
        if exported == held:
            return
        if exported is None:
            del self._exports[service]
            yield ExportRemoved(service)
        else:
            self._exports[service] = exported
            yield ExportChanged(exported)

    def _intents(
        self, before: ExportRead | None, held: Exported | None, exported: Exported | None
    ) -> Iterator[IntentDeclared]:
        if before is None or held is None:
            return
        service = before.service
        going = is_going(service.namespace, self._mirror)
        if going and service not in self._going:
            self._going.add(service)
            yield IntentDeclared(IntentKind.DELETION, service)
        elif not going:
            self._going.discard(service)
        if exported is None:
            why = why_gone(before, self._mirror, self._told)
            self._going.discard(service)
            if why is not None:
                yield IntentDeclared(why, service)
            return
        fewer = scaled_down(before, held, exported, self._mirror, self._nodes)
        if fewer and not going:
            yield IntentDeclared(IntentKind.SCALE_DOWN, service, fewer)

    def check_invariants(self) -> None:
        """Assert that the parts agree with each other."""
        self._reader.check_invariants()
        assert self.is_complete or not self._exports
        assert self._exports.keys() <= self._reads.keys()
        for service, exported in self._exports.items():
            read = self._reads[service]
            assert read.is_unreadable or read.exported == exported


def _meaning(document: Document) -> tuple[object, ...]:
    """Return what of an object people wrote: its status, and what the store counts, is not."""
    fields = {name: value for name, value in document.items() if name not in ("metadata", "status")}
    names = ("namespace", "name", "creationTimestamp")
    return fields, *(at(document, "metadata", name) for name in names)
