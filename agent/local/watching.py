"""Watching a document: it is looked at again and again, and told when its gist has changed.

Server-sent events, one document in each. While nothing changes a comment goes out now and then, so
that both ends notice when the other is gone. Watches are few, for each costs a look a second.
"""

import json
from collections.abc import Awaitable, Callable, Mapping

import trio

from agent.local.framing import gist
from agent.local.questions import FactSource, ask

WATCHES_MAX = 16
LOOK_EVERY_S = 1.0
SILENCE_MAX_S = 10.0
STALL_MAX_S = 10.0
"""Who takes an event no sooner than that is watching no more."""


class TooManyWatchesError(Exception):
    """As many watches are open as there may be."""


class Watches:
    """All watches of one agent."""

    def __init__(self, source: FactSource, stopping: trio.Event) -> None:
        """Watch what `source` answers, until `stopping`."""
        self._source = source
        self._stopping = stopping
        self._open = 0

    async def follow(
        self, path: str, query: Mapping[str, str], tell: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Tell the answer to a question now, and whenever it has changed, until the agent stops.

        Raises `TooManyWatchesError` before anything is told.
        """
        if self._open >= WATCHES_MAX:
            raise TooManyWatchesError
        self._open += 1
        try:
            await self._follow(path, query, tell)
        finally:
            self._open -= 1

    async def _follow(
        self, path: str, query: Mapping[str, str], tell: Callable[[bytes], Awaitable[None]]
    ) -> None:
        seen: object = None
        told_at = trio.current_time()
        while not self._stopping.is_set():
            _, body = await ask(self._source, path, query)
            found, event = gist(json.loads(body)), b""
            if found != seen:
                event = b"data: " + body + b"\n\n"
            elif trio.current_time() - told_at >= SILENCE_MAX_S:
                event = b": nothing new\n\n"
            if event:
                seen, told_at = found, trio.current_time()
                with trio.move_on_after(STALL_MAX_S) as taking:
                    await tell(event)
                if taking.cancelled_caught:
                    return
            with trio.move_on_after(LOOK_EVERY_S):
                await self._stopping.wait()
