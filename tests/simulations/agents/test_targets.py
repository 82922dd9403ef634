"""Targets of real agents are runs that can be made."""

import pytest

from simulations.agents.targets import TARGETS
from simulations.targets import Target

IDS = [target.what for target in TARGETS]


@pytest.mark.parametrize("target", TARGETS, ids=IDS)
def test_every_target_can_be_run_and_has_a_small_version(target: Target) -> None:
    for version in (target, target.quickened()):
        study = version.study()
        assert study.faults() == []
        assert len(study.cells()) == 1
        assert version.limits
    given = dict(target.study().values)
    assert all(given[name] == (value,) for name, value in target.values.items())
    shown = target.study().kind.plan.columns
    assert all(limit.figure in shown for limit in target.limits)


def test_names_are_unique() -> None:
    assert len(set(IDS)) == len(IDS)
