"""What a bridge is made with: who runs it, and each part's own configuration."""

from dataclasses import dataclass, field

from discovery.authority import Signer
from discovery.config import ReplicatorConfig
from discovery.data_path_config import DataPathConfig
from discovery.guard_rules import GuardConfig
from discovery.isolation import IsolationConfig
from discovery.limits import CatalogLimits
from discovery.verdict_config import VerdictConfig
from failure_detect.identity import Identity


@dataclass(frozen=True, slots=True)
class Agent:
    """Who runs a bridge, and what signs in its name."""

    identity: Identity
    signer: Signer


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

    paths: DataPathConfig = field(default_factory=DataPathConfig)
    """How often the ways to other clusters are tried."""
