"""The books of one origin's withdrawals: what is missing, since when, and what of it is held.

The importer's guard keeps one per origin. Endpoints that are missing are believed to be gone once
they are older than the window, unless they were held by then.
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TypeAlias

from discovery.endpoints import Endpoint
from discovery.guard_rules import GuardConfig, explain, is_too_much
from discovery.manifest import Intent, Order
from discovery.names import ServiceName
from failure_detect.clock import NEVER, Instant

ENTRIES_MAX = 65_536
"""Endpoints of one origin that are remembered as missing, as spare or as down, each."""

INTENTS_REMEMBERED_MAX = 64
TOTALS_MAX = 64

Key: TypeAlias = tuple[ServiceName, str]
"""A service, and the address of one of its endpoints."""


class Ending(StrEnum):
    """Why endpoints are held no longer."""

    RETURNED = "returned"
    """They are back."""
    REPLACED = "replaced"
    """Others came for them in the same service."""
    EXPLAINED = "explained"
    """An intent explains that they are gone."""
    CONFIRMED = "confirmed"
    """A later manifest still lacks them."""
    LAPSED = "lapsed"
    """They were held for as long as it goes."""
    FORGOTTEN = "forgotten"
    """The origin serves nothing here any more."""
    OVERFLOWED = "overflowed"
    """More was missing than is remembered."""


@dataclass(slots=True)
class _Missing:
    endpoint: Endpoint
    at: Instant
    is_withdrawn: bool
    """The manifest lacks it; else only an overlay says that its node is down."""
    held_at: Instant = NEVER

    @property
    def is_held(self) -> bool:
        return self.held_at != NEVER


class Ledger:
    """Counts what is missing of one origin, and keeps what is held of it."""

    def __init__(self, config: GuardConfig) -> None:
        """Start with nothing missing."""
        self._config = config
        self._missing: dict[Key, _Missing] = {}
        """By the time at which they went, the oldest first."""
        self._spare: dict[ServiceName, dict[str, Instant]] = {}
        """Arrivals that replaced nothing yet: of a rollout, those that come before others go."""
        self._down: dict[Key, Endpoint] = {}
        self._intents: deque[tuple[Intent, Instant]] = deque(maxlen=INTENTS_REMEMBERED_MAX)
        """What explains withdrawals, and until when."""
        self._seen: tuple[Intent, ...] = ()
        self._order: Order | None = None
        self._totals: deque[tuple[Instant, int]] = deque(maxlen=TOTALS_MAX)
        """Totals of the window, each lower than the one before."""
        self._ended: dict[Ending, list[tuple[Key, Endpoint]]] = {}
        self._holds: dict[Instant, int] = {}
        """How many are held since when, the earliest first."""
        self.held_count = 0

    @property
    def is_new(self) -> bool:
        """Whether no manifest has been counted yet."""
        return self._order is None

    @property
    def deadline(self) -> Instant:
        """When the next hold ends; `NEVER` where nothing is held."""
        first = next(iter(self._holds), NEVER)
        return NEVER if first == NEVER else first + self._config.hold

    # --- what is told ------------------------------------------------------------------

    def prune(self, now: Instant) -> None:
        """Believe what is missing for longer than the window; drop what explains no more."""
        since = now - self._config.window
        for key in [k for k, e in self._missing.items() if e.at <= since and not e.is_held]:
            del self._missing[key]
        for service in list(self._spare):
            spare = {a: at for a, at in self._spare[service].items() if at > since}
            self._spare[service] = spare
            if not spare:
                del self._spare[service]
        while self._totals and self._totals[0][0] <= since:
            self._totals.popleft()
        self._intents = deque(
            ((intent, until) for intent, until in self._intents if until > now),
            maxlen=INTENTS_REMEMBERED_MAX,
        )

    def read(self, intents: tuple[Intent, ...], now: Instant, *, spent: bool) -> None:
        """Take in the intents of a manifest; those of an earlier one explain nothing anew.

        `spent`: this is the first set of its origin, and what it explains has happened.
        """
        if not spent:
            fresh = [intent for intent in intents if intent not in self._seen]
            self._intents.extend((intent, now + self._config.explains) for intent in fresh)
        self._seen = intents

    def count_total(self, total: int, now: Instant) -> None:
        """Note how many endpoints there were."""
        while self._totals and self._totals[-1][1] <= total:
            self._totals.pop()
        if len(self._totals) == TOTALS_MAX:
            total = self._totals.pop()[1]  # Rather too high than forgotten.
        self._totals.append((now, total))

    def arrive(self, added: Iterable[tuple[Key, Endpoint]], now: Instant, *, spare: bool) -> None:
        """Take in arrivals: each is a return, or a replacement, or `spare` for one to come."""
        if not spare and not self._missing:  # A first set, of which nothing is compared.
            return
        strangers = []
        for key, _ in added:
            entry = self._missing.get(key)
            if entry is None:
                strangers.append(key)
            else:
                self._back(key, entry)
        oldest: dict[ServiceName, deque[Key]] = {}
        for key in self._missing:
            oldest.setdefault(key[0], deque()).append(key)
        for service, address in strangers:
            if oldest.get(service):
                self._end(oldest[service].popleft(), Ending.REPLACED)
            elif spare and len(self._spare.get(service, ())) < ENTRIES_MAX:
                self._spare.setdefault(service, {})[address] = now

    def _back(self, key: Key, entry: _Missing) -> None:
        if key in self._down:
            entry.is_withdrawn = False  # Its node is down all the same.
        else:
            self._end(key, Ending.RETURNED)

    def withdraw(self, removed: Iterable[tuple[Key, Endpoint]], now: Instant) -> None:
        """Take in what a manifest lacks that an earlier one had."""
        gone = dict(removed)
        for service, address in gone:
            self._spare.get(service, {}).pop(address, None)
        for key, endpoint in gone.items():
            entry = self._missing.get(key)
            was_down = self._down.pop(key, None) is not None
            if entry is not None:
                entry.is_withdrawn = True
            elif not was_down:  # What an overlay took was counted then.
                self._lose(key, endpoint, now, is_withdrawn=True)

    def overlay(self, down: dict[Key, Endpoint], now: Instant) -> None:
        """Take in which endpoints are down by overlays, all of them."""
        before, self._down = self._down, dict(islice(down.items(), ENTRIES_MAX))
        for key in [key for key in before if key not in self._down]:
            entry = self._missing.get(key)
            if entry is not None and not entry.is_withdrawn:
                self._end(key, Ending.RETURNED)
        for key, endpoint in self._down.items():
            if key not in before and key not in self._missing:
                self._lose(key, endpoint, now, is_withdrawn=False)

    def _lose(self, key: Key, endpoint: Endpoint, now: Instant, *, is_withdrawn: bool) -> None:
        spare = self._spare.get(key[0])
        if spare:
            del spare[next(iter(spare))]
            return
        if len(self._missing) >= ENTRIES_MAX:
            self._end(next(iter(self._missing)), Ending.OVERFLOWED)
        self._missing[key] = _Missing(endpoint, now, is_withdrawn)

    def explain(self) -> None:
        """Strike out what intents explain, the latest first."""
        if not self._intents or not self._missing:
            return
        before = Counter(service for service, _ in self._missing)
        unexplained, kept = dict(before), []
        for intent, until in sorted(self._intents, key=lambda known: not known[0].subject):
            explained = explain(unexplained, (intent,))
            unexplained = explained.unexplained
            kept += [(left, until) for left in explained.left]
        self._intents = deque(kept, maxlen=INTENTS_REMEMBERED_MAX)
        struck = before - Counter(unexplained)
        for key in reversed(list(self._missing)):
            if struck[key[0]] > 0:
                struck[key[0]] -= 1
                self._end(key, Ending.EXPLAINED)

    def confirm(self, order: Order, now: Instant) -> None:
        """End what is held for long enough, and lacking in a manifest of a higher `order` still."""
        if self._order is not None and order <= self._order:
            return
        self._order = order
        until = now - self._config.confirm
        for key, entry in list(self._missing.items()):
            if entry.is_held and entry.is_withdrawn and entry.held_at <= until:
                self._end(key, Ending.CONFIRMED)

    def lapse(self, now: Instant) -> None:
        """End what was held for as long as it goes."""
        since = now - self._config.hold
        for key, entry in list(self._missing.items()):
            if entry.held_at <= since:
                self._end(key, Ending.LAPSED)

    def close(self) -> None:
        """End all holds: the origin serves nothing here any more."""
        for key in list(self._missing):
            self._end(key, Ending.FORGOTTEN)

    def restore(self, batches: Iterable[tuple[Instant, list[tuple[Key, Endpoint]]]]) -> None:
        """Hold what was held when this process began, since then; the longest held comes first.

        Only where nothing is missing yet: what is known since is newer.
        """
        if self._missing:
            return
        for held_at, entries in batches:
            for key, endpoint in entries[: ENTRIES_MAX - len(self._missing)]:
                if key not in self._missing:
                    entry = _Missing(endpoint, held_at, is_withdrawn=True, held_at=held_at)
                    self._missing[key] = entry
                    self._holds[held_at] = self._holds.get(held_at, 0) + 1
                    self.held_count += 1

    # --- what follows ------------------------------------------------------------------

    def total(self, now: Instant) -> int:
        """Return the most endpoints that there were within the window."""
        since = now - self._config.window
        return max((total for at, total in self._totals if at > since), default=0)

    def missing(self, now: Instant) -> int:
        """Return how many endpoints went within the window and did not come back."""
        since = now - self._config.window
        return sum(entry.at > since for entry in self._missing.values())

    def hold(self, now: Instant) -> list[tuple[Key, Endpoint]]:
        """Hold what went within the window if it is too much; return what was not held before."""
        if not is_too_much(self.missing(now), self.total(now), self._config):
            return []
        fresh = [(key, entry) for key, entry in self._missing.items() if not entry.is_held]
        for _, entry in fresh:
            entry.held_at = now
        self.held_count += len(fresh)
        if fresh:
            self._holds[now] = self._holds.get(now, 0) + len(fresh)
        return [(key, entry.endpoint) for key, entry in fresh]

    def held(self) -> list[tuple[Key, Endpoint]]:
        """Return what is held."""
        return [(key, entry.endpoint) for key, entry in self._missing.items() if entry.is_held]

    def withdrawn(self) -> list[tuple[Instant, list[tuple[Key, Endpoint]]]]:
        """Return what a manifest lacks and is held, by since when; the longest held comes first."""
        found: dict[Instant, list[tuple[Key, Endpoint]]] = {}
        for key, entry in self._missing.items():
            if entry.is_held and entry.is_withdrawn:
                found.setdefault(entry.held_at, []).append((key, entry.endpoint))
        return sorted(found.items(), key=lambda batch: batch[0])

    def take_ended(self) -> dict[Ending, list[tuple[Key, Endpoint]]]:
        """Return what is held no longer since the last call, by the reason."""
        ended, self._ended = self._ended, {}
        return ended

    def _end(self, key: Key, ending: Ending) -> None:
        entry = self._missing.pop(key)
        if not entry.is_held:
            return
        self._ended.setdefault(ending, []).append((key, entry.endpoint))
        self.held_count -= 1
        self._holds[entry.held_at] -= 1
        if not self._holds[entry.held_at]:
            del self._holds[entry.held_at]

    def check_invariants(self) -> None:
        """Raise AssertionError where the books do not balance."""
        held = [entry for entry in self._missing.values() if entry.is_held]
        assert self.held_count == len(held)
        first = min((entry.held_at + self._config.hold for entry in held), default=NEVER)
        assert self.deadline == first
        assert len(self._missing) <= ENTRIES_MAX
        assert len(self._down) <= ENTRIES_MAX
        assert not self._ended, "ended holds were not told"
        for key, entry in self._missing.items():
            assert entry.is_withdrawn or key in self._down
