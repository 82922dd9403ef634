"""The loop that drives the core: first all that has arrived, then the time.

Arrivals go first in each turn, so that a process that stalled does not suspect a member whose
answer lies in its inbox; each turn is bounded, so that a flood does not starve the timers.
"""

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

import trio

from failure_detect.clock import NEVER, SECOND, Duration, Instant

TURN_MAX = 256
"""Most events taken in before the time is looked at again."""

EARLY_MAX: Duration = 1_000
"""By how much a wait may end before its time, at most (us)."""

_Event_contra = TypeVar("_Event_contra", contravariant=True)
_Effect_co = TypeVar("_Effect_co", covariant=True)


class Driven(Protocol[_Event_contra, _Effect_co]):
    """A machine of this house."""

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        ...

    def handle(self, event: _Event_contra, now: Instant) -> Sequence[_Effect_co]:
        """Take in one fact."""
        ...

    def advance(self, now: Instant) -> Sequence[_Effect_co]:
        """Do what is due."""
        ...


_Fact = TypeVar("_Fact")
_Order = TypeVar("_Order")


async def drive(
    machine: Driven[_Fact, _Order],
    inbox: trio.MemoryReceiveChannel[_Fact],
    perform: Callable[[Sequence[_Order]], Awaitable[None]],
    clock: Callable[[], Instant],
) -> None:
    """Feed `machine` until the inbox is closed; `perform` gets all effects of a turn, in order."""
    while True:
        try:
            events = await _arrived(machine.deadline - clock(), inbox)
        except trio.EndOfChannel:
            return
        at = clock()
        if not events:  # A wait in floats may end a little early: the next turn must not spin.
            at = max(at, min(machine.deadline, at + EARLY_MAX))
        effects = [effect for event in events for effect in machine.handle(event, at)]
        effects += machine.advance(at)
        if effects:
            await perform(effects)


async def _arrived(wait: Duration, inbox: trio.MemoryReceiveChannel[_Fact]) -> list[_Fact]:
    """Return what has arrived, once something has or `wait` is over; at most a turn of it."""
    events: list[_Fact] = []
    if wait > 0:
        with trio.move_on_after(wait / SECOND if wait < NEVER // 2 else math.inf):
            events.append(await inbox.receive())
    else:
        await trio.lowlevel.checkpoint()
    try:
        while len(events) < TURN_MAX:
            events.append(inbox.receive_nowait())
    except trio.WouldBlock:
        return events
    except trio.EndOfChannel:
        if not events:
            raise
    return events
