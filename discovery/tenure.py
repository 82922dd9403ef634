"""Whether this process may sign now, and as which epoch and version.

Rule 1: nothing is signed outside the lease, by our own clock. Rule 2: nothing is signed before its
epoch stands in the Lease, put there by a conditional update that only one process can win; each
lease acquired takes a new one, above the wall clock, the Lease's and any verified one. So no two
processes ever sign with one epoch, and none signs with it twice: a version is used up when it is
taken, and a process that starts again has forgotten it together with its epoch. Rule 3: who meets
a set of its own origin above its own takes an epoch above that; where that happens again and again
within the lease, two processes hold a lease of one cluster each (a clone with a store of its own,
or a thief of the key): it is said, and each waits twice as long each time, so that the fleet is
torn to and fro ever more seldom. Rule 4: of a clock that is wrong something is said; it blocks
nothing.

    no lease -> LeaseAcquired -> EpochProposed -> EpochConfirmed -> versions 1, 2, 3 ...
                      a set above ours: ^--------------------------------------'
"""

from dataclasses import dataclass

from discovery.alarms import Alarm, AlarmRaised, Alarms
from discovery.manifest import Manifest, Order
from discovery.publisher_config import PublisherConfig
from discovery.publisher_events import EpochProposed
from failure_detect.clock import MILLISECOND, NEVER, Instant

FOLLOWED_MAX = 1 << 52
"""Milliseconds that no clock shows: 142,000 years. Only who stole a key signs with more. What is
above, and does not stand in the Lease by our own hand, is not followed: this key's successor is the
way on, which begins by the clock again, or one above the Lease."""

EPOCH_MAX = 1 << 53
"""The highest that the Lease takes: from `FOLLOWED_MAX` on there is one for each of 4 * 10^15
processes to come."""

AT_ONCE: Instant = -NEVER

DOUBLINGS_MAX = 7
"""How often the pause between epochs of two rivals doubles: from 5 s to 11 min."""

CALM_PAUSES = 1 << DOUBLINGS_MAX + 1
"""So many of the least pauses after the last epoch that a rival made us take, it is over."""


@dataclass(frozen=True, slots=True)
class _Reading:
    wall_ms: int
    at: Instant


