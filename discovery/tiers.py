"""Which clusters serve a service, in which order, with which share: a pure function.

A tier is a group of targets that are as good as each other; a target is a cluster, or the part of
it in some zones, reached at its endpoints or, from another network, through its gateways. The
first tiers are those of the policy. Weights are whole numbers, 1000 in all tiers together.

**Spill.** The first tier that has any endpoints says how large the demand is that was provided
for: D, what its endpoints can take when all are healthy. A tier carries at most

    min(1, healthy / (minimum x max(D, all of its own)))

of the traffic: all of it while its healthy share is above the minimum and it is as large as the
first; below that, in proportion. What it cannot carry goes to the next tier, which is therefore
never given more than it has room for. Where all tiers together cannot carry everything, each gets
a share in proportion to what it can. The fewer are healthy the less a tier gets, never more.

**Drains.** What is healthy counts by the weight that its drain has left. What is drained to the
end stays in use in a tier `DRAINED` of its own, where nothing else healthy is known.

**Last tier.** Clusters that are degraded or unreachable, drained or not, and endpoints that a guard
holds, are used where no better tier has a healthy endpoint, and are listed with weight 0 otherwise.

Only healthy endpoints (ready, on a node that is not down) are ever used. Where only unhealthy ones
remain there is no tier at all: a mesh that is given no endpoint fails at once and says so, while a
dead address makes each request wait. Clusters of another network that have no gateway are left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from discovery.names import Origin
from discovery.policy import Mode, TrafficPolicy
from discovery.ramps import FULL_WEIGHT
from discovery.records import Gateway
from discovery.standing import Verdict
from discovery.tally import Tally

WEIGHT_TOTAL = 1_000
"""What the weights of all targets of all tiers add up to, where there is any target."""

_WHOLE = 1 << 40


class TierKind(StrEnum):
    """Why a tier is where it is."""

    LOCAL = "local"
    """The own cluster."""
    ZONE = "zone"
    """Endpoints in the zones of the own cluster."""
    REGION = "region"
    """Clusters of the own region."""
    REST = "rest"
    """All others."""
    LISTED = "listed"
    """A cluster that a FailOver policy names."""
    ACTIVE = "active"
    """All clusters of an ActiveActive policy that have a weight."""
    RESERVE = "reserve"
    """Clusters that the policy does not name, or gives no weight."""
    DRAINED = "drained"
    """Drained to the end, and used for want of anything else."""
    LAST = "last"
    """Degraded, unreachable or held by a guard."""


class Via(StrEnum):
    """How the endpoints of a target are reached."""

    ENDPOINTS = "endpoints"
    GATEWAYS = "gateways"


class Candidate(NamedTuple):
    """What is known of one origin of a service; it serves it, and is trusted to."""

    origin: Origin
    region: str = ""
    network: str = ""
    gateways: tuple[Gateway, ...] = ()
    zones: Tally = ()
    capacity: int | None = None
    """What the service can take there; None: as much as it has endpoints."""
    cluster_capacity: int | None = None
    verdict: Verdict = Verdict.LIVE
    drain: int = FULL_WEIGHT
    """What its drain has left, from 1000 (none) to 0."""
    held: int = 0
    """Endpoints that the importer's guard holds; they are no part of `zones`."""
    also_last_tier: bool = False
    """`Standing.also_last_tier`."""

    @property
    def is_last_tier(self) -> bool:
        """Whether it is used only where no better tier has a healthy endpoint."""
        return self.also_last_tier or self.verdict.is_last_tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewpoint:
    """Where one looks from."""

    own: Origin
    region: str = ""
    network: str = ""
    zones: tuple[str, ...] = ()
    """Of the own cluster; empty: those in which it has endpoints of the service."""


class Target(NamedTuple):
    """A cluster, or a part of it, in a tier."""

    origin: Origin
    weight: int
    """Out of 1000 over all tiers; 0: it stands ready for when better ones fail."""
    via: Via
    zones: tuple[str, ...] | None
    """Only the endpoints in these zones; None: all of them."""
    held: bool
    """Whether it is what a guard holds, and not what the origin's set has."""
    healthy: int
    total: int


@dataclass(frozen=True, slots=True)
class Tier:
    """Targets that are as good as each other, by origin."""

    kind: TierKind
    targets: tuple[Target, ...]

    @property
    def weight(self) -> int:
        """The tier's share of the traffic, out of 1000."""
        return sum(target.weight for target in self.targets)


class _Part(NamedTuple):
    """A target before it has a weight. Capacities are in thousandths of an endpoint or unit."""

    candidate: Candidate
    zones: tuple[str, ...] | None
    healthy: int
    total: int
    able: int
    """What the healthy ones can take, by what the drain has left."""
    full: int
    """What all could take if they were healthy and not drained."""
    share: int
    """Its share of what the tier gets, relative to the others'."""
    held: bool = False


