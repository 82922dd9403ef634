"""Why an endpoint is served, or is not: a question put to the view, answered from what it holds.

Every endpoint of every record that names the service, and every one that a guard holds, has one
row with one reason. What holds of a whole origin comes first (trust, then verdict, then its head,
then the way to it), then what holds of the endpoint, then what the policy makes of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from discovery.holdings import RecordFault
from discovery.merge import Conflict
from discovery.names import Origin, ServiceName
from discovery.policy_book import PolicyInForce
from discovery.ramps import FULL_WEIGHT
from discovery.service_view import is_of
from discovery.standing import Standing, Verdict
from discovery.tiers import Target, Tier, TierKind, Via, is_reachable
from discovery.view_origin import Circumstances, Known
from discovery.view_outcome import Condition, Outcome
from discovery.view_rows import Row, RowState, rows_of


class Reason(StrEnum):
    """Why an endpoint is where it is; first those that are in the view."""

    USED = "used"
    DRAINING = "draining"
    """Used, with what its cluster's or service's drain has left."""
    STANDBY = "tier-not-reached"
    """Its tier gets no traffic, because better ones carry it all, or its share rounds to none."""
    DRAINED = "drained"
    """Drained to the end: listed behind all that is healthy, and gets nothing."""
    DRAINED_BUT_NEEDED = "drained-but-needed"
    """Drained to the end, and used for want of anything else."""
    LAST_TIER = "last-tier"
    """Its cluster is degraded or unreachable."""
    HELD = "held-by-guard"
    """Withdrawn, and kept in the last tier until the withdrawal is believed."""

    THROUGH_GATEWAY = "through-gateway"
    """Its cluster is on another network: that cluster's gateways stand in its place."""
    UNTRUSTED = "origin-not-trusted"
    RELAY_ONLY = "origin-relayed-only"
    MAY_NOT_SERVE = "origin-may-not-serve-it"
    EXPIRED = "origin-expired"
    DEPARTED = "origin-departed"
    NO_HEAD = "no-export-record"
    """Endpoints without a head: the service is not exported, or its head is malformed."""
    NO_GATEWAY = "no-gateway"
    """Its cluster is on another network and has no gateway."""
    NOT_READY = "not-ready"
    NODE_DOWN = "node-down"
    DUPLICATE = "listed-twice"
    """Another row of the same origin has the same address and ports."""

    @property
    def is_in_view(self) -> bool:
        """Whether an endpoint with this reason is among those of some target."""
        return self in _IN_VIEW


