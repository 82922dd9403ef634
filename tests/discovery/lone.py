"""One replicator among peers that the test plays, and the sets that they say they have.

Its invariants are checked after every event, and its deadlines met to the microsecond.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from discovery.authority import Domain
from discovery.catalog import Catalog
from discovery.config import ReplicatorConfig
from discovery.events import (
    Effect,
    Event,
    SetAdopted,
    SetPublished,
)
from discovery.frames import VERSION_MAX, decode_frame, encode_frame
from discovery.limits import CatalogLimits
from discovery.manifest import Body, Manifest, sign_manifest
from discovery.messages import Answer, Pull, Pulled, Response, StreamMessage
from discovery.names import Origin
from discovery.recordset import RecordSet
from discovery.refusals import Refusal, Refused
from discovery.replicator import Replicator
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.events import (
    BroadcastReceived,
    BroadcastRequested,
    FingerprintSeen,
    MemberJoined,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, Identity, MemberId, NodeName
from tests.discovery.keyring import Keyring

RING = Keyring(77)
ALPHA, BETA, GAMMA = Origin("alpha"), Origin("beta"), Origin("gamma")
FRAME_MAX = 1 << 27


def member_of(number: int) -> MemberId:
    """The member with this number."""
    return MemberId(number.to_bytes(32))


def identity_of(number: int, group: str = "") -> Identity:
    """Its identity: a bridge of the cluster `cNUMBER`, or of `group`."""
    address = Address(f"10.0.0.{number}:7946")
    return Identity(member_of(number), NodeName(f"n{number}"), 1, address, group or f"c{number}")


# --- sets -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signed:
    """A manifest and the records that it signs."""

    manifest: Manifest
    records: RecordSet


def signed(
    records: RecordSet | Mapping[bytes, bytes],
    origin: str = ALPHA,
    version: int = 1,
    *,
    generation: int = 1,
    audience: tuple[str, ...] = (),
) -> Signed:
    """A set as its origin signs it."""
    found = records if isinstance(records, RecordSet) else RecordSet.of(records)
    body = Body(
        origin=Origin(origin),
        uid=f"uid-{origin}",
        generation=generation,
        epoch=1,
        version=version,
        root=found.root,
        count=found.count,
        size_bytes=found.size_bytes,
        audience=audience,
    )
    return Signed(sign_manifest(body, RING.signer(origin)), found)


def forged(true: Signed) -> Signed:
    """The same, with a signature that is none."""
    return Signed(sign_manifest(true.manifest.body, RING.signer("mallory")), true.records)


def some_records(count: int, size: int = 40, seed: int = 1) -> dict[bytes, bytes]:
    """So many records that do not compress."""
    rng = Random(seed)
    return {b"endpoints/shop/s/%d" % at: rng.randbytes(size) for at in range(count)}


@dataclass(slots=True)
class Believer:
    """Believes what the ring signed in the names that it trusts, in the generation of each."""

    trusted: dict[Origin, int] = field(default_factory=dict)
    expired: set[Origin] = field(default_factory=set)
    revoked: set[Origin] = field(default_factory=set)
    judged: int = 0
    own: Origin | None = None
    """Whose bridge believes; None: one that may have everything."""

    def judge(self, manifest: Manifest) -> None:
        """Return, or raise `Refused`."""
        self.judge_kept(manifest)
        self._judge_now(manifest)

    def judge_exclusion(self, manifest: Manifest) -> None:
        """As `judge`, of what is not for its cluster."""
        self._judge_signer(manifest)
        if self._is_for_it(manifest):
            raise Refused(Refusal.UNEXPECTED, f"{manifest.origin}: is meant for {self.own}")
        self._judge_now(manifest)

    def _judge_now(self, manifest: Manifest) -> None:
        if manifest.origin in self.revoked:
            raise Refused(Refusal.REVOKED, f"{manifest.origin}: revoked")
        if manifest.origin in self.expired:
            raise Refused(Refusal.EXPIRED, f"{manifest.origin}: expired")

    def judge_kept(self, manifest: Manifest) -> None:
        """Return, or raise `Refused` for all but revocation and expiry."""
        self._judge_signer(manifest)
        if not self._is_for_it(manifest):
            raise Refused(Refusal.AUDIENCE, f"{manifest.origin}: not meant for {self.own}")

    def is_genuine(self, manifest: Manifest) -> bool:
        """Tell whether the origin signed it, whomever it is for."""
        try:
            self._judge_signer(manifest)
        except Refused:
            return False
        return True

    def _is_for_it(self, manifest: Manifest) -> bool:
        return self.own is None or manifest.may_be_told(self.own)

    def _judge_signer(self, manifest: Manifest) -> None:
        self.judged += 1
        origin = manifest.origin
        if origin not in self.trusted:
            raise Refused(Refusal.UNTRUSTED, f"{origin}: no trust object names it")
        if manifest.body.generation != self.trusted[origin]:
            raise Refused(Refusal.GENERATION, f"{origin}: not the generation of its key")
        key = RING.public(origin)
        if not RING.verify(key, Domain.MANIFEST, manifest.signed, manifest.signature):
            raise Refused(Refusal.SIGNATURE, f"{origin}: signed by somebody else")

    def knows(self, origin: Origin) -> bool:
        """Tell whether it trusts `origin`."""
        return origin in self.trusted


def trusting(*origins: str) -> Believer:
    """A judge that trusts these; by default alpha, beta and gamma."""
    return Believer({Origin(each): 1 for each in origins or (ALPHA, BETA, GAMMA)})


# --- one replicator among peers that the test plays -----------------------------------------


class Lone:
    """One replicator, number 0. `said` keeps all effects since it was last emptied."""

    def __init__(
        self,
        config: ReplicatorConfig | None = None,
        *,
        judge: Believer | None = None,
        limits: CatalogLimits | None = None,
        peers: int = 1,
        speaks: int = VERSION_MAX,
    ) -> None:
        """Start it; peers 1, 2 and so on are there."""
        self.now: Instant = 1_000 * SECOND
        self.config = config or ReplicatorConfig()
        self.judge = judge or trusting()
        self.catalog = Catalog(self.judge, limits or CatalogLimits())
        self.replicator = Replicator(
            self.catalog, self.config, now=self.now, rng=Random(5), speaks=speaks, own="c0"
        )
        self.said: list[Effect] = []
        for number in range(1, peers + 1):
            self.tell(MemberJoined(identity_of(number), 1))

    def tell(self, event: Event) -> list[Effect]:
        """Let it know of something now; return what it does about it."""
        done = self.replicator.handle(event, self.now)
        self.replicator.check_invariants()
        assert self.replicator.deadline > self.now
        self.said += done
        return done

    def wait(self, duration: Duration) -> list[Effect]:
        """Let time pass, with all deadlines met to the microsecond."""
        end, done = self.now + duration, list[Effect]()
        while self.replicator.deadline <= end:
            self.now = self.replicator.deadline
            done += self.replicator.advance(self.now)
            self.replicator.check_invariants()
            assert self.replicator.deadline > self.now
        self.now = end
        self.said += done
        return done

    def publish(self, published: Signed) -> list[Effect]:
        """Have it hold and tell a set as its own cluster's."""
        return self.tell(SetPublished(published.manifest, published.records))

    def hear(self, payload: bytes, sender: int = 1) -> list[Effect]:
        """Let it hear gossip."""
        return self.tell(BroadcastReceived(member_of(sender), b"k" * 8, payload))

    def see(self, fingerprint: bytes, member: int = 1) -> list[Effect]:
        """Let it see a fingerprint in a probe."""
        return self.tell(FingerprintSeen(member_of(member), fingerprint))

    def ask(self, message: StreamMessage, sender: int = 1) -> StreamMessage:
        """Ask it something; return its one answer."""
        data = encode_frame(message)
        effects = self.tell(RequestReceived(9, member_of(sender), data))
        [response] = [each for each in effects if isinstance(each, SendResponse)]
        assert response.request == 9
        return decode_frame(response.data, FRAME_MAX).message

    def answer(self, order: SendRequest, message: Response) -> list[Effect]:
        """Answer a request of its own."""
        assert order.to is not None
        return self.tell(ResponseReceived(order.request, order.to, encode_frame(message)))

    def give(self, order: SendRequest, *answers: Answer) -> list[Effect]:
        """Answer a pull of its own."""
        return self.answer(order, Pulled(answers))

    def fail(self, order: SendRequest) -> list[Effect]:
        """Let a request of its own come to nothing."""
        return self.tell(RequestFailed(order.request))

    def refused(self) -> dict[str, int]:
        """What it has refused so far."""
        return dict(self.replicator.statistics().refused)

    def count(self, name: str) -> int:
        """One of its counts."""
        return dict(self.replicator.statistics().counts).get(name, 0)


def requests(effects: Iterable[Effect]) -> list[SendRequest]:
    """The requests among effects."""
    return [each for each in effects if isinstance(each, SendRequest)]


def asked(order: SendRequest) -> StreamMessage:
    """What a request says."""
    return decode_frame(order.data, FRAME_MAX).message


def pull_in(order: SendRequest) -> Pull:
    """What a request asks for."""
    message = asked(order)
    assert isinstance(message, Pull)
    return message


def broadcasts(effects: Iterable[Effect]) -> list[bytes]:
    """The payloads that are to be spread."""
    return [each.payload for each in effects if isinstance(each, BroadcastRequested)]


def adoptions(effects: Iterable[Effect]) -> list[Manifest]:
    """The manifests that were adopted."""
    return [each.manifest for each in effects if isinstance(each, SetAdopted)]
