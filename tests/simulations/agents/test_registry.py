"""Experiments with real agents are found by their names, and every plan is whole."""

import pytest

from simulations.agents.registry import AGENTS


@pytest.mark.parametrize("name", AGENTS.experiments)
def test_every_plan_is_whole(name: str) -> None:
    plan = AGENTS.experiments[name].plan
    assert plan.name == name
    assert plan.configurations == AGENTS.configurations == ("ours",)
    assert all(column in AGENTS.glossary.words for column in plan.columns)


def test_one_runs_at_a_time() -> None:
    assert AGENTS.jobs == 1
