"""A node answers while it lives, and falls silent when it dies."""

import subprocess
import sys

import pytest
import trio

from agent.demo.node import read_place, stand_in
from agent.demo.relays import Place


async def test_it_answers_by_closing_what_connects() -> None:
    probe = await trio.open_tcp_listeners(0, host="127.0.103.1")
    place = Place("127.0.103.1", probe[0].socket.getsockname()[1])
    await probe[0].aclose()
    async with trio.open_nursery() as nursery:
        await nursery.start(stand_in, [place])
        async with await trio.open_tcp_stream(place.host, place.port) as stream:
            with trio.fail_after(10):
                assert await stream.receive_some(10) == b""
        nursery.cancel_scope.cancel()
    with pytest.raises(OSError, match="failed"):
        await trio.open_tcp_stream(place.host, place.port)


def test_as_a_process_it_says_when_it_answers_and_dies_when_it_is_killed() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "agent.demo.node", "127.0.103.2:0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process, process.stdout as said:
        assert said.readline() == "answering\n"
        process.kill()
    assert process.returncode < 0


def test_a_place_is_a_host_and_a_port() -> None:
    assert read_place("127.0.0.1:80") == Place("127.0.0.1", 80)
    assert str(Place("127.0.0.1", 80)) == "127.0.0.1:80"
    with pytest.raises(ValueError, match="invalid literal"):
        read_place("127.0.0.1")
