"""What is held of a remote cluster: the verdicts of the design's section 7, as values."""

from dataclasses import dataclass
from enum import StrEnum

from failure_detect.clock import Instant


class Verdict(StrEnum):
    """How a remote cluster is treated, from best to worst."""

    LIVE = "live"
    """Directly reachable, data path open, fresh manifest: serve."""
    STALE = "stale"
    """Its manifest is past its lifetime while it is alive: serve, warn."""
    DRAINING = "draining"
    """It said so, signed: weights ramp down to none, acknowledged."""
    DEGRADED = "degraded"
    """Alive, but not reachable from here, or its data path is shut: last tier."""
    UNREACHABLE = "unreachable"
    """No bridge of it is alive in the pool: last tier after a hold-down."""
    EXPIRED = "expired"
    """Unreachable for the retention: the one removal on silence."""
    DEPARTED = "departed"
    """A signed departure, revoked, or no longer trusted: remove."""

    @property
    def serves(self) -> bool:
        """Whether its endpoints are used at all."""
        return self not in (Verdict.EXPIRED, Verdict.DEPARTED)

    @property
    def is_last_tier(self) -> bool:
        """Whether they are used only where no better tier has a healthy endpoint."""
        return self in (Verdict.DEGRADED, Verdict.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Standing:
    """A verdict, since when (of this process's clock, us), and the evidence in words."""

    verdict: Verdict
    since: Instant
    """When it became so. The words may be younger."""
    why: str
    """The evidence as it is now: other than it began, and still good for the same."""
    also_last_tier: bool = False
    """It is `draining`, and the evidence alone would have it in the last tier."""

    @property
    def is_last_tier(self) -> bool:
        """Whether its endpoints are used only where no better tier has a healthy one."""
        return self.also_last_tier or self.verdict.is_last_tier

    def is_like(self, other: "Standing") -> bool:
        """Tell whether both have the same effect."""
        return (self.verdict, self.also_last_tier) == (other.verdict, other.also_last_tier)
