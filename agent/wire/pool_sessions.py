"""The sessions of one pool: handshakes, seals, and what waits for them.

Rule 1: nothing is kept and nothing is verified for a source that has not shown that it gets what
is sent to it. Rule 2: a member is who sealed something for us, never who claims to be. Rule 3:
addresses come from the layer above; where something came from is good for its one answer. Rule 4:
nothing in clear ends a session: at most a handshake is made beside it. Rule 5: whoever is not
believed any more is not heard any more.
"""

from dataclasses import dataclass

from agent.wire.attempts import FIRST_WAIT, TRIES, WELCOMES_MAX, Attempt, Attempts, Proving
from agent.wire.budgets import Asked, Strangers
from agent.wire.cookies import CookieJar
from agent.wire.effects import Delivered, Effect, Refused, Transmit
from agent.wire.gate import Gate
from agent.wire.handshake import (
    CHALLENGE_BYTES,
    TAG_BYTES,
    Hello,
    Proof,
    Welcome,
    read_hello,
    read_proof,
    read_welcome,
    write_hello,
    write_proof,
    write_welcome,
)
from agent.wire.header import HEAD_BYTES, NO_MARK, VERSIONS, Head, Kind, Pool, mark_of, write_head
from agent.wire.limits import WireLimits
from agent.wire.nonces import Counters
from agent.wire.peers import SEALED_BYTES_MIN, Peer, Peers
from agent.wire.reasons import Reason, WireRefused
from agent.wire.replay import ReplayWindow
from agent.wire.sealing import Credentials, Entropy
from failure_detect.clock import NEVER, Instant
from failure_detect.identity import Address, MemberId

_RECENT = 1_024
"""How far back an `AGAIN` may name a datagram of ours."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the pools of one process have in common."""

    limits: WireLimits
    entropy: Entropy
    strangers: Strangers
    jar: CookieJar


