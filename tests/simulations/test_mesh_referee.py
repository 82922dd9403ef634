"""A driver that is broken on purpose is caught, whichever way; the one that is not passes.

Each defect alters what the real driver plans. All go through one story in which a service moves
between clusters, is here for a while, and ends.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import pytest

from agent.drivers.osm_endpoints import OsmEndpoints
from agent.drivers.osm_multicluster import OsmMulticluster
from agent.drivers.osm_names import leaf_name
from agent.drivers.plan import (
    Capabilities,
    Driver,
    DriverSettings,
    Plan,
    Services,
    Step,
)
from agent.mirror import Mirror
from agent.objects import (
    ENDPOINTS,
    MULTI_CLUSTER_SERVICE,
    SERVICE,
    TRAFFIC_SPLIT,
    Document,
    Kind,
    ObjectKey,
    list_at,
    map_at,
    text_at,
)
from agent.writes import Apply, Delete
from discovery.names import Origin, ServiceName
from discovery.records import ServicePort
from discovery.standing import Verdict
from failure_detect.clock import SECOND
from simulations.mesh_events import Version
from simulations.mesh_resources import Destination, Host
from simulations.mesh_traffic import Call, Outcome
from tests.discovery.view_world import A
from tests.simulations.mesh_driven import Driven
from tests.simulations.mesh_remotes import Serving
from tests.simulations.mesh_world import BUYER, name, pod, service

WEB = name("web")
HTTP = ServicePort("http-api", 80, "TCP", "http")
SQL = ServicePort("tcp-sql", 80, "TCP", "tcp")
B, C = Origin("b"), Origin("c")

Defect = Callable[[Sequence[Step]], Sequence[Step]]


class Broken:
    """The driver, with its plans altered."""

    def __init__(self, defect: Defect) -> None:
        self._driver: Driver = OsmEndpoints(DriverSettings(own=A))
        self._defect = defect

    @property
    def name(self) -> str:
        return "broken"

    @property
    def reads(self) -> frozenset[Kind]:
        return self._driver.reads

    @property
    def capabilities(self) -> Capabilities:
        return self._driver.capabilities

    def plan(self, view: Services, mirror: Mirror, touched: Collection[ServiceName] | None) -> Plan:
        plan = self._driver.plan(view, mirror, touched)
        groups = [replace(each, writes=tuple(self._defect(each.writes))) for each in plan.groups]
        return replace(plan, groups=tuple(each for each in groups if each.writes))


# --- the story ---------------------------------------------------------------------------


def serving(origin: Origin, port: ServicePort, *ready: int, number: int = 8_080) -> Serving:
    addresses = tuple(f"10.{'abc'.index(origin)}.1.{each}" for each in ready)
    return Serving((port,), (number,), addresses)


def told(driver: Callable[[], Driver], port: ServicePort) -> list[str]:
    """Tell the story of one service, letting the driver end its work after each turn."""
    site = Driven(Version.V1_2, driver)
    spec = {"name": port.name, "port": 80, "targetPort": 7_080, "appProtocol": port.app_protocol}
    here = service("web", spec, selector={"app": "store"})
    gone = ObjectKey(SERVICE, "app", "web")
    site.write(pod("p1", "10.0.1.1", ready=False))

    def local(*ready: int) -> None:
        site.write(pod("p1", "10.0.1.1", ready=bool(ready)))
        site.export(A, WEB, replace(serving(A, port, *ready), numbers=(7_080,)))

    turns: list[tuple[Callable[[], None], ...]] = [
        (lambda: site.export(B, WEB, serving(B, port, 1, 2)),),
        (lambda: site.export(C, WEB, serving(C, port, 1, number=9_090)),),
        (lambda: site.export(B, WEB, serving(B, port)),),
        (lambda: site.export(C, WEB, serving(C, port)),),
        (lambda: site.export(B, WEB, serving(B, port, 3)),),
        (lambda: site.drop(gone), lambda: site.write(here), lambda: local(1)),
        (local,),
        (lambda: site.export(C, WEB, serving(C, port, 1)),),
        (lambda: site.verdict(B, Verdict.UNREACHABLE, alive=False),),
        (lambda: local(1),),
        (lambda: site.verdict(B, Verdict.LIVE, alive=True),),
        (lambda: site.export(C, WEB, None),),
        (local,),
    ]
    for turn in turns:
        site.happens("", *turn)
        site.finish()
        site.wait(5 * SECOND)
        if site.referee.wrong:
            break
    return site.referee.wrong


# --- defects -----------------------------------------------------------------------------


def altered(
    steps: Sequence[Step], kind: Kind, change: Callable[[Document], Document]
) -> Sequence[Step]:
    return [
        replace(step, document=change(step.document))
        if isinstance(step, Apply) and step.key.kind == kind
        else step
        for step in steps
    ]


def leaves_unready(steps: Sequence[Step]) -> Sequence[Step]:
    """A leaf that has a share is emptied by readiness."""

    def unready(document: Document) -> Document:
        if "-mc" not in text_at(document, "metadata", "name"):
            return document
        subsets = [
            {"ports": list_at(each, "ports"), "notReadyAddresses": list_at(each, "addresses")}
            for each in list_at(document, "subsets")
        ]
        return {**document, "subsets": subsets}

    return altered(steps, ENDPOINTS, unready)


def weightless(steps: Sequence[Step]) -> Sequence[Step]:
    """All weights are 0."""

    def zero(document: Document) -> Document:
        spec = map_at(document, "spec")
        backends = [
            {"service": text_at(each, "service"), "weight": 0} for each in list_at(spec, "backends")
        ]
        return {**document, "spec": {**spec, "backends": backends}}

    return altered(steps, TRAFFIC_SPLIT, zero)


def emptied_with_nothing(steps: Sequence[Step]) -> Sequence[Step]:
    """A plain service whose addresses are not ready gets none at all."""

    def nothing(document: Document) -> Document:
        ready = any(list_at(each, "addresses") for each in list_at(document, "subsets"))
        return document if ready else {**document, "subsets": []}

    return altered(steps, ENDPOINTS, nothing)


def splits_first(steps: Sequence[Step]) -> Sequence[Step]:
    """A split is written before the leaves that it names."""
    return sorted(steps, key=lambda each: each.key.kind != TRAFFIC_SPLIT)


def endpoints_first(steps: Sequence[Step]) -> Sequence[Step]:
    """Endpoints are written before their Service."""
    return sorted(steps, key=lambda each: each.key.kind == SERVICE)


def leaves_go_first(steps: Sequence[Step]) -> Sequence[Step]:
    """Leaves are deleted while a split names them."""
    named = [
        Delete(ObjectKey(SERVICE, "app", text_at(each, "service")), "too early")
        for step in steps
        if isinstance(step, Apply) and step.key.kind == TRAFFIC_SPLIT
        for each in list_at(step.document, "spec", "backends")
        if text_at(each, "service") != "web"
    ]
    return [*steps, *named]


def twice(steps: Sequence[Step]) -> Sequence[Step]:
    """Two splits for one apex."""
    second = [
        replace(
            step,
            key=replace(step.key, name="second"),
            document={
                **step.document,
                "metadata": {**map_at(step.document, "metadata"), "name": "second"},
            },
            if_version=None,
        )
        for step in steps
        if isinstance(step, Apply) and step.key.kind == TRAFFIC_SPLIT
    ]
    return [*steps, *second]


def to_nobody(steps: Sequence[Step]) -> Sequence[Step]:
    """An address that nobody has."""

    def moved(document: Document) -> Document:
        subsets = [
            {"addresses": [{"ip": "10.9.9.9"}], "ports": list_at(each, "ports")}
            for each in list_at(document, "subsets")
        ]
        return {**document, "subsets": subsets}

    return altered(steps, ENDPOINTS, moved)


def does_nothing(steps: Sequence[Step]) -> Sequence[Step]:
    """Nobody is ever served."""
    return ()


def misnamed(steps: Sequence[Step]) -> Sequence[Step]:
    """The Endpoints' port has another name than the Service's."""

    def renamed(document: Document) -> Document:
        subsets = [
            {
                **dict(map_at(document, "subsets", number)),
                "ports": [{**map_at(port), "name": "other"} for port in list_at(each, "ports")],
            }
            for number, each in enumerate(list_at(document, "subsets"))
        ]
        return {**document, "subsets": subsets}

    return altered(steps, ENDPOINTS, renamed)


DEFECTS: tuple[tuple[Defect, ServicePort], ...] = (
    (leaves_unready, HTTP),
    (weightless, HTTP),
    (weightless, SQL),
    (emptied_with_nothing, HTTP),
    (splits_first, HTTP),
    (endpoints_first, HTTP),
    (leaves_go_first, HTTP),
    (twice, HTTP),
    (to_nobody, HTTP),
    (misnamed, HTTP),
    (does_nothing, HTTP),
)


@pytest.mark.parametrize(
    ("defect", "port"), DEFECTS, ids=[f"{each.__name__}-{port.name}" for each, port in DEFECTS]
)
def test_a_broken_driver_is_caught(defect: Defect, port: ServicePort) -> None:
    assert told(lambda: Broken(defect), port) != []


@pytest.mark.parametrize("port", [HTTP, SQL])
def test_the_driver_is_not(port: ServicePort) -> None:
    assert told(lambda: Broken(lambda steps: steps), port) == []


# --- v1.1 --------------------------------------------------------------------------------


class BrokenMulticluster(Broken):
    """The driver for v1.1, with its plans altered."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect)
        self._driver = OsmMulticluster(DriverSettings(own=A))


