"""The loop hands over what arrived, then the time, and neither spins nor starves anybody."""

from collections.abc import Sequence
from itertools import pairwise

import trio
import trio.testing

from agent.process.loop import TURN_MAX, drive
from failure_detect.clock import NEVER, SECOND, Instant


class Diary:
    """A machine that writes down what it was told, and when."""

    def __init__(self, deadline: Instant = NEVER, period: Instant = 0) -> None:
        self.deadline = deadline
        self.period = period
        self.heard: list[tuple[str, Instant]] = []
        self.woken: list[Instant] = []

    def handle(self, event: str, now: Instant) -> list[str]:
        self.heard.append((event, now))
        return [f"re {event}"]

    def advance(self, now: Instant) -> list[str]:
        if now < self.deadline:
            return []
        self.woken.append(now)
        self.deadline = now + self.period if self.period else NEVER
        return ["woken"]


class Rig:
    """The loop under a clock that jumps."""

    def __init__(self, machine: Diary) -> None:
        self.machine = machine
        self.send, self.receive = trio.open_memory_channel[str](10_000)
        self.done: list[list[str]] = []

    def clock(self) -> Instant:
        return int(trio.current_time() * SECOND)

    async def perform(self, effects: Sequence[str]) -> None:
        self.done.append(list(effects))
        await trio.lowlevel.checkpoint()

    async def run(self) -> None:
        await drive(self.machine, self.receive, self.perform, self.clock)


async def test_it_ends_when_the_inbox_is_closed_and_loses_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    rig = Rig(Diary())
    for name in "abc":
        rig.send.send_nowait(name)
    await rig.send.aclose()
    await rig.run()
    assert [event for event, _ in rig.machine.heard] == ["a", "b", "c"]
    assert rig.done == [["re a", "re b", "re c"]]


async def test_it_wakes_at_the_deadline_and_not_before_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    rig = Rig(Diary(deadline=8_333_355, period=1_234_567))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(rig.run)
        await trio.sleep(100)
        await rig.send.aclose()
    woken = rig.machine.woken
    assert woken[0] == 8_333_355
    assert len(woken) == len(rig.done)
    assert all(1_234_567 <= later - earlier <= 1_240_000 for earlier, later in pairwise(woken))


async def test_a_machine_that_is_always_due_still_hears_and_ends() -> None:
    rig = Rig(Diary(deadline=0))
    rig.machine.period = -1
    rig.machine.deadline = -1
    async with trio.open_nursery() as nursery:
        nursery.start_soon(rig.run)
        rig.send.send_nowait("x")
        while not rig.machine.heard:
            await trio.lowlevel.checkpoint()
        await rig.send.aclose()
    assert rig.machine.heard[0][0] == "x"


async def test_a_flood_is_taken_in_turns_between_which_the_time_is_looked_at(
    autojump_clock: trio.testing.MockClock,
) -> None:
    rig = Rig(Diary())
    for number in range(3 * TURN_MAX):
        rig.send.send_nowait(str(number))
    await rig.send.aclose()
    await rig.run()
    assert [len(effects) for effects in rig.done] == [TURN_MAX] * 3