@dataclass(slots=True)
class _Rank:
    kind: TierKind
    parts: list[_Part]


def plan_tiers(
    candidates: Sequence[Candidate], policy: TrafficPolicy, viewpoint: Viewpoint
) -> tuple[Tier, ...]:
    """Return the tiers, best first; the order of `candidates` does not matter."""
    ordered = sorted(candidates, key=lambda each: each.origin)
    reachable = [each for each in ordered if is_reachable(each, viewpoint)]
    usable = [each for each in reachable if not each.is_last_tier]
    worse = [each for each in reachable if each.is_last_tier]
    ranks = _ranked(usable, policy, viewpoint)
    shares = _shares(ranks, policy.minimum_healthy_percent)
    drained = _Rank(TierKind.DRAINED, [])
    for rank in ranks:
        drained.parts += [part for part in rank.parts if part.candidate.drain == 0]
        rank.parts = [part for part in rank.parts if part.candidate.drain > 0]
    held = [_held(each) for each in reachable if each.held]
    last = _Rank(TierKind.LAST, sorted(_whole(worse) + held, key=_by_origin))
    ranks += [drained, last]
    if not any(shares):
        shares = _all_to_the_first(ranks)
    return _tiers(ranks, shares, viewpoint)


def is_reachable(candidate: Candidate, viewpoint: Viewpoint) -> bool:
    """Tell whether there is a way to it: one network, or a gateway."""
    return via(candidate, viewpoint) is Via.ENDPOINTS or bool(candidate.gateways)


def via(candidate: Candidate, viewpoint: Viewpoint) -> Via:
    """Return how its endpoints are reached from here; through gateways it needs to have some."""
    if candidate.origin == viewpoint.own or candidate.network == viewpoint.network:
        return Via.ENDPOINTS
    return Via.GATEWAYS


def _by_origin(part: _Part) -> tuple[Origin, bool]:
    return part.candidate.origin, part.held


# --- what belongs to which tier ----------------------------------------------------------


def _ranked(
    candidates: Sequence[Candidate], policy: TrafficPolicy, viewpoint: Viewpoint
) -> list[_Rank]:
    match policy.mode:
        case Mode.LOCALITY:
            return _by_locality(candidates, viewpoint)
        case Mode.FAIL_OVER:
            return _by_list(candidates, policy.clusters)
        case Mode.ACTIVE_ACTIVE:
            return _by_weight(candidates, policy)


def _by_locality(candidates: Sequence[Candidate], viewpoint: Viewpoint) -> list[_Rank]:
    zones = _own_zones(candidates, viewpoint)
    unit = _unit(candidates)
    ranks = {
        kind: _Rank(kind, [])
        for kind in (TierKind.LOCAL, TierKind.ZONE, TierKind.REGION, TierKind.REST)
    }
    for each in candidates:
        if each.origin == viewpoint.own:
            ranks[TierKind.LOCAL].parts.append(_part(each, unit))
            continue
        same_region = bool(each.region) and each.region == viewpoint.region
        outer = TierKind.REGION if same_region else TierKind.REST
        near, far = _split(each, zones if same_region or not each.region else ())
        if via(each, viewpoint) is Via.GATEWAYS and far:  # A gateway does not tell zones apart.
            near, far = (), tuple(count.zone for count in each.zones)
        if near:
            ranks[TierKind.ZONE].parts.append(_part(each, unit, near if far else None))
        if far or not near:
            ranks[outer].parts.append(_part(each, unit, far if near else None))
    return list(ranks.values())


def _own_zones(candidates: Sequence[Candidate], viewpoint: Viewpoint) -> tuple[str, ...]:
    if viewpoint.zones:
        return viewpoint.zones
    own = [each for each in candidates if each.origin == viewpoint.own]
    return tuple(count.zone for each in own for count in each.zones if count.zone)


