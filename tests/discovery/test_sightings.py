from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.reports import SEEN_MAX, Path, Repeated, Report, Seen
from discovery.sightings import Bridges, Loss, Sisters, weigh
from discovery.verdict_events import MembershipFact
from failure_detect.clock import NEVER, SECOND
from failure_detect.events import MemberRetired, MemberReturned
from tests.discovery.courts import (
    CONFIG,
    EAST,
    HOME,
    NORTH,
    START,
    died,
    joined,
    left,
    member,
    reached,
)

GOOD = Seen(EAST, True, True)
UNREACHED = Seen(EAST, True, False)
LOST = Seen(EAST, False, False)


def bridges(*facts: MembershipFact, most: int = 10) -> Bridges:
    made = Bridges(most)
    for fact in facts:
        made.follow(fact)
        made.check_invariants()
    return made


def test_bridges_are_counted_by_cluster() -> None:
    known = bridges(joined(EAST), joined(EAST, 1), joined(NORTH), reached(EAST, reachable=False))
    assert (known.alive(EAST), known.reachable(EAST), known.dead(EAST)) == (2, 1, 0)
    assert (known.alive(NORTH), known.alive(HOME)) == (1, 0)
    assert len(known) == 3


def test_each_fact_says_whose_bridge_it_is_about() -> None:
    known = Bridges(10)
    assert known.follow(joined(EAST)) == EAST
    assert known.follow(reached(EAST, reachable=False)) == EAST
    assert known.follow(died(EAST)) == EAST
    assert known.follow(MemberReturned(member(EAST), 1)) == EAST
    assert known.follow(left(EAST)) == EAST
    assert known.follow(left(EAST)) is None
    assert known.follow(MemberReturned(member(EAST), 1)) is None


def test_the_dead_are_kept_and_may_return_as_they_were() -> None:
    known = bridges(joined(EAST), reached(EAST, reachable=False), died(EAST))
    assert (known.alive(EAST), known.dead(EAST), known.loss(EAST)) == (0, 1, Loss.DIED)
    known.follow(MemberReturned(member(EAST), 1))
    assert (known.alive(EAST), known.reachable(EAST)) == (1, 0)


def test_how_the_last_living_one_went_is_remembered() -> None:
    assert bridges(joined(EAST)).loss(EAST) is Loss.UNSEEN
    assert bridges(joined(EAST), left(EAST)).loss(EAST) is Loss.LEFT
    retired = MemberRetired(member(EAST), member(EAST, 1))
    assert bridges(joined(EAST), died(EAST), retired).loss(EAST) is Loss.DIED


def test_a_member_that_turns_up_in_another_cluster_is_counted_there_alone() -> None:
    moved = replace(joined(EAST).identity, group=NORTH)
    known = bridges(joined(EAST), replace(joined(EAST), identity=moved))
    assert (known.alive(EAST), known.alive(NORTH), len(known)) == (0, 1, 1)


def test_beyond_the_limit_the_dead_make_room_and_the_living_do_not() -> None:
    known = bridges(joined(EAST), joined(EAST, 1), joined(EAST, 2), most=2)
    assert (known.alive(EAST), known.ignored) == (2, 1)
    known.follow(died(EAST, 1))
    assert known.follow(joined(EAST, 2)) == EAST
    assert (known.alive(EAST), known.dead(EAST), len(known)) == (2, 0, 2)


def test_losses_are_bounded() -> None:
    known = Bridges(2)
    for name in ("a", "b", "c"):
        origin = type(EAST)(name)
        known.follow(joined(origin))
        known.follow(left(origin))
        known.check_invariants()
    assert known.loss(type(EAST)("a")) is Loss.UNSEEN
    assert known.loss(type(EAST)("c")) is Loss.LEFT


def test_a_report_counts_until_it_is_stale() -> None:
    said = Sisters(CONFIG)
    assert said.deadline == NEVER
    assert said.hear(member(HOME), Report(1, False, (GOOD,)), START)
    assert not said.hear(member(HOME), Report(2, False, (GOOD,)), START + 1)
    assert said.deadline == START + 1 + CONFIG.report_fresh
    assert not said.lapse(START + CONFIG.report_fresh)
    assert said.of(EAST) == [GOOD]
    assert said.lapse(START + CONFIG.report_fresh + 1)
    assert (said.of(EAST), len(said)) == ([], 0)


