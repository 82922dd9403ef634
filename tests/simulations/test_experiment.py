"""What all experiments have in common."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from simulations.experiment import Experiment, Plan, ratio
from simulations.samples import Sample
from simulations.swim.registry import SWIM
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


@pytest.mark.parametrize("name", SWIM.experiments)
def test_every_plan_is_whole(name: str) -> None:
    kind = SWIM.experiments[name]
    plan = kind.plan
    assert "ours" in plan.configurations
    assert plan.members >= kind().needs
    assert all(SWIM.glossary.meaning(column) for column in plan.columns)