def _split(candidate: Candidate, zones: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not zones:
        return (), ()
    near = tuple(count.zone for count in candidate.zones if count.zone in zones)
    return near, tuple(count.zone for count in candidate.zones if count.zone not in zones)


def _by_list(candidates: Sequence[Candidate], clusters: Sequence[Origin]) -> list[_Rank]:
    unit = _unit(candidates)
    by_origin = {each.origin: _part(each, unit) for each in candidates}
    ranks = [
        _Rank(TierKind.LISTED, [by_origin.pop(origin)])
        for origin in clusters
        if origin in by_origin
    ]
    return [*ranks, _Rank(TierKind.RESERVE, list(by_origin.values()))]


def _by_weight(candidates: Sequence[Candidate], policy: TrafficPolicy) -> list[_Rank]:
    if not policy.weights:
        unit = _unit(candidates, clusters_too=True)
        return [_Rank(TierKind.ACTIVE, [_part(each, unit) for each in candidates])]
    unit, weights = _unit(candidates), dict(policy.weights)
    active, reserve = _Rank(TierKind.ACTIVE, []), _Rank(TierKind.RESERVE, [])
    for each in candidates:
        part, weight = _part(each, unit), weights.get(each.origin, 0)
        if weight == 0:
            reserve.parts.append(part)
            continue
        carried = _carried(part.able, part.full, policy.minimum_healthy_percent)
        active.parts.append(part._replace(share=weight * carried))
    return [active, reserve]


def _unit(
    candidates: Sequence[Candidate], *, clusters_too: bool = False
) -> Mapping[Origin, int | None]:
    # Capacities that only some state cannot be compared: then endpoints are what counts.
    stated = {each.origin: each.capacity for each in candidates}
    if None in stated.values() and clusters_too:
        stated = {each.origin: each.cluster_capacity for each in candidates}
    return {} if None in stated.values() else stated


def _part(
    candidate: Candidate,
    unit: Mapping[Origin, int | None],
    zones: tuple[str, ...] | None = None,
) -> _Part:
    counts = [each for each in candidate.zones if zones is None or each.zone in zones]
    total, healthy = sum(each.total for each in counts), sum(each.ready for each in counts)
    capacity, everything = unit.get(candidate.origin), total
    if capacity is None:
        able, full = healthy * candidate.drain, total * FULL_WEIGHT
    else:
        everything = max(1, sum(each.total for each in candidate.zones))
        able = capacity * healthy * candidate.drain // everything
        full = capacity * total * FULL_WEIGHT // everything
    return _Part(candidate, zones, healthy, total, able, full, able)


def _whole(candidates: Iterable[Candidate]) -> list[_Part]:
    return [_part(each, {}) for each in candidates]


def _held(candidate: Candidate) -> _Part:
    able = candidate.held * FULL_WEIGHT
    return _Part(candidate, None, candidate.held, candidate.held, able, able, able, held=True)


# --- who gets how much -------------------------------------------------------------------


def _carried(able: int, full: int, minimum_percent: int) -> int:
    # The share of the demand `full` that `able` carries, in parts of _WHOLE.
    return min(_WHOLE, _WHOLE * 100 * able // max(1, minimum_percent * full))


def _shares(ranks: Sequence[_Rank], minimum_percent: int) -> list[int]:
    demand, carried = 0, []
    for rank in ranks:
        full = sum(part.full for part in rank.parts)
        demand = demand or full
        able = sum(part.able for part in rank.parts)
        carried.append(_carried(able, max(demand, full), minimum_percent))
    if sum(carried) < _WHOLE:
        return carried
    left, shares = _WHOLE, []
    for each in carried:
        shares.append(min(left, each))
        left -= shares[-1]
    return shares


def _all_to_the_first(ranks: Sequence[_Rank]) -> list[int]:
    first = next((at for at, rank in enumerate(ranks) if _healthy(rank.parts)), None)
    return [int(at == first) for at in range(len(ranks))]


def _healthy(parts: Iterable[_Part]) -> list[_Part]:
    return [part for part in parts if part.healthy]


def _tiers(ranks: Sequence[_Rank], shares: Sequence[int], viewpoint: Viewpoint) -> tuple[Tier, ...]:
    weights = apportion(WEIGHT_TOTAL, [*shares, *[0] * (len(ranks) - len(shares))])
    tiers = []
    for rank, weight in zip(ranks, weights, strict=True):
        parts = _healthy(rank.parts)
        if not parts:
            continue
        relative = [part.share for part in parts]
        split = apportion(weight, relative if any(relative) else [1] * len(parts))
        targets = [
            Target(
                part.candidate.origin,
                each,
                via(part.candidate, viewpoint),
                part.zones,
                part.held,
                part.healthy,
                part.total,
            )
            for part, each in zip(parts, split, strict=True)
        ]
        tiers.append(Tier(rank.kind, tuple(targets)))
    return tuple(tiers)


def apportion(total: int, shares: Sequence[int]) -> list[int]:
    """Return whole numbers in proportion to `shares` that add up to `total`; all 0 of no share.

    Each is the difference of two rounded sums, so that a larger first share never gets less.
    """
    whole, sums = sum(shares), [0]
    if whole == 0:
        return [0] * len(shares)
    for share in shares:
        sums.append(sums[-1] + share)
    at = [(2 * total * each + whole) // (2 * whole) for each in sums]  # Half a unit goes up.
    return [after - before for before, after in pairwise(at)]
