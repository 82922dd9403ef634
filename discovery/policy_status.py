"""What becomes of one TrafficPolicy of this cluster: for whoever writes its status.

A question put to the view, answered from what it holds at this moment. Only services that are in
the view count: over others a policy neither holds nor is overtaken.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from discovery.keys import policy_key
from discovery.names import Origin, ServiceName
from discovery.policy import PolicyFault, Scope, TrafficPolicy, packed_spec
from discovery.policy_book import LocalPolicyFault, PolicyBook, PolicyInForce
from discovery.records import PolicyRecord, encode_policy
from discovery.view_outcome import ConditionKind, Outcome


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A service that the policy is about and for which another one holds."""

    service: ServiceName
    by: ServiceName
    """Namespace and name of the policy that holds."""
    origin: Origin | None
    """Whose that is; None for a local object."""
    why: str
    is_conflict: bool
    """Whether an equal won, and not one that is meant to stand above it."""


@dataclass(frozen=True, slots=True)
class NamesNobody:
    """A service for which the policy holds and which no cluster that it names serves."""

    service: ServiceName
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyStatus:
    """Where a policy holds, where not, and why."""

    name: ServiceName
    """Its namespace and name."""
    policy: TrafficPolicy | None
    """What counts of it: where the object is refused, its last good version; None: nothing."""
    faults: tuple[PolicyFault, ...] = ()
    """Why the object is refused as it stands now."""
    holds: tuple[ServiceName, ...] = ()
    """Services for which it holds, by name."""
    overtaken: tuple[Overtaken, ...] = ()
    names_nobody: tuple[NamesNobody, ...] = ()
    """Some of those for which it holds."""
    travels: bool = False
    """Our own set has it, just so."""
    cannot_travel: str = ""
    """Why it never will, though its scope is the fleet; empty where it may."""

    @property
    def is_refused(self) -> bool:
        """Whether the object is malformed as it stands now."""
        return bool(self.faults)

    @property
    def is_about_nothing(self) -> bool:
        """Whether no service of the view is any of its business: a misspelt name, or too early."""
        return not self.holds and not self.overtaken


def status_of(
    name: ServiceName,
    book: PolicyBook,
    outcomes: Iterable[tuple[ServiceName, Outcome]],
) -> PolicyStatus | None:
    """Return what becomes of the local policy of this name; None where there is no such object.

    `outcomes` are those of all services of its namespace, by name.
    """
    policy, fault = book.local(name), book.local_fault(name)
    if policy is None:
        return None if fault is None else _refused(name, fault)
    about = [(service, outcome) for service, outcome in outcomes if policy.covers(service)]
    ours = [(service, outcome) for service, outcome in about if _holds(policy, outcome.policy)]
    published = book.published(name)
    return PolicyStatus(
        name=name,
        policy=policy,
        faults=() if fault is None else fault.faults,
        holds=tuple(service for service, _ in ours),
        overtaken=tuple(
            _overtaken(service, policy, outcome.policy)
            for service, outcome in about
            if not _holds(policy, outcome.policy)
        ),
        names_nobody=tuple(
            NamesNobody(service, condition.what)
            for service, outcome in ours
            for condition in outcome.conditions
            if condition.kind is ConditionKind.POLICY_NAMES_NOBODY
        ),
        travels=policy.scope is Scope.FLEET and published == policy,
        cannot_travel=why_not_travelling(policy),
    )


def why_not_travelling(policy: TrafficPolicy) -> str:
    """Return why a policy of scope `fleet` fits into no record; empty where it does."""
    if policy.scope is not Scope.FLEET:
        return ""
    record = PolicyRecord(spec=packed_spec(policy), created_at=policy.created_at)
    try:
        policy_key(policy.namespace, policy.name)
        encode_policy(record)
    except (ValueError, OverflowError) as error:
        return str(error)
    return ""


def _refused(name: ServiceName, fault: LocalPolicyFault) -> PolicyStatus:
    return PolicyStatus(name=name, policy=None, faults=fault.faults)


def _holds(policy: TrafficPolicy, in_force: PolicyInForce) -> bool:
    return in_force.origin is None and in_force.policy == policy


def _overtaken(service: ServiceName, policy: TrafficPolicy, in_force: PolicyInForce) -> Overtaken:
    winner = ServiceName(in_force.policy.namespace, in_force.policy.name)
    [lost] = [each for each in in_force.losers if each.origin is None and each.policy == policy]
    return Overtaken(service, winner, in_force.origin, lost.why, lost.is_conflict)
