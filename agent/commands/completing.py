"""What the tab key knows: names of services and clusters, from the running agent.

It is quick or silent: whoever presses tab waits for nobody, and an agent that does not answer is no
error there. The client is that of the standard library, which takes a third of the time to load.
"""

import json
import os
import socket
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import click

from agent.commands.asking import Address, agent_at
from agent.objects import list_at, text_at

TIMEOUT_S = 0.5


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self._path)


Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def complete_services(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Return the services whose `NAMESPACE/NAME` begins as what was typed."""
    items = _items(context, "/v1/services?limit=1000")
    names = (f"{text_at(each, 'namespace')}/{text_at(each, 'name')}" for each in items)
    return [name for name in names if name.startswith(begun)]


def complete_clusters(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Return the clusters whose name begins as what was typed."""
    names = (text_at(each, "name") for each in _items(context, "/v1/clusters"))
    return [name for name in names if name.startswith(begun)]


def _items(context: click.Context, path: str) -> list[object]:
    given, config = context.params.get("address"), context.params.get("config")
    address = given if isinstance(given, str) else os.environ.get("ISTHMUS_ADDRESS")
    try:
        found = agent_at(address, config if isinstance(config, Path) else None).address
        with closing(_connection(found)) as connection:
            connection.request("GET", path)
            answer: object = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError, click.ClickException):
        return []
    return list(list_at(answer, "items"))


def _connection(address: Address) -> HTTPConnection:
    if address.socket:
        return _UnixConnection(address.socket)
    return HTTPConnection(address.base.removeprefix("http://"), timeout=TIMEOUT_S)
