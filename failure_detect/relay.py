"""The relay's part: ping a member for somebody else, and say nack early enough to count."""

from dataclasses import dataclass
from functools import partial

from failure_detect.clock import Instant
from failure_detect.members import Member
from failure_detect.messages import Ack, Nack, PingReq, Relayed
from failure_detect.pool import Pool, Refusal


@dataclass(slots=True, eq=False)
class _Errand:
    asker: Member
    target: Member
    seq: int
    answered: bool = False


class Relay:
    """Probes made for others; `active` of them are under way."""

    def __init__(self, pool: Pool) -> None:
        """Ping through `pool`."""
        self._pool = pool
        self.active = 0

    def on_ping_req(self, asker: Member, message: PingReq, now: Instant) -> None:
        """Ping the target now and once more at half of the time, and answer the asker.

        The nack goes after `nack_percent` of the asker's wait, so that it arrives within
        its round (Lifeguard 4.1: 80 % of the timeout).
        """
        pool = self._pool
        target = pool.members.by_short(message.target)
        if target is None or target is pool.own:
            pool.refuse(Refusal.UNKNOWN_MEMBER)
            pool.send(asker, Nack(message.seq), gossip=False)
            return
        if self.active >= pool.config.limit.relays:
            pool.refuse(Refusal.OVER_LIMIT)
            return
        self.active += 1
        errand = _Errand(asker, target, message.seq)
        patience = message.wait * pool.config.probe.nack_percent // 100
        self._ping(errand, now)
        pool.agenda.schedule(now + patience // 2, partial(self._ping, errand))
        pool.agenda.schedule(now + patience, partial(self._give_up, errand))

    def _ping(self, errand: _Errand, now: Instant) -> None:
        if not errand.answered:
            self._pool.ping(errand.target, now, partial(self._on_ack, errand))

    def _on_ack(self, errand: _Errand, _target: Member, _ack: Ack, _now: Instant) -> None:
        if not errand.answered:
            errand.answered = True
            self._pool.send(errand.asker, Relayed(errand.seq), gossip=False)

    def _give_up(self, errand: _Errand, _now: Instant) -> None:
        self.active -= 1
        if not errand.answered:
            self._pool.send(errand.asker, Nack(errand.seq), gossip=False)