def test_a_repetition_stands_for_the_report_of_its_number() -> None:
    said = Sisters(CONFIG)
    said.hear(member(HOME), Report(1, False, (GOOD,)), START)
    assert not said.hear(member(HOME), Repeated(1, False), START + 9)
    assert not said.hear(member(HOME), Repeated(2, False), START + 10)
    assert not said.hear(member(HOME, 1), Repeated(1, False), START + 10)
    assert said.deadline == START + 9 + CONFIG.report_fresh
    assert said.ignored == 2
    assert said.hear(member(HOME), Repeated(1, True), START + 11)
    assert (said.of(EAST), said.witnesses(), len(said)) == ([], 0, 1)


def test_a_report_that_was_overtaken_on_its_way_is_no_news() -> None:
    said = Sisters(CONFIG)
    said.hear(member(HOME), Report(7, False, (LOST,)), START)
    assert not said.hear(member(HOME), Report(6, False, (GOOD,)), START)
    assert (said.of(EAST), said.ignored) == ([LOST], 1)
    assert said.hear(member(HOME, 1), Report(1, False, (GOOD,)), START)
    assert said.hear(member(HOME), Report(8, False, (GOOD,)), START)
    assert said.of(EAST) == [GOOD, GOOD]


def test_whoever_lost_it_first_tells_since_when() -> None:
    said = Sisters(CONFIG)
    assert said.silent_since(EAST) == NEVER
    said.hear(member(HOME), Report(1, False, (replace(LOST, silent_for=SECOND),)), START)
    said.hear(member(HOME, 1), Report(1, False, (replace(LOST, silent_for=9),)), START)
    said.hear(member(HOME, 2), Report(1, False, (GOOD,)), START)
    said.hear(member(HOME), Repeated(1, False), START + SECOND)
    assert said.silent_since(EAST) == START - SECOND
    assert said.gone(member(HOME))
    assert not said.gone(member(HOME))
    assert said.silent_since(EAST) == START - 9


def test_reporters_and_reports_are_bounded() -> None:
    said = Sisters(replace(CONFIG, bridges_max=1))
    many = tuple(replace(GOOD, origin=type(EAST)(f"c{n}")) for n in range(SEEN_MAX + 1))
    said.hear(member(HOME), Report(1, False, many), START)
    assert not said.hear(member(HOME, 1), Report(1, False, ()), START)
    assert said.of(many[SEEN_MAX - 1].origin) != []
    assert said.of(many[SEEN_MAX].origin) == []
    assert said.ignored == 1


@pytest.mark.parametrize(
    ("own", "sisters", "alive", "reachable"),
    [
        (GOOD, [], True, True),
        (UNREACHED, [], True, False),
        (LOST, [], False, False),
        (None, [], False, False),
        (LOST, [GOOD], True, True),
        (UNREACHED, [LOST, GOOD], True, True),
        (LOST, [UNREACHED], True, False),
        (None, [GOOD], True, True),
    ],
)
def test_whoever_sees_most_is_right(
    own: Seen | None, sisters: list[Seen], alive: bool, reachable: bool
) -> None:
    pooled = weigh(own, sisters, 1, "why")
    assert (pooled.alive, pooled.reachable) == (alive, reachable)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([Path.UNKNOWN], Path.UNKNOWN),
        ([Path.UNKNOWN, Path.SHUT], Path.SHUT),
        ([Path.SHUT, Path.OPEN, Path.UNKNOWN], Path.OPEN),
        ([Path.OPEN], Path.OPEN),
    ],
)
def test_a_path_is_open_if_anybody_finds_it_open(paths: list[Path], expected: Path) -> None:
    pooled = weigh(None, [replace(GOOD, path=path) for path in paths], 1, "why")
    assert pooled.path is expected


facts = st.builds(
    lambda make, origin, number: make(origin, number),
    st.sampled_from([joined, died, left]),
    st.sampled_from([EAST, NORTH]),
    st.integers(0, 4),
)


@given(st.lists(facts))
def test_any_order_of_facts_keeps_the_books(events: list[MembershipFact]) -> None:
    known = bridges(*events, most=4)
    assert known.reachable(EAST) <= known.alive(EAST) <= 4
