"""Which key speaks for a cluster in which generation, and on whose word.

A `Vouch` is one such statement, of a trust object, of a fleet or of this cluster itself. `pick`
finds the one that made a signature, and says which refusal it is where none did.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from discovery.authority import Verifier
from discovery.certificates import ClusterCertificate
from discovery.names import Origin, PublicKey
from discovery.refusals import Refusal, Refused
from discovery.trust_objects import ClusterTrust, FleetTrust

CLOCK_SKEW_MS = 300_000
"""How far clocks may differ before a certificate counts as not valid yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouch:
    """`key` speaks for `origin` in `generation`. Times are milliseconds since 1970."""

    origin: Origin
    generation: int
    key: PublicKey
    subject: str
    """Who says so, as messages name it."""
    uid: str = ""
    not_before_ms: int = 0
    not_after_ms: int = 0
    """0: for ever."""
    fleet: PublicKey | None = None
    """The fleet key that certified it, if one did."""

    def is_expired(self, wall_ms: int | None) -> bool:
        """Tell whether its time is over; never while nobody knows the time."""
        return wall_ms is not None and 0 < self.not_after_ms < wall_ms

    def is_early(self, wall_ms: int | None) -> bool:
        """Tell whether its time has not come yet, by more than clocks may differ."""
        return wall_ms is not None and wall_ms + CLOCK_SKEW_MS < self.not_before_ms

    def is_timely(self, wall_ms: int | None) -> bool:
        """Tell whether its time has come and is not over."""
        return not self.is_expired(wall_ms) and not self.is_early(wall_ms)


def own_vouches(origin: Origin, keys: Mapping[int, PublicKey], uid: str) -> list[Vouch]:
    """Return what this cluster says of itself."""
    return [
        Vouch(origin=origin, generation=generation, key=key, subject="this cluster", uid=uid)
        for generation, key in sorted(keys.items())
    ]


def cluster_vouches(trust: ClusterTrust) -> list[Vouch]:
    """Return what a `TrustedCluster` says, by rising generation."""
    return [
        Vouch(
            origin=trust.cluster,
            generation=each.generation,
            key=each.key,
            subject=trust.subject,
            uid=trust.uid,
            not_after_ms=each.not_after_ms,
        )
        for each in trust.keys
    ]


def fleet_vouch(
    trust: FleetTrust, origin: Origin, certificate: ClusterCertificate | None, verifier: Verifier
) -> Vouch:
    """Return what a fleet says of the key of `origin` by a certificate that came along.

    Raises `Refused` where there is none, or it is not of this cluster, or not of this fleet.
    """
    if certificate is None:
        raise Refused(
            Refusal.KEY, f"{origin}: carries no certificate, which {trust.subject} asks for"
        )
    body = certificate.body
    if body.cluster != origin:
        raise Refused(Refusal.KEY, f"{origin}: carries the certificate of {body.cluster}")
    fleet = next((each for each in trust.keys if each.key == body.fleet), None)
    if fleet is None:
        raise Refused(Refusal.KEY, f"{origin}: its certificate is of no key of {trust.subject}")
    if not certificate.is_signed(verifier):
        raise Refused(
            Refusal.SIGNATURE, f"{origin}: {trust.subject} has not signed its certificate"
        )
    ends = [end for end in (body.not_after_ms, fleet.not_after_ms) if end]
    return Vouch(
        origin=origin,
        generation=body.generation,
        key=body.key,
        subject=trust.subject,
        uid=body.uid,
        not_before_ms=body.not_before_ms,
        not_after_ms=min(ends, default=0),
        fleet=body.fleet,
    )


def pick(
    vouches: Iterable[Vouch], generation: int, has_signed: Callable[[PublicKey], bool], what: str
) -> Vouch:
    """Return the vouch for `generation`, whose key has signed.

    Raises `Refused`: `GENERATION` where a key of another generation has signed, `SIGNATURE` where
    none has, `KEY` where none has and there is none for this generation. `what` names the thing.
    """
    chosen: Vouch | None = None
    others = []
    for each in vouches:
        if each.generation == generation:
            chosen = each
        else:
            others.append(each)
    if chosen is not None and has_signed(chosen.key):
        return chosen
    for each in others:
        if has_signed(each.key):
            raise Refused(
                Refusal.GENERATION,
                f"{what}: states generation {generation}, signed with the key of {each.generation}",
            )
    if chosen is None:
        raise Refused(Refusal.KEY, f"{what}: there is no key of generation {generation}")
    raise Refused(Refusal.SIGNATURE, f"{what}: not signed with the key that {chosen.subject} gives")
