"""Which connections are tried, how often, and what is said of a path: by exact effects."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from discovery.data_path import (
    ConnectRequested,
    DataPath,
    DataPathStatistics,
    Effect,
    PathDropped,
    PathTried,
    PathWanted,
    Target,
)
from discovery.data_path_config import DataPathConfig
from discovery.names import Origin
from discovery.verdict_events import DataPathReported
from failure_detect.clock import MILLISECOND, MINUTE, NEVER, SECOND, Instant

EAST, WEST = Origin("east"), Origin("west")
CONFIG = DataPathConfig()
TIMEOUT = CONFIG.timeout


class Half(Random):
    """Draws the middle of everything: pauses are as long as they are called."""

    def random(self) -> float:
        return 0.5


class Road:
    """A machine that is driven by hand; who answers, and what there is to try, may be set."""

    def __init__(self, config: DataPathConfig = CONFIG, rng: Random | None = None) -> None:
        self.now: Instant = 0
        self.targets: dict[Origin, Sequence[Target]] = {}
        self.draws: list[tuple[Origin, int]] = []
        self.machine = DataPath(config, self._draw, rng=rng or Half())

    def _draw(self, origin: Origin, most: int, _rng: Random) -> Sequence[Target]:
        self.draws.append((origin, most))
        return self.targets.get(origin, ())[:most]

    def want(self, origin: Origin, *ports: int) -> None:
        self.targets[origin] = hosts(*ports)
        assert self.machine.handle(PathWanted(origin), self.now) == []
        self.machine.check_invariants()

    def tried(self, attempt: int, *, answered: bool) -> list[Effect]:
        effects = self.machine.handle(PathTried(attempt, answered), self.now)
        self.machine.check_invariants()
        return effects

    def next(self) -> list[Effect]:
        """Go to the next deadline, and do what is due."""
        assert self.machine.deadline < NEVER
        self.now = max(self.now, self.machine.deadline)
        effects = self.machine.advance(self.now)
        self.machine.check_invariants()
        assert self.machine.deadline > self.now
        return effects


def hosts(*ports: int) -> tuple[Target, ...]:
    return tuple(Target(f"10.0.0.{port}", port) for port in ports)


def connect(attempt: int, port: int, origin: Origin = EAST) -> ConnectRequested:
    return ConnectRequested(attempt, origin, f"10.0.0.{port}", port, TIMEOUT)


def test_nothing_is_due_where_there_is_no_other_cluster() -> None:
    road = Road()
    assert road.machine.deadline == NEVER
    assert road.machine.advance(MINUTE) == []


def test_one_answer_opens_a_path_and_it_is_tried_again_later() -> None:
    road = Road()
    road.want(EAST, 1, 2, 3)
    assert road.next() == [connect(1, 1)]
    assert road.now == CONFIG.again // 2
    road.now += 20 * MILLISECOND
    assert road.tried(1, answered=True) == [DataPathReported(EAST, is_open=True)]
    assert road.machine.deadline == road.now + CONFIG.every
    assert road.next() == [connect(2, 1)]
    assert road.draws == [(EAST, 3), (EAST, 3)]


def test_so_many_silences_of_different_targets_shut_it() -> None:
    road = Road()
    road.want(EAST, 1, 2, 3)
    assert road.next() == [connect(1, 1)]
    road.now += TIMEOUT
    assert road.tried(1, answered=False) == []
    assert road.next() == [connect(2, 2)]
    road.now += TIMEOUT
    assert road.tried(2, answered=False) == []
    assert road.next() == [connect(3, 3)]
    road.now += TIMEOUT
    assert road.tried(3, answered=False) == [DataPathReported(EAST, is_open=False)]
    assert road.machine.deadline == road.now + CONFIG.again
    assert road.next() == [connect(4, 1)]
    assert road.tried(4, answered=True) == [DataPathReported(EAST, is_open=True)]


def test_a_dead_endpoint_shuts_nothing_while_another_answers() -> None:
    road = Road()
    road.want(EAST, 1, 2)
    for attempt in (1, 3, 5):
        assert road.next() == [connect(attempt, 1)]
        assert road.tried(attempt, answered=False) == []
        assert road.next() == [connect(attempt + 1, 2)]
        assert road.tried(attempt + 1, answered=True) == [DataPathReported(EAST, is_open=True)]


def test_the_only_target_is_tried_as_often_before_its_silence_counts() -> None:
    road = Road()
    road.want(EAST, 1)
    for attempt in (1, 2):
        assert road.next() == [connect(attempt, 1)]
        assert road.tried(attempt, answered=False) == []
    assert road.next() == [connect(3, 1)]
    assert road.tried(3, answered=False) == [DataPathReported(EAST, is_open=False)]


def test_where_there_is_nothing_to_try_nothing_is_said() -> None:
    road = Road()
    road.want(EAST)
    for _ in range(5):
        assert road.next() == []
    assert road.now == CONFIG.again // 2 + 4 * CONFIG.every
    statistics = road.machine.statistics()
    assert (statistics.without, statistics.tried, statistics.unknown) == (5, 0, 1)
    road.targets[EAST] = hosts(7)
    assert road.next() == [connect(1, 7)]
    # What was there is gone in the middle of a round: two silences alone say nothing.
    assert road.tried(1, answered=False) == []
    road.targets[EAST] = ()
    assert road.next() == []
    assert road.machine.statistics().shut == 0


def test_what_nobody_says_the_end_of_is_no_evidence() -> None:
    road = Road()
    road.want(EAST, 1)
    for attempt in range(1, 6):
        assert road.next() == [connect(attempt, 1)]
        begun = road.now
        assert road.next() == []
        assert road.now == begun + 2 * TIMEOUT
        assert road.tried(attempt, answered=False) == []
    statistics = road.machine.statistics()
    assert (statistics.lost, statistics.ignored, statistics.unknown) == (5, 5, 1)


def test_all_clusters_together_are_tried_at_one_pace_in_turn() -> None:
    road = Road()
    road.want(EAST, 1)
    road.want(WEST, 2)
    assert road.next() == [connect(1, 1)]
    begun = road.now
    assert road.next() == [connect(2, 2, WEST)]
    assert road.now == begun + CONFIG.gap
    # Whoever was silent comes after those who wait, and no sooner than the pace allows.
    assert road.tried(1, answered=False) == []
    assert road.next() == [connect(3, 1)]
    assert road.now == begun + 2 * CONFIG.gap


def test_what_is_wanted_twice_is_tried_once_and_what_is_dropped_is_not() -> None:
    road = Road()
    road.want(EAST, 1)
    road.want(EAST, 1)
    assert road.next() == [connect(1, 1)]
    assert road.machine.handle(PathDropped(EAST), road.now) == []
    assert road.machine.handle(PathDropped(EAST), road.now) == []
    road.machine.check_invariants()
    assert road.machine.deadline == NEVER
    assert road.tried(1, answered=False) == []
    road.want(EAST, 1)
    assert road.next() == [connect(2, 1)]
    assert road.machine.statistics() == DataPathStatistics(0, 0, 1, 1, 2, 0, 0, 0, 1)


def test_more_clusters_than_may_be_are_ignored_and_counted() -> None:
    road = Road(DataPathConfig(origins_max=1))
    road.want(EAST, 1)
    road.want(WEST, 2)
    assert road.next() == [connect(1, 1)]
    assert road.machine.statistics().ignored == 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("want"), st.integers(0, 9), st.integers(0, 4)),
        st.tuples(st.just("drop"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 60 * SECOND), st.just(0)),
        st.tuples(st.just("silent"), st.integers(1, 60), st.just(0)),
        st.tuples(st.just("answered"), st.integers(1, 60), st.just(0)),
    ),
    max_size=60,
)


class Chronicle:
    """Plays steps, and holds what is said against what was tried."""

    def __init__(self, tries: int, seed: int) -> None:
        self.tries = tries
        self.road = Road(DataPathConfig(tries=tries), Random(seed))
        self.begun: list[tuple[Instant, ConnectRequested]] = []
        self.silences: dict[Origin, int] = {}

    def play(self, kind: str, number: int, count: int) -> None:
        origin, road = Origin(f"c{number}"), self.road
        match kind:
            case "want":
                road.want(origin, *range(1, count + 1))
            case "drop":
                road.machine.handle(PathDropped(origin), road.now)
                self.silences[origin] = 0
            case "wait":
                end = road.now + number
                while road.machine.deadline <= end:
                    self._note(road.next())
                road.now = end
            case _:
                self._end(number, answered=kind == "answered")

    def _end(self, attempt: int, *, answered: bool) -> None:
        for _, each in self.begun:
            if each.attempt == attempt:
                self.silences[each.origin] = self.silences.get(each.origin, 0) + (not answered)
        for effect in self.road.tried(attempt, answered=answered):
            assert isinstance(effect, DataPathReported)
            assert effect.is_open is answered
            assert answered or self.silences[effect.origin] >= self.tries
            self.silences[effect.origin] = 0

    def _note(self, effects: list[Effect]) -> None:
        for effect in effects:
            assert isinstance(effect, ConnectRequested)
            self.begun.append((self.road.now, effect))


@given(STEPS, st.integers(1, 3), st.integers(0, 1 << 32))
def test_connections_keep_their_pace_and_words_their_reasons(
    steps: list[tuple[str, int, int]], tries: int, seed: int
) -> None:
    chronicle = Chronicle(tries, seed)
    for step in steps:
        chronicle.play(*step)
    begun = chronicle.begun
    assert [each.attempt for _, each in begun] == list(range(1, len(begun) + 1))
    assert all(later - at >= CONFIG.gap for (at, _), (later, _) in pairwise(begun))
