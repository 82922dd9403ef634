"""Agents elect their bridges: exactly as many as there should be, never none, with little ado."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.duties import Duty, decode_duty, duty_key, encode_duty
from agent.core.election import EARLY_MAX, Election, ElectionConfig
from agent.core.election_events import (
    AbilityChanged,
    AnnounceDuty,
    BecomeBridge,
    BridgesChanged,
    StepDown,
)
from discovery.wall_time import WallClockRead
from failure_detect.clock import NEVER, SECOND
from failure_detect.events import (
    BroadcastReceived,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
)
from tests.agent.core.electorate import ABLE, RING, Electorate, by_rank, identity

NODES = by_rank(f"node-{number}" for number in range(8))
"""By rank."""

KEYLESS = replace(ABLE, has_key=False)
CUT_OFF = replace(ABLE, has_api=False)
UNREACHED = replace(ABLE, is_reachable=False)
QUIET = 100
"""Seconds after which nothing happens any more: hold-down, patience and gossip."""


def settled(*nodes: str, seed: int = 1) -> Electorate:
    cluster = Electorate(seed)
    cluster.start(*nodes)
    cluster.run(20)
    assert cluster.agrees()
    return cluster


# --- one agent alone --------------------------------------------------------------------------


def alone(node: str = "a") -> Election:
    return Election(identity(node), ElectionConfig(), RING.signer(f"{node}/1"), RING, 0)


def heard(node: str, serial: int = 1, **said: object) -> BroadcastReceived:
    member = identity(node).member
    duty = replace(Duty(member, serial, has_key=True), **said)  # type: ignore[arg-type]  # by name.
    payload = encode_duty(duty, RING.signer(f"{node}/1"))
    return BroadcastReceived(member, duty_key(member), payload)


def test_a_lone_agent_is_a_bridge_soon() -> None:
    election = alone()
    assert [type(each) for each in election.handle(ABLE, 0)] == [AnnounceDuty]
    assert election.deadline == 3 * SECOND
    assert election.advance(3 * SECOND - 1) == []
    became, said, changed = election.advance(3 * SECOND)
    assert became == BecomeBridge()
    assert isinstance(said, AnnounceDuty)
    assert decode_duty(said.payload, RING).is_bridge
    assert changed == BridgesChanged((identity("a").member,))


def test_who_meets_somebody_meanwhile_waits_for_what_he_has_to_tell() -> None:
    election = alone()
    election.handle(ABLE, 0)
    election.handle(MemberJoined(identity("b"), 1), 2 * SECOND)
    assert BecomeBridge() not in election.advance(3 * SECOND)
    assert BecomeBridge() not in election.advance(5 * SECOND - 1)
    assert BecomeBridge() in election.advance(5 * SECOND)


def test_who_may_be_no_bridge_says_nothing_and_becomes_none() -> None:
    election = alone()
    assert election.handle(KEYLESS, 0) == []
    assert election.deadline == NEVER
    assert election.advance(60 * SECOND) == []


def test_a_bridge_that_loses_the_key_steps_down_at_once() -> None:
    election = alone()
    election.handle(ABLE, 0)
    election.advance(3 * SECOND)
    effects = election.handle(KEYLESS, 4 * SECOND)
    assert isinstance(effects[0], StepDown)
    assert "key" in effects[0].why
    assert effects[-1] == BridgesChanged(())


def test_since_when_it_is_a_bridge_is_said_by_the_wall_clock() -> None:
    election = alone()
    election.handle(WallClockRead(1_000_000), 1 * SECOND)
    election.handle(ABLE, 1 * SECOND)
    election.advance(3 * SECOND)
    assert election.duty.since_ms == 1_002_000


def test_what_others_say_is_passed_on_once_and_older_words_are_not() -> None:
    election = alone()
    election.handle(MemberJoined(identity("b"), 1), 0)
    event = heard("b", 2, is_bridge=True)
    assert election.handle(event, 1) == [
        AnnounceDuty(event.key, event.payload),
        BridgesChanged((identity("b").member,)),
    ]
    assert election.handle(event, 2) == []
    assert election.handle(heard("b", 1), 3) == []
    assert election.bridges == (identity("b").member,)
    expected = by_rank(["a", "b"])
    assert [each.member for each in election.duties()] == [
        identity(node).member for node in expected
    ]


def test_who_was_heard_before_it_was_met_counts_from_then_on() -> None:
    election = alone()
    assert election.handle(heard("b", is_bridge=True), 1) == []
    assert election.handle(MemberJoined(identity("b"), 1), 2) == [
        BridgesChanged((identity("b").member,))
    ]


def test_who_is_dead_is_no_bridge_until_it_returns_and_who_left_never_again() -> None:
    election, b = alone(), identity("b").member
    election.handle(MemberJoined(identity("b"), 1), 0)
    election.handle(heard("b", is_bridge=True), 0)
    assert election.handle(MemberDied(b, 1, ()), 1) == [BridgesChanged(())]
    assert election.handle(MemberReturned(b, 2), 2) == [BridgesChanged((b,))]
    assert election.handle(MemberLeft(b), 3) == [BridgesChanged(())]
    assert election.handle(MemberReturned(b, 3), 4) == []


def test_who_is_retired_leaves_its_seat() -> None:
    election = alone()
    election.handle(MemberJoined(identity("b"), 1), 0)
    election.handle(heard("b", is_bridge=True), 0)
    successor = identity("b", 2).member
    retired = MemberRetired(identity("b").member, successor)
    assert election.handle(retired, 1) == [BridgesChanged(())]


def test_forgeries_change_nothing_and_are_counted() -> None:
    election = alone()
    election.handle(MemberJoined(identity("b"), 1), 0)
    event = heard("b", is_bridge=True)
    other = identity("c").member
    for bad in (
        replace(event, payload=event.payload[:-1] + b"\0"),
        replace(event, payload=b"nonsense"),
        replace(event, key=duty_key(other)),
    ):
        assert election.handle(bad, 1) == []
    assert election.refusals.counts() == {"malformed": 2, "signature": 1}
    assert election.handle(replace(event, key=b"set/1"), 1) == []


def test_what_strangers_say_is_bounded() -> None:
    election = alone()
    for number in range(EARLY_MAX + 50):
        election.handle(heard(f"stranger-{number}"), 1)
    election.check_invariants()


# --- all together -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8])
def test_as_many_are_bridges_as_there_should_be(size: int) -> None:
    cluster = Electorate()
    cluster.start(*NODES[:size])
    cluster.run(20)
    assert cluster.bridges() == NODES[: min(3, size)]
    assert cluster.agrees()
    assert len(cluster.changes()) == min(3, size)


def test_only_those_with_the_key_are_bridges() -> None:
    cluster = Electorate()
    cluster.start(*NODES[:3], ability=KEYLESS)
    cluster.start(*NODES[3:5])
    cluster.run(20)
    assert cluster.bridges() == NODES[3:5]
    assert cluster.agrees()


def test_a_bridge_stays_one_whoever_comes() -> None:
    cluster = settled(*NODES[3:])
    since = cluster.now
    cluster.start(*NODES[:3])
    cluster.run(QUIET)
    assert cluster.changes(since) == []
    assert cluster.bridges() == NODES[3:6]
    assert cluster.agrees()


def test_a_bridge_that_dies_is_succeeded_by_one_the_best() -> None:
    cluster = settled(*NODES)
    since = cluster.now
    cluster.crash(NODES[1])
    cluster.run(6)
    assert cluster.changes(since) == [(NODES[3], "bridge")]
    cluster.run(QUIET)
    assert cluster.changes(since) == [(NODES[3], "bridge")]
    assert cluster.agrees()


def test_a_bridge_that_leaves_is_succeeded_within_a_second() -> None:
    cluster = settled(*NODES)
    cluster.leave(NODES[0])
    cluster.run(1)
    assert cluster.bridges() == NODES[1:4]


def test_others_come_and_go_and_no_bridge_moves() -> None:
    cluster = settled(*NODES[:5])
    since = cluster.now
    for node in NODES[5:]:
        cluster.start(node)
        cluster.run(7)
        cluster.crash(NODES[4] if NODES[4] in cluster.agents else node)
        cluster.run(7)
    assert cluster.changes(since) == []


def test_after_a_split_heals_the_surplus_steps_down_by_rank_after_a_while() -> None:
    cluster = settled(*NODES)
    cluster.part(NODES[:2])
    cluster.run(20)
    assert cluster.bridges(1) == NODES[:2]
    assert cluster.bridges(0) == NODES[2:5]
    since = cluster.now
    cluster.heal()
    cluster.run(20)
    assert len(cluster.bridges()) == 5
    cluster.run(QUIET)
    assert cluster.bridges() == NODES[:3]
    assert sorted(cluster.changes(since)) == [(node, "steps down") for node in sorted(NODES[3:5])]
    assert cluster.agrees()


def test_one_that_is_long_without_the_api_server_yields_after_another_has_its_seat() -> None:
    cluster = settled(*NODES[:5])
    since = cluster.now
    cluster.enable(NODES[0], CUT_OFF)
    cluster.run(59)
    assert cluster.changes(since) == []
    cluster.run(QUIET)
    assert cluster.changes(since) == [(NODES[3], "bridge"), (NODES[0], "steps down")]
    assert cluster.agrees()
    cluster.enable(NODES[0], ABLE)
    cluster.run(QUIET)
    assert cluster.bridges() == NODES[1:4]


def test_a_short_time_without_the_api_server_changes_nothing() -> None:
    cluster = settled(*NODES[:5])
    since = cluster.now
    cluster.enable(NODES[0], CUT_OFF)
    cluster.run(50)
    cluster.enable(NODES[0], ABLE)
    cluster.run(QUIET)
    assert cluster.changes(since) == []


def test_where_nobody_has_the_api_server_nobody_yields() -> None:
    cluster = settled(*NODES)
    since = cluster.now
    for node in NODES:
        cluster.enable(node, CUT_OFF)
    cluster.run(3 * QUIET)
    assert cluster.changes(since) == []


def test_one_that_is_not_reached_from_outside_makes_room_for_one_that_is() -> None:
    cluster = settled(*NODES[:5])
    cluster.enable(NODES[1], UNREACHED)
    cluster.run(QUIET)
    assert cluster.bridges() == [NODES[0], *NODES[2:4]]


def test_where_nobody_is_reached_all_are_candidates() -> None:
    cluster = Electorate()
    cluster.start(*NODES[:5], ability=UNREACHED)
    cluster.run(QUIET)
    assert cluster.bridges() == NODES[:3]


def test_a_large_cluster_says_no_more_than_a_small_one() -> None:
    cluster = settled(*(f"node-{number}" for number in range(24)))
    cluster.run(40)
    before = cluster.statements
    cluster.run(60)
    config = cluster.config
    speakers = config.bridges + config.chorus
    assert speakers * 5 <= cluster.statements - before <= (speakers + 1) * 6


def test_those_that_are_silent_take_over_when_all_that_speak_are_gone() -> None:
    nodes = by_rank(f"node-{number}" for number in range(24))
    cluster = settled(*nodes)
    cluster.run(40)
    cluster.crash(*nodes[:18])
    cluster.run(10)
    assert cluster.bridges()
    cluster.run(QUIET)
    assert cluster.bridges() == nodes[18:21]
    assert cluster.agrees()


# --- whatever happens -------------------------------------------------------------------------

QUICK = ElectionConfig(hold_down=12 * SECOND, api_patience=15 * SECOND, repeat=4 * SECOND)
CALM = 40
"""Seconds after which nothing happens any more where everything is quick."""

ABILITIES = st.sampled_from([ABLE, KEYLESS, CUT_OFF, UNREACHED, replace(ABLE, is_reachable=True)])
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["start", "crash", "leave", "enable", "part", "heal"]),
        st.sampled_from(NODES),
        ABILITIES,
        st.integers(0, 20),
    ),
    max_size=12,
)


def _happens(cluster: Electorate, what: str, node: str, ability: AbilityChanged) -> None:
    is_there = node in cluster.agents
    match what:
        case "start" if not is_there and not _is_parted(cluster):
            cluster.start(node)
        case "crash" if is_there and not _is_parted(cluster):
            cluster.crash(node)
        case "leave" if is_there:
            cluster.leave(node)
        case "enable" if is_there:
            cluster.enable(node, ability)
        case "part" if not _is_parted(cluster):
            cluster.part([each for each in cluster.agents if each <= node])
        case "heal":
            cluster.heal()
        case _:
            pass


def _is_parted(cluster: Electorate) -> bool:
    return any(each.side for each in cluster.agents.values())


def _expected(cluster: Electorate) -> int:
    able = [each.ability for each in cluster.agents.values() if each.ability.has_key]
    reached = [each for each in able if each.is_reachable is not False]
    return min(3, len(reached or able))


@given(CHANGES, st.integers(0, 1_000))
def test_in_the_end_there_are_exactly_as_many_as_there_should_be(
    changes: list[tuple[str, str, AbilityChanged, int]], seed: int
) -> None:
    cluster = Electorate(seed, QUICK)
    cluster.start(*NODES[:4])
    for what, node, ability, pause in changes:
        _happens(cluster, what, node, ability)
        cluster.run(pause)
    cluster.heal()
    cluster.run(2 * CALM)
    assert len(cluster.bridges()) == _expected(cluster)
    assert cluster.agrees()
    since = cluster.now
    cluster.run(CALM)
    assert cluster.changes(since) == []


@given(CHANGES, st.integers(0, 1_000))
def test_there_is_a_bridge_while_anybody_can_be_one(
    changes: list[tuple[str, str, AbilityChanged, int]], seed: int
) -> None:
    """Without one no longer than it takes to find a death, to settle and to take turns."""
    cluster = Electorate(seed, QUICK)
    cluster.start(*NODES[:4])
    without, most = 0, 12
    for what, node, ability, pause in [*changes, ("", "", ABLE, 60)]:
        _happens(cluster, what, node, ability)
        for _ in range(pause):
            cluster.run(1)
            is_none = bool(_expected(cluster)) and not cluster.bridges()
            without = without + 1 if is_none else 0
            assert without <= most
