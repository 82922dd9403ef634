"""Bridges are asked one after the other until one answers."""

from agent.core.events import LocalAnswered
from agent.core.office import Answer, Ask
from agent.core.questions import OPEN_MAX, TIMEOUT, Questions
from failure_detect.events import SendRequest
from tests.agent.core.test_lan_member import identity, member

ASK = Ask("/v1/clusters", {"a": "b"})
BRIDGES = [(identity(each).member, identity(each).address) for each in ("b", "c")]


def test_who_does_not_answer_is_followed_by_the_next_and_then_by_nobody() -> None:
    questions = Questions(member("a"))
    first = questions.ask(7, ASK, BRIDGES)
    assert isinstance(first, SendRequest)
    assert (first.to, first.address, first.timeout) == (*BRIDGES[0], TIMEOUT)
    second = questions.answered(1, None)
    assert isinstance(second, SendRequest)
    assert (second.to, second.address) == BRIDGES[1]
    assert second.data == first.data
    assert questions.answered(2, None) == LocalAnswered(7, 503, None)
    assert questions.answered(2, None) is None, "nobody waits for it any more"


def test_the_first_answer_counts_whatever_it_says() -> None:
    questions = Questions(member("a"))
    questions.ask(7, ASK, BRIDGES)
    assert questions.answered(1, Answer(404, b"{}")) == LocalAnswered(7, 404, b"{}")
    assert questions.answered(1, Answer(200, b"{}")) is None


def test_without_bridges_there_is_no_answer_at_once() -> None:
    assert Questions(member("a")).ask(7, ASK, []) == LocalAnswered(7, 503, None)


def test_of_too_many_questions_the_last_is_told_to_come_again() -> None:
    questions = Questions(member("a"))
    for number in range(OPEN_MAX):
        assert isinstance(questions.ask(number, ASK, BRIDGES), SendRequest)
    assert questions.ask(99, ASK, BRIDGES) == LocalAnswered(99, 429, None)
    questions.answered(1, Answer(200, b""))
    assert isinstance(questions.ask(100, ASK, BRIDGES), SendRequest)
