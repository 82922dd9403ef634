"""SWIM membership and failure detection as one machine, without I/O.

Events and the time go in, effects come out. The machine reads no clock, socket or global
randomness; the caller performs the effects in order and calls `advance` once `deadline` has
passed. Being late is fine, and is noticed. `DESIGN.md` beside this file has the invariants.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import TypeAlias, assert_never

from failure_detect.cases import Cases
from failure_detect.clock import Instant
from failure_detect.config import DetectorConfig
from failure_detect.confirmer import Confirmer
from failure_detect.events import (
    BroadcastRequested,
    CertificateObtained,
    ConnectFinished,
    DatagramReceived,
    Effect,
    Event,
    FingerprintChanged,
    LeaveRequested,
    MembersRestored,
    NodeDeleted,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SeedsResolved,
)
from failure_detect.gossip import Gossiper
from failure_detect.identity import Authority, MemberId, NodeName
from failure_detect.intake import Intake, payload_key
from failure_detect.listener import Listener
from failure_detect.members import Member, MemberView, Status
from failure_detect.messages import Ack, Message, Ping
from failure_detect.nodes import Nodes
from failure_detect.packing import MalformedMessage
from failure_detect.panel import Panels
from failure_detect.pool import Pool, Refusal
from failure_detect.probation import Probation
from failure_detect.prober import Prober
from failure_detect.registry import Registry
from failure_detect.relay import Relay
from failure_detect.seeds import Seeds
from failure_detect.sync import Sync
from failure_detect.validation import ConfigError
from failure_detect.wire import FINGERPRINT_BYTES_MAX, decode, encode_payload

Command: TypeAlias = (
    SeedsResolved
    | MembersRestored
    | CertificateObtained
    | NodeDeleted
    | LeaveRequested
    | BroadcastRequested
    | FingerprintChanged
)
"""Events that do not come from the network."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts of one detector; `refused` and `sent` by kind, sorted, since its start."""

    members: int
    alive: int
    suspect: int
    dead: int
    incarnation: int
    health: int
    isolated: bool
    rounds: int
    failed_rounds: int
    empty_rounds: int
    cases: int
    panels: int
    confirmations: int
    relays: int
    watched: int
    inquests: int
    queued: int
    dropped: int
    comparisons: int
    refused: tuple[tuple[str, int], ...]
    sent: tuple[tuple[str, int], ...]


