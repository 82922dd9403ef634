"""What is in force follows from the objects that are there, not from their order."""

from itertools import permutations

import pytest

from discovery.names import Origin
from discovery.problems import Problem
from discovery.refusals import Refusal, Refused
from discovery.trust_events import ObjectApplied
from discovery.trust_register import CLUSTERS_MAX, FAULTY_MAX, FLEETS_MAX, TrustRegister
from tests.discovery.trusted import (
    EAST,
    HOME,
    PROD_A,
    key,
    spec_key,
    trusted_cluster,
    trusted_fleet,
    trusted_object,
)

OWN_KEYS = {1: key(HOME, 1).public}


def register(*events: ObjectApplied) -> TrustRegister:
    made = TrustRegister(HOME)
    for event in events:
        made.apply(event.document)
        made.check_invariants()
    return made


def test_of_two_objects_for_one_cluster_the_first_by_name_counts() -> None:
    objects = [trusted_cluster(name, cluster="east") for name in ("a", "b", "c")]
    for order in permutations(objects):
        made = register(*order)
        trust = made.cluster(EAST)
        assert trust is not None
        assert trust.name == "a"
        what = "has no effect: TrustedCluster/a is about east as well"
        problems = [each for each in made.problems(OWN_KEYS) if each.what == what]
        assert [each.subject for each in problems] == ["TrustedCluster/b", "TrustedCluster/c"]
        assert made.delete("TrustedCluster", "a")
        assert made.clusters()[0].name == "b"


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ({"a": "*", "b": "prod-*"}, ["b", "a"]),
        ({"a": "prod-*", "b": "prod-*"}, ["a", "b"]),
        ({"a": "*-a", "b": "prod-*", "c": "prod-a", "d": "west"}, ["c", "b", "a"]),
    ],
)
def test_the_fleet_whose_pattern_is_closest_comes_first(
    patterns: dict[str, str], expected: list[str]
) -> None:
    objects = [trusted_fleet(name, pattern) for name, pattern in patterns.items()]
    for order in permutations(objects):
        assert [each.name for each in register(*order).fleets(PROD_A)] == expected


def test_nobody_gives_away_the_own_name() -> None:
    made = register(trusted_cluster("home"), trusted_fleet("all", "*"))
    assert made.cluster(HOME) is None
    assert made.fleets(HOME) == []
    assert made.clusters() == []
    assert made.problems(OWN_KEYS) == []
    what = "is about this cluster itself and lacks a key of it: what others trust is out of date"
    assert made.problems({2: key(HOME, 2).public}) == [Problem("TrustedCluster/home", what)]


def test_a_key_that_two_clusters_share_is_a_problem() -> None:
    shared = spec_key(2, key("east", 1).public)
    made = register(trusted_cluster("east"), trusted_cluster("west", shared))
    what = "gives generation 2 a key of TrustedCluster/east too"
    assert made.problems(OWN_KEYS) == [Problem("TrustedCluster/west", what)]


def test_a_faulty_object_keeps_its_last_good_version_and_goes_with_both() -> None:
    made = register(trusted_fleet("prod", "prod-*"))
    with pytest.raises(Refused):
        made.apply(trusted_fleet("prod", "PROD").document)
    assert [each.name for each in made.all_fleets()] == ["prod"]
    assert [each.subject for each in made.problems(OWN_KEYS)] == ["TrustedFleet/prod"]
    assert made.delete("TrustedFleet", "prod")
    assert not made.delete("TrustedFleet", "prod")
    assert not made.delete("Secret", "prod")
    assert made.problems(OWN_KEYS) == []
    assert len(made) == 0


def test_objects_and_their_faults_are_bounded() -> None:
    made = TrustRegister(HOME)
    for number in range(FLEETS_MAX):
        assert made.apply(trusted_fleet(f"f{number}", "x").document)
    with pytest.raises(Refused) as caught:
        made.apply(trusted_fleet("more", "x").document)
    assert caught.value.reason is Refusal.OVERSIZED
    assert not made.apply(trusted_fleet("f0", "x").document)
    for number in range(FAULTY_MAX + 9):
        with pytest.raises(Refused):
            made.apply(trusted_object("TrustedFleet", f"faulty{number}", {}).document)
    assert len(made.problems(OWN_KEYS)) == FAULTY_MAX
    made.check_invariants()


@pytest.mark.nightly
def test_clusters_are_bounded() -> None:
    made = TrustRegister(HOME)
    for number in range(CLUSTERS_MAX):
        made.apply(trusted_cluster(f"c{number}").document)
    with pytest.raises(Refused, match="there are 2048 such objects already"):
        made.apply(trusted_cluster("more").document)
    assert made.cluster(Origin("c7")) is not None
