"""The view as the writer reads it: what is served, and how those stand whose objects it finds."""

from discovery.bridge import Bridge
from discovery.names import Origin, ServiceName
from discovery.records import ClusterRecord
from discovery.service_view import ServiceView
from discovery.view_changes import ViewDiff


class ViewReader:
    """One bridge's view; nobody else takes its diff."""

    def __init__(self, bridge: Bridge) -> None:
        """Read the view of `bridge`."""
        self._bridge = bridge

    def services(self) -> list[ServiceName]:
        """Return all services, by name."""
        return self._bridge.view.services()

    def service(self, name: ServiceName) -> ServiceView | None:
        """Return one service, None where nobody who may exports it."""
        return self._bridge.view.service(name)

    def cluster(self, origin: Origin) -> ClusterRecord | None:
        """Return what a cluster says of itself, None where nothing is known of it."""
        return self._bridge.view.cluster(origin)

    def take_diff(self) -> ViewDiff:
        """Return the services that differ since this was called last."""
        return self._bridge.view.take_diff()

    def is_gone(self, origin: Origin) -> bool:
        """Tell whether its endpoints are removed by word: departed, expired, not trusted."""
        if origin != self._bridge.own and not self._bridge.trust.knows(origin):
            return True
        standing = self._bridge.verdicts.standing(origin)
        return standing is not None and not standing.verdict.serves

    def is_awaited(self, origin: Origin) -> bool:
        """Tell whether it is trusted and nothing is known of it yet."""
        if self.is_gone(origin) or self._bridge.catalog.get(origin) is not None:
            return False
        return all(each.origin != origin for each in self._bridge.catalog.exclusions())
