"""Joining, and never forgetting where to join: seeds are asked for ever."""

from failure_detect.clock import Instant
from failure_detect.identity import Address, MemberId
from failure_detect.pool import Pool
from failure_detect.sync import Sync


class Seeds:
    """Asks every seed while nobody is known, and now and then one that is no live member."""

    def __init__(self, pool: Pool, sync: Sync, now: Instant) -> None:
        """Ask through `sync`."""
        self._pool = pool
        self._sync = sync
        self._addresses: tuple[Address, ...] = ()
        self._follow_ups = 0
        self._holders: dict[Address, MemberId] = {}
        self._ask(now)

    def resolved(self, addresses: tuple[Address, ...], now: Instant) -> None:
        """Replace the list, and ask at once if nobody is known yet."""
        news = addresses != self._addresses
        self._addresses = addresses
        if news and self._pool.members.live_count == 1:
            self._ask_all(now)

    def _ask(self, now: Instant) -> None:
        pool, sync = self._pool, self._pool.config.sync
        if pool.members.live_count == 1:
            self._ask_all(now)
            wait = sync.join_retry
            self._follow_ups = sync.follow_ups
        elif self._follow_ups and (addresses := self._others()):
            self._follow_ups -= 1
            self._sync.compare(addresses[int(pool.rng.random() * len(addresses))], now)
            wait = sync.gap
        else:
            missing = self._missing()
            if missing:
                self._sync.compare(missing[int(pool.rng.random() * len(missing))], now)
            wait = sync.seed_interval
        jitter = int(pool.rng.random() * wait / 4)
        pool.agenda.schedule(now + wait + jitter, self._ask)

    def _ask_all(self, now: Instant) -> None:
        for address in self._others():
            self._sync.compare(address, now)

    def _others(self) -> list[Address]:
        own = self._pool.own.identity.address
        return [address for address in self._addresses if address != own]

    def _missing(self) -> list[Address]:
        """Return the seeds at whose address no living member is known."""
        missing = [address for address in self._addresses if not self._is_live(address)]
        if not missing:
            return []
        members = self._pool.members
        found = {
            member.identity.address: key for key in members.ring if (member := members.get(key))
        }
        self._holders = {a: found[a] for a in self._addresses if a in found}
        return [address for address in missing if address not in found]

    def _is_live(self, address: Address) -> bool:
        holder = self._holders.get(address)
        member = None if holder is None else self._pool.live(holder)
        return member is not None and member.identity.address == address
