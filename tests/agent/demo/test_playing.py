"""A demonstration is played step by step, ends where one fails, and obeys a file of links."""

import os
import signal
import socket
from pathlib import Path

import httpx2
import pytest
import trio

from agent.demo.fleet import Fleet
from agent.demo.links import Link, Links
from agent.demo.plan import plan
from agent.demo.playing import LINKS_FILE, Done, StageError, keep, play, staged, until_told
from agent.demo.scene import Outcome, Scene, as_expected, not_as
from agent.demo.steps import Step


def a_scene(folder: Path) -> Scene:
    planned = plan(folder)
    return Scene(planned, Fleet(planned, httpx2.AsyncClient()), Links())


def a_step(title: str, outcome: Outcome) -> Step:
    async def act(scene: Scene) -> Outcome:
        await trio.lowlevel.checkpoint()
        return outcome

    return Step(title, "something", act)


async def test_steps_are_done_in_order_until_one_fails(tmp_path: Path) -> None:
    begun: list[str] = []
    ended: list[Done] = []
    steps = [
        a_step("one", as_expected("fine")),
        a_step("two", not_as("wrong")),
        a_step("three", as_expected("never")),
    ]
    done = await play(a_scene(tmp_path), steps, lambda step: begun.append(step.title), ended.append)
    assert begun == ["one", "two"]
    assert [each.outcome.seen for each in done] == ["fine", "wrong"]
    assert ended == done


async def test_links_obey_the_file_that_people_edit(tmp_path: Path) -> None:
    scene, said = a_scene(tmp_path), trio.open_memory_channel[str](10)
    file = tmp_path / LINKS_FILE
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep, scene, tmp_path, said[0].send_nowait)
        with trio.fail_after(20):
            while not await trio.Path(file).exists():
                await trio.lowlevel.checkpoint()
            await trio.Path(file).write_text("links: [{from: west, to: east, cut: true}]")
            assert "1 links are not as they should be" in await said[1].receive()
            assert scene.links.condition("west", "east").is_cut
            await trio.Path(file).write_text("links: [{from: west, to: nowhere, cut: true}]")
            assert "the links stay as they were" in await said[1].receive()
        nursery.cancel_scope.cancel()
    assert list(scene.links.conditions) == [Link("west", "east")]


async def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    planned = plan(tmp_path, network=203)
    relay = next(planned.nodes).relay
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((relay.host, relay.port))
        with pytest.RaisesGroup(pytest.RaisesExc(StageError, match=f"{relay}: .*in use")):
            await staged(planned).__aenter__()


async def test_who_is_told_to_end_cleans_up_first() -> None:
    cleaned: list[str] = []

    async def work() -> None:
        async with until_told():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                await trio.sleep_forever()
            finally:
                cleaned.append("all")

    with pytest.raises(KeyboardInterrupt):
        await work()
    assert cleaned == ["all"]


async def test_who_is_told_nothing_ends_as_ever() -> None:
    async with until_told():
        await trio.lowlevel.checkpoint()
