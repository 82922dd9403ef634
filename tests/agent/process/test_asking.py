"""Who asks the local API waits for the core's answer, and no longer than is decent."""

import pytest
import trio
import trio.testing

from agent.core.events import Event, LocalAnswered, LocalAsked
from agent.local.facts import AgentFacts
from agent.local.questions import NoBridgeError
from agent.process.asking import WITHIN_S, Asking


def no_facts() -> AgentFacts:
    raise AssertionError("nobody asks for facts here")


class Desk:
    def __init__(self) -> None:
        send, self.inbox = trio.open_memory_channel[Event](8)
        self.asking = Asking(no_facts, send)
        self.answers: list[tuple[int, bytes] | str] = []

    async def ask(self, path: str = "/v1/status") -> None:
        try:
            self.answers.append(await self.asking.ask_bridge(path, {"a": "b"}))
        except NoBridgeError as error:
            self.answers.append(str(error))


async def test_an_answer_goes_to_who_asked_for_it(nursery: trio.Nursery) -> None:
    desk = Desk()
    nursery.start_soon(desk.ask, "/first")
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(desk.ask, "/second")
    await trio.testing.wait_all_tasks_blocked()
    first, second = desk.inbox.receive_nowait(), desk.inbox.receive_nowait()
    assert (first, second) == (
        LocalAsked(1, "/first", {"a": "b"}),
        LocalAsked(2, "/second", {"a": "b"}),
    )
    desk.asking.answered(LocalAnswered(2, 404, b"{}"))
    await trio.testing.wait_all_tasks_blocked()
    desk.asking.answered(LocalAnswered(1, 200, b"[]"))
    await trio.testing.wait_all_tasks_blocked()
    assert desk.answers == [(404, b"{}"), (200, b"[]")]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (LocalAnswered(1, 503, None), "none of this cluster's bridges answers"),
        (LocalAnswered(1, 429, None), "too many questions are under way; ask again"),
    ],
)
async def test_no_document_is_an_error_that_says_why(
    answer: LocalAnswered, words: str, nursery: trio.Nursery
) -> None:
    desk = Desk()
    nursery.start_soon(desk.ask)
    await trio.testing.wait_all_tasks_blocked()
    desk.asking.answered(answer)
    await trio.testing.wait_all_tasks_blocked()
    assert desk.answers == [words]


async def test_a_core_that_says_nothing_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    desk = Desk()
    began = trio.current_time()
    await desk.ask()
    assert trio.current_time() - began == WITHIN_S
    assert desk.answers == ["none of this cluster's bridges answers"]
    desk.asking.answered(LocalAnswered(1, 200, b"late"))
    assert len(desk.answers) == 1
