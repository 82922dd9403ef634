"""The services of a view: which origins have a word in each, and what came of it last.

A service that something has touched is marked, and computed anew when somebody asks; what was
reported last is kept apart, so that asking in between takes nothing from the next diff.
"""

from collections.abc import Iterable, Iterator

from discovery.names import Origin, ServiceName
from discovery.policy_book import PolicyBook, Subject
from discovery.view_changes import ViewDiff, diff_of
from discovery.view_origin import Circumstances, Known
from discovery.view_outcome import Outcome, outcome_of


class _Service:
    """One service: who says anything about it, and what came of it last."""

    __slots__ = ("heads_changed", "origins", "outcome", "reported")

    def __init__(self) -> None:
        self.origins: dict[Origin, Known] = {}
        self.outcome: Outcome | None = None
        self.reported: Outcome | None = None
        self.heads_changed = True


class ServiceTable:
    """All services about which any origin says anything."""

    def __init__(self, book: PolicyBook) -> None:
        """Start empty; `book` says which policy holds for each."""
        self._book = book
        self._services: dict[ServiceName, _Service] = {}
        self._namespaces: dict[str, dict[ServiceName, None]] = {}
        self._stale: dict[ServiceName, None] = {}
        self._pending: dict[ServiceName, None] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._services)

    def __iter__(self) -> Iterator[ServiceName]:
        """Iterate over their names, in no order that matters."""
        return iter(list(self._services))

    @property
    def stale_count(self) -> int:
        """How many are to be computed anew."""
        return len(self._stale)

    def link(self, name: ServiceName, known: Known) -> None:
        """Note that an origin has, or no longer has, a word in a service."""
        if name not in known.index.holdings and name not in known.index.held:
            self.unlink(name, known.origin)
            return
        service = self._services.get(name)
        if service is None:
            service = self._services[name] = _Service()
            self._namespaces.setdefault(name.namespace, {})[name] = None
        service.origins[known.origin] = known

    def unlink(self, name: ServiceName, origin: Origin) -> None:
        """Note that an origin has no word in a service any more."""
        service = self._services.get(name)
        if service is not None:
            service.origins.pop(origin, None)

    def mark(self, names: Iterable[ServiceName]) -> None:
        """Have services computed anew; those that nobody knows are left alone."""
        for name in names:
            if name in self._services:
                self._stale[name] = self._pending[name] = None

    def mark_heads(self, names: Iterable[ServiceName]) -> None:
        """Have services computed anew and merged anew: heads, or who may serve, have changed."""
        for name in names:
            service = self._services.get(name)
            if service is not None:
                service.heads_changed = True
                self._stale[name] = self._pending[name] = None

    def mark_subjects(self, subjects: Iterable[Subject]) -> None:
        """Have computed anew what policies are about: one service, or all of a namespace."""
        for namespace, service in subjects:
            one = [ServiceName(namespace, service)] if service else []
            self.mark(one or self._namespaces.get(namespace, {}))

    def known_of(self, name: ServiceName) -> list[Known]:
        """Return the origins that say anything about a service, by name."""
        service = self._services.get(name)
        origins = {} if service is None else service.origins
        return [origins[origin] for origin in sorted(origins)]

    def outcome(self, name: ServiceName, circumstances: Circumstances) -> Outcome | None:
        """Return what comes of a service, None where it is not in the view."""
        service = self._services.get(name)
        if service is None:
            return None
        if name in self._stale:
            before = None if service.heads_changed else service.outcome
            service.outcome = self._computed(name, circumstances, before)
            service.heads_changed = False
            del self._stale[name]
        return service.outcome

    def _computed(
        self, name: ServiceName, circumstances: Circumstances, before: Outcome | None
    ) -> Outcome | None:
        known = self.known_of(name)
        return outcome_of(name, known, self._book.in_force(name), circumstances, before)

    def sends_to(self, name: ServiceName, origin: Origin, circumstances: Circumstances) -> bool:
        """Tell whether a service sends any of its traffic to `origin`."""
        outcome = self.outcome(name, circumstances)
        return outcome is not None and any(
            target.origin == origin and target.weight
            for tier in outcome.tiers
            for target in tier.targets
        )

    def in_view(self, circumstances: Circumstances) -> list[ServiceName]:
        """Return the services that are in the view, by name."""
        return sorted(
            name for name in self._services if self.outcome(name, circumstances) is not None
        )

    def outcomes(
        self, namespace: str, circumstances: Circumstances
    ) -> list[tuple[ServiceName, Outcome]]:
        """Return what comes of each service of a namespace that is in the view, by name."""
        found = [
            (name, self.outcome(name, circumstances))
            for name in sorted(self._namespaces.get(namespace, {}))
        ]
        return [(name, outcome) for name, outcome in found if outcome is not None]

    def take_diff(self, circumstances: Circumstances) -> ViewDiff:
        """Return what differs since this was called last; looks at what was marked, no more."""
        changes: dict[ServiceName, tuple[Outcome | None, Outcome | None]] = {}
        for name in self._pending:
            service = self._services[name]
            outcome = self.outcome(name, circumstances)
            changes[name] = (service.reported, outcome)
            service.reported = outcome
            if not service.origins:
                self._drop(name)
        self._pending.clear()
        return diff_of(changes)

    def _drop(self, name: ServiceName) -> None:
        del self._services[name]
        namespace = self._namespaces[name.namespace]
        del namespace[name]
        if not namespace:
            del self._namespaces[name.namespace]

    def check_invariants(self, circumstances: Circumstances) -> None:
        """Assert that what is not marked is right, and has been reported or waits for it."""
        for name, service in self._services.items():
            assert service.origins or name in self._pending
            assert name in self._namespaces[name.namespace]
            for known in service.origins.values():
                assert name in known.index.holdings or name in known.index.held
            if name not in self._stale:
                assert service.outcome == self._computed(name, circumstances, None)
            if name not in self._pending:
                assert service.outcome == service.reported
        assert self._stale.keys() <= self._pending.keys() <= self._services.keys()
