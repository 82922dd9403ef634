"""What is measured at rest are the real agents, in pools in which everybody is known."""

from failure_detect.clock import SECOND
from simulations.agents.idle import Idle
from simulations.trials import Scene
from tests.simulations.agents.clusters import network


def test_pools_have_three_bridges_of_each_cluster() -> None:
    assert Idle().fault() is None
    assert Idle(wan=31).fault() == "--wan 31: every cluster has 3 bridges"


def test_real_agents_are_measured_among_all_others() -> None:
    idle = Idle(lan=5, wan=6, settling=SECOND, duration=2 * SECOND, network=network())
    sample = idle.run(Scene(seed=1))
    assert sample.amounts["lan_members"] == [5, 5, 5]
    assert sample.amounts["wan_members"] == [6, 6, 6]
    assert all(0 < each < 100 for each in sample.amounts["core_percent"])
    assert all(10 < each < 200 for each in sample.amounts["resident_mb"])