class Tenure:
    """The lease, the epoch and the wall clock of one process."""

    def __init__(self, config: PublisherConfig, generation: int, alarms: Alarms) -> None:
        """Hold no lease; sign with a key of `generation` once there is one."""
        self._config = config
        self._generation = generation
        self._alarms = alarms
        self._reading: _Reading | None = None
        self._signed_ms = 0
        self._lease_epoch = 0
        self._until: Instant | None = None
        self._lapsed = False
        self._proposed: int | None = None
        self._propose_at: Instant = AT_ONCE
        self._retaken_at: Instant = AT_ONCE
        self._rivalry = 0
        self._own: Order | None = None
        self.highest: Order | None = None
        """The highest order of our origin that was seen or signed."""
        self.epoch: int | None = None
        """The epoch that stands in the Lease by our hand, None where there is none to sign with."""
        self.version = 0
        """How many versions of it were taken."""

    # --- reading ------------------------------------------------------------------------

    @property
    def until(self) -> Instant:
        """When the lease ends by our own clock; long ago where it is not ours."""
        return AT_ONCE if self._until is None or self._lapsed else self._until

    @property
    def has_newer_key(self) -> bool:
        """Whether a key of a higher generation than ours has signed."""
        return self.highest is not None and self.highest.generation > self._generation

    @property
    def may_sign(self) -> bool:
        """Whether a version may be taken, at a moment that `expire` was told."""
        return self.until != AT_ONCE and self.epoch is not None and not self.has_newer_key

    @property
    def deadline(self) -> Instant:
        """When `propose` has something to do."""
        return self._propose_at if self._could_propose() else NEVER

    def wall_ms(self, now: Instant) -> int:
        """Return what the wall clock shows, 0 where nobody has read it or it shows nonsense."""
        if self._reading is None:
            return 0
        shown = self._reading.wall_ms + (now - self._reading.at) // MILLISECOND
        return shown if 0 <= shown < FOLLOWED_MAX else 0

    # --- the lease ----------------------------------------------------------------------

    def acquire(self, epoch: int, until: Instant) -> None:
        """Take the lease, which has `epoch` written in it: a new one is due at once."""
        self.lose()
        self._lease_epoch = max(epoch, self._lease_epoch)
        self._until = until
        self._propose_at = AT_ONCE

    def renew(self, until: Instant) -> None:
        """Hold the lease for longer; who has lost it can only acquire it.

        One that had run out by our clock and was renewed was nobody else's in between, so its
        epoch is still ours.
        """
        if self._until is not None:
            self._until = until
            self._lapsed = False

    def expire(self, now: Instant) -> None:
        """Notice that the lease is over by our own clock."""
        if self._until is not None and now >= self._until:
            self._lapsed = True

    def lose(self) -> None:
        """Give up the lease, and the epoch with it."""
        self._until = self._proposed = self.epoch = None
        self._lapsed = False

    # --- epochs and versions ------------------------------------------------------------

    def propose(self, now: Instant) -> list[EpochProposed | AlarmRaised]:
        """Return the epoch that is to be written into the Lease, where one is due."""
        if not self._could_propose() or now < self._propose_at:
            return []
        alarms = self._check_clock(now)
        epoch = max(self.wall_ms(now), self._lease_epoch, self._floor()) + 1
        if epoch > EPOCH_MAX or self._floor() > max(FOLLOWED_MAX, self._lease_epoch):
            words = f"no epoch is left above {epoch - 1}: rotate the cluster's key"
            self._propose_at = NEVER
            return [*alarms, *self._alarms.judge(Alarm.EPOCH, words)]
        self._proposed = epoch
        return [*alarms, *self._alarms.judge(Alarm.EPOCH, None), EpochProposed(epoch)]

    def confirm(self, epoch: int) -> None:
        """Sign with `epoch` from now on, if it is the one that was proposed last."""
        if epoch != self._proposed:
            return
        self.epoch, self._proposed, self.version = epoch, None, 0
        self._lease_epoch = max(epoch, self._lease_epoch)
        if self._rivalry < 2:
            self._alarms.judge(Alarm.CLONE, None)

    def take(self) -> tuple[int, int]:
        """Return the epoch and version to sign with; no other call returns them again."""
        assert self.epoch is not None
        self.version += 1
        return self.epoch, self.version

    def signed(self, manifest: Manifest) -> None:
        """Take in what was signed with what `take` gave."""
        assert self.highest is None or manifest.order > self.highest
        self._own = self.highest = manifest.order
        self._signed_ms = max(self._signed_ms, manifest.body.signed_at_ms)

    # --- what others show ---------------------------------------------------------------

    def see(self, manifest: Manifest, now: Instant) -> list[AlarmRaised]:
        """Take in a verified manifest of our own origin."""
        order = manifest.order
        self._signed_ms = max(self._signed_ms, manifest.body.signed_at_ms)
        alarms = self._look_for_clone(order)
        if self.highest is None or order > self.highest:
            self.highest = order
        if alarms or self._is_surpassed():
            alarms += self._outdone(order, now)
        if self._proposed is not None and self._proposed <= self._floor():
            self._proposed, self._propose_at = None, AT_ONCE
        return [*alarms, *self._check_key(), *self._check_clock(now)]

    def rotate(self, generation: int) -> list[AlarmRaised]:
        """Sign with a key of a higher generation from now on.

        The epoch stays: one that this generation had surpassed is gone since that was seen.
        """
        self._generation = generation
        if self._propose_at == NEVER:
            self._propose_at = AT_ONCE
        return self._check_key()

    def read_wall(self, wall_ms: int, now: Instant) -> list[AlarmRaised]:
        """Take in what the wall clock shows."""
        before, first = self.wall_ms(now), self._reading is None
        self._reading = _Reading(wall_ms, now)
        step = 0 if first else wall_ms - before
        words = None
        if abs(step) > self._config.clock_tolerance_ms:
            words = f"the wall clock stepped by {step} ms"
        self._calm_down(now)
        return [*self._alarms.judge(Alarm.CLOCK_STEP, words), *self._check_clock(now)]

    # --- inside -------------------------------------------------------------------------

    def _could_propose(self) -> bool:
        return (
            self.until != AT_ONCE
            and self.epoch is None
            and self._proposed is None
            and self._reading is not None
            and not self.has_newer_key
        )

    def _floor(self) -> int:
        """Return the epoch to go above; what a lost key signed beyond all clocks dies with it."""
        highest = self.highest
        if highest is None:
            return 0
        if highest.generation < self._generation and highest.epoch > FOLLOWED_MAX:
            return 0
        return highest.epoch

    def _is_surpassed(self) -> bool:
        """Tell whether what would be signed next would be below what was seen."""
        if self.epoch is None or self.highest is None:
            return False
        return self.highest[:3] >= (self._generation, self.epoch, self.version + 1)

    def _outdone(self, order: Order, now: Instant) -> list[AlarmRaised]:
        """Want another epoch: at once, or after a pause where this happens all the time."""
        self._calm_down(now)
        pause = self._config.epoch_interval << min(max(0, self._rivalry - 1), DOUBLINGS_MAX)
        self.epoch = None
        self._propose_at = self._retaken_at = max(now, self._retaken_at + pause)
        if now >= self.until:
            return []  # Whoever has the lease by now is no rival.
        self._rivalry += 1
        if self._rivalry < 2:
            return []  # What an earlier process signed, and this one had not seen.
        words = f"somebody else signs with our key: epoch {order.epoch} is above all of our Lease"
        return self._alarms.judge(Alarm.CLONE, words)

    def _calm_down(self, now: Instant) -> None:
        """Forget a rival that has made us take no epoch for long."""
        if self._rivalry and now - self._retaken_at > CALM_PAUSES * self._config.epoch_interval:
            self._rivalry = 0
            self._alarms.judge(Alarm.CLONE, None)

    def _look_for_clone(self, order: Order) -> list[AlarmRaised]:
        own = self._own
        if self.epoch is None or order.epoch != self.epoch or order == own:
            return []
        if own is not None and order[:3] < own[:3]:
            return []  # An earlier one of our own, or its contradiction: the catalog sees to that.
        words = f"somebody else has signed with our key and our epoch {order.epoch}"
        return self._alarms.judge(Alarm.CLONE, words)

    def _check_key(self) -> list[AlarmRaised]:
        words = None
        if self.highest is not None and self.has_newer_key:
            words = (
                f"a key of generation {self.highest.generation} has signed, ours is of "
                f"generation {self._generation}: nothing is published until we have the newer one"
            )
        return self._alarms.judge(Alarm.KEY, words)

    def _check_clock(self, now: Instant) -> list[AlarmRaised]:
        if self._reading is None:
            return []
        wall = self.wall_ms(now)
        newest = max(self._signed_ms, self._floor(), self._lease_epoch)
        behind = newest - wall
        words = None
        if behind > self._config.clock_tolerance_ms:
            words = f"the wall clock is {behind} ms behind what this cluster has signed"
        alarms = self._alarms.judge(Alarm.CLOCK_BEHIND, words)
        ahead = wall - self._signed_ms
        words = None
        if self._signed_ms and ahead > self._config.clock_ahead_ms:
            words = f"the wall clock is {ahead} ms ahead of this cluster's last signature"
        return [*alarms, *self._alarms.judge(Alarm.CLOCK_AHEAD, words)]

    def check_invariants(self) -> None:
        """Assert that no more is claimed than the Lease has confirmed."""
        assert self.epoch is None or (self._until is not None and self._proposed is None)
        assert self.epoch is None or self.epoch <= self._lease_epoch <= EPOCH_MAX
        assert self._own is None or (self.highest is not None and self._own <= self.highest)
