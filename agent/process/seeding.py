"""The seed lists as names resolve now: asked again and again, for ever."""

import trio

from agent.core.events import Event, FromPool
from agent.settings import Seeds, host_and_port
from agent.wire.header import Pool
from failure_detect.events import SeedsResolved
from failure_detect.identity import Address

EVERY_S = 30.0
"""How often names are resolved again."""

SOON_S = 2.0
"""How often while some name is not found."""

RESOLVED_MAX = 64
"""Addresses of one list; a name may have many."""


class Seeding:
    """Resolves both lists, and tells the core when what they resolve to is another."""

    def __init__(self, seeds: Seeds, inbox: "trio.MemorySendChannel[Event]") -> None:
        """Begin with these lists."""
        self._seeds = seeds
        self._inbox = inbox
        self._told: dict[Pool, tuple[Address, ...]] = {}
        self._changed = trio.Event()
        self.missing: tuple[str, ...] = ()
        """Seeds whose names are not found now."""

    def use(self, seeds: Seeds) -> None:
        """Resolve other lists from now on."""
        self._seeds = seeds
        self._changed.set()

    async def run(self) -> None:
        """Resolve until cancelled."""
        while True:
            self._changed = trio.Event()
            missing: list[str] = []
            for pool, seeds in ((Pool.LAN, self._seeds.lan), (Pool.WAN, self._seeds.wan)):
                found = await resolved(seeds, missing)
                if self._told.get(pool) != found:
                    self._told[pool] = found
                    await self._inbox.send(FromPool(pool, SeedsResolved(found)))
            self.missing = tuple(missing)
            with trio.move_on_after(SOON_S if missing else EVERY_S):
                await self._changed.wait()


async def resolved(seeds: tuple[str, ...], missing: list[str]) -> tuple[Address, ...]:
    """Return the addresses that seeds have now; those that are not found are added to `missing`."""
    found: dict[Address, None] = {}
    for seed in seeds:
        host, port = host_and_port(seed)
        try:
            answers = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_DGRAM)
        except OSError:
            missing.append(seed)
            continue
        for *_, address in answers:
            text = str(address[0])
            found[Address(f"[{text}]:{port}" if ":" in text else f"{text}:{port}")] = None
    return tuple(found)[:RESOLVED_MAX]
