"""Seeds are resolved again and again, and the core is told when they resolve to something else."""

import trio
import trio.testing

from agent.core.events import Event, FromPool
from agent.process.seeding import EVERY_S, RESOLVED_MAX, SOON_S, Seeding, resolved
from agent.settings import Seeds
from agent.wire.header import Pool
from failure_detect.events import SeedsResolved
from failure_detect.identity import Address


class Names(trio.abc.HostnameResolver):
    """A name service that a test changes."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}

    async def getaddrinfo(  # type: ignore[override]  # Two of the six are all that is asked here.
        self, host: bytes | None, port: object, *rest: object
    ) -> list[tuple[int, int, int, str, tuple[str, object]]]:
        await trio.lowlevel.checkpoint()
        found = self.addresses.get(host.decode() if host else "")
        if not found:
            raise OSError("no such name")
        return [(2, 2, 17, "", (each, port)) for each in found]

    async def getnameinfo(self, sockaddr: object, flags: int) -> tuple[str, str]:
        raise NotImplementedError


def told(pool: Pool, *addresses: str) -> FromPool:
    return FromPool(pool, SeedsResolved(tuple(map(Address, addresses))))


async def test_the_core_is_told_of_what_has_changed_and_of_nothing_else(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    names = Names()
    trio.socket.set_custom_hostname_resolver(names)
    names.addresses = {"agents.example": ["10.0.0.1", "10.0.0.2"]}
    send, inbox = trio.open_memory_channel[Event](16)
    seeding = Seeding(Seeds(lan=("agents.example:7979",), wan=("9.9.9.9:1",)), send)
    nursery.start_soon(seeding.run)
    assert await inbox.receive() == told(Pool.LAN, "10.0.0.1:7979", "10.0.0.2:7979")
    assert await inbox.receive() == told(Pool.WAN, "9.9.9.9:1")
    names.addresses["agents.example"] = ["10.0.0.3"]
    began = trio.current_time()
    assert await inbox.receive() == told(Pool.LAN, "10.0.0.3:7979")
    assert trio.current_time() - began <= EVERY_S
    await trio.sleep(3 * EVERY_S)
    assert inbox.statistics().current_buffer_used == 0


async def test_a_name_that_is_not_found_is_asked_for_soon_and_told(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    names = Names()
    trio.socket.set_custom_hostname_resolver(names)
    send, inbox = trio.open_memory_channel[Event](16)
    seeding = Seeding(Seeds(lan=("agents.example:1", "10.0.0.9:1")), send)
    nursery.start_soon(seeding.run)
    assert await inbox.receive() == told(Pool.LAN, "10.0.0.9:1")
    assert await inbox.receive() == told(Pool.WAN)
    await trio.testing.wait_all_tasks_blocked()
    assert list(seeding.missing) == ["agents.example:1"]
    names.addresses = {"agents.example": ["10.0.0.1"]}
    began = trio.current_time()
    assert await inbox.receive() == told(Pool.LAN, "10.0.0.1:1", "10.0.0.9:1")
    assert trio.current_time() - began <= SOON_S
    await trio.testing.wait_all_tasks_blocked()
    assert list(seeding.missing) == []


async def test_other_lists_are_resolved_at_once(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    send, inbox = trio.open_memory_channel[Event](16)
    seeding = Seeding(Seeds(lan=("10.0.0.9:1",)), send)
    nursery.start_soon(seeding.run)
    assert await inbox.receive() == told(Pool.LAN, "10.0.0.9:1")
    assert await inbox.receive() == told(Pool.WAN)
    began = trio.current_time()
    seeding.use(Seeds(lan=("10.0.0.9:1",), wan=("[fd00::1]:7",)))
    assert await inbox.receive() == told(Pool.WAN, "[fd00::1]:7")
    assert trio.current_time() == began


async def test_a_name_with_a_thousand_addresses_gives_some_of_them() -> None:
    names = Names()
    trio.socket.set_custom_hostname_resolver(names)
    names.addresses = {"many.example": [f"10.0.{n // 250}.{n % 250}" for n in range(1_000)]}
    missing: list[str] = []
    assert len(await resolved(("many.example:1", "many.example:1"), missing)) == RESOLVED_MAX
    assert missing == []
