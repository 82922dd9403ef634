"""Which driver writes for the mesh: what the settings name, or what the store's kinds ask for.

A driver is made once for each choice: another one would plan everything anew.
"""

from agent.drivers.choice import OSM_ENDPOINTS, OSM_MULTICLUSTER, Make, choice
from agent.drivers.osm_endpoints import OsmEndpoints
from agent.drivers.osm_multicluster import OsmMulticluster
from agent.drivers.plan import Driver, DriverSettings
from agent.mirror import Mirror

AUTO, NONE = "auto", "none"
DRIVERS: dict[str, Make] = {
    OSM_ENDPOINTS: OsmEndpoints,
    OSM_MULTICLUSTER: OsmMulticluster,
}


class DriverChoice:
    """Follows the store."""

    def __init__(self, wanted: str, settings: DriverSettings) -> None:
        """Take the driver named `wanted`, `none`, or with `auto` the one that fits the store."""
        assert wanted in (AUTO, NONE, *DRIVERS)
        self._wanted = wanted
        self._settings = settings
        self.driver: Driver | None = None
        self.why = "what the store serves is not known yet"

    def look(self, mirror: Mirror) -> bool:
        """Choose by what the store has now; tell whether the choice, or its reason, is another."""
        before = self.driver, self.why
        name, self.why = self._named(mirror)
        if name is None:
            self.driver = None
        elif self.driver is None or self.driver.name != name:
            self.driver = DRIVERS[name](self._settings)
        return before != (self.driver, self.why)

    def _named(self, mirror: Mirror) -> tuple[str | None, str]:
        if self._wanted == AUTO:
            chosen = choice(mirror, self._settings)
            return chosen.name, chosen.why
        if self._wanted == NONE:
            return None, "the settings ask for none"
        return self._wanted, "the settings name it"
