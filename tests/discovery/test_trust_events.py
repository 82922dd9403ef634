"""Events and effects are values."""

from dataclasses import FrozenInstanceError

import pytest

from discovery.refusals import Refusal
from discovery.trust_events import InputRefused, KeyExpired
from discovery.wall_time import WallClockRead
from tests.discovery.trusted import EAST, key


def test_equal_facts_are_equal() -> None:
    public = key(EAST, 1).public
    assert KeyExpired(EAST, 1, public, 5) == KeyExpired(EAST, 1, public, 5)
    assert InputRefused(Refusal.KEY, "what") != InputRefused(Refusal.UID, "what")


def test_a_fact_is_not_changed() -> None:
    event = WallClockRead(1)
    with pytest.raises(FrozenInstanceError):
        event.wall_ms = 2  # type: ignore[misc]  # what is frozen, mypy sees as well
