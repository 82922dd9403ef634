"""One detector among honest and hostile peers, in any order of events and at any times."""

from collections.abc import Callable
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from failure_detect.claims import INCARNATION_MAX
from failure_detect.clock import MILLISECOND, MINUTE, SECOND, Duration, Instant
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    BroadcastRequested,
    CertificateObtained,
    ConnectFinished,
    ConnectNode,
    DatagramReceived,
    Effect,
    Event,
    FingerprintChanged,
    LeaveRequested,
    MemberDied,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MembersRestored,
    NodeDeleted,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SeedsResolved,
    SendDatagram,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import Address, Identity, MemberId, NodeName
from failure_detect.members import BUCKETS, GONE, MemberView, Status
from failure_detect.messages import (
    Accuse,
    Accused,
    Ack,
    Claims,
    Compare,
    Differ,
    Gossip,
    Message,
    Nack,
    Ping,
    PingReq,
    Pull,
    Receipt,
    Relayed,
    Suspect,
    Vouch,
)
from failure_detect.wire import decode, encode
from simulations.authority import Notary
from tests.failure_detect.harness import START
from tests.failure_detect.peers import Peer, accusations

PLACES = 7
GROUPS = ("alpha", "beta", "gamma")
NONCES = st.sampled_from([b"a nonce.", b"another!"])
INCARNATIONS = st.sampled_from([1, 1, 2, 0, 3, INCARNATION_MAX - 1, INCARNATION_MAX])
STARTS = st.sampled_from([1, 1, 1, 1, 1, 0, 2, 3])
PEERS = st.integers(0, PLACES)
PAUSES = st.sampled_from([1, *(n * MILLISECOND for n in (1, 50, 300, 1_000, 3_000))]) | (
    st.sampled_from([MINUTE, 20 * MINUTE])
)
CONFIGS = {
    "lan": DetectorConfig.lan(),
    "wan": DetectorConfig.wan(),
    "small": DetectorConfig.lan().with_overrides(
        {
            "limit.members": 6,
            "limit.relays": 1,
            "sync.frame_bytes": 4_800,
            "suspicion.confirmations_max": 1,
            "probation.concurrent": 1,
            "gossip.queue_max": 3,
        }
    ),
}


