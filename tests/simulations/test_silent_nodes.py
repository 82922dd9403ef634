"""A node is not its agent, in a whole simulated pool: who says what of which node, and when."""

import pytest

from failure_detect.clock import SECOND, Instant
from failure_detect.events import Effect, MemberDied, NodeAnswered, NodeSilent
from simulations.trials import Scene, Trial, rested
from simulations.world import World

MEMBERS = 12


class Heard:
    """What was said of nodes and of deaths: when, by whom, and what."""

    def __init__(self) -> None:
        self.said: list[tuple[Instant, int, Effect]] = []

    def on_effect(self, world: World, member: int, effect: Effect, now: Instant) -> None:
        if isinstance(effect, NodeSilent | NodeAnswered | MemberDied):
            self.said.append((world.now, member, effect))

    def by(self, effect: Effect) -> set[int]:
        return {member for _, member, said in self.said if said == effect}


@pytest.fixture(name="scene", params=[1, 2, 3])
def _scene(request: pytest.FixtureRequest) -> tuple[Trial, Heard]:
    trial, heard = rested(Scene(seed=request.param, members=MEMBERS)), Heard()
    trial.world.observe(heard)
    return trial, heard


def test_a_node_that_went_down_is_called_silent_by_all_within_seconds(
    scene: tuple[Trial, Heard],
) -> None:
    trial, heard = scene
    node = trial.world.identity(3).node
    trial.world.crash_nodes(3)
    trial.run(9 * SECOND)
    others = set(range(MEMBERS)) - {3}
    assert heard.by(NodeSilent(node)) == others
    assert heard.by(NodeAnswered(node)) == set()
    trial.world.restart(3)
    trial.run(9 * SECOND)
    assert heard.by(NodeAnswered(node)) == others
    trial.finish()


def test_a_dead_agent_on_a_living_node_is_only_a_dead_agent(scene: tuple[Trial, Heard]) -> None:
    trial, heard = scene
    dead = trial.world.member_id(5)
    trial.world.crash(5)
    trial.run(30 * SECOND)
    died = [said.member for _, _, said in heard.said if isinstance(said, MemberDied)]
    assert died == [dead] * (MEMBERS - 1)
    assert [said for _, _, said in heard.said if isinstance(said, NodeSilent)] == []
    trial.finish()
