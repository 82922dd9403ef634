"""What tests of the writer share: a toy mesh, its driver, and a store that answers when told to.

The toy driver wants of each service a Service and, after it, Endpoints; to withdraw one it deletes
the Endpoints and then the Service.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from random import Random

from agent.drivers.plan import (
    Capabilities,
    Capability,
    Condition,
    Group,
    Plan,
    Step,
    Support,
    metadata,
    owner_of,
)
from agent.drivers.start_guard import ORIGINS_ANNOTATION
from agent.drivers.writer import Writer
from agent.drivers.writer_config import WriterConfig
from agent.drivers.writer_events import (
    DriverChosen,
    Effect,
    Event,
    MayWriteChanged,
    ObjectsChanged,
    Perform,
    Synchronised,
    Touched,
    WriteError,
    WriteFinished,
)
from agent.mirror import Mirror
from agent.objects import ENDPOINTS, SERVICE, Document, Kind, ObjectKey, map_at
from agent.writes import Apply, Delete
from discovery.names import Origin, ServiceName
from discovery.records import ClusterRecord
from discovery.service_view import ServiceView
from discovery.view_changes import ViewDiff
from failure_detect.clock import Instant

WEB, API, DB = (ServiceName("shop", name) for name in ("web", "api", "db"))
BANK = ServiceName("bank", "ledger")
EAST = Origin("east")


@dataclass
class ToyReader:
    """A view of services that have addresses, all of one cluster."""

    wants: dict[ServiceName, tuple[str, ...]] = field(default_factory=dict)
    conditions: dict[ServiceName, tuple[Condition, ...]] = field(default_factory=dict)
    gone: set[Origin] = field(default_factory=set)
    awaited: set[Origin] = field(default_factory=set)
    touched: set[ServiceName] = field(default_factory=set)

    def want(self, name: ServiceName, *addresses: str) -> None:
        """Have a service be served at these addresses; none: not at all."""
        self.touched.add(name)
        if addresses:
            self.wants[name] = addresses
        else:
            self.wants.pop(name, None)

    def services(self) -> list[ServiceName]:
        return sorted(self.wants)

    def service(self, name: ServiceName) -> ServiceView | None:
        raise NotImplementedError(name)

    def cluster(self, origin: Origin) -> ClusterRecord | None:
        raise NotImplementedError(origin)

    def take_diff(self) -> ViewDiff:
        touched, self.touched = self.touched, set()
        return ViewDiff(changed=tuple(sorted(touched)))

    def is_gone(self, origin: Origin) -> bool:
        return origin in self.gone

    def is_awaited(self, origin: Origin) -> bool:
        return origin in self.awaited


def keys_of(name: ServiceName) -> tuple[ObjectKey, ObjectKey]:
    """The Service and the Endpoints of a service."""
    return (
        ObjectKey(SERVICE, name.namespace, name.name),
        ObjectKey(ENDPOINTS, name.namespace, name.name),
    )


def documents_of(name: ServiceName, addresses: tuple[str, ...]) -> tuple[Document, Document]:
    """What the toy driver wants of a service."""
    head = {"metadata": metadata(name, name.name, **{ORIGINS_ANNOTATION: EAST})}
    subsets = [{"addresses": [{"ip": each} for each in addresses]}]
    return (
        {"apiVersion": "v1", "kind": "Service", **head, "spec": {}},
        {"apiVersion": "v1", "kind": "Endpoints", **head, "subsets": subsets},
    )


def bare(document: Document | None) -> Document | None:
    """A document without what the store adds."""
    if document is None:
        return None
    kept = {k: v for k, v in map_at(document, "metadata").items() if k != "resourceVersion"}
    return {**document, "metadata": kept}


_FULL = Capability(Support.FULL, "a toy")


@dataclass
class ToyDriver:
    """Plans what the reader wants."""

    reader: ToyReader
    planned: list[frozenset[ServiceName] | None] = field(default_factory=list)
    after_s: int = 0
    """Of deletions."""
    name: str = "toy"
    reads: frozenset[Kind] = frozenset({SERVICE, ENDPOINTS})
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            tiers=_FULL,
            weights=_FULL,
            several_ports=_FULL,
            tcp=_FULL,
            identities=_FULL,
            gateways=_FULL,
            headless=_FULL,
            ipv6=_FULL,
            local_services=_FULL,
        )
    )

    def plan(self, view: object, mirror: Mirror, touched: Collection[ServiceName] | None) -> Plan:
        """Make one group for each service."""
        del view
        self.planned.append(None if touched is None else frozenset(touched))
        names = set(touched or ())
        if touched is None:
            names.update(self.reader.wants)
            for kind in (SERVICE, ENDPOINTS):
                owners = (owner_of(key, each) for key, each in mirror.of(kind))
                names.update(owner for owner in owners if owner)
        groups = [self._group(name, mirror) for name in sorted(names)]
        conditions = {name: self.reader.conditions.get(name, ()) for name in names}
        return Plan(tuple(each for each in groups if each.writes), conditions)

    def _group(self, name: ServiceName, mirror: Mirror) -> Group:
        addresses = self.reader.wants.get(name)
        steps: list[Step] = []
        if addresses is None:
            steps += [Delete(key, "gone") for key in reversed(keys_of(name)) if mirror.get(key)]
            return Group((name,), tuple(steps), self.after_s)
        for key, document in zip(keys_of(name), documents_of(name, addresses), strict=True):
            if bare(mirror.get(key)) != document:
                steps.append(Apply(key, document, "wanted"))
        return Group((name,), tuple(steps))


class Bench:
    """A writer, its store, and the effects that it had. The mirror lags until `show` is called."""

    def __init__(
        self, config: WriterConfig | None = None, *, start: bool = True, is_lagging: bool = False
    ) -> None:
        """Be a publisher whose view is synchronised, unless `start` is False."""
        self.reader = ToyReader()
        self.mirror = Mirror()
        self.mirror.serve([(SERVICE, "v1"), (ENDPOINTS, "v1")])
        self.mirror.replace(SERVICE, [])
        self.mirror.replace(ENDPOINTS, [])
        self.store: dict[ObjectKey, Document] = {}
        self.driver = ToyDriver(self.reader)
        self.writer = Writer(self.reader, self.mirror, config or WriterConfig(), Random(1))
        self.now: Instant = 0
        self.at_store: dict[int, Step] = {}
        self.effects: list[Effect] = []
        self.begun: list[tuple[Instant, Step]] = []
        self.is_lagging = is_lagging
        self._version = 0
        self._unseen: list[tuple[ObjectKey, Document | None]] = []
        if start:
            self.tell(DriverChosen(self.driver))
            self.tell(MayWriteChanged(may=True))
            self.tell(Synchronised())
            self.effects.clear()

    # --- what the writer is told ---------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Tell the writer something."""
        self._take(self.writer.handle(event, self.now))

    def touch(self, name: ServiceName, *addresses: str) -> None:
        """Let the view want something else, and say so."""
        self.reader.want(name, *addresses)
        self.tell(Touched())

    def run_to(self, at: Instant, *, answers: bool = True) -> None:
        """Let time go on; with `answers` the store does all that it is asked, at once."""
        spins = 0
        while True:
            if answers:
                self.answer_all()
            due = self.writer.deadline
            if due > at:
                break
            spins = spins + 1 if due <= self.now else 0
            assert spins < 20, "the deadline does not move"
            self.now = max(self.now, due)
            self._take(self.writer.advance(self.now))
        self.now = at
        self._take(self.writer.advance(self.now))
        if answers:
            self.answer_all()

    # --- what the store does -------------------------------------------------------------

    def answer_all(self) -> None:
        """Do all that the store was asked, and what comes of that."""
        while self.at_store:
            self.answer(min(self.at_store))

    def answer(self, number: int, error: WriteError | None = None, words: str = "") -> None:
        """Answer to one write; do it where there is no error."""
        step = self.at_store.pop(number)
        document = None
        if error is None:
            document = self.do(step)
            self._unseen.append((step.key, document))
        self.tell(WriteFinished(number=number, error=error, words=words, document=document))
        if not self.is_lagging:
            self.show()

    def do(self, step: Step) -> Document | None:
        """Do to the store what a step says; return the object."""
        if isinstance(step, Apply):
            before = self.store.get(step.key)
            if bare(before) != step.document:
                self.put(step.key, step.document)
            return self.store[step.key]
        self.store.pop(step.key, None)
        return None

    def put(self, key: ObjectKey, document: Document) -> None:
        """Write an object as somebody else does."""
        self._version += 1
        meta = {**map_at(document, "metadata"), "resourceVersion": str(self._version)}
        self.store[key] = {**document, "metadata": meta}

    def others(self, key: ObjectKey, document: Document | None) -> None:
        """Have somebody else write an object, or delete it; the mirror shows it at once."""
        if document is None:
            self.store.pop(key, None)
        else:
            self.put(key, document)
        self._unseen.append((key, self.store.get(key)))
        self.show()

    def show(self) -> None:
        """Let the mirror catch up, one change after the other."""
        changes, self._unseen = self._unseen, []
        for key, document in changes:
            if document is None:
                self.mirror.remove(key)
            else:
                self.mirror.put(key, document)
            self.tell(ObjectsChanged((key,)))
        self.tell(ObjectsChanged())

    # --- what came of it -----------------------------------------------------------------

    def take(self) -> list[Effect]:
        """Return the effects since this was called last."""
        effects, self.effects = self.effects, []
        return effects

    def stored(self) -> Mapping[ObjectKey, Document | None]:
        """Return what is in the store, without what the store adds."""
        return {key: bare(document) for key, document in self.store.items()}

    def wanted(self) -> Mapping[ObjectKey, Document]:
        """Return what should be there."""
        return {
            key: document
            for name, addresses in self.reader.wants.items()
            for key, document in zip(keys_of(name), documents_of(name, addresses), strict=True)
        }

    def _take(self, effects: list[Effect]) -> None:
        self.writer.check_invariants()
        self.effects += effects
        for effect in effects:
            if isinstance(effect, Perform):
                self.at_store[effect.number] = effect.step
                self.begun.append((self.now, effect.step))