def told_to_v1_1(defect: Defect) -> tuple[list[str], list[str]]:
    """Tell of a service that is here and elsewhere; return what is wrong, and who served last."""
    site = Driven(Version.V1_1, lambda: BrokenMulticluster(defect))
    site.write(service("web", {"name": "http-api", "port": 80}, selector={"app": "store"}))
    here = pod("p1", "10.0.1.1", account="web")
    turns: list[Callable[[], None]] = [
        lambda: site.write(here),
        lambda: site.export(A, WEB, replace(serving(A, HTTP, 1), numbers=(80,))),
        lambda: site.export(B, WEB, serving(B, HTTP, 1, 2)),
        lambda: site.write(pod("p1", "10.0.1.1", account="web", ready=False)),
        lambda: site.export(A, WEB, Serving((HTTP,), (80,), (), ("10.0.1.1",))),
        lambda: site.export(C, WEB, serving(C, HTTP, 1, number=9_090)),
        lambda: site.export(B, WEB, None),
    ]
    for turn in turns:
        site.happens("", turn)
        site.finish()
        site.wait(5 * SECOND)
    answers = site.mesh.send(BUYER, WEB, 80, site.peers)
    return site.referee.wrong, [str(answer.to) for answer in answers]


def nowhere(steps: Sequence[Step]) -> Sequence[Step]:
    """An address that is none, as the pattern of the CRD lets it pass (7m)."""

    def spoilt(document: Document) -> Document:
        spec = map_at(document, "spec")
        clusters = [
            {**map_at(each), "address": "999.1.2.3:1"} for each in list_at(spec, "clusters")
        ]
        return {**document, "spec": {**spec, "clusters": clusters}}

    return altered(steps, MULTI_CLUSTER_SERVICE, spoilt)


