"""Who answers a question: this agent from what it holds, or a bridge of its cluster for it."""

from collections.abc import Mapping
from typing import Protocol

from agent.local.facts import AgentFacts
from agent.local.framing import UNAVAILABLE, encoded, no_answer
from agent.local.reports import answer, needs_bridge


class NoBridgeError(Exception):
    """No bridge of this cluster answers; the words say which were asked and what became of it."""


class FactSource(Protocol):
    """What stands behind the local port: the core's facts, and the way to a bridge."""

    def facts(self) -> AgentFacts:
        """Return this agent at this moment; costs little, for everything asks anew."""
        ...

    async def ask_bridge(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        """Let a bridge of this cluster answer; return its status and bytes as they are.

        Raises `NoBridgeError` within a few seconds where none does.
        """
        ...


def answered(path: str, query: Mapping[str, str], facts: AgentFacts) -> tuple[int, bytes]:
    """Return the answer of this agent as it travels: what a bridge sends to a light agent."""
    status, document = answer(path, query, facts)
    return status, encoded(document)


async def ask(source: FactSource, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
    """Return the answer to a question, whoever gives it."""
    facts = source.facts()
    if facts.bridge is not None or not needs_bridge(path):
        return answered(path, query, facts)
    try:
        return await source.ask_bridge(path, query)
    except NoBridgeError as error:
        remedy = "look at the members of its lan pool by `isthmus members`"
        status, document = no_answer(UNAVAILABLE, "NoBridge", str(error), remedy)
        return status, encoded(document)