class AnyOrder(RuleBasedStateMachine):
    """Rules are what may happen; invariants are what must hold after each."""

    def __init__(self) -> None:
        super().__init__()
        self.now: Instant = START
        self.notary = Notary(5)
        self.config = CONFIGS["lan"]
        self.own = self.process(0, 0)
        self.places = {self.process(place).key: place for place in range(PLACES + 1)}
        self.requests: list[SendRequest] = []
        self.connects: list[ConnectNode] = []
        self.pings: list[tuple[int, Ping]] = []
        self.heard: list[bytes] = []
        self.before: dict[MemberId, MemberView] = {}

    @initialize(name=st.sampled_from(sorted(CONFIGS)), known=st.sampled_from([0, 4, PLACES]))
    def begin(self, name: str, known: int) -> None:
        self.config = CONFIGS[name]
        self.own = self.process(0, 1)
        self.detector = FailureDetector(
            self.own.certificate,
            self.config,
            authority=self.notary.signer(self.own.key),
            now=self.now,
            rng=Random(3),
        )
        for place in range(1, known + 1):
            self.say(place, Gossip(), self.process(place).alive())

    def process(self, place: int, start: int = 1) -> Peer:
        identity = Identity(
            self.notary.member_id("any", place, start),
            NodeName(f"node-{place}"),
            start,
            Address(f"p{place}.example:1"),
            GROUPS[place % len(GROUPS)],
            Address(f"p{place}.example:2"),
        )
        return Peer(self.notary, identity, self.config.pool)

    # --- driving -------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        self.take(self.detector.handle(event, self.now))

    def members(self) -> dict[MemberId, MemberView]:
        return {view.identity.member: view for view in self.detector.members()}

    def present(self) -> dict[MemberId, MemberView]:
        """Without those who are gone: they are forgotten in their own time."""
        return {key: view for key, view in self.members().items() if view.status not in GONE}

    def refusals(self) -> int:
        return sum(count for _, count in self.detector.statistics().refused)

    def take(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case SendDatagram() | SendRequest() | SendResponse():
                    self.take_order(effect)
                case ConnectNode():
                    self.connects.append(effect)
                case MemberDied(member, _, accusers):
                    assert member != self.own.key
                    assert len(set(accusers)) == len(accusers) >= 1
                    assert member not in accusers
                case MemberReturned(member) | MemberLeft(member) | MemberRetired(member):
                    assert member != self.own.key
                case _:
                    pass

    def take_order(self, effect: SendDatagram | SendRequest | SendResponse) -> None:
        most = self.config.sync.frame_bytes
        if isinstance(effect, SendDatagram):
            most = self.config.gossip.datagram_bytes
        message = decode(effect.data, most).message
        match effect:
            case SendRequest():
                self.requests.append(effect)
            case SendDatagram(to) if isinstance(message, Ping) and to in self.places:
                self.pings.append((self.places[to], message))

    def say(self, place: int, message: Message, *items: bytes) -> None:
        sender = self.process(place)
        data = encode(message) + b"".join(items)
        self.heard.append(data)
        self.tell(DatagramReceived(sender.key, data))

    def unchanged(self, act: Callable[[], None]) -> None:
        before, refused = self.present(), self.refusals()
        act()
        assert self.present() == before
        assert self.refusals() > refused

    # --- time ----------------------------------------------------------------------------

    @rule(pause=PAUSES)
    def let_time_pass(self, pause: Duration) -> None:
        end = self.now + pause
        for _ in range(200):
            if self.detector.deadline > end:
                break
            self.now = max(self.now, self.detector.deadline)
            self.take(self.detector.advance(self.now))
        self.now = end
        self.take(self.detector.advance(self.now))

    @rule(pause=PAUSES)
    def be_away(self, pause: Duration) -> None:
        self.now += pause
        self.take(self.detector.advance(self.now))

    # --- honest and less honest words ----------------------------------------------------

    @rule(teller=PEERS, place=PEERS, start=STARTS, incarnation=INCARNATIONS)
    def somebody_lives(self, teller: int, place: int, start: int, incarnation: int) -> None:
        one = self.process(place, start)
        self.say(teller, Gossip(), one.refutation(incarnation), one.alive(incarnation))

    @rule(teller=PEERS, place=PEERS, by=PEERS, incarnation=INCARNATIONS)
    def somebody_is_vouched_for(self, teller: int, place: int, by: int, incarnation: int) -> None:
        subject, voucher = self.process(place), self.process(by)
        short = subject.refutation(incarnation, voucher=voucher)
        self.say(teller, Gossip(), short, subject.alive(incarnation, voucher=voucher))

    @rule(teller=PEERS, place=PEERS, incarnation=INCARNATIONS)
    def somebody_leaves(self, teller: int, place: int, incarnation: int) -> None:
        if place % 3 == 0:  # Or soon nobody would be left.
            self.say(teller, Gossip(), self.process(place).left(incarnation))

    @rule(
        teller=PEERS,
        place=PEERS,
        accusers=st.lists(PEERS, min_size=1, max_size=5, unique=True),
        incarnation=INCARNATIONS,
    )
    def somebody_is_accused(
        self, teller: int, place: int, accusers: list[int], incarnation: int
    ) -> None:
        signers = [self.process(accuser) for accuser in accusers]
        bundle = accusations(self.process(place), *signers, incarnation=incarnation)
        self.say(teller, Gossip(), bundle)

    @rule(place=st.integers(1, PLACES), wait=st.sampled_from([0, SECOND]), count=st.integers(1, 6))
    def the_pool_accuses_somebody(self, place: int, wait: Duration, count: int) -> None:
        """As its members would: at the incarnation that is known, each for itself."""
        subject = self.process(place)
        view = self.detector.member(subject.key)
        if view is None:
            return
        for i in range(count):
            signer = self.process((place + i) % PLACES + 1)
            bundle = accusations(subject, signer, incarnation=view.incarnation)
            self.say(place, Gossip(), bundle)
        self.let_time_pass(wait)

    @rule(place=st.integers(1, PLACES), vouched=st.booleans())
    def somebody_comes_back(self, place: int, vouched: bool) -> None:
        subject = self.process(place)
        view = self.detector.member(subject.key)
        if view is not None and view.incarnation < INCARNATION_MAX:
            voucher = self.process(place % PLACES + 1) if vouched else None
            claim = subject.alive(view.incarnation + 1, voucher=voucher)
            self.say(place, Ping(1, 5, 1, b""), claim)

    @rule(count=st.integers(1, 20))
    def pings_of_ours_are_answered(self, count: int) -> None:
        for place, ping in self.pings[-count:]:
            proof = self.process(place).proof(ping.nonce) if ping.nonce else b""
            self.say(place, Ack(ping.seq, 1, b"", proof))
        self.pings.clear()

    @rule(teller=PEERS, place=PEERS, serial=st.integers(0, 3), silent=st.booleans())
    def a_node_is_reported(self, teller: int, place: int, serial: int, silent: bool) -> None:
        node = NodeName(f"node-{place}")
        self.say(teller, Gossip(), self.process(teller).report(node, serial, silent=silent))

    @rule(teller=PEERS, place=PEERS, incarnation=INCARNATIONS, nonce=NONCES)
    def somebody_suspects(self, teller: int, place: int, incarnation: int, nonce: bytes) -> None:
        subject = self.process(place)
        signature = self.process(teller).accusation(subject, incarnation)
        self.say(teller, Suspect(subject.short, incarnation, signature, nonce))
        self.say(teller, Accuse(subject.short, incarnation, signature))
        self.say(teller, Receipt(subject.short))
        self.say(teller, Vouch(subject.short, nonce, subject.proof(nonce)))

    @rule(
        teller=PEERS,
        accused=st.sampled_from([None, *Accused]),
        incarnation=INCARNATIONS,
        fingerprint=st.integers(0, 3),
    )
    def a_ping_comes(
        self, teller: int, accused: Accused | None, incarnation: int, fingerprint: int
    ) -> None:
        self.say(teller, Ping(1, 5, fingerprint, b"x", accused, incarnation))

    @rule(teller=PEERS, place=PEERS, seq=st.integers(0, 40))
    def small_messages_come(self, teller: int, place: int, seq: int) -> None:
        self.say(teller, Ack(seq, 1, b""))
        self.say(teller, Relayed(seq))
        self.say(teller, Nack(seq))
        self.say(teller, PingReq(seq, self.process(place).short, 10_000 * seq))

    # --- forgeries -----------------------------------------------------------------------

    @rule(liar=PEERS, place=st.integers(PLACES + 1, PLACES + 2), incarnation=INCARNATIONS)
    def forged_claims_are_refused(self, liar: int, place: int, incarnation: int) -> None:
        victim, signer = self.process(place), self.process(liar)
        alive = victim.alive(incarnation)[:-64] + bytes(64)
        left = signer.left(incarnation).replace(signer.short, victim.short)
        self.unchanged(lambda: self.say(liar, Gossip(), alive))
        self.unchanged(lambda: self.say(liar, Gossip(), left))

    @rule(sender=PEERS, data=st.binary(max_size=5))
    def nonsense_changes_nothing(self, sender: int, data: bytes) -> None:
        before = self.present()
        self.tell(DatagramReceived(self.process(sender).key, data))
        self.tell(RequestReceived(1, self.process(sender).key, data))
        assert self.present() == before

    @rule(sender=PEERS, pick=st.integers(0, 1_000))
    def something_is_replayed(self, sender: int, pick: int) -> None:
        if self.heard:
            data = self.heard[pick % len(self.heard)]
            self.tell(DatagramReceived(self.process(sender).key, data))
            self.tell(RequestReceived(2, self.process(sender).key, data))

    # --- streams and connects ------------------------------------------------------------

    @rule(teller=PEERS, place=PEERS, incarnation=INCARNATIONS, seed=st.integers(0, 9))
    def a_frame_comes(self, teller: int, place: int, incarnation: int, seed: int) -> None:
        sender, other = self.process(teller), self.process(place)
        for message in (Compare((seed,) * BUCKETS), Pull((other.short,)), Ping(1, 1, 1, b"")):
            data = encode(message) + other.alive(incarnation)
            self.tell(RequestReceived(3, sender.key, data))

    @rule(teller=PEERS, place=PEERS, status=st.integers(0, 4), incarnation=INCARNATIONS)
    def a_stream_ends(self, teller: int, place: int, status: int, incarnation: int) -> None:
        if not self.requests:
            return
        request, other = self.requests.pop(), self.process(place)
        entry = (other.short, status, incarnation)
        answers = (Differ(tuple(range(BUCKETS)), (entry,), 1), Claims(), Ack(0, 1, b""))
        data = encode(answers[status % 3]) + other.alive(incarnation)
        sender = request.to or self.process(teller).key
        self.tell(ResponseReceived(request.request, sender, data))
        self.tell(RequestFailed(request.request))

    @rule(answered=st.booleans())
    def connects_end(self, answered: bool) -> None:
        while self.connects:
            self.tell(ConnectFinished(self.connects.pop().connect, answered))

    # --- commands ------------------------------------------------------------------------

    @rule(start=st.integers(1, 4), key=st.binary(min_size=1, max_size=3))
    def something_is_asked_of_us(self, start: int, key: bytes) -> None:
        self.tell(CertificateObtained(self.own.certified(start=start).certificate))
        self.tell(BroadcastRequested(key, b"payload"))
        self.tell(FingerprintChanged(key))
        self.tell(MembersRestored((self.process(start).alive(), b"\xc1")))
        self.tell(SeedsResolved((Address("p1.example:1"), Address(f"p{start}.example:9"))))

    @rule(place=st.sampled_from([0, 3, 6]))
    def a_node_is_deleted(self, place: int) -> None:
        self.tell(NodeDeleted(NodeName(f"node-{place}")))
        self.before.clear()  # Who was forgotten may come anew.

    @rule(really=st.sampled_from([False, False, False, True]))
    def it_leaves(self, really: bool) -> None:
        if really:
            self.tell(LeaveRequested())

    # --- what must hold ------------------------------------------------------------------

    @invariant()
    def the_detector_agrees_with_itself(self) -> None:
        self.detector.check_invariants()
        self.take(self.detector.advance(self.now))
        assert self.detector.deadline >= self.now

    @invariant()
    def nothing_is_undone(self) -> None:
        now = self.members()
        assert len(now) <= self.config.limit.members
        for key, was in self.before.items():
            if key not in now:
                assert was.status in GONE  # Forgotten, after a while.
                continue
            view = now[key]
            assert view.incarnation >= was.incarnation
            if was.status in GONE:
                assert view.status is was.status
            if was.status is Status.DEAD and view.status <= Status.SUSPECT:
                assert view.incarnation > was.incarnation
        self.before = now

    @invariant()
    def counts_add_up(self) -> None:
        statistics = self.detector.statistics()
        views = list(self.detector.members())
        assert statistics.members == len(views)
        counts = (statistics.alive, statistics.suspect, statistics.dead)
        for status, count in zip(Status, counts, strict=False):
            assert sum(view.status is status for view in views) == count
        assert statistics.queued <= self.config.gossip.queue_max


TestAnyOrder = AnyOrder.TestCase
EXAMPLES = max(20, settings().max_examples // 5)  # Each is a long story.
TestAnyOrder.settings = settings(max_examples=EXAMPLES, stateful_step_count=60)
