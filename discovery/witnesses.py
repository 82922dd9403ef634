"""All that bear witness: this bridge's own detector, and its sisters as far as they are fresh."""

from typing import assert_never

from discovery.clusters import Cluster
from discovery.names import Origin
from discovery.reporting import Reporter
from discovery.reports import AnyReport, Seen
from discovery.sightings import Bridges, Evidence, Loss, Sisters, Witness, weigh
from discovery.verdict_config import VerdictConfig
from discovery.verdict_events import MembershipFact, OwnBridgeGone, PeerReport, Testified
from failure_detect.clock import NEVER, Duration, Instant
from failure_detect.events import (
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    ReachabilityChanged,
)


class Witnesses:
    """Pools what the bridges of our own cluster see, and tells the others what this one does."""

    def __init__(self, own: Origin, config: VerdictConfig) -> None:
        """Start with nobody in sight."""
        self._own = own
        self._config = config
        self._bridges = Bridges(config.members_max)
        self._sisters = Sisters(config)
        self._reporter = Reporter(config)
        self.is_deaf = False
        """Nobody in `wan` answers this bridge: it is no witness."""

    @property
    def deadline(self) -> Instant:
        """When a sister will have been silent for too long, or a report is due."""
        return min(self._sisters.deadline, self._reporter.deadline)

    @property
    def report_due(self) -> Instant:
        """When the next report is due; `NEVER` where there is nobody to tell."""
        return self._reporter.deadline

    @property
    def members(self) -> int:
        """How many bridges of all clusters are followed."""
        return len(self._bridges)

    @property
    def sisters(self) -> int:
        """How many sisters count."""
        return self._sisters.witnesses()

    @property
    def ignored(self) -> int:
        """How many members and reports were beyond a limit, or of no known report."""
        return self._bridges.ignored + self._sisters.ignored

    def follow(self, event: MembershipFact, now: Instant) -> Origin | None:
        """Take in a fact of the detector; return whose bridge it is about, None if nobody's."""
        origin = self._bridges.follow(event)
        if origin == self._own:
            self._on_sister(event, now)
        elif origin is not None:
            self._reporter.changed(now)
        return origin

    def _on_sister(self, event: MembershipFact, now: Instant) -> None:
        match event:
            case MemberJoined(identity) | MemberUpdated(identity):
                self._reporter.joined(identity.member, now)
            case MemberReturned(member):
                self._reporter.joined(member, now)
            case MemberDied(member) | MemberLeft(member) | MemberRetired(member):
                self._reporter.left(member)
            case ReachabilityChanged():
                pass
            case _:
                assert_never(event)

    def hear(self, event: Testified, now: Instant) -> bool:
        """Take in what a sister said, or that she is gone; tell whether it changes anything."""
        match event:
            case PeerReport(bridge, report):
                return self._sisters.hear(bridge, report, now)
            case OwnBridgeGone(bridge):
                self._reporter.left(bridge)
                return self._sisters.gone(bridge)
            case _:
                assert_never(event)

    def lapse(self, now: Instant) -> bool:
        """Forget sisters that were silent for too long; tell whether there was one."""
        return self._sisters.deadline <= now and self._sisters.lapse(now)

    def changed(self, now: Instant) -> None:
        """Something changed of what this bridge itself sees."""
        self._reporter.changed(now)

    def is_alive(self, origin: Origin) -> bool:
        """Tell whether this bridge's own detector has a bridge of `origin` alive."""
        return self._bridges.alive(origin) > 0

    def silent_since(self, origin: Origin) -> Instant:
        """Return since when a sister has not seen `origin` alive; `NEVER` if none says so."""
        return self._sisters.silent_since(origin)

    def wait(self, seen: Evidence, origin: Origin) -> Duration:
        """Return how long a loss must last: who died is not waited for as one who left."""
        died = self._bridges.loss(origin) is Loss.DIED
        return self._config.hold_down if died or not seen.witnesses else self._config.grace

    def own_view(self, cluster: Cluster, now: Instant) -> Seen:
        """Return what this bridge itself sees of a cluster."""
        bridges, origin = self._bridges, cluster.origin
        silent_for = 0 if cluster.silent_since == NEVER else now - cluster.silent_since
        return Seen(
            origin=origin,
            alive=bridges.alive(origin) > 0,
            reachable=bridges.reachable(origin) > 0,
            path=cluster.path(now),
            silent_for=silent_for,
        )

    def seen(self, cluster: Cluster, now: Instant) -> Evidence:
        """Return what all that count see of a cluster."""
        own = None if self.is_deaf else self.own_view(cluster, now)
        witnesses = self.sisters + (own is not None)
        sisters = self._sisters.of(cluster.origin)
        return weigh(own, sisters, witnesses, self._why_lost(cluster.origin, witnesses))

    def testimonies(self, cluster: Cluster, now: Instant) -> list[Witness]:
        """Return what each says of a cluster, this bridge first; also those who do not count."""
        own = Witness(None, self.is_deaf, self.own_view(cluster, now), now)
        return [own, *self._sisters.testimonies(cluster.origin)]

    def _why_lost(self, origin: Origin, witnesses: int) -> str:
        if not witnesses:
            return "nobody answers any bridge of ours"
        match self._bridges.loss(origin):
            case Loss.UNSEEN:
                return "no bridge of it was seen since we started"
            case Loss.LEFT:
                return "its bridges left, and none came instead"
            case Loss.DIED:
                return f"no bridge of it is alive: {self._bridges.dead(origin)} died"
            case loss:
                assert_never(loss)

    def report(self, clusters: list[Cluster], now: Instant, *, isolated: bool) -> AnyReport:
        """Return what is to be told to the sisters now."""
        seen = tuple(self.own_view(cluster, now) for cluster in clusters)
        return self._reporter.report(seen, now, isolated=isolated)

    def check_invariants(self) -> None:
        """Raise AssertionError where the state contradicts itself, or is beyond its bounds."""
        assert len(self._sisters) <= self._config.bridges_max
        self._bridges.check_invariants()
        self._reporter.check_invariants()
