"""One agent's machine alone, for tests of its effects one by one: nobody else, no network."""

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import TypeVar

from agent.core import events
from agent.core.agent import Agent
from agent.core.events import Effect, Event, KindsServed, ObjectsListed
from agent.core.object_book import TRUST
from agent.objects import Document, Kind
from failure_detect.clock import SECOND, Instant
from tests.agent.core.town_agenda import WALL_MS
from tests.agent.core.townscape import Town

T = TypeVar("T")


class Lonely:
    """The agent of `east-1`, which was never started, and its cluster's objects."""

    def __init__(self, trusted: tuple[Document, ...] | None = None) -> None:
        self.town = Town()
        self.town.start("east-1")
        self.charter = replace(self.town.process("east-1").charter, trusted=trusted)
        self.now: Instant = 0
        self.agent = Agent(self.charter, 0, Random(1))
        self.begun = self.agent.begin(0)

    def give(self, event: Event) -> list[Effect]:
        return self.agent.handle(event, self.now)

    def read_clock(self) -> list[Effect]:
        return self.give(events.ClockRead(WALL_MS + self.now // 1_000))

    def run(self, seconds: float) -> list[Effect]:
        """Let time pass; return what comes of it."""
        end = self.now + int(seconds * SECOND)
        found: list[Effect] = []
        while self.agent.deadline <= end:
            self.now = max(self.now, self.agent.deadline)
            found += self.agent.advance(self.now)
        self.now = end
        return found

    def serve(self) -> list[Effect]:
        return self.give(KindsServed(self.town.api("east").shelf.served.known()))

    def listed(self, *kinds: Kind) -> list[Effect]:
        """Let the store list these kinds as they are."""
        found: list[Effect] = []
        for kind in kinds:
            documents = tuple(self.town.api("east").documents(kind))
            found += self.give(ObjectsListed(kind, documents, self.now))
        return found

    def rise(self) -> list[Effect]:
        """Let it become a bridge, which knows whom it trusts and nothing besides."""
        self.read_clock()
        self.run(2)
        self.serve()
        return self.listed(*TRUST)


def of(effects: Iterable[object], kind: type[T]) -> list[T]:
    """Those of one kind."""
    return [each for each in effects if isinstance(each, kind)]
