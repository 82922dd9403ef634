"""A node is not its agent: is the node itself silent.

A few members, chosen by hash of the node among those on other nodes, connect to the node's
own address: now and then while its agent lives, at once and again and again when it is dead.
They sign what they find. A node is silent when its agent is dead, at least two of its
checkers (one, where there is one) met silence where they had been answered before, and none
was answered. The first two speak at once; the others only where those are not heard.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache, partial
from hashlib import blake2b

from failure_detect.claims import NodeReport, node_message
from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant
from failure_detect.events import ConnectNode, NodeAnswered, NodeSilent
from failure_detect.gossip import Gossiper
from failure_detect.identity import Address, MemberId, NodeName
from failure_detect.members import GONE, Member, Status
from failure_detect.messages import Gossip
from failure_detect.pool import Pool, Refusal
from failure_detect.wire import encode_node_report

_TICKS_PER_INTERVAL = 3
_QUORUM = 2
_NEVER: Instant = -1 << 62

_DEFERENCE: Duration = 600 * MILLISECOND
"""How long a checker beyond the quorum waits for the word of others: what gossip takes."""


@dataclass(slots=True)
class _Inquest:
    """A node whose agent is dead: what its checkers say."""

    node: NodeName
    address: Address
    tries: int = 0
    finding: bool | None = None
    """What our own connects came to: silence or not; None while there is nothing to say."""
    told: bool | None = None
    """What of it we told last."""
    silent: bool = False
    reports: dict[MemberId, NodeReport] = field(default_factory=dict)


class Nodes:
    """Checks nodes for which this member is chosen, and weighs what all checkers say."""

    def __init__(self, pool: Pool, gossiper: Gossiper, now: Instant) -> None:
        """Begin with the first tick of the regular checks."""
        self._pool = pool
        self._gossiper = gossiper
        self._answered: dict[NodeName, tuple[Address, Instant]] = {}
        self._inquests: dict[NodeName, _Inquest] = {}
        self._connects: dict[int, tuple[NodeName, Address]] = {}
        self._connect = 0
        self._serial = 0
        self._tick(now)

    def __len__(self) -> int:
        """Return the number of nodes whose agent is dead and that are looked into."""
        return len(self._inquests)

    def silent(self) -> list[NodeName]:
        """Return the nodes that are silent now, by name; their agents are dead as well."""
        return sorted(node for node, each in self._inquests.items() if each.silent)

    def checkers(self, node: NodeName) -> list[Member]:
        """Return who connects to `node`: the next on the ring after its hash, on other nodes."""
        members, own = self._pool.members, self._pool.own.identity
        ring = members.ring
        start = bisect_left(ring, _place(node))
        found: list[Member] = []
        for offset in range(len(ring)):
            member = members.get(ring[(start + offset) % len(ring)])
            assert member is not None
            if member.identity.group == own.group and member.identity.node != node:
                found.append(member)
                if len(found) == self._pool.config.node.checkers:
                    break
        return found

    def _is_ours(self, node: NodeName) -> bool:
        members = self._pool.members
        ring, reach = members.ring, self._pool.config.node.checkers + 1
        if len(members.live_groups) == 1 and len(ring) > reach + 1:
            # Most nodes lie elsewhere on the ring; that is quickly seen.
            own = self._pool.own.identity.member
            first, place = ring[members.ring_index(own) - reach - 1], _place(node)
            outside = own < place <= first if own < first else not first < place <= own
            if outside:
                return False
        return any(member is self._pool.own for member in self.checkers(node))

    # --- while the agent lives -----------------------------------------------------------

    def _answered_at(self, node: NodeName, address: Address) -> Instant:
        """Return when this very address of the node answered us last; `_NEVER` where it has not."""
        known, at = self._answered.get(node, (address, _NEVER))
        return at if known == address else _NEVER

    def _tick(self, now: Instant) -> None:
        config = self._pool.config.node
        kept = now - max(config.valid, config.interval)
        self._answered = {node: last for node, last in self._answered.items() if last[1] >= kept}
        for member in self._pool.members:
            identity = member.identity
            if (
                identity.node_address is not None
                and identity.group == self._pool.own.identity.group
                and member.status is Status.ALIVE
                and now - self._answered_at(identity.node, identity.node_address) >= config.interval
                and self._is_ours(identity.node)
            ):
                self._start_connect(identity.node, identity.node_address)
        pause = config.interval // _TICKS_PER_INTERVAL
        wait = pause // 2 + int(self._pool.rng.random() * pause)
        self._pool.agenda.schedule(now + wait, self._tick)

    def on_alive(self, member: Member, now: Instant) -> None:
        """An agent is alive on its node: it joined, came back, or replaced a dead one."""
        if member.identity.group != self._pool.own.identity.group:
            return  # Its node may have the name of one of ours.
        inquest = self._inquests.pop(member.identity.node, None)
        if inquest is not None and inquest.silent:
            self._pool.fact(NodeAnswered(inquest.node))
        address = member.identity.node_address
        if address is not None and self._is_ours(member.identity.node):
            # At once, so that silence counts soon; the agenda spreads it over a second.
            at = now + int(self._pool.rng.random() * SECOND)
            node = member.identity.node
            self._pool.agenda.schedule(at, lambda _: self._start_connect(node, address))

    def _start_connect(self, node: NodeName, address: Address) -> None:
        self._connect += 1
        self._connects[self._connect] = (node, address)
        timeout = self._pool.config.node.timeout
        self._pool.out.append(ConnectNode(self._connect, address, timeout))

    # --- when it is dead -------------------------------------------------------------------

    def on_death(self, member: Member, now: Instant) -> None:
        """An agent is dead: have its node looked at, if it is one of our own group's."""
        identity = member.identity
        if identity.node_address is None or identity.group != self._pool.own.identity.group:
            return
        if identity.node in self._inquests:
            return
        self._inquests[identity.node] = _Inquest(identity.node, identity.node_address)
        self._check(identity.node, now)

    def _check(self, node: NodeName, now: Instant) -> None:
        inquest = self._inquests.get(node)
        if inquest is None:
            return
        if self._is_ours(node):
            inquest.tries = 0
            self._start_connect(node, inquest.address)
            self._tell_newcomers(inquest, now)
        again = now + self._pool.config.node.recheck
        self._pool.agenda.schedule(again, partial(self._check, node))

    def _tell_newcomers(self, inquest: _Inquest, now: Instant) -> None:
        """Tell each that joined a while ago, and has buried the agent since, what it missed."""
        pool, every = self._pool, self._pool.config.node.recheck
        report = inquest.reports.get(pool.own.identity.member)
        if report is None or not report.silent:
            return
        for member in pool.members:
            joined = now - 2 * every < member.since <= now - every
            if joined and member.status is Status.ALIVE and member is not pool.own:
                pool.send(member, Gossip(), (report.raw,), gossip=False)

    def on_connect(self, connect: int, now: Instant, *, answered: bool) -> None:
        """A connect of ours ended: an answer, a refusal included, or silence."""
        tried = self._connects.pop(connect, None)
        if tried is None:
            return
        node, address = tried
        inquest = self._inquests.get(node)
        if inquest is None or inquest.address != address:
            if answered:
                self._answered[node] = (address, now)
            return
        if answered:
            inquest.finding = False
            self._speak(node, now)
            return
        inquest.finding = None
        inquest.tries += 1
        if inquest.tries < self._pool.config.node.tries:
            self._start_connect(node, inquest.address)
        elif now - self._answered_at(node, address) <= self._pool.config.node.valid:
            inquest.finding = True
            if self._pool.own in self.checkers(node)[:_QUORUM]:
                self._speak(node, now)
            else:
                self._pool.agenda.schedule(now + _DEFERENCE, partial(self._speak, node))

    def _speak(self, node: NodeName, now: Instant) -> None:
        """Sign and tell what we found, unless we told it before or it changes nothing."""
        inquest = self._inquests.get(node)
        if inquest is None or inquest.finding is None or inquest.finding is inquest.told:
            return
        pool, own, silent = self._pool, self._pool.own, inquest.finding
        if silent and (
            self._is_settled(inquest) or (pool.health.is_deaf(now) and not pool.is_alone())
        ):
            return
        if not silent and not any(report.silent for report in inquest.reports.values()):
            return  # Nobody says otherwise: no need to tell the whole pool.
        key = own.identity.member
        self._serial += 1
        message = node_message(pool.config.pool, node, key, self._serial, silent=silent)
        signature = pool.authority.sign(message)
        report = encode_node_report(node, own.short, self._serial, signature, silent=silent)
        inquest.told = silent
        inquest.reports[key] = report
        self._gossiper.tell(_slot(report), report.raw, now)
        self._weigh(inquest)

    def on_report(self, report: NodeReport, now: Instant) -> None:
        """Take in what a checker signed; each of its findings replaces its last."""
        pool = self._pool
        inquest = self._inquests.get(report.node)
        checker = pool.members.by_short(report.checker)
        if inquest is None or checker is None or checker.status in GONE:
            pool.refuse(Refusal.STALE)
            return
        key = checker.identity.member
        last = inquest.reports.get(key)
        if last is not None and last.serial >= report.serial:
            pool.queue.heard(_slot(report), report.raw, pool.transmit_limit())
            return
        message = node_message(
            pool.config.pool, report.node, key, report.serial, silent=report.silent
        )
        if checker.identity.node == report.node:
            pool.refuse(Refusal.NOT_ENTITLED)
        elif not pool.authority.verify(key, message, report.signature):
            pool.refuse(Refusal.SIGNATURE)
        else:
            if not (report.silent and self._is_settled(inquest)):
                self._gossiper.tell(_slot(report), report.raw, now)
            inquest.reports[key] = report
            if report.silent and inquest.finding is False:
                self._speak(report.node, now)
            self._weigh(inquest)

    def _heard(self, inquest: _Inquest) -> tuple[list[NodeReport], int]:
        """Return what the node's checkers have said, and how many must."""
        chosen = [member.identity.member for member in self.checkers(inquest.node)]
        heard = [inquest.reports[key] for key in chosen if key in inquest.reports]
        return heard, max(1, min(_QUORUM, len(chosen)))

    def _is_settled(self, inquest: _Inquest) -> bool:
        """Tell whether enough checkers met silence, and none was answered."""
        heard, wanted = self._heard(inquest)
        return len(heard) >= wanted and all(report.silent for report in heard)

    def _weigh(self, inquest: _Inquest) -> None:
        heard, wanted = self._heard(inquest)
        answered = not all(report.silent for report in heard)
        # That a checker is gone is no sign of life: only an answer ends a silence.
        silent = not answered and (inquest.silent or len(heard) >= wanted)
        if silent and not inquest.silent:
            self._pool.fact(NodeSilent(inquest.node))
        elif inquest.silent and not silent:
            self._pool.fact(NodeAnswered(inquest.node))
        inquest.silent = silent

    def forget(self, node: NodeName) -> None:
        """The node's object is gone."""
        self._inquests.pop(node, None)
        self._answered.pop(node, None)

    def check_invariants(self) -> None:
        """Assert that a silent node has reports that say so."""
        for inquest in self._inquests.values():
            if inquest.silent:
                assert any(report.silent for report in inquest.reports.values())


@lru_cache(maxsize=1 << 14)
def _place(node: NodeName) -> bytes:
    return blake2b(node.encode(), digest_size=32).digest()


def _slot(report: NodeReport) -> bytes:
    return b"n" + report.checker + report.node.encode()
