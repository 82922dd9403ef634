"""Attacks are counted by what became of them, and one that has success shows."""

from dataclasses import replace
from itertools import islice

import pytest

from discovery.refusals import Refusal
from simulations.sets.assailed import NEXT, ORIGINS, Attack, Kind, assailed
from simulations.sets.attack_kinds import attacks
from simulations.sets.attacks import Attacks, assault
from simulations.trials import Scene

MANY = 100_000


@pytest.mark.parametrize("kind", Kind)
def test_no_attack_has_success(kind: Kind) -> None:
    sample = Attacks(kind=kind, attacks=60).run(Scene(seed=3))
    counts = sample.counts
    assert [counts[name] for name in ("adopted", "mistaken", "disturbed")] == [0, 0, 0]
    assert counts["refused"] + counts["passed_over"] == counts["attacks"] == 60
    assert sample.amounts["forms"][0] >= 3


@pytest.mark.nightly
@pytest.mark.parametrize("kind", Kind)
def test_none_of_a_hundred_thousand_has_success(kind: Kind) -> None:
    counts = Attacks(kind=kind, attacks=MANY).run(Scene(seed=4)).counts
    assert [counts[name] for name in ("adopted", "mistaken", "disturbed")] == [0, 0, 0]
    assert counts["attacks"] == MANY


def test_what_has_success_is_counted_and_so_is_what_it_changed() -> None:
    victim = assailed(1)
    genuine = victim.sets[ORIGINS[0]][NEXT]
    planted = Attack(Kind.FORGED, "not at all", genuine.manifest.raw, genuine.records, None)
    counts = assault(victim, [planted, planted]).counts
    assert (counts["adopted"], counts["disturbed"], counts["passed_over"]) == (1, 1, 1)


def test_what_is_refused_for_another_reason_is_a_mistake() -> None:
    victim = assailed(1)
    [forged] = islice(attacks(Kind.FORGED, victim, 1), 1)
    counts = assault(victim, [replace(forged, expected=Refusal.BUDGET)]).counts
    assert (counts["refused"], counts["mistaken"]) == (1, 1)
