"""Events and effects of the election are values."""

from agent.core.election_events import AbilityChanged, StepDown


def test_what_is_equal_is_the_same() -> None:
    assert AbilityChanged(True, None, True) == AbilityChanged(
        has_key=True, is_reachable=None, has_api=True
    )
    assert StepDown("a") != StepDown("b")
