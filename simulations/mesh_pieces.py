"""The pieces of all services, each made anew only where an object has changed that it hangs on."""

from collections.abc import Iterable, Mapping

from agent.objects import (
    ENDPOINTS,
    MULTI_CLUSTER_SERVICE,
    NAMESPACE,
    POD,
    SERVICE,
    TRAFFIC_SPLIT,
    ObjectKey,
)
from discovery.names import ServiceName
from simulations.mesh_catalog import Catalog
from simulations.mesh_objects import Identity
from simulations.mesh_registry import Registry
from simulations.mesh_resources import NOTHING, Inbound, Piece


class Pieces:
    """What comes of each service, remembered. `before` and `after` frame every change."""

    def __init__(self, registry: Registry, catalog: Catalog) -> None:
        """Remember what `catalog` makes of `registry`."""
        self._registry = registry
        self._catalog = catalog
        self._pieces: dict[ServiceName, Piece] = {}
        self._inbound: dict[ServiceName, tuple[Inbound, ...]] = {}
        self._stale: set[ServiceName] = set()
        self._is_forgotten = True

    def before(self, key: ObjectKey) -> None:
        """Note what an object bears on, before it changes."""
        self._stale.update(self._concerned(key))

    def after(self, key: ObjectKey) -> None:
        """Note what it bears on now."""
        self._stale.update(self._concerned(key))

    def forget(self) -> None:
        """Have everything made anew: the controller works in another mode."""
        self._is_forgotten = True

    def of(self, client: Identity) -> Mapping[ServiceName, Piece]:
        """Return the pieces that a client's side-car is sent. Not to be kept."""
        self._refresh()
        if self._catalog.is_permissive:
            return self._pieces
        allowed = self._catalog.outbound(client)
        return {name: self._pieces[name] for name in allowed if name in self._pieces}

    def piece(self, name: ServiceName) -> Piece:
        """Return the piece of one service, whoever may call it."""
        self._refresh()
        return self._pieces.get(name, NOTHING)

    def inbound(self) -> Mapping[ServiceName, tuple[Inbound, ...]]:
        """Return what the side-cars of each service's own Pods take: a snapshot."""
        self._refresh()
        return dict(self._inbound)

    def check_invariants(self) -> None:
        """Assert that nothing was missed."""
        self._refresh()
        names = {service.name for service in self._registry.services()}
        made = {name: self._catalog.piece(name) for name in names}
        assert self._pieces == {name: piece for name, piece in made.items() if piece != NOTHING}
        inbound = {name: self._catalog.inbound(name) for name in names}
        assert self._inbound == {name: each for name, each in inbound.items() if each}

    def _refresh(self) -> None:
        if self._is_forgotten:
            self._stale = {service.name for service in self._registry.services()}
            self._stale.update(self._pieces, self._inbound)
            self._is_forgotten = False
        for name in self._stale:
            piece, inbound = self._catalog.piece(name), self._catalog.inbound(name)
            self._pieces[name] = piece
            self._inbound[name] = inbound
            if piece == NOTHING:
                del self._pieces[name]
            if not inbound:
                del self._inbound[name]
        self._stale.clear()

    def _concerned(self, key: ObjectKey) -> Iterable[ServiceName]:
        name = ServiceName(key.namespace, key.name)
        if key.kind in {SERVICE, ENDPOINTS}:
            leaves = self._leaves_of(name) if key.kind == SERVICE else []
            return [name, *self._registry.apexes_of(name), *leaves]
        if key.kind == TRAFFIC_SPLIT:
            split = self._registry.split(key)
            return [] if split is None else [split.apex, *(each for each, _ in split.backends)]
        if key.kind in {POD, MULTI_CLUSTER_SERVICE}:
            return [each.name for each in self._registry.services(key.namespace) if each.selector]
        if key.kind == NAMESPACE:
            return [each.name for each in self._registry.services(key.name)]
        return []

    def _leaves_of(self, apex: ServiceName) -> list[ServiceName]:
        splits = self._registry.splits_of(apex)
        return [leaf for split in splits for leaf, _ in split.backends]
