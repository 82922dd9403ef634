from agent.local.facts import Clock
from failure_detect.clock import NEVER, SECOND
from tests.agent.local.scenes import light_facts

CLOCK = Clock(100 * SECOND, 1_800_000_000_000)


def test_an_instant_is_shown_as_what_the_wall_clock_showed_then() -> None:
    assert CLOCK.shown(100 * SECOND) == "2027-01-15T08:00:00Z"
    assert CLOCK.shown(40 * SECOND) == "2027-01-15T07:59:00Z"


def test_what_has_no_time_is_shown_as_none() -> None:
    assert CLOCK.shown(None) is None
    assert CLOCK.shown(NEVER) is None
    assert Clock(0, None).shown(0) is None
    assert Clock(100 * SECOND, 5).shown(0) is None, "a clock that is wrong has no year 1969"


def test_seconds_are_counted_back_and_never_ahead() -> None:
    assert CLOCK.seconds_since(97 * SECOND + 1) == 2
    assert CLOCK.seconds_since(200 * SECOND) == 0


def test_who_has_a_reason_against_it_is_not_ready() -> None:
    assert light_facts().is_ready
    assert not light_facts(not_ready=("no trust object was read yet",)).is_ready
