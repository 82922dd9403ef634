"""The resources of a side-car are values."""

from simulations.mesh_resources import NOTHING, Destination, Host, Piece
from tests.simulations.mesh_world import name


def test_nothing_is_a_piece_without_anything() -> None:
    assert Piece() == NOTHING


def test_a_destination_is_written_as_address_and_port() -> None:
    assert str(Destination("10.0.0.1", 80)) == "10.0.0.1:80"
    assert Host(name("store"), 80) == (name("store"), 80)
