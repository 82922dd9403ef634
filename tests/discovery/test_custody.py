"""What the guard holds is in the view as long as it is held, with the reason it began for."""

from discovery.catalog import Held
from discovery.custody import AgedHold, Custody
from discovery.endpoints import EndpointPort
from discovery.events import SetAdopted
from discovery.guard_rules import GuardConfig
from discovery.guards import HoldEnded, HoldStarted
from discovery.manifest import Intent, IntentKind
from discovery.names import Origin
from discovery.records import ExportRecord, ServicePort
from discovery.recordset import EMPTY, RecordSet
from discovery.trust import TrustBook
from discovery.view import View
from failure_detect.clock import MINUTE, NEVER, SECOND
from failure_detect.identity import NodeName
from tests.discovery.bridgehead import EAST, HOME, RING, START, WEB, manifest_of, pods, trusted, uid


class Desk:
    """A custody and its view, and the last set of `east`."""

    def __init__(self) -> None:
        trust = TrustBook(HOME, {1: RING.public(f"{HOME}/1")}, RING, uid(HOME))
        trust.handle(trusted(EAST))
        self.view = View(HOME, trust, START)
        self.custody = Custody(GuardConfig(), self.view)
        self.records = EMPTY
        self.version = 0

    def adopt(self, count: int, *kept: AgedHold, intents: tuple[Intent, ...] = ()) -> list[object]:
        self.version += 1
        after = RecordSet.of(pods(range(count)) if count else {})
        manifest = manifest_of(EAST, after, self.version, intents=intents)
        self.view.apply(EAST, after.changes_since(self.records), START)
        effects = self.custody.adopted(SetAdopted(manifest, self.records, after), START, kept)
        self.records = after
        self.custody.check_invariants()
        return list(effects)

    def exclude(self, *kept: AgedHold) -> list[object]:
        self.version += 1
        manifest = manifest_of(EAST, RecordSet.of(pods(range(3))), self.version)
        changes = EMPTY.changes_since(self.records)
        self.view.apply(EAST, changes, START)
        self.records = EMPTY
        return list(self.custody.excluded(manifest, changes, START, kept))

    def reasons(self) -> list[str]:
        return sorted(row.reason.value for row in self.view.explain(WEB).endpoints)


def test_what_is_held_is_shown_until_its_time_is_over() -> None:
    desk = Desk()
    assert desk.adopt(12) == []
    assert desk.custody.deadline == NEVER
    [started] = desk.adopt(0)
    assert isinstance(started, HoldStarted)
    assert desk.reasons() == ["held-by-guard"] * 12
    [row, *_] = desk.view.explain(WEB).endpoints
    assert started.why in row.why
    assert desk.custody.deadline == START + 5 * MINUTE
    [ended] = desk.custody.advance(START + 5 * MINUTE)
    assert isinstance(ended, HoldEnded)
    assert desk.reasons() == []


def test_what_is_kept_of_a_hold_is_what_makes_it_anew() -> None:
    desk = Desk()
    desk.adopt(12)
    assert desk.custody.kept(EAST, START) == ()
    desk.adopt(0)
    [hold] = desk.custody.kept(EAST, START + MINUTE)
    assert (hold.service, hold.held_ms, hold.ports) == (WEB, 60_000, (EndpointPort("http", 8080),))
    assert hold.head == ExportRecord(ports=(ServicePort("http", 80),), exported_at=1)
    assert len(hold.endpoints) == 12
    later = Desk()
    [started] = later.adopt(0, (MINUTE, hold))
    assert isinstance(started, HoldStarted)
    assert started.until == START + 4 * MINUTE
    assert later.reasons() == ["held-by-guard"] * 12
    assert later.custody.kept(EAST, START) == (hold,)
    assert later.custody.kept(HOME, START) == ()


def test_nodes_that_are_down_count_and_ours_do_not() -> None:
    desk = Desk()
    desk.adopt(12)
    nodes = [NodeName(f"node-{number}") for number in range(12)]
    held = Held(manifest_of(EAST, desk.records), desk.records, START)
    assert desk.custody.nodes_down(HOME, held, nodes, START) == []
    assert desk.custody.nodes_down(EAST, None, nodes, START) == []
    [started] = desk.custody.nodes_down(EAST, held, nodes, START + SECOND)
    assert isinstance(started, HoldStarted)


def test_what_is_released_is_served_no_more_and_what_is_forgotten_begins_anew() -> None:
    desk = Desk()
    desk.adopt(12)
    desk.adopt(0)
    [ended] = desk.custody.release(EAST, START)
    assert isinstance(ended, HoldEnded)
    desk.custody.forget(Origin("west"))
    desk.custody.forget(EAST)
    assert desk.adopt(12) == []
    assert desk.reasons() == ["used"] * 12


def test_what_comes_back_is_held_no_more_and_the_rest_is() -> None:
    desk = Desk()
    desk.adopt(40)
    desk.adopt(0)
    [ended] = desk.adopt(30)
    assert isinstance(ended, HoldEnded)
    assert desk.reasons() == ["held-by-guard"] * 10 + ["used"] * 30


def test_what_an_intent_explains_is_not_held() -> None:
    desk = Desk()
    desk.adopt(12)
    assert desk.adopt(0, intents=(Intent(1, 2, IntentKind.UNEXPORT, str(WEB), 12),)) == []
    assert desk.reasons() == []


def test_who_is_excluded_is_gone_when_nothing_of_it_is_held_any_more() -> None:
    desk = Desk()
    desk.adopt(12)
    [started] = desk.exclude()
    assert isinstance(started, HoldStarted)
    [row, *_] = desk.view.explain(WEB).endpoints
    assert row.why.startswith("the set of east is not for us any more; 12 of 12")
    assert desk.custody.take_gone() == []
    desk.custody.advance(START + 5 * MINUTE)
    assert desk.custody.take_gone() == [EAST]
    assert desk.custody.take_gone() == []
    desk.exclude()
    desk.adopt(12)
    assert desk.custody.take_gone() == []
    desk.adopt(12)
    desk.exclude()
    desk.custody.release(EAST, START)
    desk.custody.forget(EAST)
    assert desk.custody.take_gone() == []


def test_what_is_kept_of_who_is_excluded_is_held_anew_as_well() -> None:
    desk = Desk()
    desk.adopt(12)
    desk.exclude()
    [hold] = desk.custody.kept(EAST, START + MINUTE)
    later = Desk()
    [started] = later.exclude((MINUTE, hold))
    assert isinstance(started, HoldStarted)
    assert later.custody.take_gone() == []
    assert later.reasons() == ["held-by-guard"] * 12
    [row, *_] = later.view.explain(WEB).endpoints
    assert row.why.startswith("the set of east is not for us any more; withdrawn before")
    later.adopt(12)
    assert later.reasons() == ["used"] * 12
    later = Desk()
    assert later.exclude((5 * MINUTE, hold)) == []
    assert later.custody.take_gone() == [EAST]
