"""How a drain takes weight away: in equal steps, from when this process first saw it.

The ramp runs from local receipt, never from the time that the origin states (design, section 3).
Steps rather than a slope: each step is a change that every driver has to write.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from discovery.names import Origin, ServiceName
from discovery.records import AckRecord, DrainRecord
from failure_detect.clock import NEVER, SECOND, Instant

FULL_WEIGHT = 1_000
"""What a cluster has that is not being drained: thousandths."""

DRAIN_STEPS = 20
"""Over so many steps a drain goes from `FULL_WEIGHT` to nothing, 5 % at a time."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """A drain as it was received here."""

    record: DrainRecord
    received_at: Instant
    """When this process first saw a drain of that name (us)."""

    def weight(self, now: Instant) -> int:
        """Return what is left at `now`, from 1000 down to 0, in steps of 50."""
        step = self._step(now)
        return FULL_WEIGHT - FULL_WEIGHT * step // DRAIN_STEPS

    def next_step(self, now: Instant) -> Instant:
        """Return when less is left than at `now`; `NEVER` once nothing is."""
        step = self._step(now)
        if step == DRAIN_STEPS:
            return NEVER
        return self.received_at - (-(step + 1) * self._length // DRAIN_STEPS)

    def succeeded_by(self, record: DrainRecord, now: Instant) -> "Ramp":
        """Return the ramp of a newer record: the same drain goes on, another one begins."""
        same = record.drain == self.record.drain
        return Ramp(record, self.received_at if same else now)

    @property
    def _length(self) -> int:
        return self.record.ramp_s * SECOND

    def _step(self, now: Instant) -> int:
        elapsed = max(0, now - self.received_at)
        if elapsed >= self._length:
            return DRAIN_STEPS
        return elapsed * DRAIN_STEPS // self._length


Acks: TypeAlias = Mapping[tuple[Origin, ServiceName | None], AckRecord]
"""What one cluster acknowledged: by whose drain it was, and of which service, None of all of it."""


def is_acknowledged(ramp: Ramp, origin: Origin, drained: ServiceName | None, acks: Acks) -> bool:
    """Tell whether this very drain of `origin` is called done.

    The acknowledgement of the whole cluster's may name that of one service.
    """
    found = (acks.get((origin, drained)), acks.get((origin, None)))
    return any(each and each.done and each.drain == ramp.record.drain for each in found)


@dataclass(frozen=True, slots=True)
class DrainSeen:
    """One drain as this cluster obeys it: what an acknowledgement is made of."""

    origin: Origin
    service: ServiceName | None
    """None where the whole cluster is drained."""
    drain: str
    received_at: Instant
    ramp_s: int
    weight: int
    """What is left of it now, in thousandths."""
    needed_by: tuple[ServiceName, ...]
    """Services that still send it traffic: while the ramp lasts, and after it those for which
    there is no healthy endpoint elsewhere. Empty: the drain is obeyed."""
    acknowledged_by: tuple[Origin, ...] = ()
    """The clusters that said so, signed: their last request may be sent elsewhere. By name."""

    @property
    def is_obeyed(self) -> bool:
        """Whether the view sends it nothing any more."""
        return self.weight == 0 and not self.needed_by
