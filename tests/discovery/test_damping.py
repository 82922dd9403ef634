from hypothesis import given
from hypothesis import strategies as st

from discovery.damping import Latch
from failure_detect.clock import NEVER, SECOND

BETTER, MOST, FORGIVE, WAIT = 5 * SECOND, 60 * SECOND, 600 * SECOND, 2 * SECOND


def due(latch: Latch) -> int:
    return latch.due(BETTER, MOST)


def test_without_evidence_nothing_is_due() -> None:
    latch = Latch()
    assert due(latch) == NEVER
    latch.good(7)
    assert due(latch) == NEVER


def test_bad_evidence_counts_from_its_first_moment() -> None:
    latch = Latch()
    latch.bad(100, WAIT)
    latch.bad(200, WAIT)
    assert due(latch) == 100 + WAIT
    latch.bad(50, WAIT)
    assert due(latch) == 50 + WAIT


def test_good_evidence_ends_a_beginning() -> None:
    latch = Latch()
    latch.bad(100, WAIT)
    latch.good(150)
    assert due(latch) == NEVER
    latch.bad(200, WAIT)
    assert due(latch) == 200 + WAIT


def test_what_is_set_clears_after_good_evidence_that_lasts() -> None:
    latch = Latch()
    latch.bad(100, WAIT)
    latch.turn(due(latch), FORGIVE)
    assert latch.is_set
    assert due(latch) == NEVER
    latch.good(1_000)
    latch.good(2_000)
    assert due(latch) == 1_000 + BETTER
    latch.bad(3_000, WAIT)
    assert due(latch) == NEVER
    latch.good(4_000)
    assert due(latch) == 4_000 + BETTER


def test_unknown_stops_both_ways() -> None:
    latch = Latch()
    latch.bad(100, WAIT)
    latch.unknown()
    assert due(latch) == NEVER
    latch.bad(200, WAIT)
    latch.turn(due(latch), FORGIVE)
    latch.good(300)
    latch.unknown()
    assert latch.is_set
    assert due(latch) == NEVER


def relapse(latch: Latch, now: int) -> int:
    """Set the latch at `now` and clear it; return how long clearing took."""
    latch.bad(now - WAIT, WAIT)
    latch.turn(now, FORGIVE)
    latch.good(now)
    took = due(latch) - now
    latch.turn(due(latch), FORGIVE)
    return took


def test_each_relapse_doubles_the_wait_up_to_the_most() -> None:
    latch, now, took = Latch(), 1_000 * SECOND, []
    for _ in range(40):
        took.append(relapse(latch, now))
        now += took[-1] + FORGIVE - 1
    assert took[:6] == [BETTER, 2 * BETTER, 4 * BETTER, 8 * BETTER, MOST, MOST]
    assert set(took[4:]) == {MOST}


def test_a_relapse_after_long_is_forgiven() -> None:
    latch = Latch()
    assert relapse(latch, 1_000 * SECOND) == BETTER
    cleared = 1_000 * SECOND + BETTER
    assert relapse(latch, cleared + FORGIVE - 1) == 2 * BETTER
    cleared += FORGIVE - 1 + 2 * BETTER
    assert relapse(latch, cleared + FORGIVE) == BETTER


@given(st.lists(st.tuples(st.sampled_from(["good", "bad", "none"]), st.integers(1, 20 * SECOND))))
def test_it_turns_only_when_it_is_due(story: list[tuple[str, int]]) -> None:
    latch, now, since, last = Latch(), 1_000 * SECOND, 0, ""
    for what, step in story:
        if what != last:
            since, last = now, what
        match what:
            case "good":
                latch.good(now)
            case "bad":
                latch.bad(now, WAIT)
            case _:
                latch.unknown()
        now += step
        if due(latch) <= now:
            assert (what == "bad") is not latch.is_set
            assert now - since >= (WAIT if what == "bad" else BETTER)
            latch.turn(due(latch), FORGIVE)
            assert due(latch) == NEVER
