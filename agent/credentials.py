"""What this process signs with, and what its cluster says of it: keys and certificates.

A process has a key of its own, made when it starts, and two certificates of it by its cluster's
key: one for `lan` and one for `wan`, which differ in the address. Rule 1: a certificate is made
anew when half of its life is over, when the cluster's key or the fleet's certificate of it changes,
when another process of this node is at or above our start number, and when the wall clock goes back
to before it was made: what was signed by a clock that ran ahead is not to outlive what we mean.
Rule 2: start numbers only rise; they are at least the wall clock's milliseconds, so that a node
whose state is lost is still above what it was. Rule 3: keys that do not fit together (a fleet's
certificate of another key) change nothing: what was in force stays, and the fault says what to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from agent.key_files import (
    ClusterKey,
    KeyFileError,
    read_cluster_key,
    read_fleet_certificate,
    read_revocations,
)
from discovery.certificates import (
    AgentBody,
    ClusterCertificate,
    Roles,
    issue_agent_certificate,
)
from discovery.names import Origin, PublicKey
from discovery.publisher_events import PublishingKey
from discovery.revocations import RevocationList
from discovery.signing import NaclVerifier, SigningKey
from discovery.wall_time import shown_time
from failure_detect.identity import Address, MemberId, NodeName

LIFETIME_MS = 24 * 3_600_000
"""Of an agent's certificate: a day. Shorter ends a lost process key sooner, and costs nothing but
two signatures each; longer survives a longer time without the cluster key."""

PROCESS_ROLES = Roles(holds_key=True, may_bridge=True)
"""Of an agent that has the cluster key."""


class CredentialsError(Exception):
    """Keys that do not fit together; says which, and what to do. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """What the key files of an agent hold together."""

    key: ClusterKey
    certificate: ClusterCertificate | None = None
    """The fleet's word on that key."""
    revocations: RevocationList | None = None
    """The fleet's list, where this agent has a file of it; to be told as `RevocationsReceived`."""

    @property
    def own_keys(self) -> Mapping[int, PublicKey]:
        """What `TrustBook` and `OwnKeysChanged` take."""
        return self.key.own_keys

    @property
    def publishing_key(self) -> PublishingKey:
        """What `Publisher` and `KeyRotated` take."""
        raw = self.certificate.raw if self.certificate else b""
        return PublishingKey(self.key.signer, self.key.generation, raw)

    def problems(self, wall_ms: int) -> list[str]:
        """Return what a person should see to: a fleet's certificate that ends soon or has ended."""
        if self.certificate is None or not self.certificate.body.not_after_ms:
            return []
        ends = self.certificate.body.not_after_ms
        remedy = "have the fleet certify the key again: isthmus keys fleet certify"
        if wall_ms > ends:
            return [f"the fleet's certificate ended at {shown_time(ends)}; {remedy}"]
        if wall_ms > ends - 14 * LIFETIME_MS:
            return [f"the fleet's certificate ends at {shown_time(ends)}; {remedy}"]
        return []


def read_key_ring(
    cluster: Origin, key: Path, certificate: Path | None = None, revocations: Path | None = None
) -> KeyRing:
    """Return what these files hold, checked against each other and the cluster's name.

    Raises `KeyFileError`.
    """
    own = read_cluster_key(key)
    if own.cluster != cluster:
        what = f"is the key of the cluster {own.cluster}, and the settings say {cluster}"
        raise KeyFileError(key, f"{what}; correct keys.cluster or cluster in the settings")
    listed = read_revocations(revocations) if revocations else None
    if revocations and listed and not listed.is_signed(NaclVerifier()):
        raise KeyFileError(revocations, "is not signed by the fleet that it names; copy it again")
    return KeyRing(own, _certificate_of(own, certificate), listed)


def _certificate_of(key: ClusterKey, file: Path | None) -> ClusterCertificate | None:
    if file is None:
        return None
    certificate = read_fleet_certificate(file)
    body = certificate.body
    named = (body.cluster, body.generation, body.key)
    if named != (key.cluster, key.generation, key.signer.public):
        what = f"is of another key: {body.cluster}, generation {body.generation}"
        wanted = f"the key is {key.cluster}'s, generation {key.generation}"
        remedy = "have the fleet certify this one: isthmus keys fleet certify"
        raise KeyFileError(file, f"{what}; {wanted}; {remedy}")
    if not certificate.is_signed(NaclVerifier()):
        raise KeyFileError(file, "is not signed by the fleet that it names; copy it again")
    return certificate


