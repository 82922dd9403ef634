"""Connections that are tried and closed at once, to learn whether anybody is there at all."""

import errno
import socket
from collections.abc import Callable

import trio

from agent.transport.addresses import literal, split_address
from agent.transport.resolving import look_up
from failure_detect.clock import SECOND, Duration
from failure_detect.identity import Address

_ANSWERS = frozenset({errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED})
"""Somebody sent a packet back."""

_SILENCES = frozenset({errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.EHOSTDOWN})
"""Nobody did, though this host tried."""


async def has_answered(
    address: Address, within: Duration, *, is_refusal_silence: bool = False
) -> bool | None:
    """Connect, close, and tell whether anybody answered in time; nothing is sent.

    A refusal is an answer, unless `is_refusal_silence`. None: this host could not try (a name that
    is not found, no route, no descriptor), which says nothing of the other end.
    """
    try:
        host, port = split_address(address)
    except ValueError:
        return None
    with trio.move_on_after(within / SECOND):
        hosts = [host] if literal(host) else await look_up(host)
        if not hosts:
            return None
        found = await _outcome(hosts[0], port)
        return False if found is None and is_refusal_silence else _said(found)
    return False


def _said(outcome: int | None) -> bool | None:
    if outcome is None or outcome == 0:
        return True
    return False if outcome in _SILENCES else None


async def _outcome(host: str, port: int) -> int | None:
    """Return 0 for a connection, None for a refusal, else the number of the error."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with trio.socket.socket(family, socket.SOCK_STREAM) as tried:
            await tried.connect((host, port))
            return 0
    except OSError as error:
        return None if error.errno in _ANSWERS else error.errno or -1


Done = Callable[[bool | None], None]
"""Is told once what came of a connection."""
