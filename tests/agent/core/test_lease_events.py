"""Events and effects of the lease are values."""

from agent.core.lease_events import AskHolder, HolderGone, LeaseWritten


def test_what_is_equal_is_the_same() -> None:
    assert LeaseWritten(7, {"a": 1}) == LeaseWritten(number=7, document={"a": 1})
    assert LeaseWritten(7, None) != LeaseWritten(8, None)


def test_a_question_and_its_answer_are_two_things() -> None:
    asked: object = AskHolder("a")
    assert asked == AskHolder("a")
    other: object = HolderGone("a")
    assert asked != other
