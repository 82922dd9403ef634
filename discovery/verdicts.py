"""Verdicts: what is held of each remote cluster, as its bridges together are seen by ours.

Rows are tried from the bottom up; the first whose evidence holds is the verdict. (Table of the
design, section 7.)

| verdict       | evidence                                                     | it ends           |
|---------------|--------------------------------------------------------------|-------------------|
| `live`        | none of what follows                                         |                   |
| `degraded`    | alive, but none of ours reaches a bridge of it; or its data  | `better` after it |
|               | path is shut for all of ours that tried of late: for         | is open again     |
|               | `hold_down`                                                  |                   |
|               | its key was revoked, and its successor has not spoken        | successor's word  |
| `unreachable` | no bridge of it alive for any witness: for `hold_down` where | `better` after it |
|               | the last one died; for `grace` where the last one left in    | lives again       |
|               | peace, or where none was seen since this process started     |                   |
| `stale`       | its manifest is past its lifetime while it is alive and in   | next manifest     |
|               | reach (out of reach, or shut, it is `degraded`)              |                   |
| `draining`    | the manifest has a drain of the cluster; where it is lost,   | one without it    |
|               | shut or revoked as well, it is in the last tier all the same |                   |
| `departed`    | a signed departure, or the signed word that its set is not   | a higher manifest;|
|               | for us; or trust ended; or its key was revoked               | trust restored    |
|               | `revoked_hold` ago, and no successor spoke                   |                   |
| `expired`     | `unreachable`, not `departed`, and silent for `retention`,   | as `unreachable`  |
|               | isolation of ours left out: the one removal on silence       | does              |

Worse fast, better slowly: words count at once, in both directions. What is seen has to last, and
after each relapse twice as long before it gets better, up to `better_max`.

Isolation. While we presume to be cut off from our own pool (`discovery.isolation`) no verdict gets
worse by what is seen, the clock of the retention stands still, and afterwards all evidence has to
last anew. A bridge that nobody answers is no witness, for itself and for its sisters; where there
is no witness at all, every cluster is lost, which is the last tier and no removal. Fleets of

* one cluster: there is nobody to judge;
* two: whether they are lost or we are, nobody can tell. The last tier is right in both cases, and
  after the retention the other is removed, as any other;
* three and more: where all are lost within `together` of each other, and these are two at least,
  it is most likely us: an alarm, the last tier, and none of them expires until one is alive again;
  the retention of the others starts then. Who was lost long before the last one is not covered,
  nor who was lost while another lived that departed later, or is trusted no more.

All bridges of a cluster leaving in peace (an upgrade of its agents) withdraws nothing and demotes
nothing within `grace`. Whoever is not reached from here, but is alive in the pool, is never lost.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from discovery.clusters import Cluster
from discovery.isolation import CutOffEnded, CutOffPresumed
from discovery.names import Origin
from discovery.sightings import Evidence, Witness
from discovery.standing import Standing, Verdict
from discovery.verdict_config import VerdictConfig
from discovery.verdict_events import (
    ClusterAlarm,
    ClusterAlarmRaised,
    DataPathReported,
    Effect,
    Event,
    EvidenceChanged,
    Excluded,
    IsolationFact,
    ManifestAdopted,
    MembershipFact,
    OwnBridgeGone,
    PeerReport,
    ReportToBridges,
    Revoked,
    SignedWord,
    StandingChanged,
    TrustEnded,
    TrustRestored,
    VerdictStatistics,
)
from discovery.witnesses import Witnesses
from failure_detect.clock import NEVER, Duration, Instant
from failure_detect.events import IsolationChanged


class Verdicts:
    """From evidence to verdict, for each remote cluster."""

    def __init__(self, own: Origin, config: VerdictConfig) -> None:
        """Start knowing nothing; `own` is our own cluster, which is not judged."""
        self._own = own
        self._config = config
        self._clusters: dict[Origin, Cluster] = {}
        self._witnesses = Witnesses(own, config)
        self._barred_at: Instant = NEVER
        self._together: dict[Origin, None] = {}
        """Clusters whose loss is presumed to be ours."""
        self._recount = False
        """Of whom word is expected has changed."""
        self._due: Instant = NEVER
        self._ignored = 0

    # --- surface -----------------------------------------------------------------------

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact; what it refers to need not be known."""
        match event:
            case PeerReport() | OwnBridgeGone():
                changed = self._witnesses.hear(event, now)
                touched = list(self._clusters.values()) if changed else []
            case DataPathReported(origin, is_open):
                touched = self._on_path(origin, now, is_open=is_open)
            case IsolationChanged() | CutOffPresumed() | CutOffEnded():
                touched = self._on_isolation(event, now)
            case ManifestAdopted() | TrustEnded() | TrustRestored() | Revoked() | Excluded():
                touched = self._on_word(event, now)
            case _:
                touched = self._on_member(event, now)
        return self._settle(touched, now)

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due: late is fine, and what follows is timed from `now`."""
        touched = [each for each in self._clusters.values() if each.due <= now]
        if sum(each.lapse_path(now) for each in touched):
            self._witnesses.changed(now)
        if self._witnesses.lapse(now):
            touched = list(self._clusters.values())
        return self._settle(touched, now)

    @property
    def deadline(self) -> Instant:
        """When something is due; `NEVER` where nothing is."""
        return min(self._due, self._witnesses.deadline)

    def standing(self, origin: Origin) -> Standing | None:
        """Return how `origin` stands; None where nothing of it was ever adopted."""
        cluster = self._clusters.get(origin)
        return None if cluster is None else cluster.standing

    def silent_for(self, origin: Origin, now: Instant) -> Duration:
        """Return how long no bridge of `origin` has been alive, as far as it counts (us).

        That is what the retention is measured by, to be kept over a restart.
        """
        cluster = self._clusters.get(origin)
        if cluster is None or cluster.silent_since == NEVER or origin in self._together:
            return 0
        return max(0, min(now, self._barred_at) - cluster.silent_since)

    def revoked_for(self, origin: Origin, now: Instant) -> Duration | None:
        """Return how long ago the key that signed what is held was revoked (us); None: it was not.

        That is what its hold is measured by, to be kept over a restart.
        """
        cluster = self._clusters.get(origin)
        return None if cluster is None else cluster.revoked_for(now)

    def trusts(self, origin: Origin) -> bool:
        """Tell whether trust in `origin` has not ended, as far as is known here."""
        cluster = self._clusters.get(origin)
        return cluster is None or cluster.is_trusted

    def evidence(self, origin: Origin, now: Instant) -> Evidence | None:
        """Return what ours together see of `origin` now, for whoever asks why."""
        cluster = self._clusters.get(origin)
        return None if cluster is None else self._witnesses.seen(cluster, now)

    def testimonies(self, origin: Origin, now: Instant) -> list[Witness]:
        """Return what each of our bridges says of `origin`, this one first: also the isolated."""
        cluster = self._clusters.get(origin)
        return [] if cluster is None else self._witnesses.testimonies(cluster, now)

    def alarms(self) -> list[ClusterAlarmRaised]:
        """Return the alarms that stand now, by origin, with the words of now."""
        clusters = [each for _, each in sorted(self._clusters.items())]
        found = [raised for each in clusters for raised in each.raised()]
        return [*found, *self._all_lost()]

    def is_all_lost(self, now: Instant) -> bool:
        """Tell whether all other clusters are lost, and there is one at least.

        It says nothing of the lease: see `Isolation.may_hold_lease`.
        """
        expected = self._expected(now)
        return bool(expected) and all(each.is_silent for each in expected)

    def statistics(self) -> VerdictStatistics:
        """Return how the remote clusters stand."""
        origins = {verdict.value: 0 for verdict in Verdict}
        for cluster in self._clusters.values():
            if cluster.standing is not None:
                origins[cluster.standing.verdict.value] += 1
        return VerdictStatistics(
            origins=origins,
            members=self._witnesses.members,
            sisters=self._witnesses.sisters,
            is_barred=self._is_barred,
            lost_together=len(self._together),
            ignored=self._ignored + self._witnesses.ignored,
        )

    def check_invariants(self) -> None:
        """Raise AssertionError where the state contradicts itself."""
        assert self._own not in self._clusters
        assert len(self._clusters) <= self._config.origins_max
        assert self._due == min((each.due for each in self._clusters.values()), default=NEVER)
        assert all(origin in self._clusters for origin in self._together)
        self._witnesses.check_invariants()
        for cluster in self._clusters.values():
            assert cluster.has_set is (cluster.standing is not None)
            cluster.check_invariants()

    # --- events ------------------------------------------------------------------------

    def _on_member(self, event: MembershipFact, now: Instant) -> list[Cluster]:
        origin = self._witnesses.follow(event, now)
        if origin is None:
            self._ignored += 1
        if origin is None or origin == self._own:
            return []
        return self._known_or_new(origin)

    def _on_path(self, origin: Origin, now: Instant, *, is_open: bool) -> list[Cluster]:
        cluster = self._clusters.get(origin)
        if cluster is None:
            self._ignored += 1
            return []
        before = cluster.path(now)
        cluster.path_reported(now, is_open=is_open)
        if cluster.path(now) is not before:
            self._witnesses.changed(now)
        return [cluster]

    def _on_isolation(self, event: IsolationFact, now: Instant) -> list[Cluster]:
        match event:
            case IsolationChanged(isolated):
                self._witnesses.is_deaf = isolated
            case CutOffPresumed():
                self._barred_at = min(self._barred_at, now)
            case CutOffEnded():
                self._unbar(now)
            case _:
                assert_never(event)
        self._witnesses.changed(now)
        return list(self._clusters.values())

    def _unbar(self, now: Instant) -> None:
        if not self._is_barred:
            return
        for cluster in self._clusters.values():
            if cluster.silent_since != NEVER:  # What passed meanwhile was not silence of theirs.
                cluster.silent_since += now - self._barred_at
        self._barred_at = NEVER

    def _on_word(self, event: SignedWord, now: Instant) -> list[Cluster]:
        if isinstance(event, ManifestAdopted | Excluded):
            return self._on_manifest(event, now)
        known = self._clusters.get(event.origin)
        if known is None:
            self._ignored += 1
            return []
        match event:
            case TrustEnded():
                known.is_trusted = False
            case TrustRestored():
                known.is_trusted, known.revoked_until = True, NEVER
            case Revoked(_, ago):
                known.revoked(now, ago)
            case _:
                assert_never(event)
        self._recount = True
        return [known]

    def _on_manifest(self, event: ManifestAdopted | Excluded, now: Instant) -> list[Cluster]:
        touched = self._known_or_new(event.origin)
        for cluster in touched:
            was_expected = cluster.has_set and not cluster.says_farewell
            if isinstance(event, Excluded):
                cluster.excluded()
            else:
                cluster.said(event, now)
            self._recount |= was_expected is cluster.says_farewell
        return touched

    def _known_or_new(self, origin: Origin) -> list[Cluster]:
        """Return the cluster, or none where there is no room for one more."""
        known = self._clusters.get(origin)
        if known is not None:
            return [known]
        if origin == self._own or not self._has_room():
            self._ignored += 1
            return []
        cluster = self._clusters[origin] = Cluster(origin, self._config)
        return [cluster]

    def _has_room(self) -> bool:
        """Make room for one more: who is gone, and of whom no bridge lives, is forgotten first."""
        if len(self._clusters) < self._config.origins_max:
            return True
        for cluster in self._clusters.values():
            if cluster.is_gone and not self._witnesses.is_alive(cluster.origin):
                del self._clusters[cluster.origin]
                self._together.pop(cluster.origin, None)
                return True
        return False

    # --- judging -----------------------------------------------------------------------

    @property
    def _is_barred(self) -> bool:
        return self._barred_at != NEVER

    def _settle(self, touched: Iterable[Cluster], now: Instant) -> list[Effect]:
        judged = {cluster: self._witnesses.seen(cluster, now) for cluster in touched}
        effects: list[Effect] = []
        changed = sum([self._weigh(cluster, seen, now) for cluster, seen in judged.items()])
        if changed or self._recount:
            self._recount = False
            effects += self._regroup(judged, now, by_loss=changed > 0)
        for cluster, seen in judged.items():
            effects += self._judge(cluster, seen, now)
        if judged:
            self._due = min((each.due for each in self._clusters.values()), default=NEVER)
        return effects + self._report(now)

    def _weigh(self, cluster: Cluster, seen: Evidence, now: Instant) -> bool:
        """Take in what is seen of a cluster; tell whether it is lost, or found, by that."""
        if self._is_barred:
            cluster.weigh_barred(seen, now)
        else:
            wait = self._witnesses.wait(seen, cluster.origin)
            cluster.weigh(seen, wait, self._witnesses.silent_since(cluster.origin), now)
        return cluster.turn(now)

    def _expected(self, now: Instant) -> list[Cluster]:
        return [each for each in self._clusters.values() if each.is_expected(now)]

    def _regroup(
        self, judged: dict[Cluster, Evidence], now: Instant, *, by_loss: bool
    ) -> list[Effect]:
        """Find out whose loss is presumed to be our own: all that there are, and at one time."""
        before, self._together = self._together, {}
        # A word that left only the lost came from outside: it is no sign that it is us.
        if (before or by_loss) and self.is_all_lost(now):
            lost = {each.origin: each.silent_since for each in self._expected(now)}
            since = max(lost.values()) - self._config.together
            group = sorted(origin for origin, silent in lost.items() if silent >= since)
            self._together = dict.fromkeys(group) if len(group) > 1 else {}
        for origin in (*before, *self._together):
            cluster = self._clusters[origin]
            if origin not in self._together and cluster.silent_since != NEVER:
                cluster.silent_since = now  # Until now it may have been us.
            judged.setdefault(cluster, self._witnesses.seen(cluster, now))
        return [] if before else [*self._all_lost()]

    def _all_lost(self) -> list[ClusterAlarmRaised]:
        if not self._together:
            return []
        lost = tuple(self._together)
        why = f"{len(lost)} clusters, all that are left, were lost at once: likely us"
        return [ClusterAlarmRaised(ClusterAlarm.ALL_LOST, lost, why)]

    def _judge(self, cluster: Cluster, seen: Evidence, now: Instant) -> list[Effect]:
        counts = not self._is_barred and cluster.origin not in self._together
        may_expire = counts and cluster.is_expected(now)
        if may_expire:
            cluster.expire(now)
        cluster.due = cluster.next_due(now, may_expire=may_expire, barred=self._is_barred)
        if not cluster.has_set:
            return []
        standing, before = cluster.row(seen, now, barred=self._is_barred), cluster.standing
        effects: list[Effect] = []
        if before is None or not standing.is_like(before):
            cluster.standing = standing
            self._recount |= standing.verdict is Verdict.DEPARTED
            effects.append(StandingChanged(cluster.origin, standing))
        elif standing.why != before.why:
            cluster.standing = replace(before, why=standing.why)
            effects.append(EvidenceChanged(cluster.origin, cluster.standing))
        return effects + self._alarms(cluster, standing)

    def _alarms(self, cluster: Cluster, standing: Standing) -> list[Effect]:
        effects: list[Effect] = []
        for alarm, holds in (
            (ClusterAlarm.STALE, standing.verdict is Verdict.STALE),
            (ClusterAlarm.EXPIRED, standing.verdict is Verdict.EXPIRED),
            (ClusterAlarm.REVOKED, cluster.is_revoked),
            (ClusterAlarm.FLAPPING, cluster.is_flapping),
        ):
            if not holds:
                cluster.alarms.pop(alarm, None)
            elif alarm not in cluster.alarms:
                cluster.alarms[alarm] = None
                effects.append(ClusterAlarmRaised(alarm, (cluster.origin,), standing.why))
        return effects

    def _report(self, now: Instant) -> list[Effect]:
        if now < self._witnesses.report_due:
            return []
        clusters = [self._clusters[origin] for origin in sorted(self._clusters)]
        isolated = self._witnesses.is_deaf or self._is_barred
        report = self._witnesses.report(clusters, now, isolated=isolated)
        return [ReportToBridges(report)]
