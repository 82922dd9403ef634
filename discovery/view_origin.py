"""One origin as a view has it: what it says, what it may do here, how it stands."""

from dataclasses import dataclass, field
from typing import NamedTuple

from discovery.importing import ImportRule
from discovery.names import Origin, ServiceName
from discovery.ramps import Acks
from discovery.standing import Standing, Verdict
from discovery.tally import NOBODY
from discovery.tiers import Candidate, Viewpoint
from discovery.view_index import OriginIndex
from discovery.view_rows import RowState, Source, rows_of
from failure_detect.clock import Instant

UNJUDGED = Standing(Verdict.LIVE, 0, "no verdict yet")
"""How an origin stands of which nobody has said anything: its last good state is served."""

_ALL = (("*", "*"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """From where and when one looks at a service."""

    viewpoint: Viewpoint
    now: Instant
    acks: Acks = field(default_factory=dict)
    """What our own cluster has acknowledged."""


class Counts(NamedTuple):
    """How much one origin's set has, as far as it is understood here."""

    records: int
    """Of endpoints."""
    endpoints: int
    healthy: int
    """Ready, on nodes that are not down."""


class Known:
    """What is known of one origin."""

    __slots__ = ("_barred", "_counted", "index", "rule", "standing")

    def __init__(self, origin: Origin, rule: ImportRule | None) -> None:
        """Know nothing but what trust says: `rule`, None where it is not trusted."""
        self.index = OriginIndex(origin)
        self.rule = rule
        self.standing = UNJUDGED
        self._counted = -1, Counts(0, 0, 0)
        self._barred: tuple[object, int] = None, 0

    @property
    def origin(self) -> Origin:
        """Whose it is."""
        return self.index.origin

    def admits(self, service: ServiceName) -> bool:
        """Tell whether endpoints of `service` are taken from it: by trust and by verdict."""
        rule = self.rule
        if rule is None or not self.standing.verdict.serves:
            return False
        if rule.services == _ALL:  # The usual rule, asked for millions of times.
            return not rule.relay_only
        return rule.may_serve(service)

    def counts(self) -> Counts:
        """Return how much there is; counted anew where the set or its nodes have changed."""
        if self._counted[0] != self.index.edition:
            self._counted = self.index.edition, self._count()
        return self._counted[1]

    def _count(self) -> Counts:
        holdings = self.index.holdings.values()
        tallies = [count for holding in holdings for count in holding.tally]
        return Counts(
            sum(len(holding.values) for holding in holdings),
            sum(count.total for count in tallies),
            sum(count.ready for count in tallies),
        )

    def barred_services(self) -> int:
        """Return how many of its services its rule does not let it serve; 0 without a rule."""
        rule, index = self.rule, self.index
        if rule is None or (rule.services == _ALL and not rule.relay_only):
            return 0
        key = (rule, index.edition, frozenset(index.held))
        if self._barred[0] != key:
            self._barred = key, self._count_barred(rule)
        return self._barred[1]

    def _count_barred(self, rule: ImportRule) -> int:
        return sum(not rule.may_serve(service) for service in self.index.services())

    def check_invariants(self) -> None:
        """Assert that what was counted before is what there is."""
        assert self.counts() == self._count()
        assert self.rule is None or self.barred_services() == self._count_barred(self.rule)

    def policy_precedence(self) -> int | None:
        """Return how high its travelling policies stand; None where they do not hold here."""
        rule = self.rule
        if rule is None or not rule.policies or rule.relay_only:
            return None
        return rule.precedence if self.standing.verdict.serves else None

    def edition(self, service: ServiceName) -> int:
        """Return a number that differs whenever its endpoints of `service` may."""
        holding, held = self.index.holdings.get(service), self.index.held.get(service)
        own = 0 if holding is None else holding.edition
        return own if held is None else max(own, held.edition)

    def drain_weight(self, service: ServiceName, circumstances: Circumstances) -> int:
        """Return what its drains leave of `service`, from 1000 to 0."""
        return self.index.drain_weight(service, circumstances.now, circumstances.acks)

    def candidate(self, service: ServiceName, circumstances: Circumstances) -> Candidate:
        """Return what the tiers have to know of it."""
        index = self.index
        cluster, holding = index.cluster, index.holdings.get(service)
        return Candidate(
            origin=index.origin,
            region=cluster.region,
            network=cluster.network,
            gateways=cluster.gateways,
            zones=() if holding is None else holding.tally,
            cluster_capacity=cluster.capacity,
            verdict=self.standing.verdict,
            also_last_tier=self.standing.also_last_tier,
            drain=self.drain_weight(service, circumstances),
            held=self._held_count(service) if service in index.held else 0,
        )

    def _held_count(self, service: ServiceName) -> int:
        rows = rows_of(self.source(service))
        return sum(row.state is RowState.HELD for row in rows)

    def source(self, service: ServiceName) -> Source:
        """Return its endpoints of `service`, still packed: a snapshot."""
        index = self.index
        holding, held = index.holdings.get(service), index.held.get(service)
        return Source(
            origin=index.origin,
            numbers=() if holding is None else holding.numbers,
            values=() if holding is None else holding.values,
            down=index.down,
            held=() if held is None else held.endpoints,
            held_ports=() if held is None else index.held_ports(service),
            held_why="" if held is None else held.why,
            gateways=index.cluster.gateways,
        )

    def gateways_only(self) -> Source:
        """Return what is to be known where its endpoints are not reached from here."""
        gateways = self.index.cluster.gateways
        return Source(origin=self.origin, numbers=(), values=(), down=NOBODY, gateways=gateways)
