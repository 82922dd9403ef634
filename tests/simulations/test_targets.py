"""Limits can be missed, and a target says how it is shown."""

import pytest

from simulations.samples import Row
from simulations.sets.registry import SETS
from simulations.swim.registry import SWIM
from simulations.targets import Limit, Target, median, no_more, p99, worst


@pytest.mark.parametrize(
    ("limit", "row", "reached", "is_met"),
    [
        (Limit("missed", 0), {"missed": 0}, 0, True),
        (Limit("missed", 0), {"missed": 1}, 1, False),
        (Limit("missed", 0), {}, None, False),
        (Limit("missed", 0), {"missed": "none"}, None, False),
        (median("heal_s", 2), {"heal_s": {"median": 2.0, "max": 9.0}}, 2.0, True),
        (worst("heal_s", 2), {"heal_s": {"median": 2.0, "max": 9.0}}, 9.0, False),
        (worst("heal_s", 2), {"heal_s": {"samples": 0}}, None, False),
        (p99("heal_s", 2), {"heal_s": {"p99": 1.5, "max": 9.0}}, 1.5, True),
    ],
)
def test_a_limit_is_met_by_a_figure(
    limit: Limit, row: Row, reached: float | None, is_met: bool
) -> None:
    assert limit.reached(row) == reached
    assert limit.is_met(row) is is_met


def test_a_target_runs_one_cell_with_the_values_that_it_names() -> None:
    target = Target(
        family=SWIM, what="x", experiment="loss", limits=(), values={"loss": 0.5}, members=9
    )
    study = target.study()
    assert (study.family, len(study.cells()), study.members) == (SWIM, 1, 9)
    assert dict(study.values)["loss"] == (0.5,)
    assert study.configurations == ("ours",)


def test_the_quick_version_of_a_family_without_members_says_nothing_of_them() -> None:
    quick = Target(family=SETS, what="x", experiment="records", limits=()).quickened()
    assert quick.what == "x (quick)"
    assert int(quick.values["endpoints"]) <= SETS.quick["endpoints"]
    assert quick.study().members == 0


def test_nothing_else_is_run_where_nothing_is_said() -> None:
    assert list(no_more(quick=True, seeds=None)) == []
