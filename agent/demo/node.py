"""`python -m agent.demo.node HOST:PORT ...`: stands for a node and its pods, as others see them.

It listens at each place and closes what connects: that is an answer. When it dies its addresses
fall silent, as those of a node do that has lost its power.
"""

import sys

import trio

from agent.demo.relays import Place


async def answer(stream: trio.SocketStream) -> None:
    """Answer a connection by closing it."""
    await trio.aclose_forcefully(stream)


async def stand_in(
    places: list[Place], *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Answer at all places until cancelled. Raises OSError where one is taken."""
    listeners: list[trio.SocketListener] = []
    for place in places:
        listeners += await trio.open_tcp_listeners(place.port, host=place.host)
    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_listeners, answer, listeners)
        task_status.started()


def read_place(text: str) -> Place:
    """Return the place that `HOST:PORT` names. Raises ValueError for all else."""
    host, _, port = text.rpartition(":")
    return Place(host, int(port))


async def run(arguments: list[str]) -> None:
    """Stand in at the places that the arguments name, and say so once it does."""
    async with trio.open_nursery() as nursery:
        await nursery.start(stand_in, [read_place(each) for each in arguments])
        sys.stdout.write("answering\n")
        sys.stdout.flush()


if __name__ == "__main__":
    trio.run(run, sys.argv[1:])
