"""What all experiments have in common."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from simulations.experiments.experiment import Experiment, Plan, ratio
from simulations.experiments.registry import EXPERIMENTS
from simulations.samples import Sample
from simulations.tables import meaning
from simulations.trials import Scene


@dataclass(frozen=True)
class Nothing(Experiment):
    plan: ClassVar[Plan] = Plan(name="nothing", title="nothing happens", columns=())

    def run(self, scene: Scene) -> Sample:
        return Sample()


def test_an_experiment_needs_few_members_and_derives_nothing_unless_it_says_so() -> None:
    assert Nothing().needs == Nothing.plan.least
    assert Nothing().derive({"false_positives": 3}) == {}


def test_a_ratio_of_nothing_is_none() -> None:
    assert ratio({"dead": 1, "paused": 3}, "dead", "paused") == 0.3333
    assert ratio({"paused": 3}, "dead", "paused") == 0.0
    assert ratio({}, "dead", "paused") is None


@pytest.mark.parametrize("kind", EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_every_plan_is_whole(kind: type[Experiment]) -> None:
    plan = kind.plan
    assert "ours" in plan.configurations
    assert plan.members >= kind().needs
    assert all(meaning(column) for column in plan.columns)
