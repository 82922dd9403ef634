"""Of all attacks that a seed brings forth none is adopted, and what is genuine still is."""

from collections import Counter
from itertools import islice

import pytest

from tests.discovery.catalogs import snapshot
from tests.discovery.set_attacks import attacks
from tests.discovery.set_scene import NEXT, ORIGINS, Attack, Kind, Scene, bring, scene

SEED = 20_250_311
FEW, MANY = 400, 100_000


def quick_look(view: Scene) -> tuple[object, ...]:
    """What no attack may change, at a price that can be paid each time."""
    catalog = view.catalog
    held = [(id(each.manifest), id(each.records), each.adopted_at) for each in catalog]
    return held, catalog.floors(), catalog.size_bytes, catalog.record_count


def assault(kind: Kind, count: int) -> Counter[str]:
    """Bring so many attacks, by every way; return how often each form of it came."""
    view = scene(SEED)
    roots = tuple(each.records.root for three in view.sets.values() for each in three)
    before, look = snapshot(view.catalog, roots), quick_look(view)
    came: Counter[str] = Counter()
    for number, attack in enumerate(islice(attacks(kind, view, SEED), count)):
        found = bring(view.catalog, attack, number % 3)
        assert found == attack.expected, f"{attack.how}: {found}, not {attack.expected}"
        assert quick_look(view) == look, attack.how
        came[attack.how] += 1
    assert snapshot(view.catalog, roots) == before
    for origin in ORIGINS:
        genuine = view.sets[origin][NEXT]
        assert view.catalog.adopt(genuine.manifest, genuine.records, 2_000) is not None
    assert view.catalog.adopt(view.gone[1].manifest, view.gone[1].records, 2_000) is not None
    view.catalog.check_invariants()
    return came


@pytest.mark.parametrize("kind", Kind)
def test_no_attack_is_adopted(kind: Kind) -> None:
    came = assault(kind, FEW)
    assert len(came) >= 3
    assert min(came.values()) > FEW // 20


@pytest.mark.nightly
@pytest.mark.parametrize("kind", Kind)
def test_no_attack_of_a_hundred_thousand_is_adopted(kind: Kind) -> None:
    assert sum(assault(kind, MANY).values()) == MANY


def test_a_seed_gives_the_same_attacks_and_another_gives_others() -> None:
    def raws(seed: int) -> list[Attack]:
        return list(islice(attacks(Kind.FORGED, scene(seed), seed), 20))

    assert raws(1) == raws(1)
    assert raws(1) != raws(2)


def test_what_would_be_adopted_is_noticed() -> None:
    view = scene(SEED)
    genuine = view.sets[ORIGINS[0]][NEXT]
    planted = Attack(Kind.FORGED, "not at all", genuine.manifest.raw, genuine.records, None)
    for way in range(3):
        fresh = scene(SEED)
        with pytest.raises(AssertionError, match="adopted: forged, not at all"):
            bring(fresh.catalog, planted, way)
