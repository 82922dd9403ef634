from discovery.endpoints import Endpoint
from discovery.guard_rules import GuardConfig
from discovery.guards import Effect, ImporterGuard, OverlaysChanged, SetChanged
from discovery.manifest import Intent, IntentKind, Order
from discovery.names import Origin, ServiceName
from failure_detect.clock import SECOND, Instant

EAST, NORTH = Origin("east"), Origin("north")
WEB, API = ServiceName("shop", "web"), ServiceName("shop", "api")
CONFIG = GuardConfig()
START: Instant = 1_000 * SECOND

Endpoints = tuple[Endpoint, ...]


def pods(first: int, count: int) -> Endpoints:
    return tuple(Endpoint(f"10.0.{n // 256}.{n % 256}") for n in range(first, first + count))


class Desk:
    """An importer that counts its manifests, and what each service has."""

    def __init__(self, config: GuardConfig = CONFIG, origin: Origin = EAST) -> None:
        self.guard = ImporterGuard(config)
        self.origin = origin
        self.version = 0
        self.served: dict[ServiceName, dict[str, Endpoint]] = {}
        self.intents: tuple[Intent, ...] = ()

    @property
    def total(self) -> int:
        return sum(map(len, self.served.values()))

    def publish(
        self, now: Instant, services: dict[ServiceName, Endpoints], *intents: Intent
    ) -> list[Effect]:
        """Adopt a manifest by which `services` have exactly these endpoints."""
        removed, added, total = {}, {}, self.total
        for service, endpoints in services.items():
            before = self.served.get(service, {})
            after = {endpoint.address: endpoint for endpoint in endpoints}
            removed[service] = tuple(e for a, e in before.items() if a not in after)
            added[service] = tuple(e for a, e in after.items() if a not in before)
            self.served[service] = after
        self.version += 1
        self.intents = (*self.intents, *intents)[-8:]
        order = Order(1, 1, self.version, b"")
        event = SetChanged(self.origin, removed, total, self.intents, order, added)
        effects = self.guard.handle(event, now)
        self.guard.check_invariants()
        return effects

    def overlay(self, now: Instant, down: dict[ServiceName, Endpoints]) -> list[Effect]:
        effects = self.guard.handle(OverlaysChanged(self.origin, down, self.total), now)
        self.guard.check_invariants()
        return effects

    def intent(self, subject: str = "", amount: int = 0) -> Intent:
        """Return an intent of the manifest that comes next."""
        return Intent(1, self.version + 1, IntentKind.SCALE_DOWN, subject, amount)


def desk(count: int = 20, config: GuardConfig = CONFIG) -> Desk:
    """Return a desk that has known `count` endpoints of `web` for long."""
    made = Desk(config)
    assert made.publish(START - 3_600 * SECOND, {WEB: pods(0, count)}) == []
    return made
