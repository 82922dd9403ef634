"""What a cluster publishes its own bridges hold, and what they hold reaches who publishes."""

from discovery.alarms import Alarm, AlarmRaised
from discovery.bridge_config import BridgeConfig
from discovery.bridge_events import (
    LanFact,
    ViewTouched,
)
from discovery.events import PublicationRefused, SetAdopted
from discovery.exports import Desired
from discovery.isolation import HeartbeatStopped
from discovery.limits import CatalogLimits
from discovery.names import ServiceName
from discovery.overlays import decode_overlay
from discovery.publisher_events import (
    DesiredChanged,
    EpochConfirmed,
    EpochProposed,
    LeaseAcquired,
    Published,
)
from discovery.recordset import RecordSet
from discovery.wall_time import WallClockRead
from failure_detect.clock import MINUTE, SECOND
from failure_detect.events import (
    BroadcastRequested,
    MemberReturned,
    NodeSilent,
)
from failure_detect.identity import NodeName
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    START,
    WALL,
    WEB,
    Bridgehead,
    died,
    identity,
    joined,
    manifest_of,
    member,
    of_kind,
    pods,
)
from tests.discovery.published import exported


def publishing(limits: CatalogLimits | None = None) -> Bridgehead:
    """A bridge that has the lease of its cluster, and has nothing to say yet."""
    made = Bridgehead(BridgeConfig(limits=limits or CatalogLimits()), publishes=True)
    [proposed] = of_kind(made.tell(LeaseAcquired(0, START + 60 * MINUTE)), EpochProposed)
    assert isinstance(proposed, EpochProposed)
    made.tell(EpochConfirmed(proposed.epoch))
    return made


def test_what_our_cluster_publishes_is_held_served_and_told() -> None:
    made = publishing()
    service = ServiceName("shop", "web")
    effects = made.tell(DesiredChanged(Desired.of([exported(service, range(5))])))
    effects += made.wait(5 * SECOND)
    kinds = [type(each) for each in effects]
    assert kinds.index(Published) < kinds.index(SetAdopted) < kinds.index(ViewTouched)
    assert BroadcastRequested in kinds
    assert made.reasons() == {"home: used": 5}
    held = made.bridge.catalog.get(HOME)
    assert held is not None
    assert held.manifest.order.epoch >= WALL


def test_what_others_hold_does_not_crowd_out_what_our_cluster_publishes() -> None:
    made = publishing(CatalogLimits(total_bytes=2_000, origin_bytes=2_000))
    made.tell(joined(EAST))
    made.publish(EAST, pods(range(80)))
    east = made.bridge.catalog.get(EAST)
    assert east is not None
    assert east.records.size_bytes > 1_500
    effects = made.tell(DesiredChanged(Desired.of([exported(WEB, range(20))])))
    assert BroadcastRequested in map(type, effects)
    assert not of_kind(effects, AlarmRaised)
    assert made.reasons()["home: used"] == 20


def test_a_set_of_our_own_that_our_catalog_refuses_is_an_alarm_until_it_fits() -> None:
    made = publishing(CatalogLimits(origin_bytes=500))
    effects = made.tell(DesiredChanged(Desired.of([exported(WEB, range(8))])))
    [alarm] = of_kind(effects, AlarmRaised)
    assert isinstance(alarm, AlarmRaised)
    assert alarm.alarm is Alarm.REFUSED
    assert "set of home: " in alarm.words
    assert made.bridge.catalog.get(HOME) is None
    assert not of_kind(effects, PublicationRefused)
    assert not of_kind(made.wait(MINUTE), AlarmRaised)
    assert made.bridge.publisher is not None
    assert [each for each, _ in made.bridge.publisher.statistics().alarms] == [Alarm.REFUSED]
    made.tell(DesiredChanged(Desired.of([exported(WEB, range(5))])))
    made.wait(SECOND)
    assert made.reasons() == {"home: used": 5}
    assert made.bridge.publisher.statistics().alarms == ()


