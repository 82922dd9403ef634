"""Which TrafficPolicy holds for a service, of all that say something about it.

A local one wins over a travelling one; one for the service over one for its namespace; then the
higher precedence of the import rules, the older, the origin's name, the policy's name. What our own
cluster let travel is local, and counts only where its object is not at hand (a bridge without the
API server). Whoever loses is told why; equals that disagree are a conflict.

A malformed object is refused, and its last good version stays in force until the object is mended
or deleted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from discovery.names import Origin, ServiceName
from discovery.policy import (
    PolicyFault,
    PolicyRefused,
    TrafficPolicy,
    default_policy,
    object_name,
    read_policy,
)

POLICIES_MAX = 65_536
"""Local objects that are taken; what more there are is refused."""

Subject = tuple[str, str]
"""Namespace and service; the service is empty for all of the namespace."""


@dataclass(frozen=True, slots=True)
class PolicyLoser:
    """A policy that says something about a service and does not hold there."""

    policy: TrafficPolicy
    origin: Origin | None
    """Whose it is; None for a local object."""
    why: str
    is_conflict: bool
    """Whether an equal won, by age or name, and not one that is meant to stand above it."""


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """What holds for a service, and over what."""

    policy: TrafficPolicy
    origin: Origin | None = None
    """Whose it is; None for a local object, and for the default."""
    losers: tuple[PolicyLoser, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether nobody says anything about the service."""
        return not self.policy.name


@dataclass(frozen=True, slots=True)
class LocalPolicyFault:
    """A local object that was refused, as long as it stands."""

    faults: tuple[PolicyFault, ...]
    has_last_good: bool
    """Whether an earlier version of it is in force."""


@dataclass(frozen=True, slots=True)
class _Claim:
    origin: Origin | None
    policy: TrafficPolicy


