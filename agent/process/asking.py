"""What the local API asks the core: its facts, and the way to a bridge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import trio

from agent.core.events import Event, LocalAnswered, LocalAsked
from agent.local.facts import AgentFacts
from agent.local.questions import NoBridgeError

WITHIN_S = 10.0


@dataclass(slots=True)
class _Waiting:
    done: trio.Event = field(default_factory=trio.Event)
    answer: LocalAnswered | None = None


class Asking:
    """A `FactSource` in front of the core."""

    def __init__(
        self, facts: Callable[[], AgentFacts], inbox: "trio.MemorySendChannel[Event]"
    ) -> None:
        """Ask by `inbox`; the core's answers come to `answered`."""
        self._facts = facts
        self._inbox = inbox
        self._waiting: dict[int, _Waiting] = {}
        self._number = 0

    def facts(self) -> AgentFacts:
        """Return this agent at this moment."""
        return self._facts()

    async def ask_bridge(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        """Let a bridge answer. Raises `NoBridgeError` where none does."""
        self._number += 1
        number, waiting = self._number, _Waiting()
        self._waiting[number] = waiting
        try:
            with trio.move_on_after(WITHIN_S):
                await self._inbox.send(LocalAsked(number, path, query))
                await waiting.done.wait()
        finally:
            del self._waiting[number]
        answer = waiting.answer
        if answer is None or answer.body is None:
            busy = answer is not None and answer.status == 429
            raise NoBridgeError(
                "too many questions are under way; ask again"
                if busy
                else "none of this cluster's bridges answers"
            )
        return answer.status, answer.body

    def answered(self, answer: LocalAnswered) -> None:
        """Take the core's answer."""
        waiting = self._waiting.get(answer.number)
        if waiting is not None:
            waiting.answer = answer
            waiting.done.set()
