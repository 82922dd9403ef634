"""A catalog that is attacked holds the present of some origins, and says so when it is deceived."""

import pytest

from discovery.refusals import Refusal
from simulations.sets.assailed import (
    GONE,
    NEXT,
    ORIGINS,
    PAST,
    PRESENT,
    WAYS,
    AdoptedError,
    Attack,
    Kind,
    assailed,
    bring,
    key_of,
    signed,
)


def test_it_holds_the_present_and_remembers_who_is_gone() -> None:
    victim = assailed(1)
    held = [(each.manifest, each.records) for each in victim.catalog]
    assert held == [
        (three[PRESENT].manifest, three[PRESENT].records) for three in victim.sets.values()
    ]
    assert tuple(victim.sets) == ORIGINS
    assert victim.catalog.floor(GONE) == victim.gone[1].manifest.order


def test_each_set_has_lost_changed_and_got_a_record_since_the_one_before() -> None:
    for three in assailed(1).sets.values():
        for before, after in ((three[PAST], three[PRESENT]), (three[PRESENT], three[NEXT])):
            changes = after.records.changes_since(before.records)
            assert {(each.before is None, each.after is None) for each in changes} == {
                (True, False),
                (False, True),
                (False, False),
            }


@pytest.mark.parametrize("way", range(WAYS))
def test_what_is_adopted_is_noticed_by_every_way(way: int) -> None:
    victim = assailed(1)
    genuine = victim.sets[ORIGINS[0]][NEXT]
    planted = Attack(Kind.FORGED, "not at all", genuine.manifest.raw, genuine.records, None)
    with pytest.raises(AdoptedError, match="adopted: forged, not at all"):
        bring(victim.catalog, planted, way)


@pytest.mark.parametrize("way", range(WAYS))
def test_what_is_refused_says_why_and_what_is_old_is_passed_over(way: int) -> None:
    victim = assailed(1)
    past, _, genuine = victim.sets[ORIGINS[0]]
    forged = signed(genuine.manifest.body, key_of("mallory"))
    attack = Attack(Kind.FORGED, "forged", forged.raw, genuine.records, Refusal.SIGNATURE)
    assert bring(victim.catalog, attack, way) is Refusal.SIGNATURE
    old = Attack(Kind.ROLLED_BACK, "old", past.manifest.raw, past.records, None)
    assert bring(victim.catalog, old, way) is None
