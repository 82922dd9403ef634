"""The cluster's Lease: who publishes and writes, by conditional updates of one object.

Rule 1: whoever holds it acts by its own monotonic clock, from before the update was sent, and stops
`margin` early; whoever wants it waits the whole duration from when it saw the object change last,
by its own clock. Nobody compares wall clocks. Rule 2: each update is conditional on the version
that was seen, so of two that want it one has it. Rule 3: an epoch stands in the object, as an
annotation, before anything is signed with it, and never goes down. Rule 4: a holder that is known
to have ended (a lock of the operating system went with it) is not waited for.

The object is a `coordination.k8s.io/v1` Lease; `kubectl get lease` shows who has it.
"""

from dataclasses import dataclass
from typing import assert_never

from agent.core.lease_events import (
    AskHolder,
    ClockShown,
    Effect,
    EpochWanted,
    Event,
    HolderGone,
    LeaseSeen,
    LeaseWanted,
    LeaseWritten,
    WriteLease,
)
from agent.objects import (
    LEASE,
    MANAGED_BY,
    MANAGER,
    Document,
    ObjectKey,
    integer_at,
    resource_version,
    text_at,
)
from agent.writes import Apply
from discovery.publisher_events import EpochConfirmed, LeaseAcquired, LeaseLost, LeaseRenewed
from discovery.wall_time import shown_time
from failure_detect.clock import NEVER, SECOND, Duration, Instant
from failure_detect.validation import ConfigError

