"""A charter says what an agent begins with; what it leaves out is what an agent has at first."""

from dataclasses import replace

from discovery.state import KeptState
from tests.agent.core.townscape import Town


def test_an_agent_without_an_earlier_run_begins_with_nothing() -> None:
    town = Town()
    town.start("east-1")
    charter = town.process("east-1").charter
    assert charter.kept == KeptState()
    assert charter.trusted is None
    assert (charter.lan_claims, charter.wan_claims) == ((), ())


def test_two_that_say_the_same_are_the_same() -> None:
    town = Town()
    town.start("east-1")
    charter = town.process("east-1").charter
    assert replace(charter, uid=charter.uid) == charter
    assert replace(charter, uid="another") != charter
