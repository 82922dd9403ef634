"""One remote cluster: what it said, signed; what is seen of it; and which row of the table holds.

The table is in `discovery.verdicts`. Words count at once, in both directions; what is seen passes
through two latches (`discovery.damping`), one for its life and one for the way to it.
"""

from discovery.damping import Latch
from discovery.names import Origin
from discovery.reports import Path
from discovery.sightings import Evidence
from discovery.standing import Standing, Verdict
from discovery.verdict_config import VerdictConfig
from discovery.verdict_events import ClusterAlarm, ClusterAlarmRaised, ManifestAdopted
from failure_detect.clock import NEVER, SECOND, Duration, Instant


class Cluster:
    """What is held against one origin, and since when."""

    __slots__ = (
        "_config",
        "alarms",
        "departs",
        "drains",
        "due",
        "fresh_until",
        "has_expired",
        "has_set",
        "is_excluded",
        "is_trusted",
        "lost",
        "lost_at",
        "origin",
        "path_open_until",
        "path_seen",
        "revoked_until",
        "shut",
        "silent_since",
        "standing",
        "was_seen",
    )

    def __init__(self, origin: Origin, config: VerdictConfig) -> None:
        """Start with an origin that is trusted and has said nothing."""
        self.origin = origin
        self._config = config
        self.is_trusted = True
        self.has_set = False
        """Whether it said anything that was adopted, or is not for us: else it has no standing."""
        self.departs = self.drains = self.is_excluded = False
        self.fresh_until: Instant = NEVER
        self.revoked_until: Instant = NEVER
        """When the set of its revoked key goes, if no successor speaks; else `NEVER`."""
        self.lost, self.shut = Latch(), Latch()
        self.was_seen = False
        """Whether it was alive since this process started."""
        self.silent_since: Instant = NEVER
        """Since when it was not alive, isolation of ours left out."""
        self.lost_at: Instant = NEVER
        """When the loss counted."""
        self.has_expired = False
        self.path_seen = Path.UNKNOWN
        """What this bridge itself found last."""
        self.path_open_until: Instant = NEVER
        self.standing: Standing | None = None
        self.alarms: dict[ClusterAlarm, None] = {}
        self.due: Instant = NEVER

    # --- words -------------------------------------------------------------------------

    def said(self, event: ManifestAdopted, now: Instant) -> None:
        """Take in a manifest: it settles everything that was said before."""
        self.has_set = True
        self.departs, self.drains, self.is_excluded = event.departs, event.drains, False
        self.fresh_until = now + event.lifetime
        self.revoked_until = NEVER
        if event.revoked_for is not None:
            self.revoked(now, event.revoked_for)
        if event.silent_for and not self.was_seen:
            self.silent_since = min(self.silent_since, now - event.silent_for)

    def excluded(self) -> None:
        """It says that its set is not for us."""
        self.has_set = self.is_excluded = True

    def revoked(self, now: Instant, ago: Duration = 0) -> None:
        """Its key is worth nothing any more, since so long; said again, the first time counts."""
        self.revoked_until = min(self.revoked_until, now - ago + self._config.revoked_hold)

    def revoked_for(self, now: Instant) -> Duration | None:
        """Return how long its key has been worth nothing; None where it is not so."""
        if not self.is_revoked:
            return None
        return max(0, now - (self.revoked_until - self._config.revoked_hold))

    def is_expected(self, now: Instant) -> bool:
        """Tell whether word of it is still expected: it is trusted, and did not depart."""
        return self.has_set and not self._why_departed(now)

    @property
    def says_farewell(self) -> bool:
        """Whether its word is that it has departed, or has nothing for us."""
        return self.departs or self.is_excluded

    def raised(self) -> list[ClusterAlarmRaised]:
        """Return the alarms that stand now, with the words of now."""
        why = "" if self.standing is None else self.standing.why
        return [ClusterAlarmRaised(alarm, (self.origin,), why) for alarm in self.alarms]

    @property
    def is_gone(self) -> bool:
        """Whether nothing speaks for keeping it in mind: removed, and no word expected."""
        return self.standing is None or not self.standing.verdict.serves

    # --- what is seen ------------------------------------------------------------------

    def path_reported(self, now: Instant, *, is_open: bool) -> None:
        """This bridge tried the data path."""
        self.path_seen = Path.OPEN if is_open else Path.SHUT
        self.path_open_until = now + self._config.path_fresh if is_open else NEVER

    def path(self, now: Instant) -> Path:
        """Return what this bridge's own connections say: open as long as it is fresh, or shut."""
        if self.path_seen is Path.OPEN and now >= self.path_open_until:
            return Path.UNKNOWN
        return self.path_seen

    def lapse_path(self, now: Instant) -> bool:
        """Forget a path that was open too long ago; tell whether there was one."""
        if now < self.path_open_until:
            return False
        self.path_seen, self.path_open_until = Path.UNKNOWN, NEVER
        return True

    def weigh(self, seen: Evidence, wait: Duration, since: Instant, now: Instant) -> None:
        """Take in what ours see; `wait` is how long a loss must last before it counts.

        `since` is since when another of ours has not seen it alive: it counts where this process
        came later and never did.
        """
        if seen.alive:
            self._lives(now)
        elif self.was_seen:
            self.silent_since = min(self.silent_since, now)
            self.lost.bad(now, wait)
        else:
            self.silent_since = min(self.silent_since, since, now)
            self.lost.bad(self.silent_since, wait)
        if seen.path is Path.SHUT or (seen.alive and not seen.reachable):
            self.shut.bad(now, self._config.hold_down)
        elif seen.alive:
            self.shut.good(now)
        else:
            self.shut.unknown()

    def weigh_barred(self, seen: Evidence, now: Instant) -> None:
        """Take in what ours see while we presume to be cut off: only what is good counts."""
        if seen.alive:
            self._lives(now)
        else:
            self.lost.unknown()
        if seen.alive and seen.reachable and seen.path is not Path.SHUT:
            self.shut.good(now)
        else:
            self.shut.unknown()

    def _lives(self, now: Instant) -> None:
        self.was_seen = True
        self.silent_since = NEVER
        self.lost.good(now)

    def turn(self, now: Instant) -> bool:
        """Turn the latches that are due; tell whether the cluster is lost, or found, by that."""
        config = self._config
        was_lost = self.lost.is_set
        for latch in (self.lost, self.shut):
            if latch.due(config.better, config.better_max) <= now:
                latch.turn(now, config.forgive)
        if self.lost.is_set and not was_lost:
            self.lost_at = now
        if not self.lost.is_set:
            self.has_expired = False
        return self.lost.is_set != was_lost

    @property
    def is_silent(self) -> bool:
        """Whether it is lost, and not on its way back."""
        return self.lost.is_set and self.silent_since != NEVER

    @property
    def is_flapping(self) -> bool:
        """Whether it was lost and found so often that it gets better as slowly as it can."""
        flaps = max(self.lost.flaps, self.shut.flaps)
        return flaps > 0 and self._config.better << flaps >= self._config.better_max

    @property
    def _expires_at(self) -> Instant:
        """When the retention is over; never at once, however late we look."""
        if not self.is_silent:
            return NEVER
        config = self._config
        return max(self.silent_since + config.retention, self.lost_at + config.hold_down)

    def expire(self, now: Instant) -> None:
        """Expire if the retention is over; the caller says whether silence may count at all."""
        if now >= self._expires_at:
            self.has_expired = True

    # --- rows --------------------------------------------------------------------------

    def row(self, seen: Evidence, now: Instant, *, barred: bool) -> Standing:
        """Return how it stands as of `now`: rows are tried from the bottom up."""
        if self.has_expired:
            why = f"silent for {self._config.retention // SECOND} s"
            return Standing(Verdict.EXPIRED, now, why)
        departed = self._why_departed(now)
        if departed:
            return Standing(Verdict.DEPARTED, now, departed)
        verdict, why = self._seen_row(seen, now, barred=barred)
        if not self.drains:
            return Standing(verdict, now, why)
        drained = "it is being drained, and said so"
        if verdict.is_last_tier:
            return Standing(Verdict.DRAINING, now, f"{drained}; {why}", also_last_tier=True)
        return Standing(Verdict.DRAINING, now, drained)

    def _why_departed(self, now: Instant) -> str:
        if not self.is_trusted:
            return "it is not trusted any more"
        if self.departs:
            return "it departed, and said so"
        if self.is_excluded:
            return "its set is not for us, and it said so"
        if now >= self.revoked_until:
            return "its key was revoked, and no successor spoke in time"
        return ""

    def _seen_row(self, seen: Evidence, now: Instant, *, barred: bool) -> tuple[Verdict, str]:
        if self._is_stale(seen, now, barred=barred):
            return Verdict.STALE, "it is alive, and its manifest is past its lifetime"
        if self.lost.is_set:
            return Verdict.UNREACHABLE, self._why_lost(seen)
        degraded = self._why_degraded(seen)
        if degraded:
            return Verdict.DEGRADED, degraded
        return Verdict.LIVE, self._why_live(seen)

    def _why_lost(self, seen: Evidence) -> str:
        return "it is back, and that is not proven yet" if seen.alive else seen.why_lost

    def _is_stale(self, seen: Evidence, now: Instant, *, barred: bool) -> bool:
        if now < self.fresh_until or self.lost.is_set or self.shut.is_set or self.is_revoked:
            return False
        if self.standing is not None and self.standing.verdict is Verdict.STALE:
            return True  # While it is in its grace, silence makes nothing better.
        return seen.alive and not barred

    @property
    def is_revoked(self) -> bool:
        """Whether its key was revoked and no successor has spoken."""
        return self.revoked_until != NEVER

    def _why_degraded(self, seen: Evidence) -> str:
        if self.is_revoked:
            return "its key was revoked, and its successor has not spoken yet"
        if not self.shut.is_set:
            return ""
        if seen.path is Path.SHUT:
            return "its data path is shut"
        if seen.alive and not seen.reachable:
            return "it is alive, and none of ours reaches it"
        return "the way to it was shut, and is not proven yet"

    def _why_live(self, seen: Evidence) -> str:
        if seen.alive:
            return "alive, reachable, its data path not shut, its manifest fresh"
        if not self.was_seen:
            return "not seen yet, and given time to show itself"
        return "none of it is alive, and that may pass"

    def next_due(self, now: Instant, *, may_expire: bool, barred: bool) -> Instant:
        """Return when this cluster is to be looked at again if nothing is heard of it."""
        config = self._config
        times = [latch.due(config.better, config.better_max) for latch in (self.lost, self.shut)]
        times += [self.revoked_until, self.path_open_until]
        if not barred:
            times.append(self.fresh_until)
        if may_expire and not self.has_expired:
            times.append(self._expires_at)
        return min((at for at in times if at > now), default=NEVER)

    def check_invariants(self) -> None:
        """Raise AssertionError where the state contradicts itself."""
        assert not self.has_expired or self.lost.is_set
        assert self.path_seen is Path.OPEN or self.path_open_until == NEVER
