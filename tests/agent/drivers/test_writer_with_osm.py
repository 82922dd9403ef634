"""The writer, a real view and the driver for OSM v1.1 together."""

from dataclasses import dataclass
from random import Random

from agent.drivers.plan import Reason
from agent.drivers.writer import Writer
from agent.drivers.writer_config import WriterConfig
from agent.drivers.writer_events import (
    Applied,
    ConditionsChanged,
    DriverChosen,
    Effect,
    Event,
    MayWriteChanged,
    ObjectsChanged,
    Perform,
    Say,
    Settled,
    Synchronised,
    Touched,
    WriteFinished,
)
from agent.objects import MULTI_CLUSTER_SERVICE, POD, ObjectKey
from agent.writes import Apply
from discovery.names import Origin, ServiceName
from discovery.records import ClusterRecord
from discovery.service_view import ServiceView
from discovery.standing import Verdict
from discovery.view import View
from discovery.view_changes import ViewDiff
from failure_detect.clock import MILLISECOND, SECOND
from tests.agent.drivers.old_osm import OldOsm, key_for, typical
from tests.discovery.view_world import CART, SHOP, B


@dataclass
class ViewReader:
    """A view as the writer reads it."""

    view: View

    def services(self) -> list[ServiceName]:
        return self.view.services()

    def service(self, name: ServiceName) -> ServiceView | None:
        return self.view.service(name)

    def cluster(self, origin: Origin) -> ClusterRecord | None:
        return self.view.cluster(origin)

    def take_diff(self) -> ViewDiff:
        return self.view.take_diff()

    def is_gone(self, origin: Origin) -> bool:
        return False

    def is_awaited(self, origin: Origin) -> bool:
        return self.view.cluster(origin) is None


class Site:
    """A cluster whose store does everything at once, and whose mirror is never behind."""

    def __init__(self, osm: OldOsm) -> None:
        self.osm, self.now = osm, 0
        self.effects: list[Effect] = []
        self.writer = Writer(ViewReader(osm.world.view), osm.mirror, WriterConfig(), Random(1))
        for event in (DriverChosen(osm.driver), MayWriteChanged(may=True), Synchronised()):
            self.tell(event)

    def tell(self, event: Event) -> None:
        self._do(self.writer.handle(event, self.now))

    def run_to(self, at: int) -> None:
        while self.writer.deadline <= at:
            self.now = max(self.now, self.writer.deadline)
            self._do(self.writer.advance(self.now))
        self.now = at

    def _do(self, effects: list[Effect]) -> None:
        self.writer.check_invariants()
        self.effects += effects
        for effect in effects:
            if isinstance(effect, Perform):
                self.now += MILLISECOND
                step = effect.step
                document = step.document if isinstance(step, Apply) else None
                if document is None:
                    self.osm.mirror.remove(step.key)
                else:
                    self.osm.mirror.put(step.key, document)
                self.tell(WriteFinished(number=effect.number, document=document))
                self.tell(ObjectsChanged((step.key,)))


def test_a_change_of_the_view_is_in_the_store_at_once_and_settled() -> None:
    site = Site(typical())
    assert site.osm.levels() == {1: ["10.1.0.1", "10.1.0.2", "10.2.0.1", "10.2.0.2"]}
    site.run_to(10 * SECOND)
    site.effects.clear()
    site.osm.remote(B, "10.1.0.7")
    site.tell(Touched())
    assert "10.1.0.7" in site.osm.levels()[1]
    assert [each for each in site.effects if isinstance(each, Applied | Settled)] == [
        Applied(10 * SECOND),
        Settled(MILLISECOND),
    ]


def test_a_cluster_that_is_lost_steps_back_and_is_not_taken_away() -> None:
    site = Site(typical())
    site.run_to(10 * SECOND)
    site.osm.world.stands(B, Verdict.UNREACHABLE)
    site.tell(Touched())
    assert site.osm.levels() == {1: ["10.2.0.1", "10.2.0.2"], 2: ["10.1.0.1", "10.1.0.2"]}


def test_local_pods_that_come_and_go_are_seen_though_the_view_says_nothing() -> None:
    site = Site(typical())
    site.run_to(10 * SECOND)
    site.osm.pods(0)
    site.tell(ObjectsChanged((ObjectKey(POD, "shop", "checkout-0"),)))
    site.run_to(11 * SECOND)
    assert [each.reason for each in site.writer.findings(SHOP)] == [Reason.NO_LOCAL_POD]
    assert ConditionsChanged((SHOP,)) in site.effects
    assert [each.word.reason for each in site.effects if isinstance(each, Say)] == ["NoLocalPod"]
    site.osm.pods(2)
    site.tell(ObjectsChanged((ObjectKey(POD, "shop", "checkout-0"),)))
    site.run_to(12 * SECOND)
    assert site.writer.findings(SHOP) == ()
    assert site.osm.object() is not None


def test_an_object_that_somebody_deletes_is_back_at_once() -> None:
    site = Site(typical())
    site.run_to(SECOND)
    before = site.osm.object()
    site.osm.mirror.remove(key_for())
    site.tell(ObjectsChanged((key_for(),)))
    assert site.osm.object() == before
    assert site.writer.statistics().restored == 1


def test_what_a_predecessor_left_for_a_service_that_is_no_more_is_deleted() -> None:
    osm = typical()
    osm.service("cart")
    osm.pods(1, app="cart", account="cart-sa")
    osm.remote(B, "10.3.0.1", service=CART, account="cart-sa")
    osm.apply()
    osm.world.view.remove(B)
    site = Site(osm)
    site.run_to(SECOND)
    assert set(dict(osm.mirror.of(MULTI_CLUSTER_SERVICE))) == {key_for(), key_for("cart-sa")}
    site.run_to(31 * SECOND)
    assert [key for key, _ in osm.mirror.of(MULTI_CLUSTER_SERVICE)] == [key_for()]