class PolicyBook:
    """All policies that are known here, by what they are about."""

    def __init__(self, own: Origin) -> None:
        """Know none; `own` is the cluster whose objects are local."""
        self._own = own
        self._claims: dict[tuple[Origin | None, ServiceName], _Claim] = {}
        self._by_subject: dict[Subject, dict[tuple[Origin | None, ServiceName], _Claim]] = {}
        self._precedence: dict[Origin, int] = {own: 0}
        self._local_faults: dict[ServiceName, LocalPolicyFault] = {}

    def set_local(self, objects: Iterable[Mapping[str, object]]) -> list[Subject]:
        """Take all local objects, whole; return what they change something about.

        One that is malformed leaves its last good version in force, and is in `local_faults`.
        """
        good, faults = _read(objects)
        before = {name for origin, name in self._claims if origin is None}
        touched = []
        for name in sorted(before | good.keys()):
            if name in good or name not in faults:
                touched += self.put(None, name, good.get(name))
        self._local_faults = {
            name: LocalPolicyFault(found, (None, name) in self._claims)
            for name, found in sorted(faults.items())
        }
        return touched

    @property
    def local_faults(self) -> tuple[LocalPolicyFault, ...]:
        """The local objects that are refused now, by name."""
        return tuple(self._local_faults.values())

    def local(self, name: ServiceName) -> TrafficPolicy | None:
        """Return what counts of a local object: where it is refused, its last good version."""
        claim = self._claims.get((None, name))
        return None if claim is None else claim.policy

    def local_fault(self, name: ServiceName) -> LocalPolicyFault | None:
        """Return why a local object is refused now; None where it is not."""
        return self._local_faults.get(name)

    def local_names(self) -> list[ServiceName]:
        """Return namespace and name of every local object, the refused ones too, sorted."""
        held = {name for origin, name in self._claims if origin is None}
        return sorted(held | self._local_faults.keys())

    def published(self, name: ServiceName) -> TrafficPolicy | None:
        """Return what our own set has under this name, None where it has nothing."""
        claim = self._claims.get((self._own, name))
        return None if claim is None else claim.policy

    def put(
        self, origin: Origin | None, name: ServiceName, policy: TrafficPolicy | None
    ) -> list[Subject]:
        """Take one policy, or forget it; return what that changes something about."""
        key, touched = (origin, name), []
        old = self._claims.pop(key, None)
        if old is not None and old.policy == policy:
            self._claims[key] = old
            return []
        if old is not None:
            subject = _subject(old.policy)
            claims = self._by_subject[subject]
            del claims[key]
            if not claims:
                del self._by_subject[subject]
            touched.append(subject)
        if policy is not None:
            claim = self._claims[key] = _Claim(origin, policy)
            self._by_subject.setdefault(_subject(policy), {})[key] = claim
            touched.append(_subject(policy))
        return touched

    def set_precedence(self, origin: Origin, precedence: int | None) -> list[Subject]:
        """Say whether policies of `origin` hold here (None: no), and how high they stand.

        Returns what that changes something about.
        """
        if origin == self._own or self._precedence.get(origin) == precedence:
            return []
        if precedence is None:
            del self._precedence[origin]
        else:
            self._precedence[origin] = precedence
        return [_subject(each.policy) for (by, _), each in self._claims.items() if by == origin]

    def in_force(self, service: ServiceName) -> PolicyInForce:
        """Return the policy that holds for `service`: the default where nobody says anything."""
        claims = self._about(service)
        if not claims:
            return PolicyInForce(default_policy(service))
        winner, *others = sorted(claims, key=self._rank)
        losers = tuple(self._loser(winner, each) for each in others)
        return PolicyInForce(winner.policy, winner.origin, losers)

    def _about(self, service: ServiceName) -> list[_Claim]:
        return [
            claim
            for subject in ((service.namespace, service.name), (service.namespace, ""))
            for claim in self._by_subject.get(subject, {}).values()
            if self._counts(claim)
        ]

    def _counts(self, claim: _Claim) -> bool:
        if claim.origin == self._own:
            name = ServiceName(claim.policy.namespace, claim.policy.name)
            return (None, name) not in self._claims
        return claim.origin is None or claim.origin in self._precedence

    def _is_local(self, claim: _Claim) -> bool:
        return claim.origin is None or claim.origin == self._own

    def _rank(self, claim: _Claim) -> tuple[bool, bool, int, int, str, str]:
        origin, policy = claim.origin or self._own, claim.policy
        local = self._is_local(claim)
        precedence = 0 if local else self._precedence[origin]
        return (
            not local, not policy.service, -precedence, policy.created_at, origin, policy.name,
        )  # fmt: skip

    def _loser(self, winner: _Claim, loser: _Claim) -> PolicyLoser:
        reasons = (
            "a local policy wins",
            "one for the service wins over one for its namespace",
            "the origin of the other has precedence",
            "the other is older",
            "the other's origin comes first by name",
            "the other comes first by name",
        )
        pairs = zip(self._rank(winner), self._rank(loser), reasons, strict=True)
        at, why = next((at, why) for at, (a, b, why) in enumerate(pairs) if a != b)
        return PolicyLoser(loser.policy, loser.origin, why, at >= 2)


def _read(
    objects: Iterable[Mapping[str, object]],
) -> tuple[dict[ServiceName, TrafficPolicy], dict[ServiceName, tuple[PolicyFault, ...]]]:
    good: dict[ServiceName, TrafficPolicy] = {}
    faults: dict[ServiceName, tuple[PolicyFault, ...]] = {}
    for obj in objects:
        name = ServiceName(*object_name(obj))
        what = f"TrafficPolicy {name}"
        if len(good) + len(faults) >= POLICIES_MAX:
            faults[ServiceName("", "")] = (
                PolicyFault(what, "metadata", f"comes after {POLICIES_MAX} others"),
            )
        elif name in good or name in faults:
            faults.setdefault(name, (PolicyFault(what, "metadata.name", "is there twice"),))
        else:
            try:
                good[name] = read_policy(obj)
            except PolicyRefused as refused:
                faults[name] = refused.faults
    return good, faults


def _subject(policy: TrafficPolicy) -> Subject:
    return policy.namespace, policy.service


def conflicts_of(in_force: PolicyInForce) -> Sequence[PolicyLoser]:
    """Return those of the losers that are in conflict with what holds."""
    return [loser for loser in in_force.losers if loser.is_conflict]
