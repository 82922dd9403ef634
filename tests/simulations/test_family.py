"""Families say what their experiments share."""

import pytest

from simulations.family import Family, registered
from simulations.flavours import Setting
from simulations.sets.registry import SETS
from simulations.swim.registry import SWIM
from tests.simulations.test_study import Merged, Numbers


def test_experiments_are_registered_by_the_names_of_their_plans() -> None:
    assert registered(Merged, Numbers) == {"merged": Merged, "numbers": Numbers}
    assert list(registered(Merged, Numbers)) == ["merged", "numbers"]


def test_there_is_something_to_compare_where_there_is_more_than_ours() -> None:
    assert SWIM.compares
    assert not SETS.compares


def test_what_is_set_is_checked_where_anything_can_be() -> None:
    assert SETS.check is None
    assert SWIM.check is not None
    assert SWIM.check(Setting("ours")) == []
    (fault,) = SWIM.check(Setting("ours", "wan", (("probe.nothing", 1),)))
    assert fault == "$.probe.nothing: is not an option of the detector"


@pytest.mark.parametrize("family", [SWIM, SETS], ids=["swim", "sets"])
def test_what_pictures_show_as_bars_has_a_meaning(family: Family) -> None:
    assert all(family.glossary.meaning(name) for name in family.bars)
