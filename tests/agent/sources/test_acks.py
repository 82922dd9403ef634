"""A drain is acknowledged when the mesh has had time to obey, never before, and for good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.acks import (
    Acks,
    AcksConfig,
    Applied,
    DrainsSeen,
    DriverChosen,
    Event,
    Phase,
    drains_seen,
)
from agent.sources.source_events import AcksStated
from discovery.keys import DRAIN_KEY, drain_key
from discovery.names import Origin, ServiceName
from discovery.ramps import DrainSeen
from discovery.records import AckRecord
from failure_detect.clock import NEVER, SECOND, Instant
from tests.discovery.view_world import CART, B, C, drain, endpoints, exported, two

OWN, WEST, SOUTH = Origin("east"), Origin("west"), Origin("south")
WEB = ServiceName("shop", "web")
CONFIG = AcksConfig(mesh_bound=10 * SECOND, grace=5 * SECOND)
UNDER_WAY = AcksStated({WEST: AckRecord(drain="d", done=False)})
DONE = AcksStated({WEST: AckRecord(drain="d")})


def seen(
    weight: int = 0,
    *needed_by: ServiceName,
    origin: Origin = WEST,
    service: ServiceName | None = None,
    drain: str = "d",
    by: tuple[Origin, ...] = (),
) -> DrainSeen:
    return DrainSeen(origin, service, drain, 0, 30, weight, needed_by, by)


RAMPING, OBEYED = DrainsSeen((seen(500, WEB),)), DrainsSeen((seen(),))


def acks() -> Acks:
    machine = Acks(OWN, CONFIG)
    machine.handle(DriverChosen(writes=True), 0)
    return machine


def test_a_drain_is_acknowledged_after_it_was_written_obeyed_and_given_grace() -> None:
    machine = acks()
    assert machine.handle(RAMPING, 0) == [UNDER_WAY]
    assert machine.handle(Applied(0), 1) == []
    assert machine.handle(OBEYED, 30) == []
    assert machine.deadline == NEVER
    assert machine.handle(Applied(31), 40) == []
    assert machine.deadline == 40 + 15 * SECOND
    assert machine.advance(machine.deadline - 1) == []
    assert machine.advance(machine.deadline) == [DONE]
    assert machine.deadline == NEVER
    assert machine.done == {(WEST, None)}


def test_what_was_written_before_the_end_of_the_ramp_is_no_obedience() -> None:
    machine = acks()
    machine.handle(RAMPING, 0)
    machine.handle(OBEYED, 30)
    machine.handle(Applied(29), 40)
    assert machine.phase((WEST, None)) is Phase.OBEYED
    assert machine.deadline == NEVER


def test_who_needs_it_again_begins_anew() -> None:
    machine = acks()
    machine.handle(OBEYED, 0)
    machine.handle(Applied(0), 0)
    machine.handle(DrainsSeen((seen(0, WEB),)), SECOND)
    assert machine.advance(100 * SECOND) == []
    machine.handle(OBEYED, 100 * SECOND)
    assert machine.phase((WEST, None)) is Phase.OBEYED


def test_what_is_acknowledged_stays_so_until_the_drain_ends() -> None:
    machine = acks()
    machine.handle(OBEYED, 0)
    machine.handle(Applied(0), 0)
    machine.advance(15 * SECOND)
    assert machine.handle(DrainsSeen((seen(0, WEB),)), 16 * SECOND) == []
    assert machine.handle(DrainsSeen(()), 17 * SECOND) == [AcksStated()]
    assert machine.handle(OBEYED, 18 * SECOND) == [UNDER_WAY]


def test_another_drain_of_the_same_cluster_is_another_drain() -> None:
    machine = acks()
    machine.handle(OBEYED, 0)
    machine.handle(Applied(0), 0)
    machine.advance(15 * SECOND)
    again = DrainsSeen((seen(drain="e"),))
    assert machine.handle(again, 16 * SECOND) == [
        AcksStated({WEST: AckRecord(drain="e", done=False)})
    ]


def test_who_writes_nothing_acknowledges_at_once() -> None:
    machine = Acks(OWN, CONFIG)
    assert machine.handle(RAMPING, 0) == [UNDER_WAY]
    assert machine.handle(DriverChosen(writes=False), 0) == [DONE]
    other = Acks(OWN, CONFIG)
    assert other.handle(DriverChosen(writes=False), 0) == []
    assert other.handle(RAMPING, 0) == [DONE]


def test_who_has_nothing_of_it_acknowledges_at_once() -> None:
    machine = acks()
    unused = DrainsSeen((seen(1_000),), frozenset({(WEST, None)}))
    assert machine.handle(unused, 0) == [DONE]


def test_what_our_cluster_acknowledged_before_a_restart_is_acknowledged() -> None:
    machine = acks()
    assert machine.handle(DrainsSeen((seen(1_000, WEB, by=(SOUTH,)),)), 0) == [UNDER_WAY]
    assert machine.handle(DrainsSeen((seen(1_000, WEB, by=(OWN, SOUTH)),)), 0) == [DONE]


def test_each_drain_has_its_own_acknowledgement() -> None:
    machine = acks()
    both = DrainsSeen((seen(), seen(700, WEB, service=WEB, drain="s"), seen(origin=OWN)))
    machine.handle(both, 0)
    machine.handle(Applied(0), 0)
    (stated,) = machine.advance(15 * SECOND)
    assert stated.acks == {OWN: AckRecord(drain="d"), WEST: AckRecord(drain="d")}
    assert stated.service_acks == {(WEST, WEB): AckRecord(drain="s", done=False)}


def test_nothing_is_stated_before_the_view_was_looked_at() -> None:
    machine = acks()
    assert machine.handle(Applied(0), 1) == []
    assert machine.handle(DrainsSeen(()), 2) == [AcksStated()]
    assert machine.handle(DrainsSeen(()), 3) == []


@pytest.mark.parametrize("name", ["mesh_bound", "grace"])
def test_a_configuration_names_its_faults(name: str) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        AcksConfig(**{name: -1})
    assert f"$.acks.{name}" in str(caught.value.exceptions[0])


# --- what the view says ----------------------------------------------------------------------


def test_a_view_says_which_drains_there_are_and_which_concern_nothing_here() -> None:
    world = two()
    world.put(B, {DRAIN_KEY: drain(), drain_key(CART): drain("cart")})
    found = drains_seen(world.view)
    assert [(each.origin, each.service) for each in found.drains] == [(B, None), (B, CART)]
    assert found.unused == {(B, CART)}
    assert drains_seen(world.view, done={(B, CART)}).unused == frozenset()


def test_a_service_of_others_is_not_one_of_the_drained() -> None:
    world = two()
    world.put(C, exported(CART, endpoints("10.2.0.7")))
    world.put(B, {drain_key(CART): drain("cart")})
    assert drains_seen(world.view).unused == {(B, CART)}


# --- whatever happens ------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.sampled_from([RAMPING, OBEYED, DrainsSeen(())]),
        st.integers(0, 20).map(lambda ago: Applied(-ago)),
    ).flatmap(lambda event: st.tuples(st.just(event), st.integers(0, 8))),
    max_size=40,
)


def _obeyed_throughout(history: list[tuple[Instant, Event]], since: Instant) -> bool:
    """Whether the view sent it nothing from `since` on, as far as anybody knows."""
    before = [event for at, event in history if at <= since and isinstance(event, DrainsSeen)]
    after = [event for at, event in history if at > since and isinstance(event, DrainsSeen)]
    return bool(before) and all(event == OBEYED for event in (before[-1], *after))


@given(STEPS)
def test_nothing_is_acknowledged_before_its_time(steps: list[tuple[Event, int]]) -> None:
    """Whenever it becomes done, the store had the end of the ramp for as long as it takes."""
    machine, now, history = acks(), 0, list[tuple[Instant, Event]]()
    wait = CONFIG.mesh_bound + CONFIG.grace
    was_done = False
    for step, pause in steps:
        now += pause * SECOND
        event = Applied(max(0, now + step.at * SECOND)) if isinstance(step, Applied) else step
        history.append((now, event))
        machine.handle(event, now)
        machine.check_invariants()
        is_done = machine.phase((WEST, None)) is Phase.DONE
        if is_done and not was_done:
            applied = [
                (at, each.at)
                for at, each in history
                if isinstance(each, Applied) and at <= now - wait
            ]
            assert any(_obeyed_throughout(history[:-1], as_of) for _, as_of in applied)
        was_done = is_done
