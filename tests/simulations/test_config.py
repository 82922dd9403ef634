import pytest

from simulations.config import WorldConfig


def test_places_are_numbered_and_fall_into_clusters_of_neighbours() -> None:
    places = list(WorldConfig(seed=1, members=6, clusters=3).places())
    assert [place.index for place in places] == list(range(6))
    assert [place.group[-1] for place in places] == ["0", "0", "1", "1", "2", "2"]
    assert len({place.address for place in places} | {p.node_address for p in places}) == 12


def test_clocks_begin_apart_and_as_the_seed_says() -> None:
    epochs = [[p.clock.offset for p in WorldConfig(seed=s, members=9).places()] for s in (1, 1, 2)]
    assert epochs[0] == epochs[1] != epochs[2]
    assert len(set(epochs[0])) == 9
    level = WorldConfig(seed=1, members=3, clock_spread=0)
    assert {place.clock.offset for place in level.places()} == {0}


def test_there_is_no_world_without_members() -> None:
    with pytest.raises(ValueError, match="at least one"):
        WorldConfig(seed=1, members=0)
