"""The last good state, kept: as soon as it changes, and from time to time because it gets older."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import trio

from agent.core.agent import Agent
from agent.core.object_book import Documents
from agent.state_folder import Members, StateFault, StateFolder, StateFolderError
from discovery.state import KeptState
from failure_detect.clock import Instant

EVERY_S = 60.0
"""How often it is kept although nothing changed: silences get longer, members come and go."""

AGAIN_S = 5.0
"""How often it is tried while something of it does not work."""


WITHIN_S = 1.0
"""How long a disk may take. What waits for it waits no longer: an agent that answers no probes
meanwhile would be taken for dead."""


class Kept(Protocol):
    """What has a state that is to outlive it."""

    def kept(self, now: Instant) -> KeptState:
        """Return what a later run is to have."""
        ...

    @property
    def trusted(self) -> Documents | None:
        """Return the trust objects that it goes by; None where it knows none yet."""
        ...


class Saving:
    """Keeps one agent's state in its folder."""

    def __init__(self, folder: StateFolder) -> None:
        """Keep it in `folder`, which was loaded."""
        self._folder = folder
        self._limiter = trio.CapacityLimiter(1)
        self._is_stuck = False
        """Whether the disk has not answered in time, lately."""
        self.faults: tuple[StateFault, ...] = folder.faults

    async def run(self, agent: Agent, clock: Callable[[], Instant]) -> None:
        """Keep it from time to time until cancelled, more often while the disk does not let us."""
        waited = 0.0
        while True:
            await trio.sleep(AGAIN_S)
            waited += AGAIN_S
            if self.faults or waited >= EVERY_S:
                waited = 0.0
                await self.save(agent, clock())
                await self.save_members(agent)

    async def save(self, agent: Kept, now: Instant) -> None:
        """Keep what a later run is to have, before this returns if the disk does it in time."""
        state, trusted = agent.kept(now), agent.trusted

        def work() -> tuple[StateFault, ...]:
            # First: whoever has a set and does not know that it is trusted has nothing of it.
            if trusted is not None:
                self._folder.save_trusted(trusted)
            return self._folder.save(state)

        await self._in_thread(work)

    async def save_members(self, agent: Agent) -> None:
        """Keep who is alive."""
        members = Members(agent.lan.detector.snapshot(), agent.wan_claims)
        await self._in_thread(lambda: self._folder.save_members(members))

    async def save_start(self, start: int) -> None:
        """Keep a start number, before it is used."""
        await self._in_thread(lambda: self._folder.save_start(start))

    async def _in_thread(self, work: Callable[[], tuple[StateFault, ...]]) -> None:
        if self._is_stuck and self._limiter.available_tokens == 0:
            await trio.lowlevel.checkpoint()
            return  # The disk has not answered yet, and the fault says so.
        with trio.move_on_after(WITHIN_S) as scope:
            try:
                self.faults = await trio.to_thread.run_sync(
                    work, limiter=self._limiter, abandon_on_cancel=True
                )
            except StateFolderError as error:
                where, _, words = str(error).partition(": ")
                what, _, remedy = words.partition("; ")
                self.faults = (StateFault(Path(where), what, remedy),)
        self._is_stuck = scope.cancelled_caught
        if self._is_stuck:
            what = f"the disk did not answer within {WITHIN_S:g} s"
            remedy = "see what ails it; what is new is kept once it answers"
            self.faults = (StateFault(self._folder.path, what, remedy),)
