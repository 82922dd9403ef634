"""Messages that arrive: answered here, or handed to the part that waits for them."""

from typing import TypeAlias, assert_never

from failure_detect.allowance import Allowance
from failure_detect.claims import proof_message
from failure_detect.clock import Instant
from failure_detect.confirmer import Confirmer
from failure_detect.events import FingerprintSeen, SendResponse
from failure_detect.members import Member
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
from failure_detect.panel import Panels
from failure_detect.pool import Pool, Refusal
from failure_detect.prober import Prober
from failure_detect.registry import Registry
from failure_detect.relay import Relay
from failure_detect.sync import Sync
from failure_detect.wire import encode

StreamMessage: TypeAlias = Compare | Differ | Pull | Claims


class Listener:
    """One method per way of arriving."""

    def __init__(
        self,
        pool: Pool,
        registry: Registry,
        confirmer: Confirmer,
        panels: Panels,
        prober: Prober,
        relay: Relay,
    ) -> None:
        """Know the parts that wait for messages."""
        self._pool = pool
        self._registry = registry
        self._confirmer = confirmer
        self._panels = panels
        self._prober = prober
        self._relay = relay
        self._proofs = Allowance(pool.config.limit.proofs)

    def on_message(self, sender: Member, message: Message | None, now: Instant) -> None:
        """Take in one message of a known member."""
        match message:
            case Ping():
                self._on_ping(sender, message, now)
            case Ack():
                self._see_fingerprint(sender, message.app)
                self._pool.answered(sender, message, now)
            case PingReq():
                self._relay.on_ping_req(sender, message, now)
            case Relayed(seq):
                self._prober.on_relayed(sender, seq, now)
            case Nack(seq):
                self._prober.on_nack(sender, seq, now)
            case _:
                self._on_suspicion(sender, message, now)

    def _on_suspicion(
        self,
        sender: Member,
        message: Suspect | Receipt | Vouch | Accuse | Gossip | StreamMessage | None,
        now: Instant,
    ) -> None:
        match message:
            case Suspect():
                self._confirmer.on_suspect(sender, message, now)
            case Receipt():
                self._panels.on_receipt(sender, message, now)
            case Vouch():
                self._panels.on_vouch(sender, message, now)
            case Accuse():
                self._panels.on_accuse(sender, message, now)
            case None | Gossip():
                pass
            case Compare() | Differ() | Pull() | Claims():
                self._pool.refuse(Refusal.NOT_ENTITLED)  # These belong on a stream.
            case _:
                assert_never(message)

    def _on_ping(self, sender: Member, ping: Ping, now: Instant) -> None:
        self._pool.time.hear(ping.tick, now)
        self._see_fingerprint(sender, ping.app)
        ack = self._answer(ping, now)
        if ping.accused is None:
            self._pool.send(sender, ack)
        else:  # No gossip behind answers to the suspicious: they come in great numbers.
            self._pool.send(sender, ack, self._defence(ping), gossip=False)

    def _answer(self, ping: Ping, now: Instant) -> Ack:
        pool = self._pool
        if ping.accused is not None and ping.accused is not Accused.QUIETLY:
            self._registry.refute(ping.incarnation, now)
        proof = b""
        if ping.nonce and self._may_prove(now):
            message = proof_message(pool.config.pool, pool.own.identity.member, ping.nonce)
            proof = pool.authority.sign(message)
        return Ack(ping.seq, pool.members.fingerprint, pool.app_fingerprint, proof)

    def _defence(self, ping: Ping) -> tuple[bytes, ...]:
        """Return our own claim, where the sender holds something against an older one."""
        own = self._pool.own
        return (own.claim,) if own.incarnation > ping.incarnation else ()

    def _may_prove(self, now: Instant) -> bool:
        if self._proofs.spend(now):
            return True
        self._pool.refuse(Refusal.OVER_LIMIT)
        return False

    def _see_fingerprint(self, sender: Member, fingerprint: bytes) -> None:
        if fingerprint != self._pool.app_fingerprint:
            self._pool.fact(FingerprintSeen(sender.identity.member, fingerprint))

    def on_request(self, request: int, message: Message | None, sync: Sync, now: Instant) -> None:
        """Answer a frame that came over a stream."""
        match message:
            case Ping():
                ack = self._answer(message, now)
                data = encode(ack) + b"".join(self._defence(message))
                self._pool.out.append(SendResponse(request, data))
            case Compare():
                sync.on_compare(request, message)
            case Pull():
                sync.on_pull(request, message)
            case _:
                self._pool.refuse(Refusal.NOT_ENTITLED)
