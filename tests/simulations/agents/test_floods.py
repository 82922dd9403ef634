"""Floods that are too long are refused before anything starts."""

from failure_detect.clock import SECOND
from simulations.agents.floods import Floods


def test_a_flood_that_is_too_long_is_none() -> None:
    assert Floods().fault() is None
    assert Floods(duration=121 * SECOND).fault() == "--duration: 120 s at most"
