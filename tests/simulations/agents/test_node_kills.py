"""The targets are shown with the usual detector, and with that of the demonstration."""

from simulations.agents.staging import PACES
from simulations.agents.targets import TARGETS


def test_each_pace_is_a_target() -> None:
    found = {each.values["pace"] for each in TARGETS if each.experiment == "node-kills"}
    assert found == set(PACES)
