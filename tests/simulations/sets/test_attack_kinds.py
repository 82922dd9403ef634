"""Attacks of a kind come without end, from a seed, in every form, each with its own reason."""

from collections import Counter
from itertools import islice

import pytest

from simulations.sets.assailed import WAYS, Attack, Kind, assailed, bring
from simulations.sets.attack_kinds import attacks

SEED, FEW = 20_250_311, 300


@pytest.mark.parametrize("kind", Kind)
def test_every_form_of_a_kind_comes_and_is_refused_for_its_own_reason(kind: Kind) -> None:
    victim = assailed(SEED)
    came: Counter[str] = Counter()
    for number, attack in enumerate(islice(attacks(kind, victim, SEED), FEW)):
        assert attack.kind is kind
        assert bring(victim.catalog, attack, number % WAYS) == attack.expected, attack.how
        came[attack.how] += 1
    assert len(came) >= 3
    assert min(came.values()) > FEW // 20


def test_a_seed_gives_the_same_attacks_and_another_gives_others() -> None:
    def few(seed: int) -> list[Attack]:
        return list(islice(attacks(Kind.FORGED, assailed(seed), seed), 20))

    assert few(1) == few(1)
    assert few(1) != few(2)
