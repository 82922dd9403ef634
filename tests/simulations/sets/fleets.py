"""Small fleets for tests."""

from simulations.network import NetworkConfig
from simulations.sets.fleet import ClusterPlan, fleet
from simulations.sets.stage import Stage, StageConfig, Trusts, trusts_all

PATTERN = ClusterPlan(number=0, nodes=5, bridges=2, services=2, endpoints=20)


def small_stage(
    *, clusters: int = 3, seed: int = 1, trusts: Trusts = trusts_all, holders: int | None = None
) -> Stage:
    """Return a fleet of few small clusters in which nothing runs yet."""
    return Stage(
        StageConfig(
            plan=fleet(clusters, PATTERN),
            seed=seed,
            network=NetworkConfig.wan(loss=0.0),
            trusts=trusts,
            holders=holders,
        )
    )
