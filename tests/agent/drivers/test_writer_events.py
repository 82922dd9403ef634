"""Events and effects are values."""

from agent.drivers.writer_events import Applied, MayWriteChanged, WriteError, WriteFinished
from failure_detect.clock import NEVER


def test_a_lease_without_an_end_is_one_for_ever() -> None:
    assert MayWriteChanged(may=True) == MayWriteChanged(may=True, until=NEVER)


def test_what_is_done_has_no_error_and_nothing_missing() -> None:
    assert WriteFinished(number=1).error is None
    assert Applied(7).missing == ()


def test_errors_are_named_as_metrics_name_them() -> None:
    assert [*WriteError] == ["conflict", "invalid", "forbidden", "unavailable"]
