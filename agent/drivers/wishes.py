"""Which services are to be planned anew, and how soon each of them may be."""

from collections.abc import Iterable

from discovery.names import ServiceName
from failure_detect.clock import NEVER, Instant


class Wishes:
    """What waits for the next plan: some of it for the next burst, some of it urgently."""

    def __init__(self) -> None:
        """Wish for nothing."""
        self.everything = False
        self.view_since: Instant = NEVER
        """Since when the view has been touched and its diff not been taken."""
        self.ordinary_at: Instant = NEVER
        """When ordinary wishes may be planned, if the pace allows it."""
        self._namespaces: set[str] = set()
        self._services: set[ServiceName] = set()
        self._urgent: dict[ServiceName, Instant] = {}

    def all(self, at: Instant) -> None:
        """Wish for all services; nothing else counts beside that."""
        self.everything = True
        self.ordinary_at = min(self.ordinary_at, at)
        self._namespaces.clear()
        self._services.clear()
        self._urgent.clear()

    def view(self, at: Instant) -> None:
        """Wish for whatever the view's diff will name."""
        self.view_since = min(self.view_since, at)
        self.ordinary_at = min(self.ordinary_at, at)

    def namespace(self, name: str, at: Instant) -> None:
        """Wish for all services of a namespace, those that are not in the view too."""
        self._namespaces.add(name)
        self.ordinary_at = min(self.ordinary_at, at)

    def services(self, names: Iterable[ServiceName], at: Instant) -> None:
        """Wish for these services."""
        before = len(self._services)
        self._services.update(names)
        if len(self._services) > before:
            self.ordinary_at = min(self.ordinary_at, at)

    def urgent(self, names: Iterable[ServiceName], at: Instant) -> None:
        """Wish for these services from `at` on, in the midst of silence if need be."""
        for name in names:
            self._urgent[name] = min(at, self._urgent.get(name, NEVER))

    @property
    def urgent_at(self) -> Instant:
        """When the first urgent wish may be planned; `NEVER` where there is none."""
        return min(self._urgent.values(), default=NEVER)

    def take_urgent(self, now: Instant) -> set[ServiceName]:
        """Take the urgent wishes that may be planned now."""
        taken = {name for name, at in self._urgent.items() if at <= now}
        for name in taken:
            del self._urgent[name]
        return taken

    def take_ordinary(self, known: Iterable[ServiceName]) -> set[ServiceName]:
        """Take all other wishes but those for the view's diff; `known` are the view's services."""
        taken = self._services | {name for name in known if name.namespace in self._namespaces}
        self._services = set()
        self._namespaces.clear()
        self.everything, self.view_since, self.ordinary_at = False, NEVER, NEVER
        return taken
