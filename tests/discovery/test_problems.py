"""Of a key that expires something is said in time, of an earlier one nothing."""

from dataclasses import replace

import pytest

from discovery.problems import WARN_BEFORE_MS, Problem, expiry_problems
from discovery.vouching import Vouch
from tests.discovery.trusted import EAST, NOW_MS, key

ENDING = Vouch(
    origin=EAST,
    generation=1,
    key=key(EAST, 1).public,
    subject="TrustedCluster/east",
    not_after_ms=NOW_MS,
)
END = "TrustedCluster/east: the key of generation 1"


@pytest.mark.parametrize(
    ("wall_ms", "what"),
    [
        (None, None),
        (NOW_MS - WARN_BEFORE_MS, None),
        (NOW_MS - WARN_BEFORE_MS + 1, f"{END} expires at 2027-01-15T08:00:00Z"),
        (NOW_MS, f"{END} expires at 2027-01-15T08:00:00Z"),
        (NOW_MS + 1, f"{END} expired at 2027-01-15T08:00:00Z, and nothing newer is taken"),
    ],
)
def test_the_end_of_the_latest_key_is_said(wall_ms: int | None, what: str | None) -> None:
    expected = [] if what is None else [Problem("cluster east", what)]
    assert expiry_problems([ENDING], wall_ms) == expected


def test_the_end_of_an_earlier_key_is_not() -> None:
    latest = replace(ENDING, generation=2, not_after_ms=0)
    assert expiry_problems([ENDING, latest], NOW_MS + 1) == []
    assert expiry_problems([latest, ENDING], NOW_MS + 1) == []
