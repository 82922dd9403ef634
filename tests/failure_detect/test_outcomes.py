"""What may become of a claim is told apart."""

from failure_detect.outcomes import Outcome


def test_outcomes_differ_from_each_other() -> None:
    assert len({each.value for each in Outcome}) == len(Outcome) == 6