def test_the_driver_for_v1_1_moves_a_service_between_clusters() -> None:
    assert told_to_v1_1(lambda steps: steps) == ([], ["10.2.1.1:9090"])


@pytest.mark.parametrize("defect", [nowhere, does_nothing])
def test_a_broken_driver_for_v1_1_is_caught(defect: Defect) -> None:
    assert told_to_v1_1(defect)[0] != []


# --- the other side ----------------------------------------------------------------------


def test_2b_pods_answer_to_the_name_that_leaves_have_elsewhere() -> None:
    site = Driven(Version.V1_2, lambda: OsmEndpoints(DriverSettings(own=A)))
    spec = {"name": "http-api", "port": 80, "targetPort": 7_080, "appProtocol": "http"}
    site.write(service("web", spec, selector={"app": "store"}), pod("p1", "10.0.1.1"))
    called = Call(
        BUYER,
        Destination("10.0.1.1", 7_080),
        name(leaf_name("web", A)),
        Host(WEB, 80),
        site.mesh.trust_root,
    )
    site.finish()
    before = site.mesh.answer(called)
    site.export(A, WEB, Serving((HTTP,), (7_080,), ("10.0.1.1",)))
    site.finish()
    after = site.mesh.answer(called)
    assert (before and before.outcome, after and after.outcome) == (
        Outcome.UNAVAILABLE,
        Outcome.SERVED,
    )
