"""A watch tells changes, stays audible, ends with the agent, and there are few."""

import json

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from agent.local.watching import (
    SILENCE_MAX_S,
    STALL_MAX_S,
    WATCHES_MAX,
    TooManyWatchesError,
    Watches,
)
from tests.agent.local.ports import Core
from tests.agent.local.scenes import light_facts


class Listener:
    """Keeps what it is told, and when."""

    def __init__(self) -> None:
        self.told: list[tuple[float, bytes]] = []

    async def __call__(self, event: bytes) -> None:
        self.told.append((trio.current_time(), event))


async def test_only_what_makes_a_difference_is_told(autojump_clock: MockClock) -> None:
    core, stopping, heard = Core(light_facts()), trio.Event(), Listener()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Watches(core, stopping).follow, "/v1/status", {}, heard)
        await trio.sleep(3.5)
        core.now = light_facts(version="0.1.0")
        await trio.sleep(3)
        core.now = light_facts(frozen="upgrade")
        await trio.sleep(1)
        stopping.set()
    documents = [json.loads(event.removeprefix(b"data: ")) for _, event in heard.told]
    assert [each["frozen"] for each in documents] == [None, "upgrade"]


async def test_silence_is_broken_now_and_then(autojump_clock: MockClock) -> None:
    stopping, heard = trio.Event(), Listener()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Watches(Core(light_facts()), stopping).follow, "/v1/status", {}, heard)
        await trio.sleep(2 * SILENCE_MAX_S + 1)
        stopping.set()
    assert [event for _, event in heard.told[1:]] == [b": nothing new\n\n"] * 2


async def test_watches_are_few_and_one_that_ends_makes_room() -> None:
    watches = Watches(Core(light_facts()), trio.Event())
    async with trio.open_nursery() as nursery:
        for _ in range(WATCHES_MAX):
            nursery.start_soon(watches.follow, "/v1/status", {}, Listener())
        await wait_all_tasks_blocked()
        with pytest.raises(TooManyWatchesError):
            await watches.follow("/v1/status", {}, Listener())
        nursery.cancel_scope.cancel()
    with trio.move_on_after(0.1) as scope:
        await watches.follow("/v1/status", {}, Listener())
    assert scope.cancelled_caught


async def test_who_takes_nothing_is_watching_no_more(autojump_clock: MockClock) -> None:
    async def stalled(_: bytes) -> None:
        await trio.sleep_forever()

    begun = trio.current_time()
    await Watches(Core(light_facts()), trio.Event()).follow("/v1/status", {}, stalled)
    assert trio.current_time() - begun == pytest.approx(STALL_MAX_S)
