"""All of a bridge's configuration: each part's own, with everything at its default."""

from dataclasses import dataclass, field

from discovery.config import ReplicatorConfig
from discovery.guard_rules import GuardConfig
from discovery.isolation import IsolationConfig
from discovery.limits import CatalogLimits
from discovery.verdict_config import VerdictConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeConfig:
    """What each part is set to; each checks itself and names all its faults at once."""

    limits: CatalogLimits = field(default_factory=CatalogLimits)
    """What anybody can make us hold."""

    replicator: ReplicatorConfig = field(default_factory=ReplicatorConfig)
    """How sets spread."""

    verdicts: VerdictConfig = field(default_factory=VerdictConfig)
    """What silence means."""

    guard: GuardConfig = field(default_factory=GuardConfig)
    """Which withdrawals are held."""

    isolation: IsolationConfig = field(default_factory=IsolationConfig)
    """When we presume ourselves cut off."""
