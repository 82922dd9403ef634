"""Experiments are found by their names, and every plan is whole."""

import pytest

from simulations.sets.registry import SETS


@pytest.mark.parametrize("name", SETS.experiments)
def test_every_plan_is_whole(name: str) -> None:
    plan = SETS.experiments[name].plan
    assert plan.name == name
    assert plan.configurations == SETS.configurations == ("ours",)
    assert plan.profile == "wan"
    assert all(column in SETS.glossary.words for column in plan.columns)


def test_all_that_is_promised_is_there() -> None:
    assert set(SETS.experiments) >= {
        "records",
        "capacity",
        "change",
        "rollout",
        "join",
        "two-differ",
        "churn",
        "relay",
        "fast-origin",
        "unequal-trust",
        "node-down",
        "split",
        "restart",
        "rotate",
        "revoke",
        "equivocate",
        "drain",
    }
