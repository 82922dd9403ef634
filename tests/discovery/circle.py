"""Replicators on one stage: who hears whom, how late, what is lost, and who is hostile.

All that they say is delivered in the order of time, deadlines are met in between, and their
invariants are checked after every event.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from heapq import heappop, heappush
from random import Random
from typing import TypeAlias

from discovery.catalog import Catalog
from discovery.config import ReplicatorConfig
from discovery.events import (
    Effect,
    Event,
    Fact,
    ItemAccepted,
    ItemReceived,
    SetPublished,
)
from discovery.frames import VERSION_MAX
from discovery.limits import CatalogLimits
from discovery.messages import Item, StreamMessage
from discovery.names import Origin
from discovery.replicator import Replicator
from failure_detect.clock import NEVER, SECOND, Duration, Instant
from failure_detect.events import (
    BroadcastReceived,
    BroadcastRequested,
    FingerprintChanged,
    FingerprintSeen,
    MemberJoined,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendRequest,
    SendResponse,
)
from tests.discovery.lone import Believer, Signed, asked, identity_of, member_of, trusting

Hostile: TypeAlias = Callable[[StreamMessage], bytes | None]
"""Answers a request with any bytes, or not at all."""

Moment: TypeAlias = tuple[Instant, int, int, Event]
"""When, in which order, at whom, what."""


class Circle:
    """Replicators 0 to N-1, all of which know each other. Delays and losses may be set any time."""

    def __init__(
        self,
        judges: Iterable[Believer],
        config: ReplicatorConfig | None = None,
        *,
        speaks: Mapping[int, int] | None = None,
    ) -> None:
        """One replicator for each judge; all speak the newest version unless `speaks` says less."""
        self.now: Instant = 0
        self.config = config or ReplicatorConfig()
        self.delay: Callable[[int, int], Duration] = lambda _from, _to: 0
        self.is_lost: Callable[[int, int], bool] = lambda _from, _to: False
        self.is_repeated: Callable[[int, int], bool] = lambda _from, _to: False
        """Whether gossip comes twice."""
        self.cut: set[tuple[int, int]] = set()
        """Links over which nothing comes, each in both directions."""
        self.hostile: dict[int, Hostile] = {}
        self.traffic: Counter[str] = Counter()
        self.facts: list[tuple[int, Fact]] = []
        self.rank_of: Callable[[int, Item], tuple[int, ...] | None] = lambda _who, _item: None
        """The rank at which somebody accepts an item; None where it does not."""
        self._moments: list[Moment] = []
        self._order = 0
        believers = list(judges)
        for number, judge in enumerate(believers):
            judge.own = Origin(identity_of(number).group)
        self.replicators = [
            Replicator(
                Catalog(judge, CatalogLimits()),
                self.config,
                now=0,
                rng=Random(number),
                speaks=(speaks or {}).get(number, VERSION_MAX),
            )
            for number, judge in enumerate(believers)
        ]
        for here in range(len(believers)):
            for there in range(len(believers)):
                if here != there:
                    self.tell(here, MemberJoined(identity_of(there), 1))

    def tell(self, who: int, event: Event) -> None:
        """Let one of them know of something at once."""
        self._perform(who, self.replicators[who].handle(event, self.now))
        self.replicators[who].check_invariants()

    def publish(self, who: int, published: Signed) -> None:
        """Have one of them publish."""
        self.tell(who, SetPublished(published.manifest, published.records))

    def settle(self, most: int = 100_000) -> None:
        """Deliver all that is under way, the time passing as it must."""
        while self._moments and most:
            most -= 1
            self._step()
        assert not self._moments, "they never fall silent"

    def wait(self, duration: Duration) -> None:
        """Let time pass, delivering what arrives and meeting deadlines."""
        end = self.now + duration
        while self._next() <= end:
            self._step()
        self.now = end

    def _next(self) -> Instant:
        due = min(each.deadline for each in self.replicators)
        return min(due, self._moments[0][0]) if self._moments else due

    def _step(self) -> None:
        at = self._next()
        assert at < NEVER
        self.now = max(self.now, at)
        if self._moments and self._moments[0][0] == at:
            _, _, who, event = heappop(self._moments)
            self.tell(who, event)
            return
        for who, each in enumerate(self.replicators):
            if each.deadline <= self.now:
                self._perform(who, each.advance(self.now))
                each.check_invariants()

    def probe(self) -> None:
        """Let everybody see everybody's fingerprint, as probes bring it."""
        for here, ours in enumerate(self.replicators):
            for there, theirs in enumerate(self.replicators):
                if here == there or not self._is_open(there, here):
                    continue
                if ours.fingerprint != theirs.fingerprint:
                    self.tell(here, FingerprintSeen(member_of(there), theirs.fingerprint))

    def heal(self, rounds: int = 12) -> None:
        """Cut and lose nothing any more, and probe once a second."""
        self.cut.clear()
        self.is_lost = lambda _from, _to: False
        for _ in range(rounds):
            self.probe()
            self.wait(SECOND)

    def agree(self) -> bool:
        """Whether all hold the same."""
        return len({each.fingerprint for each in self.replicators}) == 1

    def _is_open(self, here: int, there: int) -> bool:
        return (here, there) not in self.cut and (there, here) not in self.cut

    def _perform(self, who: int, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case BroadcastRequested(key, payload):
                    self._spread(who, BroadcastReceived(member_of(who), key, payload))
                case SendRequest():
                    self._request(who, effect)
                case SendResponse():
                    self._respond(who, effect)
                case FingerprintChanged():
                    pass
                case ItemReceived():
                    self._receive(who, effect)
                case _:
                    self.facts.append((who, effect))

    def _spread(self, who: int, heard: BroadcastReceived) -> None:
        for there in range(len(self.replicators)):
            if there != who:
                self.traffic["gossip"] += len(heard.payload)
                self._send(who, there, heard)
                if self.is_repeated(who, there):
                    self._send(who, there, heard)

    def _respond(self, who: int, order: SendResponse) -> None:
        asker, number = divmod(order.request, 1 << 32)
        self.traffic["answers"] += len(order.data)
        if not self._send(who, asker, ResponseReceived(number, member_of(who), order.data)):
            self._later(self.config.timeout, asker, RequestFailed(number))

    def _receive(self, who: int, fact: ItemReceived) -> None:
        self.facts.append((who, fact))
        rank = self.rank_of(who, fact.item)
        if rank is not None:
            self.tell(who, ItemAccepted(fact.item, rank, is_news=fact.is_news))

    def _request(self, who: int, order: SendRequest) -> None:
        assert order.to is not None
        there = int.from_bytes(order.to)
        self.traffic["requests"] += len(order.data)
        self.traffic["round trips"] += 1
        failed = RequestFailed(order.request)
        if there in self.hostile:
            data = self.hostile[there](asked(order))
            if data is None:
                self._later(order.timeout, who, failed)
            else:
                self._later(0, who, ResponseReceived(order.request, order.to, data))
            return
        request = RequestReceived(who << 32 | order.request, member_of(who), order.data)
        if not self._send(who, there, request):
            self._later(order.timeout, who, failed)

    def _send(self, here: int, there: int, event: Event) -> bool:
        is_through = self._is_open(here, there) and not self.is_lost(here, there)
        if is_through:
            self._later(self.delay(here, there), there, event)
        return is_through

    def _later(self, delay: Duration, who: int, event: Event) -> None:
        self._order += 1
        heappush(self._moments, (self.now + delay, self._order, who, event))


def circle_of(count: int, *origins: str, config: ReplicatorConfig | None = None) -> Circle:
    """So many, all of which trust the same origins."""
    return Circle([trusting(*origins) for _ in range(count)], config)
