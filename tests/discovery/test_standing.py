"""What each verdict means for traffic: the table of the design's section 7."""

import pytest

from discovery.standing import Standing, Verdict
from failure_detect.clock import Instant

TABLE = {
    Verdict.LIVE: (True, False),
    Verdict.STALE: (True, False),
    Verdict.DRAINING: (True, False),
    Verdict.DEGRADED: (True, True),
    Verdict.UNREACHABLE: (True, True),
    Verdict.EXPIRED: (False, False),
    Verdict.DEPARTED: (False, False),
}


def test_the_table_has_every_verdict_from_best_to_worst() -> None:
    assert list(TABLE) == list(Verdict)


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_decides_whether_and_how_endpoints_are_used(verdict: Verdict) -> None:
    assert (verdict.serves, verdict.is_last_tier) == TABLE[verdict]


def test_who_is_drained_may_be_in_the_last_tier_as_well() -> None:
    drained, later = Standing(Verdict.DRAINING, 1, "drained"), Standing(Verdict.DRAINING, 2, "")
    lost = Standing(Verdict.DRAINING, 2, "and lost", also_last_tier=True)
    assert [each.is_last_tier for each in (drained, lost)] == [False, True]
    assert Standing(Verdict.UNREACHABLE, 1, "").is_last_tier
    assert drained.is_like(later)
    assert not drained.is_like(lost)


def test_a_standing_is_a_value() -> None:
    standing = Standing(Verdict.STALE, Instant(5), "manifest is 61 min old")
    assert standing == Standing(Verdict.STALE, Instant(5), "manifest is 61 min old")
    assert (standing.verdict, standing.since, standing.why) == (
        "stale",
        5,
        "manifest is 61 min old",
    )
