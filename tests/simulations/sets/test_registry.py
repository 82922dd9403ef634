"""Experiments are found by their names, and every plan is whole."""

import pytest
from click.testing import CliRunner

from simulations.cli import simulate
from simulations.sets.joins import Join
from simulations.sets.registry import SETS
from simulations.sets.rotations import Rotate


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
        "data-path",
        "unequal-trust",
        "node-down",
        "split",
        "restart",
        "rotate",
        "revoke",
        "equivocate",
        "drain",
    }


@pytest.mark.parametrize("name", [each for each in SETS.experiments if each != "attacks"])
def test_each_says_what_no_fleet_can_be_before_it_runs(name: str) -> None:
    assert SETS.experiments[name]().fault() is None
    run = CliRunner().invoke(simulate, ["sets", name, "--services", "1000000"])
    assert run.exit_code == 2
    assert "--services x --endpoints: " in run.stderr


def test_no_more_take_part_than_there_are() -> None:
    said = Join(origins=3, providers=4).fault()
    assert said == "--providers 4: there are 3 other clusters"
    assert Join(origins=3, providers=3).fault() is None
    said = Rotate(clusters=3, late=2).fault()
    assert said == "--late 2: beside the first and the last cluster there are 1"
    assert Rotate(clusters=3, late=1).fault() is None
    assert Rotate(clusters=3, late=2, trust="fleet").fault() is None
