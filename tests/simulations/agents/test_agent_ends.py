"""Every way to end is a target of its own."""

from simulations.agents.agent_ends import HOW
from simulations.agents.targets import TARGETS


def test_every_way_to_end_is_a_target() -> None:
    found = [each.values["how"] for each in TARGETS if each.experiment == "agent-ends"]
    assert tuple(found) == HOW
