"""Targets are runs that can be made, with limits that can be missed."""

import pytest

from failure_detect.clock import MINUTE, SECOND
from simulations.swim.targets import TARGETS, ablation
from simulations.targets import Target

IDS = [target.what for target in TARGETS]


@pytest.mark.parametrize("target", TARGETS, ids=IDS)
def test_every_target_can_be_run(target: Target) -> None:
    study = target.study()
    assert study.faults() == []
    assert len(study.cells()) == 1
    assert study.configurations[0] == "ours"
    assert target.limits
    given = dict(study.values)
    assert all(given[name] == (value,) for name, value in target.values.items())


@pytest.mark.parametrize("target", TARGETS, ids=IDS)
def test_the_quick_version_is_small(target: Target) -> None:
    quick = target.quickened()
    study = quick.study()
    assert study.faults() == []
    assert (len(study.seeds), study.members) == (2, min(20, target.members))
    assert int(quick.values.get("duration", 0)) <= MINUTE
    assert quick.what.startswith(target.what)
    assert "quick" in quick.what


def test_names_are_unique() -> None:
    assert len(set(IDS)) == len(IDS)


def test_the_ablation_has_a_quick_version_too() -> None:
    whole, quick = ablation(quick=False), ablation(quick=True)
    assert whole.faults() == quick.faults() == []
    assert len(quick.tasks()) == 2 * len(quick.configurations)
    assert len(whole.tasks()) > 10 * len(quick.tasks())
    assert dict(quick.values)["blocked"] == (2 * SECOND,)


def test_seeds_are_capped_for_ours_and_for_the_others() -> None:
    for target in TARGETS:
        study = target.with_seeds(2).study()
        assert len(study.seeds) == min(target.seeds, 2)
        assert study.others_seeds == 2
