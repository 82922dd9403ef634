"""What is wrong with what a view was told, and how much it holds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from discovery.holdings import RecordFault
from discovery.importing import ImportRules
from discovery.names import Origin
from discovery.policy_book import LocalPolicyFault
from discovery.problems import Problem
from discovery.refusals import Refusal
from discovery.view_origin import Known


@dataclass(frozen=True, slots=True)
class NotImported:
    """What one origin says and may not say here."""

    origin: Origin
    reason: Refusal
    count: int
    """Services, or policies, that are refused for that reason."""


@dataclass(frozen=True, slots=True)
class ViewHealth:
    """The refusals that are in force now."""

    records: tuple[RecordFault, ...]
    """Malformed records inside valid sets, by origin and key."""
    policies: tuple[LocalPolicyFault, ...]
    """Malformed local policies, by name."""
    not_imported: tuple[NotImported, ...]
    trust: tuple[Problem, ...] = ()
    """What is wrong with trust objects and keys: malformed ones among them, by name."""


class Trust(ImportRules, Protocol):
    """Knows the rule of each origin, and what is wrong with the objects that make them."""

    def problems(self) -> Sequence[Problem]:
        """Return what is wrong now, by subject."""
        ...


@dataclass(frozen=True, slots=True)
class ViewStatistics:
    """How much a view holds."""

    origins: int
    services: int
    """That any origin says anything about."""
    records: int
    """Records of endpoints."""
    endpoints: int
    healthy: int
    """Ready, on nodes that are not down, whether served or not."""
    stale: int
    """Services to be computed anew when somebody asks."""


def health_of(
    known: Iterable[Known], policies: tuple[LocalPolicyFault, ...], trust: Sequence[Problem]
) -> ViewHealth:
    """Return the refusals in force, of origins in the order in which they are given."""
    known = list(known)
    return ViewHealth(
        tuple(each.index.faults[key] for each in known for key in sorted(each.index.faults)),
        policies,
        tuple(found for each in known for found in _not_imported(each)),
        tuple(trust),
    )


def _not_imported(known: Known) -> Iterator[NotImported]:
    index, rule = known.index, known.rule
    if rule is None or rule.relay_only:
        reason = Refusal.UNTRUSTED if rule is None else Refusal.RELAY_ONLY
        count = len(index.services()) + len(index.policies)
        if count:
            yield NotImported(known.origin, reason, count)
        return
    refused = known.barred_services()
    if refused:
        yield NotImported(known.origin, Refusal.SERVICE, refused)
    if index.policies and not rule.policies:
        yield NotImported(known.origin, Refusal.POLICY, len(index.policies))


def statistics_of(known: Iterable[Known], services: int, stale: int) -> ViewStatistics:
    """Return how much is held of these origins, given how many services there are and wait."""
    counts = [each.counts() for each in known]
    return ViewStatistics(
        origins=len(counts),
        services=services,
        records=sum(each.records for each in counts),
        endpoints=sum(each.endpoints for each in counts),
        healthy=sum(each.healthy for each in counts),
        stale=stale,
    )
