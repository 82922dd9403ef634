"""The API server of one cluster of a small world: objects in memory, watches that take a while.

What it tells an agent comes in order, each time the same while later, as over one connection.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from agent.core.events import KindsServed, ObjectSeen, ObjectsListed, StoreAnswered
from agent.objects import MULTI_CLUSTER_SERVICE, Document, Kind, ObjectKey, key_of
from agent.store import ChangeType, NotFoundError, StoreError, UnavailableError
from agent.stores.memory_shelf import MemoryShelf
from agent.stores.shelf import Version
from failure_detect.clock import MILLISECOND, Duration
from tests.agent.core.town_agenda import Agenda

WAY: Duration = 3 * MILLISECOND
"""How long anything takes from an agent to it, or back."""

PEOPLE = "kubectl"

Told: TypeAlias = KindsServed | ObjectsListed | ObjectSeen | StoreAnswered
Work: TypeAlias = Callable[[], Document | None]
Done: TypeAlias = Callable[[Document | None, StoreError | None], None]


class ApiServer:
    """Answers while it is up."""

    def __init__(self, agenda: Agenda, shelf: MemoryShelf) -> None:
        self.agenda = agenda
        self.shelf = shelf
        self.is_up = True
        self.clients: list[Client] = []

    def go_down(self) -> None:
        """Answer nobody any more; objects stay."""
        self.is_up = False
        for client in self.clients:
            client.lose()

    def come_up(self) -> None:
        """Answer again."""
        self.is_up = True
        for client in self.clients:
            client.connect()

    def put(self, *documents: Document) -> None:
        """Let people write objects, whoever owns what of them."""
        for document in documents:
            self.shelf.apply(document, manager=PEOPLE, force=True)

    def delete(self, kind: Kind, name: str, namespace: str = "") -> None:
        """Let people delete an object."""
        self.shelf.delete(ObjectKey(kind, namespace, name))

    def documents(self, kind: Kind) -> Iterator[Document]:
        """The objects of a kind as they are now."""
        for key in self.shelf.keys(kind):
            held = self.shelf.held(key)
            assert held is not None
            yield held.document

    def services(self) -> list[Document]:
        """What Open Service Mesh is told of other clusters."""
        return list(self.documents(MULTI_CLUSTER_SERVICE))


class Client:
    """One agent's connection: lists and watches what is wanted, and writes."""

    def __init__(self, api: ApiServer, tell: Callable[[Told], None]) -> None:
        self._api = api
        self._tell_now = tell
        self._wanted: tuple[Kind, ...] = ()
        self._running: dict[Kind, tuple[str, Version]] = {}
        self._served: frozenset[tuple[Kind, str]] = frozenset()
        self.is_cut = False
        """Whether this agent does not reach the API server, whatever others do."""
        self._unlisten = api.shelf.listen(self._changed)
        api.clients.append(self)

    @property
    def reaches(self) -> bool:
        """Whether it is answered now."""
        return self._api.is_up and not self.is_cut

    def close(self) -> None:
        """The process has ended."""
        self._unlisten()
        self._api.clients.remove(self)

    def connect(self) -> None:
        """Begin, or begin again after a failure: list everything that is wanted."""
        self._running.clear()
        if not self.reaches:
            self.lose()
            return
        self._serve()
        self._tell(StoreAnswered(answers=True))

    def lose(self) -> None:
        """Lose the connection."""
        self._running.clear()
        self._tell(StoreAnswered(answers=False, why="connection refused"))

    def want(self, kinds: tuple[Kind, ...]) -> None:
        """Watch exactly these kinds, those of them that are served."""
        self._wanted = kinds
        if self.reaches:
            self._match()

    def list_afresh(self, request: int, kinds: Iterable[Kind]) -> None:
        """List these once more; while nobody answers the request waits for ever."""
        for kind in kinds:
            if self.reaches:
                self._list(kind, self._version(kind), request)

    # --- watching -----------------------------------------------------------------------------

    def _serve(self) -> None:
        served = self._api.shelf.served.known()
        if served != self._served or not self._running:
            self._served = served
            self._tell(KindsServed(served))
        self._match()

    def _version(self, kind: Kind) -> str:
        return next((each for each in kind.versions if (kind, each) in self._served), "")

    def _match(self) -> None:
        wanted = {kind: v for kind in self._wanted if (v := self._version(kind))}
        for kind, (version, _) in list(self._running.items()):
            if wanted.get(kind) != version:
                del self._running[kind]
        for kind, version in wanted.items():
            if kind not in self._running:
                self._running[kind] = version, self._api.shelf.version
                self._list(kind, version, 0)

    def _list(self, kind: Kind, version: str, request: int) -> None:
        listing = self._api.shelf.listing(kind, version)
        self._tell(ObjectsListed(kind, listing.objects, self._api.agenda.now, request))

    def _changed(self) -> None:
        if not self.reaches:
            return
        for kind, (version, since) in list(self._running.items()):
            for change in self._api.shelf.changes(kind, version, since):
                is_gone = change.type is ChangeType.DELETED
                document = None if is_gone else change.document
                self._tell(ObjectSeen(key_of(kind, change.document), document))
            self._running[kind] = version, self._api.shelf.version
        if self._api.shelf.served.known() != self._served:
            self._serve()

    def _tell(self, told: Told) -> None:
        self._api.agenda.after(WAY, lambda: self._tell_now(told))

    # --- writing ------------------------------------------------------------------------------

    def write(self, work: Work, done: Done) -> None:
        """Do something at the server, and bring back what became of it."""

        def arrive() -> None:
            document: Document | None = None
            error: StoreError | None = None
            try:
                if not self.reaches:
                    raise UnavailableError("connection refused")
                document = work()
            except StoreError as failure:
                error = failure
            self._api.agenda.after(WAY, lambda: done(document, error))

        self._api.agenda.after(WAY, arrive)

    def delete(self, key: ObjectKey, if_version: str | None) -> Document | None:
        """Delete an object; one that is gone already was wanted gone."""
        try:
            self._api.shelf.delete(key, if_version=if_version)
        except NotFoundError:
            return None
        return None
