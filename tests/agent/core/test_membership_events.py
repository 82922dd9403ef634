"""What is concluded from the pool is told apart from what is for the world outside."""

from agent.core.election_events import BecomeBridge, StepDown
from agent.core.events import Effect, StateChanged
from agent.core.membership_events import Concluded, PoolSaid, SisterGone
from failure_detect.events import NodeSilent
from failure_detect.identity import MemberId, NodeName


def test_nothing_that_is_concluded_is_an_effect_of_the_core() -> None:
    silent = PoolSaid(NodeSilent(NodeName("n1")))
    for each in (BecomeBridge(), StepDown("why"), silent, SisterGone(MemberId(b"m" * 32))):
        assert isinstance(each, Concluded)
        assert not isinstance(each, Effect)
    assert not isinstance(StateChanged(), Concluded)