EPOCH = "isthmus.dev/epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseConfig:
    """How long a lease lasts; durations are microseconds."""

    namespace: str = "isthmus-system"
    name: str = "isthmus-publisher"

    duration: Duration = 15 * SECOND
    """How long a holder that says nothing keeps it: nobody writes for so long after it was cut off
    from the API server. Shorter is a faster successor and more updates."""

    renew: Duration = 5 * SECOND
    """How often it is renewed; below a third of the duration two failures cost nothing."""

    margin: Duration = 2 * SECOND
    """How much before its end the holder stops: the time of a write that is under way, and what
    two clocks differ by in one duration."""

    retry: Duration = 1 * SECOND
    """How long after a failed or unanswered update it is tried again."""

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError` where the times do not fit together."""
        found: list[ConfigError] = []
        if not 0 < self.renew * 2 <= self.duration:
            found.append(ConfigError("$.lease.renew", "must be at most half of the duration"))
        if not 0 <= self.margin < self.duration - self.renew:
            what = "must be below the duration without one renewal"
            found.append(ConfigError("$.lease.margin", what))
        if self.retry <= 0:
            found.append(ConfigError("$.lease.retry", "must be positive"))
        if found:
            raise ExceptionGroup("invalid lease configuration", found)


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """Who has the Lease, as far as this agent knows."""

    holder: str
    """Empty: nobody."""
    is_ours: bool
    epoch: int
    until: Instant
    """When our own tenure ends (us); long ago where it is not ours."""
    transitions: int
    failures: int
    """Updates that failed, since this process started."""


@dataclass(frozen=True, slots=True)
class _Pending:
    number: int
    sent_at: Instant
    epoch: int
    releases: bool


class Lease:
    """One agent's part in the Lease of its cluster."""

    def __init__(self, holder: str, config: LeaseConfig, first: int = 0) -> None:
        """Take part as the process `holder`, a name that no other process ever has.

        Updates are numbered from above `first`: nothing that was asked before is taken for ours.
        """
        self._holder = holder
        self._config = config
        self.key = ObjectKey(LEASE, config.namespace, config.name)
        """Which object it is."""
        self._wants = False
        self._is_known = False
        """Whether the object, or its absence, was ever seen."""
        self._document: Document | None = None
        self._changed_at: Instant = -NEVER
        self._until: Instant = -NEVER
        self._is_held = False
        self._owes = False
        """Whether it stands in our name, and is to be given up."""
        self._epoch_wanted = 0
        self._pending: _Pending | None = None
        self._next_at: Instant = -NEVER
        self._gone = ""
        self._asked_at: Instant = -NEVER
        self._wall_ms = 0
        self._count = first
        self._failures = 0

    # --- surface --------------------------------------------------------------------------

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact."""
        effects = self._expire(now)
        match event:
            case LeaseWanted(wanted):
                effects += self._on_wanted(wanted=wanted)
            case LeaseSeen(document):
                effects += self._on_seen(document, now)
            case LeaseWritten(number, document):
                effects += self._on_written(number, document, now)
            case HolderGone(holder):
                self._gone = holder
            case EpochWanted(epoch):
                self._epoch_wanted = max(epoch, self._epoch_wanted)
            case ClockShown(wall_ms):
                self._wall_ms = wall_ms
            case _:
                assert_never(event)
        return [*effects, *self._step(now)]

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due."""
        return [*self._expire(now), *self._step(now)]

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        due = [self._until] if self._is_held else []
        if self._pending is not None:
            due.append(self._pending.sent_at + self._config.duration)
        elif self._wants and self._is_known:
            due.append(max(self._next_at, min(self._free_at(), self._ask_at())))
        return min(due, default=NEVER)

    def holds(self, now: Instant) -> bool:
        """Tell whether this agent may publish and write at `now`, by its own clock."""
        return self._is_held and now < self._until

    @property
    def is_busy(self) -> bool:
        """Whether it is ours, or an update of it is under way."""
        return self._is_held or self._pending is not None

    def status(self) -> LeaseStatus:
        """Return who has it."""
        document = self._document
        return LeaseStatus(
            holder=text_at(document, "spec", "holderIdentity"),
            is_ours=self._is_held,
            epoch=_epoch_of(document),
            until=self._until,
            transitions=integer_at(document, "spec", "leaseTransitions") or 0,
            failures=self._failures,
        )

    def check_invariants(self) -> None:
        """Assert that it is held only while it stands in our name."""
        assert not self._is_held or text_at(self._document, "spec", "holderIdentity") in (
            self._holder,
            "",
        )

    def _on_wanted(self, *, wanted: bool) -> list[Effect]:
        """Stop acting by it at once where it is wanted no more, whatever is under way."""
        self._wants = wanted
        self._owes = not wanted and (self._is_held or self._owes)
        return self._lose() if self._is_held and not wanted else []

    # --- what is seen ---------------------------------------------------------------------

    def _on_seen(self, document: Document | None, now: Instant) -> list[Effect]:
        self._is_known = True
        if document is not None and document == self._document:
            return []
        if self._is_stale(document):
            return []
        return self._take(document, now)

    def _is_stale(self, document: Document | None) -> bool:
        """Tell whether it is an earlier state of what an update of ours has brought already."""
        if self._document is None or document is None:
            return False
        seen, known = (_renewals(each) for each in (document, self._document))
        return seen < known

    def _take(self, document: Document | None, now: Instant) -> list[Effect]:
        self._document, self._changed_at = document, now
        holder = text_at(document, "spec", "holderIdentity")
        if holder != self._gone:
            self._gone = ""
        if self._is_held and holder != self._holder:
            self._next_at = now
            return self._lose()
        return []

    def _on_written(self, number: int, document: Document | None, now: Instant) -> list[Effect]:
        pending = self._pending
        if pending is None or pending.number != number:
            return []
        self._pending = None
        if document is None:
            self._failures += 1
            self._next_at = now + self._config.retry
            return []
        effects = self._take(document, now)
        self._next_at = now + self._config.renew
        if text_at(document, "spec", "holderIdentity") != self._holder:
            return effects
        if not self._wants:
            self._owes = not pending.releases
            return effects
        until = pending.sent_at + self._config.duration - self._config.margin
        renews, self._is_held, self._until = self._is_held, True, until
        if not renews:
            return [*effects, LeaseAcquired(_epoch_of(document), until)]
        effects.append(LeaseRenewed(until))
        if self._epoch_wanted and pending.epoch >= self._epoch_wanted:
            self._epoch_wanted = 0
            effects.append(EpochConfirmed(pending.epoch))
        return effects

    def _expire(self, now: Instant) -> list[Effect]:
        pending = self._pending
        if pending is not None and now >= pending.sent_at + self._config.duration:
            self._pending = None  # Nobody ever said what became of it.
            self._failures += 1
        if self._is_held and now >= self._until:
            return self._lose()
        return []

    def _lose(self) -> list[Effect]:
        self._is_held, self._until, self._epoch_wanted = False, -NEVER, 0
        return [LeaseLost()]

    # --- what is done ---------------------------------------------------------------------

    def _free_at(self) -> Instant:
        """Return when it may be taken or is to be renewed."""
        holder = text_at(self._document, "spec", "holderIdentity")
        if self._is_held or holder in ("", self._holder) or holder == self._gone:
            return -NEVER
        seconds = integer_at(self._document, "spec", "leaseDurationSeconds")
        duration = self._config.duration if seconds is None else seconds * SECOND
        return self._changed_at + max(duration, self._config.renew)

    def _ask_at(self) -> Instant:
        return self._asked_at + self._config.retry

    def _step(self, now: Instant) -> list[Effect]:
        if self._pending is not None or not self._is_known:
            return []
        if not self._wants:
            return self._release(now)
        if self._is_held and self._epoch_wanted:
            return self._write(now, self._epoch_wanted)
        return self._seek(now) if now >= self._next_at else []

    def _seek(self, now: Instant) -> list[Effect]:
        """Take or renew it where that may be; else find out whether its holder has ended."""
        if now >= self._free_at():
            return self._write(now, 0)
        if now < self._ask_at():
            return []
        self._asked_at = now
        return [AskHolder(text_at(self._document, "spec", "holderIdentity"))]

    def _release(self, now: Instant) -> list[Effect]:
        """Give it up, so that the next one need not wait."""
        if not self._owes:
            return []
        self._owes = False
        holder = text_at(self._document, "spec", "holderIdentity")
        return self._write(now, 0, releases=True) if holder == self._holder else []

    def _write(self, now: Instant, epoch: int, *, releases: bool = False) -> list[Effect]:
        self._count += 1
        self._next_at = now + self._config.retry
        wanted = max(epoch, _epoch_of(self._document))
        self._pending = _Pending(self._count, now, wanted, releases)
        write = Apply(
            self.key,
            self._desired(wanted, releases=releases),
            "the lease is given up" if releases else "the lease is taken, or renewed",
            if_version="" if self._document is None else resource_version(self._document),
        )
        return [WriteLease(self._count, write)]

    def _desired(self, epoch: int, *, releases: bool) -> Document:
        before = self._document
        transitions = integer_at(before, "spec", "leaseTransitions") or 0
        is_new = text_at(before, "spec", "holderIdentity") != self._holder
        shown = _micro_time(self._wall_ms)
        acquired = text_at(before, "spec", "acquireTime")
        return {
            "apiVersion": LEASE.api_version(LEASE.versions[0]),
            "kind": LEASE.name,
            "metadata": {
                "name": self._config.name,
                "namespace": self._config.namespace,
                "labels": {MANAGED_BY: MANAGER},
                "annotations": {EPOCH: str(epoch), RENEWALS: str(_renewals(before) + 1)},
            },
            "spec": {
                "holderIdentity": "" if releases else self._holder,
                "leaseDurationSeconds": max(1, self._config.duration // SECOND),
                "acquireTime": shown if is_new or not acquired else acquired,
                "renewTime": shown,
                "leaseTransitions": transitions + (is_new and not releases),
            },
        }


RENEWALS = "isthmus.dev/renewals"
"""How often the object was written: which of two states of it is the later one."""


def _annotated(document: Document | None, name: str) -> int:
    text = text_at(document, "metadata", "annotations", name)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _epoch_of(document: Document | None) -> int:
    return _annotated(document, EPOCH)


def _renewals(document: Document | None) -> int:
    return _annotated(document, RENEWALS)


def _micro_time(wall_ms: int) -> str:
    """Return a time as the API's MicroTime has it."""
    return f"{shown_time(wall_ms)[:-1]}.{wall_ms % 1000:03}000Z"
