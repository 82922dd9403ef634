"""A small world of whole agents, and what is to be seen in it."""

from agent.objects import (
    ENDPOINT_SLICE,
    Document,
    integer_at,
    list_at,
    text_at,
)
from agent.process.chartering import holder_of
from discovery.manifest import Order
from discovery.names import Origin
from tests.agent.core.town_ground import WEB, Ground

__all__ = ["WEB", "Town"]


class Town(Ground):
    """Everything, from above."""

    # --- what there is --------------------------------------------------------------------------

    def bridges(self, cluster: str) -> list[str]:
        """The sites whose agents are bridges."""
        return [each.place for each in self.processes(cluster) if each.agent.head is not None]

    def publisher(self, cluster: str) -> str:
        """The site whose agent holds the lease; empty where none does."""
        found = [each.place for each in self.processes(cluster) if self.holds(each)]
        return found[0] if found else ""

    def order(self, site: str, origin: str) -> Order | None:
        """Which set of a cluster the agent of a site holds; None where it holds none."""
        head = self.process(site).agent.head
        held = None if head is None else head.bridge.catalog.get(Origin(origin))
        return None if held is None else held.manifest.order

    def listed(self, cluster: str) -> list[str]:
        """The addresses that the mesh of a cluster is told, without their ports."""
        return sorted(
            text_at(entry, "address").partition(":")[0]
            for document in self.api(cluster).services()
            for entry in list_at(document, "spec", "clusters")
        )

    def preferred(self, cluster: str) -> list[str]:
        """Those of them that the mesh uses while any of them is healthy."""
        entries = [
            entry
            for document in self.api(cluster).services()
            for entry in list_at(document, "spec", "clusters")
        ]
        best = min((integer_at(each, "priority") or 0 for each in entries), default=0)
        return sorted(
            text_at(each, "address").partition(":")[0]
            for each in entries
            if (integer_at(each, "priority") or 0) == best
        )

    def pods(self, *sites: str) -> list[str]:
        """The addresses of the service on these nodes, as the world began."""
        return sorted(pod.host for each in sites for pod in self.sites[each].node.pods())

    def slice_of(self, cluster: str) -> Document:
        """The endpoints of a cluster's service, as they are now."""
        [document] = self.api(cluster).documents(ENDPOINT_SLICE)
        return document

    def holder(self, site: str) -> str:
        """What the agent of a site is called in the Lease."""
        process = self.process(site)
        return holder_of(self.sites[site].lot.settings, process.credentials)

    # --- whether all is well --------------------------------------------------------------------

    def is_settled(self) -> bool:
        """Whether each cluster has its bridges, a publisher, and everybody's latest set."""
        for name in self.clusters:
            count = len(list(self.processes(name)))
            if len(self.bridges(name)) != min(3, count) or not self.publisher(name):
                return False
            if any(not self._agree(each.place, name) for each in self.processes(name)):
                return False
        return all(self._is_adopted(origin) for origin in self.clusters)

    def _agree(self, site: str, cluster: str) -> bool:
        known = set(self.process(site).agent.election.bridges)
        return known == {self.process(each).member for each in self.bridges(cluster)}

    def _is_adopted(self, origin: str) -> bool:
        everywhere = [each for name in self.clusters for each in self.bridges(name)]
        orders = {self.order(each, origin) for each in everywhere}
        return len(orders) == 1 and None not in orders

    def settle(self, within: float = 30) -> float:
        """Let time pass until all is well, and south has what the others serve."""
        return self.until(lambda: self.is_settled() and bool(self.listed("south")), within)
