"""A site with a driver, whose plans are done one write at a time, each judged when it is done."""

from collections.abc import Callable, Mapping

from agent.drivers.plan import Driver, Group, Plan, Step
from agent.mirror import Mirror
from agent.objects import (
    ENDPOINTS,
    MESH_CONFIG,
    MULTI_CLUSTER_SERVICE,
    NAMESPACE,
    POD,
    SERVICE,
    TRAFFIC_SPLIT,
    Document,
    Kind,
    at,
    map_at,
    resource_version,
)
from agent.writes import Apply, ApplyStatus, Delete
from failure_detect.clock import SECOND, Instant
from simulations.mesh_events import Version
from tests.simulations.mesh_site import Site

READ = (SERVICE, ENDPOINTS, POD, NAMESPACE, MESH_CONFIG, TRAFFIC_SPLIT, MULTI_CLUSTER_SERVICE)
PLANS_MAX = 12
"""After so many plans that were done whole there has to be nothing left to do."""


class Driven(Site):
    """Each plan is made by a driver that has just started, from what is in the store."""

    def __init__(self, version: Version, driver: Callable[[], Driver], *written: Document) -> None:
        super().__init__(version, *written)
        self._make = driver
        self._waiting: dict[tuple[object, ...], Instant] = {}

    def mirror(self) -> Mirror:
        """Return what a mirror has that has just been filled."""
        mirror = Mirror()
        kinds = [kind for kind in READ if self._serves(kind)]
        mirror.serve([(kind, version) for kind in kinds for version in kind.versions])
        for kind in kinds:
            mirror.replace(
                kind, [each for at_key, each in self.store.items() if at_key.kind == kind]
            )
        return mirror

    def _serves(self, kind: Kind) -> bool:
        return kind != MULTI_CLUSTER_SERVICE or self.settings.version is Version.V1_1

    def plan(self) -> Plan:
        """Return the plan of a driver that has just started."""
        self.world.view.advance(self.now)
        return self._make().plan(self.world.view, self.mirror(), None)

    def groups(self, plan: Plan) -> list[Group]:
        """Return the groups whose time has come: they were in every plan for long enough."""
        waiting: dict[tuple[object, ...], Instant] = {}
        due: list[Group] = []
        for group in plan.groups:
            mark = tuple(_mark(step) for step in group.writes)
            since = waiting[mark] = self._waiting.get(mark, self.now)
            if self.now >= since + group.after_s * SECOND:
                due.append(group)
        self._waiting = waiting
        return due

    def perform(self, step: Step, plan: Plan) -> bool:
        """Do one write of a plan and judge it; tell whether the store took it."""
        self.referee.before_write(plan)
        self.log.append(f"  {words_of(step)}")
        self.wiped.clear()
        done = self._perform(step)
        if self.wiped:  # Kubernetes takes the addresses away when a Pod comes: to be restored.
            self.referee.others_did()
        else:
            self.referee.after_write(words_of(step))
        return done

    def _perform(self, step: Step) -> bool:
        current = self.store.get(step.key)
        match step:
            case Apply(at_key, document, _, if_version):
                if not _fits(current, if_version):
                    return False
                new = _applied(current, document)
                if current is None or _bare(current) != _bare(new):
                    self.put(at_key, new)
            case Delete(at_key, _, if_version):
                if current is not None and not _fits(current, if_version):
                    return False
                self.drop(at_key)
            case ApplyStatus(at_key, _, status):
                if current is None:
                    return False
                self.put(at_key, {**current, "status": {**map_at(current, "status"), **status}})
        return True

    def drive(self, most: int, pause: int = 0) -> bool:
        """Do at most so many writes of one plan, then crash; tell whether it was done whole."""
        plan = self.plan()
        for group in self.groups(plan):
            for step in group.writes:
                if most <= 0:
                    return False
                most -= 1
                if not self.perform(step, plan):
                    break
                self.wait(pause)
        return True

    def finish(self) -> None:
        """Let the driver end its work, and judge what came of it."""
        for _ in range(PLANS_MAX):
            plan = self.plan()
            if not plan.groups:
                break
            self.drive(1_000)
            longest = max(group.after_s for group in plan.groups)
            self.wait(max(longest, 3) * SECOND)
        else:
            words = [words_of(step) for step in self.plan().writes]
            self.referee.complain(f"the plans never end: {words}")
        self.wait(15 * SECOND)
        self.referee.judge_end(self.plan())


def _mark(step: Step) -> tuple[object, ...]:
    return type(step).__name__, step.key


def words_of(step: Step) -> str:
    """Say what a write does, briefly."""
    words = f"{type(step).__name__} {step.key}"
    if isinstance(step, Apply):
        shown = at(step.document, "spec", "backends") or at(step.document, "subsets")
        words += f" {shown or at(step.document, 'spec')}"
    return words


def _fits(current: Document | None, wanted: str | None) -> bool:
    if wanted is None:
        return True
    return (current is None) if wanted == "" else _version(current) == wanted


def _version(current: Document | None) -> str:
    return "" if current is None else resource_version(current)


def _applied(current: Document | None, document: Document) -> Document:
    """Return the object with our fields, and those that only the cluster sets."""
    if current is None:
        return document
    kept = {"status": current["status"]} if "status" in current else {}
    return {**kept, **document}


def _bare(document: Document) -> Mapping[str, object]:
    metadata = {
        name: value
        for name, value in map_at(document, "metadata").items()
        if name != "resourceVersion"
    }
    return {**document, "metadata": metadata}