def test_a_set_of_our_own_that_another_published_reaches_the_publisher() -> None:
    made = publishing()
    made.tell(joined(HOME, 1), DesiredChanged(Desired.of([exported(WEB, range(5))])))
    made.wait(5 * SECOND)
    ours = made.bridge.catalog.get(HOME)
    assert ours is not None
    theirs = RecordSet.of(pods(range(9)))
    above = manifest_of(HOME, theirs, epoch=ours.manifest.order.epoch + 10)
    effects = made.hear(HOME, above, theirs)
    [proposed] = of_kind(effects + made.wait(MINUTE), EpochProposed)
    assert isinstance(proposed, EpochProposed)
    assert proposed.epoch > above.order.epoch
    assert of_kind(made.tell(EpochConfirmed(proposed.epoch)) + made.wait(MINUTE), Published)
    after = made.bridge.catalog.get(HOME)
    assert after is not None
    assert after.manifest.order > above.order
    assert made.reasons() == {"home: used": 5}


def test_a_bridge_without_the_key_publishes_nothing_and_raises_nothing() -> None:
    made = Bridgehead()
    lease, wanted = LeaseAcquired(0, START + MINUTE), Desired.of([exported(WEB, range(5))])
    assert made.tell(lease, DesiredChanged(wanted), WallClockRead(WALL + 1)) == []
    assert made.wait(MINUTE) == []
    assert made.bridge.catalog.get(HOME) is None


def test_who_is_cut_off_withdraws_nothing_as_a_publisher_until_its_pool_is_whole_again() -> None:
    made = publishing()
    made.tell(DesiredChanged(Desired.of([exported(WEB, range(20))])))
    made.wait(5 * SECOND)
    others = range(1, 6)
    made.tell(*(LanFact(joined(HOME, each)) for each in others))
    effects = made.tell(*(LanFact(died(HOME, each)) for each in others))
    [alarm] = of_kind(effects, AlarmRaised)
    assert isinstance(alarm, AlarmRaised)
    assert alarm.alarm is Alarm.CUT_OFF
    effects = made.tell(DesiredChanged(Desired.of([exported(WEB, range(12))])))
    assert of_kind(effects + made.wait(20 * MINUTE - 6 * SECOND), Published) == []
    assert made.reasons() == {"home: used": 20}
    # It is signed anew in time, and even that withdraws nothing.
    assert len(of_kind(made.wait(10 * SECOND), Published)) == 1
    assert made.reasons() == {"home: used": 20}
    effects = made.tell(*(LanFact(MemberReturned(member(HOME, each), 1)) for each in others))
    assert of_kind(effects + made.wait(29 * SECOND), Published) == []
    assert len(of_kind(made.wait(2 * SECOND), Published)) == 1
    assert made.reasons() == {"home: used": 12}
    assert made.bridge.publisher is not None
    assert made.bridge.publisher.statistics().alarms == ()


def test_nodes_whose_heartbeats_have_stopped_cut_nobody_off() -> None:
    made = publishing()
    made.tell(DesiredChanged(Desired.of([exported(WEB, range(20))])))
    made.wait(5 * SECOND)
    others = range(1, 6)
    made.tell(*(LanFact(joined(HOME, each)) for each in others))
    made.tell(*(LanFact(HeartbeatStopped(identity(HOME, each).node)) for each in others))
    made.tell(*(LanFact(died(HOME, each)) for each in others))
    effects = made.tell(DesiredChanged(Desired.of([exported(WEB, range(12))])))
    assert len(of_kind(effects + made.wait(SECOND), Published)) == 1
    assert made.reasons() == {"home: used": 12}


def test_the_wall_clock_reaches_trust_publisher_and_overlay() -> None:
    made = Bridgehead(publishes=True, wall_ms=None)
    assert not of_kind(made.tell(LeaseAcquired(0, START + MINUTE)), EpochProposed)
    [proposed] = of_kind(made.tell(WallClockRead(WALL)), EpochProposed)
    assert isinstance(proposed, EpochProposed)
    assert proposed.epoch >= WALL
    made.tell(LanFact(NodeSilent(NodeName("node-9"))))
    [own] = made.bridge.nodes.overlays(HOME)
    assert own.body.serial == WALL
    assert decode_overlay(own.raw) == own
