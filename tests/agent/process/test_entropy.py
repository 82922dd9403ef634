"""What is drawn is drawn anew each time."""

from agent.process import entropy


def test_secrets_differ_and_have_the_length_that_was_asked_for() -> None:
    drawn = {entropy.secret(32) for _ in range(100)}
    assert len(drawn) == 100
    assert {len(each) for each in drawn} == {32}


def test_each_concern_has_dice_of_its_own() -> None:
    assert len({entropy.dice().random() for _ in range(100)}) == 100
