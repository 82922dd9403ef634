"""An agent's local port in a thread, for commands that run in a process of their own time."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Thread

import trio
from click.testing import CliRunner, Result

from agent.commands.clusters import clusters
from agent.commands.explain import explain
from agent.commands.members import members
from agent.commands.services import services
from agent.commands.status import status
from agent.local.listening import Listen
from tests.agent.local.ports import LOOPBACK, Core, open_port

COMMANDS = {each.name: each for each in (clusters, explain, members, services, status) if each.name}


@contextmanager
def running(core: Core, listen: Listen = LOOPBACK) -> Iterator[str]:
    """Serve `core`; give the address at which it answers."""
    addresses: Queue[tuple[str, trio.lowlevel.TrioToken, trio.Event]] = Queue()

    async def serving() -> None:
        async with open_port(core, listen) as port:
            done = trio.Event()
            addresses.put((port.address, trio.lowlevel.current_trio_token(), done))
            await done.wait()

    thread = Thread(target=trio.run, args=(serving,))
    thread.start()
    address, token, done = addresses.get(timeout=30)
    try:
        yield address
    finally:
        token.run_sync_soon(done.set)
        thread.join(timeout=30)


def isthmus(*arguments: str, address: str = "", **env: str) -> Result:
    """Run one of the commands that read; `address` is in the environment."""
    name, *rest = arguments
    given = {"ISTHMUS_ADDRESS": address or None, **env}
    return CliRunner().invoke(COMMANDS[name], rest, env=given, prog_name=f"isthmus {name}")