_IN_VIEW = (
    Reason.USED,
    Reason.DRAINING,
    Reason.STANDBY,
    Reason.DRAINED,
    Reason.DRAINED_BUT_NEEDED,
    Reason.LAST_TIER,
    Reason.HELD,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One endpoint and the reason for what became of it."""

    origin: Origin
    number: int | None
    """The number of its record; None for what a guard holds."""
    address: str
    node: str
    zone: str
    reason: Reason
    why: str
    """The reason in words, with whatever it hangs on."""
    tier: TierKind | None = None
    target_weight: int = 0
    """What its target gets of the traffic, out of 1000."""
    notes: tuple[str, ...] = ()
    """What else is to be known: a conflict that its origin lost, a record that was refused."""


@dataclass(frozen=True, slots=True)
class OriginExplained:
    """How one origin stands that says anything about the service."""

    origin: Origin
    serves: bool
    standing: Standing
    drain_weight: int
    """What its drains leave, out of 1000."""


@dataclass(frozen=True, slots=True)
class OriginGone:
    """An origin that serves nothing here, whatever it said once."""

    origin: Origin
    standing: Standing
    """Its verdict, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that can be said of one service, or of one address in it."""

    service: ServiceName
    is_known: bool
    """Whether any origin says anything about it."""
    is_in_view: bool
    origins: tuple[OriginExplained, ...]
    endpoints: tuple[Explained, ...]
    """By origin, record and place in it, the held last."""
    policy: PolicyInForce | None
    conflicts: tuple[Conflict, ...]
    conditions: tuple[Condition, ...]
    faults: tuple[RecordFault, ...]
    """Records of it that are refused now."""
    gone: tuple[OriginGone, ...] = ()
    """Who says nothing of any service any more and serves nothing, by name: it may have served this
    one."""


def explanation_of(
    service: ServiceName,
    known: Sequence[Known],
    outcome: Outcome | None,
    circumstances: Circumstances,
    down_by: Mapping[Origin, str],
    address: str | None = None,
) -> Explanation:
    """Return the explanation; `known` and `outcome` as `outcome_of` took and gave them.

    `down_by` says by whose word nodes of an origin are down. With `address`, only its rows.
    """
    rows = [
        row
        for each in known
        for row in _Explainer(service, each, outcome, circumstances).rows(
            down_by.get(each.origin, "")
        )
        if address is None or row.address == address
    ]
    return Explanation(
        service=service,
        is_known=bool(known),
        is_in_view=outcome is not None,
        origins=tuple(
            OriginExplained(
                each.origin,
                each.admits(service),
                each.standing,
                each.drain_weight(service, circumstances),
            )
            for each in known
        ),
        endpoints=tuple(rows),
        policy=None if outcome is None else outcome.policy,
        conflicts=() if outcome is None else outcome.merged.conflicts,
        conditions=() if outcome is None else outcome.conditions,
        faults=tuple(
            fault
            for each in known
            for fault in each.index.faults.values()
            if fault.service == service
        ),
    )


class _Explainer:
    """Explains the endpoints of one origin."""

    def __init__(
        self,
        service: ServiceName,
        known: Known,
        outcome: Outcome | None,
        circumstances: Circumstances,
    ) -> None:
        self._service, self._known, self._outcome = service, known, outcome
        self._circumstances = circumstances
        tiers = () if outcome is None else outcome.tiers
        self._targets = [
            (tier, target)
            for tier in tiers
            for target in tier.targets
            if target.origin == known.origin
        ]
        self._drain = known.drain_weight(service, circumstances)

    def rows(self, down_by: str) -> Iterator[Explained]:
        refusal = self._refusal()
        lost = self._lost_conflicts()
        malformed = self._malformed()
        for row in rows_of(self._known.source(self._service)):
            tier, target = self._placed(row) if refusal is None else (None, None)
            if refusal is not None:
                reason, why = refusal
            elif tier is not None and target is not None:
                reason, why = self._used(tier, target)
            else:
                reason, why = self._unused(row, down_by)
            notes = (*lost, *(words for number, words in malformed if number == row.number))
            yield Explained(
                origin=self._known.origin,
                number=row.number,
                address=row.endpoint.address,
                node=row.endpoint.node,
                zone=row.endpoint.zone,
                reason=reason,
                why=why,
                tier=None if tier is None else tier.kind,
                target_weight=0 if target is None else target.weight,
                notes=notes,
            )

    def _refusal(self) -> tuple[Reason, str] | None:
        return self._by_trust() or self._by_standing()

    def _by_trust(self) -> tuple[Reason, str] | None:
        rule, origin = self._known.rule, self._known.origin
        if rule is None:
            return Reason.UNTRUSTED, f"no trust object names {origin}"
        if rule.relay_only:
            return Reason.RELAY_ONLY, f"{origin} is passed on to others and serves nothing here"
        if not rule.may_serve(self._service):
            return Reason.MAY_NOT_SERVE, f"trust does not let {origin} serve {self._service}"
        return None

    def _by_standing(self) -> tuple[Reason, str] | None:
        known, standing = self._known, self._known.standing
        if standing.verdict is Verdict.EXPIRED:
            return Reason.EXPIRED, standing.why
        if standing.verdict is Verdict.DEPARTED:
            return Reason.DEPARTED, standing.why
        if known.index.head_of(self._service) is None:
            return Reason.NO_HEAD, f"no valid export record of {self._service}"
        candidate = known.candidate(self._service, self._circumstances)
        if not is_reachable(candidate, self._circumstances.viewpoint):
            network = candidate.network or "unnamed"
            return Reason.NO_GATEWAY, f"its network {network} is not ours and names no gateway"
        return None

    def _placed(self, row: Row) -> tuple[Tier, Target] | tuple[None, None]:
        for tier, target in self._targets:
            if is_of(row, target):
                return tier, target
        return None, None

    def _used(self, tier: Tier, target: Target) -> tuple[Reason, str]:
        place = f"tier {tier.kind}, {target.origin} has {target.weight} of 1000"
        if target.via is Via.GATEWAYS:
            return Reason.THROUGH_GATEWAY, f"another network; {place}"
        reason, why = self._standing_of(tier, target)
        return reason, f"{why}; {place}" if why else place

    def _standing_of(self, tier: Tier, target: Target) -> tuple[Reason, str]:
        standing = self._known.standing
        if target.held:
            return Reason.HELD, self._known.index.held[self._service].why
        if tier.kind is TierKind.LAST:
            return Reason.LAST_TIER, f"{standing.verdict}: {standing.why}"
        if tier.kind is TierKind.DRAINED and target.weight:
            return Reason.DRAINED_BUT_NEEDED, "drained, and nothing else is healthy"
        if target.weight == 0:
            drained = tier.kind is TierKind.DRAINED
            return Reason.DRAINED if drained else Reason.STANDBY, "better ones carry it all"
        if self._drain < FULL_WEIGHT:
            return Reason.DRAINING, f"{self._drain} of 1000 left of its drain"
        return Reason.USED, ""

    def _unused(self, row: Row, down_by: str) -> tuple[Reason, str]:
        match row.state:
            case RowState.NODE_DOWN:
                by = down_by or "the bridges of its origin"
                return Reason.NODE_DOWN, f"node {row.endpoint.node} is down, say {by}"
            case RowState.NOT_READY:
                return Reason.NOT_READY, "not ready, says its origin"
            case _:
                return Reason.DUPLICATE, "another row has the same address and ports"

    def _lost_conflicts(self) -> tuple[str, ...]:
        if self._outcome is None:
            return ()
        return tuple(
            f"lost {each.reason}: {each.what}"
            for each in self._outcome.merged.conflicts
            if self._known.origin in each.losers
        )

    def _malformed(self) -> list[tuple[int | None, str]]:
        found: list[tuple[int | None, str]] = []
        for fault in self._known.index.faults.values():
            if fault.service == self._service:
                text = fault.key.rpartition(b"/")[2]
                number = int(text) if text.isdigit() else None
                words = f"the newer record is refused ({fault.what}); the last good one holds"
                found.append((number, words))
        return found