class FailureDetector:
    """One member of one pool."""

    def __init__(
        self,
        certificate: bytes,
        config: DetectorConfig,
        *,
        authority: Authority,
        now: Instant,
        rng: Random,
        above: int = 0,
    ) -> None:
        """Start as a pool of one, as the member that `certificate` names.

        `above` is the incarnation at which the same key left this pool before, 0: it never did.
        Raises `ConfigError` where the authority does not believe the certificate, or where it
        is larger than the configuration lets anybody's be.
        """
        identity = authority.identify(certificate)
        if identity is None or len(certificate) > config.limit.certificate_bytes:
            raise ConfigError("$.certificate", "must be a valid certificate within the limit")
        own = Member(identity, 0, b"", now)
        pool = self._pool = Pool(own, certificate, config, authority, now, rng)
        gossiper = self._gossiper = Gossiper(pool)
        self._cases = Cases(pool, gossiper, self._on_death, self._on_closed)
        self._registry = Registry(pool, gossiper, self._cases, self._on_join, self._on_return)
        self._confirmer = Confirmer(pool, self._cases)
        self._panels = Panels(pool, self._cases, self._confirmer)
        self._prober = Prober(pool, self._panels, now)
        self._probation = Probation(pool, self._registry, now)
        self._nodes = Nodes(pool, gossiper, now)
        intake = Intake(pool, self._registry, self._cases, self._probation, self._nodes)
        self._intake = intake
        self._sync = Sync(pool, intake)
        self._seeds = Seeds(pool, self._sync, now)
        self._relay = Relay(pool)
        self._listener = Listener(
            pool, self._registry, self._confirmer, self._panels, self._prober, self._relay
        )
        self._registry.announce(above + 1, now)

    # --- the machine's surface -----------------------------------------------------------

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        return self._pool.agenda.deadline

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact. Refused input changes nothing and is counted by reason.

        Raises ValueError for a broadcast or fingerprint of the layer above that is too large.
        """
        match event:
            case DatagramReceived(sender, data):
                self._on_datagram(sender, data, now)
            case RequestReceived(request, _, data):
                self._on_request(request, data, now)
            case ResponseReceived(request, sender, data):
                self._on_response(request, sender, data, now)
            case RequestFailed(request):
                self._pool.responded(request, None, None, now)
            case ConnectFinished(connect, answered):
                self._nodes.on_connect(connect, now, answered=answered)
            case _:
                self._on_command(event, now)
        return self._flush(now)

    def _on_command(self, event: Command, now: Instant) -> None:
        match event:
            case SeedsResolved(addresses):
                self._seeds.resolved(addresses, now)
            case MembersRestored(claims):
                self._restore(claims, now)
            case CertificateObtained(certificate):
                self._registry.renew(certificate, now)
            case NodeDeleted(node):
                self._on_node_deleted(node)
            case LeaveRequested():
                self._leave(now)
            case BroadcastRequested(key, payload):
                self._broadcast(key, payload, now)
            case FingerprintChanged(fingerprint):
                self._set_fingerprint(fingerprint)
            case _:
                assert_never(event)

    def advance(self, now: Instant) -> list[Effect]:
        """Fire what is due. An `advance` that comes much too late voids what ran meanwhile."""
        late = now - self.deadline
        if late < 0:
            return self._flush(now)
        if late > self._pool.config.probe.stall:
            self._was_away(now)
        self._pool.agenda.run(now)
        return self._flush(now)

    def _flush(self, now: Instant) -> list[Effect]:
        if self._prober.hears_again(now):
            self._panels.drop_all(now)
            self._cases.recheck(now)
        self._prober.arm(now)
        effects = self._pool.out
        self._pool.out = []
        return effects

    def _was_away(self, now: Instant) -> None:
        self._prober.drop_all()
        self._confirmer.restart(now)
        self._panels.drop_all(now)
        self._cases.recheck(now)

    # --- what arrives ----------------------------------------------------------------------

    def _on_datagram(self, sender: MemberId, data: bytes, now: Instant) -> None:
        pool = self._pool
        try:
            packet = decode(data, pool.config.gossip.datagram_bytes)
        except MalformedMessage:
            pool.refuse(Refusal.MALFORMED)
            return
        if packet.skipped:
            pool.refuse(Refusal.UNKNOWN_KIND)
        # What rides along goes first: a stranger's own claim makes it a member.
        if packet.items:
            self._intake.gossip(sender, packet, now)
        member = pool.members.get(sender)
        if member is None or member is pool.own:
            pool.refuse(Refusal.UNKNOWN_SENDER)
            return
        if member.status > Status.DEAD:
            pool.refuse(Refusal.GONE)
            return
        self._listener.on_message(member, packet.message, now)
        self._after_message(member, packet.message, now)

    def _after_message(self, member: Member, message: Message | None, now: Instant) -> None:
        if member.status is Status.DEAD:
            # Only what it says of its own accord counts: an answer may be older than its death.
            if isinstance(message, Ping):
                self._probation.on_contact(member, now)
        elif isinstance(message, Ping | Ack):
            self._sync.on_fingerprint(member, message.members, now)

    def _on_request(self, request: int, data: bytes, now: Instant) -> None:
        pool = self._pool
        try:
            packet = decode(data, pool.config.sync.frame_bytes)
        except MalformedMessage:
            pool.refuse(Refusal.MALFORMED)
            return
        self._intake.take(packet, now)
        self._listener.on_request(request, packet.message, self._sync, now)

    def _on_response(self, request: int, sender: MemberId, data: bytes, now: Instant) -> None:
        try:
            packet = decode(data, self._pool.config.sync.frame_bytes)
        except MalformedMessage:
            self._pool.refuse(Refusal.MALFORMED)
            self._pool.responded(request, None, None, now)
            return
        self._pool.responded(request, sender, packet, now)

    # --- what the parts tell each other ------------------------------------------------------

    def _on_death(self, member: Member, now: Instant) -> None:
        self._probation.on_death(now)
        self._nodes.on_death(member, now)

    def _on_closed(self, member: Member) -> None:
        self._panels.end(member)

    def _on_join(self, member: Member, now: Instant) -> None:
        self._nodes.on_alive(member, now)

    def _on_return(self, member: Member, now: Instant) -> None:
        self._probation.on_return(member, now)
        self._nodes.on_alive(member, now)

    # --- commands ------------------------------------------------------------------------------

    def _restore(self, claims: tuple[bytes, ...], now: Instant) -> None:
        most = self._pool.config.gossip.datagram_bytes
        for data in claims:
            try:
                self._intake.take(decode(data, most), now)
            except MalformedMessage:
                self._pool.refuse(Refusal.MALFORMED)

    def snapshot(self) -> tuple[bytes, ...]:
        """Return the encoded claims of the living others, to be kept for `MembersRestored`."""
        own = self._pool.own
        return tuple(
            member.claim
            for member in self._pool.members
            if member is not own and member.status <= Status.SUSPECT
        )

    @property
    def claim(self) -> bytes:
        """This member's own encoded claim, by which others know it as alive (`MembersRestored`)."""
        return self._pool.own.claim

    def _on_node_deleted(self, node: NodeName) -> None:
        self._registry.forget(node)
        self._probation.forget()
        self._nodes.forget(node)

    def _leave(self, now: Instant) -> None:
        self._registry.leave(now)
        self._pool.members.set_status(self._pool.own, Status.LEFT, now)

    def _broadcast(self, key: bytes, payload: bytes, now: Instant) -> None:
        if (
            not 1 <= len(key) <= 64
            or len(key) + len(payload) > self._pool.config.limit.broadcast_bytes
        ):
            raise ValueError("broadcast: a key of 1 to 64 bytes, and together within the limit")
        least = self._pool.payload_least()
        self._gossiper.tell(payload_key(key), encode_payload(key, payload).raw, now, least)

    def _set_fingerprint(self, fingerprint: bytes) -> None:
        if len(fingerprint) > FINGERPRINT_BYTES_MAX:
            raise ValueError(f"fingerprint: at most {FINGERPRINT_BYTES_MAX} bytes")
        self._pool.app_fingerprint = fingerprint

    # --- what may be read ------------------------------------------------------------------------

    def members(self) -> Iterator[MemberView]:
        """Iterate over all known members, oneself included, as this member sees them."""
        return (member.view() for member in self._pool.members)

    def member(self, key: MemberId) -> MemberView | None:
        """Return what is known of one member."""
        member = self._pool.members.get(key)
        return None if member is None else member.view()

    def silent_nodes(self) -> list[NodeName]:
        """Return the nodes that count as silent now, by name: `NodeSilent` was said of each."""
        return self._nodes.silent()

    @property
    def fingerprint(self) -> int:
        """64 bits that are equal for equal member lists."""
        return self._pool.members.fingerprint

    def statistics(self) -> Statistics:
        """Return an immutable snapshot of the counts."""
        pool = self._pool
        return Statistics(
            members=len(pool.members),
            alive=pool.members.live_count - pool.members.suspects,
            suspect=pool.members.suspects,
            dead=len(pool.members.dead),
            incarnation=pool.own.incarnation,
            health=pool.health.score,
            isolated=self._prober.is_deaf,
            rounds=len(self._prober),
            failed_rounds=self._prober.failed_rounds,
            empty_rounds=self._prober.empty_rounds,
            cases=len(self._cases),
            panels=len(self._panels),
            confirmations=len(self._confirmer),
            relays=self._relay.active,
            watched=len(self._probation),
            inquests=len(self._nodes),
            queued=len(pool.queue),
            dropped=pool.queue.dropped,
            comparisons=self._sync.comparisons,
            refused=tuple(sorted(pool.refused.items())),
            sent=tuple(sorted(pool.sent.items())),
        )

    def check_invariants(self) -> None:
        """Assert what `DESIGN.md` numbers; a failure is a bug of ours, never of the input."""
        self._pool.check_invariants()
        for part in (self._cases, self._confirmer, self._panels, self._prober):
            part.check_invariants()
        self._probation.check_invariants()
        self._nodes.check_invariants()