class PoolSessions:
    """One pool. Every method may raise `WireRefused`; then nothing was changed."""

    def __init__(
        self, pool: Pool, credentials: Credentials, shared: Shared, counters: Counters
    ) -> None:
        """Know nobody; `counters` are those of this process key in this pool, for ever."""
        self._pool = pool
        self._shared = shared
        self._limits = shared.limits
        self._own = credentials.member
        self._gate = Gate(pool, credentials, shared.limits.recheck)
        self._peers = Peers(counters, shared.entropy, shared.limits.peers)
        self._attempts = Attempts(shared.limits.attempts, shared.limits.queue)

    # --- what the layer above says ---------------------------------------------------------

    @property
    def deadline(self) -> Instant:
        """When `advance` may have something to do."""
        oldest = self._peers.oldest
        idle = NEVER if oldest is None else oldest.used + self._limits.idle
        return min(self._attempts.deadline, idle)

    @property
    def peers(self) -> int:
        """Members with whom a session is kept, or begun."""
        return len(self._peers)

    @property
    def attempts(self) -> int:
        """Handshakes under way."""
        return len(self._attempts)

    def renew(self, certificate: bytes) -> None:
        """Have another certificate; peers are shown it when something is sent to them next."""
        self._gate.renew(certificate)

    def recheck(self) -> None:
        """Believe nobody unasked: what the authority believes has changed."""
        self._gate.distrust()

    def forget(self, member: MemberId) -> None:
        """Forget a member: it has left for good."""
        peer, attempt = self._peers.get(member), self._attempts.to(member)
        if attempt is not None:
            self._attempts.remove(attempt)
        if peer is not None:
            self._peers.remove(peer)

    def close(self) -> None:
        """Forget everybody; what was used of the counters is not forgotten."""
        self._peers.clear()

    def send(self, to: MemberId, address: Address, data: bytes, now: Instant) -> list[Effect]:
        """Seal `data` for a member, or let it wait for a handshake."""
        if len(data) > self._limits.data_bytes:
            raise WireRefused(Reason.OVERSIZED, f"{len(data)} bytes to be sent in one datagram")
        if to == self._own:
            raise WireRefused(Reason.SELF, "to be sent to this agent itself")
        peer = self._peers.get(to)
        if peer is None or peer.sending is None:
            return self._wait(to, address, data, now)
        self._check_believed(peer, now)
        effects: list[Effect] = [Transmit(address, peer.seal(Kind.DATA, data))]
        peer.address = address
        self._peers.touch(peer, now)
        if peer.asked is None:
            peer.asked = now
        if self._is_handshake_due(peer, now):
            peer.doubts += 1
            effects.append(self._begin(peer.member, address, now))
        return effects

    def advance(self, now: Instant) -> list[Effect]:
        """Say again what was not answered, give up what never was, forget who was not used."""
        effects: list[Effect] = []
        for attempt in self._attempts.due(now):
            effects += self._retry(attempt, now)
        self._attempts.settle()
        while (oldest := self._peers.oldest) and oldest.used + self._limits.idle <= now:
            self._peers.remove(oldest)
        return effects

    # --- what the wire brings --------------------------------------------------------------

    def handle(self, head: Head, data: bytes, source: Address | None, now: Instant) -> list[Effect]:
        """Take in a datagram that is for us; `source` is where an answer may go, if to anywhere."""
        match head.kind:
            case Kind.HELLO:
                return self._on_hello(data, source, now)
            case Kind.WELCOME:
                return self._on_welcome(data, now)
            case Kind.PROOF:
                return self._on_proof(head, data, source, now)
            case Kind.ACCEPT:
                return self._on_accept(head, data, now)
            case Kind.AGAIN:
                return self._on_again(head, data, now)
            case Kind.DATA:
                return self._on_data(head, data, source, now)

    def _on_hello(self, data: bytes, source: Address | None, now: Instant) -> list[Effect]:
        if source is None:
            raise WireRefused(Reason.HOP_SOURCE, "hello: says not where it came from")
        hello, own = read_hello(data), self._gate.certificate
        if hello.certificate == own:
            raise WireRefused(Reason.SELF, "hello: our own")
        if not self._shared.strangers.may(Asked.HELLO, source, now):
            raise WireRefused(Reason.BUDGET, "hello: more than strangers may say")
        cookie = self._shared.jar.bake(source, hello.challenge, hello.certificate, now)
        head = Head(Kind.WELCOME, self._pool, hello.mark, version=VERSIONS[0])
        return [Transmit(source, write_welcome(head, Welcome(hello.challenge, cookie, own)))]

    def _on_welcome(self, data: bytes, now: Instant) -> list[Effect]:
        welcome = read_welcome(data)
        attempt = self._attempts.of(welcome.challenge)
        if attempt is None or attempt.proof is not None:
            raise WireRefused(Reason.UNEXPECTED, "welcome: to no hello that waits for one")
        attempt.welcomes += 1
        if attempt.welcomes > WELCOMES_MAX:
            raise WireRefused(Reason.BUDGET, "welcome: too many to one hello")
        member, version = self._gate.read(welcome.certificate)
        if member != attempt.member:
            raise WireRefused(Reason.WRONG_MEMBER, "welcome: of another than was asked")
        peer = self._peers.get(member)
        if peer is None:
            peer = self._stranger(member, now)
            self._peers.add(peer)
        self._gate.believe(peer, welcome.certificate, version, now)
        proving = Proving(welcome.cookie, self._peers.give_tag(peer))
        self._attempts.proceed(attempt, proving, now)
        return [Transmit(attempt.address, self._proof(attempt, peer))]

    def _on_proof(
        self, head: Head, data: bytes, source: Address | None, now: Instant
    ) -> list[Effect]:
        proof = read_proof(data)
        if source is None or not self._shared.jar.knows(
            proof.cookie, source, proof.challenge, proof.certificate, now
        ):
            raise WireRefused(Reason.COOKIE, "proof: no cookie that this source was given")
        if not self._shared.strangers.may(Asked.PROOF, source, now):
            raise WireRefused(Reason.BUDGET, "proof: more than strangers may make us verify")
        member, version = self._gate.read(proof.certificate)
        if head.version != version:
            raise WireRefused(Reason.VERSION, f"proof: in version {head.version}, not {version}")
        known = self._peers.get(member)
        peer = self._stranger(member, now) if known is None else known
        said = peer.open(head, data[:HEAD_BYTES], proof.sealed)
        if said[TAG_BYTES:] != proof.cookie:
            raise WireRefused(Reason.SEAL, "proof: sealed for another cookie")
        if known is None:
            self._peers.add(peer)
        self._gate.believe(peer, proof.certificate, version, now)
        return self._accept(peer, int.from_bytes(said[:TAG_BYTES]), source, now)

    def _accept(self, peer: Peer, theirs: int, source: Address, now: Instant) -> list[Effect]:
        if peer.granted is None or peer.granted[0] != theirs or peer.granted[1] not in peer.tags:
            peer.granted = (theirs, self._peers.give_tag(peer))
        self._peers.send_under(peer, theirs)
        self._heard(peer, now)
        peer.told = self._gate.number
        accept = peer.seal(Kind.ACCEPT, peer.granted[1].to_bytes(TAG_BYTES))
        return [Transmit(source, accept), *self._flush(peer)]

    def _on_accept(self, head: Head, data: bytes, now: Instant) -> list[Effect]:
        peer = self._peers.by_tag(head.tag)
        if peer is None:
            raise WireRefused(Reason.UNKNOWN_TAG, "accept: of no session that is known here")
        if len(data) != SEALED_BYTES_MIN + TAG_BYTES:
            raise WireRefused(Reason.MALFORMED, "accept: must bring one tag")
        tag = peer.open(head, data[:HEAD_BYTES], data[HEAD_BYTES:])
        self._peers.send_under(peer, int.from_bytes(tag))
        self._heard(peer, now)
        peer.told = self._gate.number
        return self._flush(peer)

    def _on_again(self, head: Head, data: bytes, now: Instant) -> list[Effect]:
        peer = self._peers.by_theirs(head.tag)
        if len(data) != HEAD_BYTES or peer is None or self._attempts.to(peer.member) is not None:
            raise WireRefused(Reason.UNEXPECTED, "again: about no session that we send in")
        if not peer.sent - _RECENT < head.counter <= peer.sent:
            raise WireRefused(Reason.UNEXPECTED, "again: about nothing that was sent of late")
        if peer.address is None or self._has_just_tried(peer, now):
            raise WireRefused(Reason.BUDGET, "again: a handshake was made just now")
        return [self._begin(peer.member, peer.address, now)]

    def _on_data(
        self, head: Head, data: bytes, source: Address | None, now: Instant
    ) -> list[Effect]:
        if len(data) < SEALED_BYTES_MIN:
            raise WireRefused(Reason.MALFORMED, "shorter than anything sealed")
        peer = self._peers.by_tag(head.tag)
        if peer is None:
            return self._unknown(head, source, now)
        said = peer.open(head, data[:HEAD_BYTES], data[HEAD_BYTES:])
        self._check_believed(peer, now)
        self._heard(peer, now)
        peer.doubts = 0
        return [Delivered(self._pool, peer.member, said)]

    def _unknown(self, head: Head, source: Address | None, now: Instant) -> list[Effect]:
        refused = Refused(Reason.UNKNOWN_TAG, source or Address(""))
        if source is None or not self._shared.strangers.may(Asked.WORD, source, now):
            return [refused]
        word = Head(Kind.AGAIN, self._pool, NO_MARK, head.tag, head.counter, VERSIONS[0])
        return [refused, Transmit(source, write_head(word))]

    def _check_believed(self, peer: Peer, now: Instant) -> None:
        if not self._gate.is_believed(peer, now):
            self.forget(peer.member)
            raise WireRefused(Reason.CERTIFICATE, "the certificate is not believed any more")

    def _stranger(self, member: MemberId, now: Instant) -> Peer:
        window = ReplayWindow(self._limits.window)
        return self._gate.admit(member, window, self._peers.first_counter, now)

    # --- handshakes that we begin ----------------------------------------------------------

    def _wait(self, to: MemberId, address: Address, data: bytes, now: Instant) -> list[Effect]:
        effects: list[Effect] = []
        attempt = self._attempts.to(to)
        if attempt is None:
            if self._attempts.is_full:
                raise WireRefused(Reason.CROWDED, "as many handshakes as may be are under way")
            effects.append(self._begin(to, address, now))
            attempt = self._attempts.to(to)
        assert attempt is not None, "it was begun just now"
        attempt.address = address
        if self._attempts.enqueue(attempt, data):
            effects.append(Refused(Reason.QUEUE, address))
        return effects

    def _begin(self, member: MemberId, address: Address, now: Instant) -> Transmit:
        challenge = self._shared.entropy(CHALLENGE_BYTES)
        attempt = Attempt(member, address, challenge, now + FIRST_WAIT)
        self._attempts.add(attempt)
        peer = self._peers.get(member)
        if peer is not None:
            peer.tried = now
        return Transmit(address, self._hello(attempt))

    def _retry(self, attempt: Attempt, now: Instant) -> list[Effect]:
        peer = self._peers.get(attempt.member)
        if attempt.tries >= TRIES:
            self._attempts.remove(attempt)
            if peer is not None and peer.sending is None:
                self._peers.remove(peer)
            lost = f"{len(attempt.queue)} datagrams were dropped"
            return [Refused(Reason.NO_ANSWER, attempt.address, lost)]
        attempt.said(now)
        if peer is None or attempt.proof is None:
            attempt.proof = None
            return [Transmit(attempt.address, self._hello(attempt))]
        return [Transmit(attempt.address, self._proof(attempt, peer))]

    def _hello(self, attempt: Attempt) -> bytes:
        head = Head(Kind.HELLO, self._pool, mark_of(attempt.member), version=VERSIONS[0])
        own = self._gate.certificate
        return write_hello(head, Hello(attempt.challenge, mark_of(self._own), own))

    def _proof(self, attempt: Attempt, peer: Peer) -> bytes:
        proving = attempt.proof
        assert proving is not None, "a proof is written after a welcome"
        said = proving.tag.to_bytes(TAG_BYTES) + proving.cookie
        head, sealed = peer.sealed(Kind.PROOF, 0, said)
        own = self._gate.certificate
        return write_proof(head, Proof(attempt.challenge, proving.cookie, own, sealed))

    def _flush(self, peer: Peer) -> list[Effect]:
        """Send what has waited for a session, and end the attempt at it."""
        attempt = self._attempts.to(peer.member)
        if attempt is None:
            return []
        self._attempts.remove(attempt)
        peer.address = attempt.address
        return [Transmit(attempt.address, peer.seal(Kind.DATA, data)) for data in attempt.queue]

    def _is_handshake_due(self, peer: Peer, now: Instant) -> bool:
        """Tell whether a peer should be shown a new certificate, or may have lost its session."""
        if self._attempts.is_full or self._attempts.to(peer.member) is not None:
            return False
        if self._has_just_tried(peer, now):
            return False
        if peer.told != self._gate.number:
            return True
        return peer.asked is not None and now - peer.asked >= self._limits.doubt

    def _has_just_tried(self, peer: Peer, now: Instant) -> bool:
        pause = min(self._limits.doubt << min(peer.doubts, 16), self._limits.doubt_max)
        return peer.tried is not None and now - peer.tried < pause

    def _heard(self, peer: Peer, now: Instant) -> None:
        self._peers.touch(peer, now)
        peer.hear(now)

    def check_invariants(self) -> None:
        """Assert what must always hold."""
        self._peers.check_invariants()
        self._attempts.check_invariants()
        assert self._own not in {peer.member for peer in self._peers}