@dataclass(frozen=True, slots=True)
class Place:
    """Who and where this process is, for its certificates."""

    cluster: Origin
    node: NodeName
    lan: Address
    """Where agents of this cluster reach it."""
    wan: Address
    """Where bridges of other clusters do."""
    node_address: Address | None
    """Where the node itself answers."""
    versions: tuple[int, int]
    """The lowest and highest protocol version that it speaks."""
    roles: Roles = PROCESS_ROLES


class Credentials:
    """This process's key and its two certificates."""

    def __init__(self, seed: bytes, ring: KeyRing, place: Place, start: int, wall_ms: int) -> None:
        """Make the key of `seed` (32 secret bytes) and certificates with the number `start`.

        Raises `CredentialsError` where no certificate can be made of that.
        """
        self.signer = SigningKey.from_seed(seed)
        self.member = MemberId(self.signer.public)
        self._place = place
        self._ring = ring
        self._start = start
        self._issue(ring, place, start, wall_ms)

    @property
    def start(self) -> int:
        """The start number of the certificates in force."""
        return self._start

    @property
    def place(self) -> Place:
        """Where the certificates in force say that this process is."""
        return self._place

    @property
    def ring(self) -> KeyRing:
        """The keys in force."""
        return self._ring

    @property
    def due_ms(self) -> int:
        """When, by the wall clock, the certificates are to be made anew."""
        return self._issued_ms + LIFETIME_MS // 2

    def is_due(self, wall_ms: int) -> bool:
        """Tell whether they are to be made anew now; `renew` does it."""
        return wall_ms >= self.due_ms or wall_ms < self._issued_ms

    def renew(self, wall_ms: int) -> None:
        """Make both certificates anew."""
        self._issue(self._ring, self._place, self._start, wall_ms)

    def rise(self, above: int, wall_ms: int) -> int:
        """Take a start number of at least `above`, and return it (`CertificateNeeded`)."""
        start = max(above, self._start + 1, wall_ms)
        self._issue(self._ring, self._place, start, wall_ms)
        return start

    def use(self, ring: KeyRing, wall_ms: int) -> bool:
        """Take other keys; tell whether they differ from those in force.

        Raises `CredentialsError` where no certificate can be made with them; nothing changed then.
        """
        same = _marks(ring) == _marks(self._ring)
        if not same:
            self._issue(ring, self._place, self._start, wall_ms)
        self._ring = ring
        return not same

    def move(self, place: Place, wall_ms: int) -> None:
        """Take another address. Raises `CredentialsError`; nothing changed then."""
        self._issue(self._ring, place, self._start, wall_ms)

    def _issue(self, ring: KeyRing, place: Place, start: int, wall_ms: int) -> None:
        body = AgentBody(
            member=self.member,
            node=place.node,
            start=start,
            address=place.lan,
            node_address=place.node_address,
            origin=place.cluster,
            generation=ring.key.generation,
            not_after_ms=wall_ms + LIFETIME_MS,
            versions=place.versions,
            roles=place.roles,
        )
        try:
            lan, wan = (
                issue_agent_certificate(
                    replace(body, address=address), ring.key.signer, ring.certificate
                ).raw
                for address in (place.lan, place.wan)
            )
        except ValueError as error:
            remedy = "shorten the names of node, cluster or network, or use numeric addresses"
            raise CredentialsError(f"certificate of this agent: {error}; {remedy}") from error
        self._ring, self._place, self._start = ring, place, start
        self._issued_ms = wall_ms
        self.lan: bytes = lan
        """The certificate for the pool of this cluster's agents."""
        self.wan: bytes = wan
        """The certificate for the pool of all clusters' bridges."""

    def __repr__(self) -> str:
        return f"Credentials(member={self.member.hex()}, start={self._start})"


def _marks(ring: KeyRing) -> tuple[object, ...]:
    key, certificate = ring.key, ring.certificate.raw if ring.certificate else b""
    return key.cluster, key.generation, key.signer.public, certificate, dict(key.own_keys)


def first_start(kept: int, wall_ms: int) -> int:
    """Return the start number of a process whose node's last one was `kept`, 0 for none."""
    return max(kept + 1, wall_ms)
