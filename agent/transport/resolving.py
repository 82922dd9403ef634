"""Names of hosts, looked up beside everything else and remembered briefly.

Nobody waits here but who asks for a name: what is sent to literals goes at once. A name that is
not found is remembered as well, for less time, so that a flood for it asks no flood of questions.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import trio

from agent.transport.addresses import (
    SocketAddress,
    for_family,
    join_address,
    literal,
    split_address,
)
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.identity import Address

FOUND_FOR: Duration = 10 * SECOND
LOST_FOR: Duration = 2 * SECOND
REMEMBERED_MAX = 4_096


class Resolver:
    """Turns addresses into what one socket can send to."""

    def __init__(self, clock: Callable[[], Instant], *, is_ipv6: bool) -> None:
        """Serve a socket of one family."""
        self._clock = clock
        self._is_ipv6 = is_ipv6
        # Apart, so that answers to many strangers drive out no name.
        self._literals: OrderedDict[Address, SocketAddress | None] = OrderedDict()
        self._names: OrderedDict[Address, tuple[SocketAddress | None, Instant]] = OrderedDict()
        self.lookups = 0
        """Names that were asked for."""

    def known(self, address: Address) -> tuple[SocketAddress | None, bool]:
        """Return where an address leads, None for nowhere, and whether that is known at all."""
        if address in self._literals:
            return self._literals[address], True
        where, until = self._names.get(address, (None, 0))
        if self._clock() < until:
            return where, True
        try:
            host, port = split_address(address)
        except ValueError:
            return None, True
        if not literal(host):
            return None, False
        where = for_family(host, port, is_ipv6=self._is_ipv6)
        _remember(self._literals, address, where)
        return where, True

    async def resolve(self, address: Address) -> SocketAddress | None:
        """Return where an address leads, None where its name is not found; asks if need be."""
        where, is_known = self.known(address)
        if is_known:
            return where
        host, port = split_address(address)
        self.lookups += 1
        found = await look_up(host)
        usable = [for_family(each, port, is_ipv6=self._is_ipv6) for each in found]
        where = next((each for each in usable if each is not None), None)
        until = self._clock() + (LOST_FOR if where is None else FOUND_FOR)
        _remember(self._names, address, (where, until))
        return where


_Found = TypeVar("_Found")


def _remember(table: OrderedDict[Address, _Found], address: Address, found: _Found) -> None:
    table[address] = found
    table.move_to_end(address)
    if len(table) > REMEMBERED_MAX:
        table.popitem(last=False)


async def look_up(host: str) -> list[str]:
    """Return the IP addresses of a name, none where it is not found."""
    try:
        found = await trio.socket.getaddrinfo(host, None, type=trio.socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(each[4][0]) for each in found]


async def resolve_seeds(seeds: tuple[Address, ...]) -> tuple[Address, ...]:
    """Return the addresses of seeds as their names resolve now, each once, in order.

    A name with several addresses gives several; one that is not found gives none.
    """
    resolved: dict[Address, None] = {}
    for seed in seeds:
        host, port = split_address(seed)
        hosts = [host] if literal(host) else await look_up(host)
        resolved.update(dict.fromkeys(join_address(each, port) for each in hosts))
    return tuple(resolved)
