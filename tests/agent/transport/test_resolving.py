"""Names are looked up once in a while, literals never."""

import pytest
import trio

from agent.transport.resolving import (
    FOUND_FOR,
    LOST_FOR,
    REMEMBERED_MAX,
    Resolver,
    look_up,
    resolve_seeds,
)
from failure_detect.identity import Address

LOCAL = Address("localhost:7400")
LOST = Address("no-such-name.invalid:7400")


class Names(trio.abc.HostnameResolver):
    """Knows one name, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[bytes | None] = []

    async def getaddrinfo(  # type: ignore[override]  # Two of the six are all that is asked here.
        self, host: bytes | None, port: object, *rest: object
    ) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        self.asked.append(host)
        if host != b"localhost":
            raise OSError("no such name")
        return [(2, 1, 6, "", (address, 0)) for address in ("::1", "127.0.0.1")]

    async def getnameinfo(self, sockaddr: object, flags: int) -> tuple[str, str]:
        raise NotImplementedError


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def names() -> Names:
    found = Names()
    trio.socket.set_custom_hostname_resolver(found)
    return found


async def test_a_literal_is_known_without_a_question(names: Names) -> None:
    resolver = Resolver(Clock(), is_ipv6=False)
    assert resolver.known(Address("127.0.0.1:1")) == (("127.0.0.1", 1), True)
    assert resolver.known(Address("127.0.0.1:1")) == (("127.0.0.1", 1), True)
    assert resolver.known(Address("[::1]:1")) == (None, True)
    assert resolver.known(Address("nonsense")) == (None, True)
    assert names.asked == []


async def test_a_name_is_asked_for_once_in_a_while(names: Names) -> None:
    clock = Clock()
    resolver = Resolver(clock, is_ipv6=False)
    assert resolver.known(LOCAL) == (None, False)
    assert await resolver.resolve(LOCAL) == ("127.0.0.1", 7400)
    clock.now = FOUND_FOR - 1
    assert resolver.known(LOCAL) == (("127.0.0.1", 7400), True)
    assert await resolver.resolve(LOCAL) == ("127.0.0.1", 7400)
    assert resolver.lookups == 1
    clock.now = FOUND_FOR
    assert resolver.known(LOCAL) == (None, False)


async def test_a_name_that_is_not_found_is_asked_for_again_sooner(names: Names) -> None:
    clock = Clock()
    resolver = Resolver(clock, is_ipv6=True)
    assert await resolver.resolve(LOST) is None
    assert resolver.known(LOST) == (None, True)
    clock.now = LOST_FOR
    assert resolver.known(LOST) == (None, False)
    assert len(names.asked) == 1


async def test_names_are_remembered_within_bounds_and_literals_drive_out_none(
    names: Names,
) -> None:
    clock = Clock()
    resolver = Resolver(clock, is_ipv6=False)
    await resolver.resolve(LOCAL)
    for number in range(REMEMBERED_MAX):
        resolver.known(Address(f"127.0.{number // 256}.{number % 256}:1"))
    assert resolver.known(LOCAL) == (("127.0.0.1", 7400), True)
    for number in range(REMEMBERED_MAX):
        await resolver.resolve(Address(f"name-{number}:1"))
    assert resolver.known(LOCAL) == (None, False)


async def test_seeds_give_each_of_their_addresses_once(names: Names) -> None:
    seeds = (Address("127.0.0.1:7400"), LOCAL, LOST, Address("[::1]:1"))
    assert await resolve_seeds(seeds) == ("127.0.0.1:7400", "[::1]:7400", "[::1]:1")
    assert await look_up("no-such-name.invalid") == []
