"""What a mesh is told and does, as values."""

from simulations.mesh_events import EnvoyRefused, MeshSettings, Refused, Version
from tests.simulations.mesh_world import BUYER


def test_an_installation_guesses_nothing_and_watches_no_nodes_unless_asked() -> None:
    settings = MeshSettings(version=Version.V1_2)
    assert not settings.assumes_documented_traffic
    assert not settings.watches_nodes


def test_refusals_have_an_order() -> None:
    first = EnvoyRefused(BUYER, Refused.LISTENER, "", "x")
    second = EnvoyRefused(BUYER, Refused.ROUTES, "80", "x")
    assert sorted([second, first]) == sorted([first, second])
