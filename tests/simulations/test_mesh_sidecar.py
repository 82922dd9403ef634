"""What Envoy refuses, each whole, and what it keeps."""

from dataclasses import replace

from discovery.names import ServiceName
from simulations.mesh_events import Refused
from simulations.mesh_objects import Identity
from simulations.mesh_resources import (
    Chain,
    Cluster,
    Destination,
    Locality,
    Piece,
    VirtualHost,
    Weighted,
)
from simulations.mesh_sidecar import Sidecar
from tests.simulations.mesh_world import BUYER, PORT, STORE, name

ONE, TWO = Destination("10.1.0.1", PORT), Destination("10.1.0.2", PORT)
STORE_CLUSTER = Cluster("app/store|1", name("store"), (Locality("local", 0, 0, (ONE,)),), ())


def piece(called: str, address: Destination = ONE, prefix: str = "", weight: int = 100) -> Piece:
    cluster = f"app/{called}|{address.port}"
    weighted = (Weighted(cluster, weight),)
    return Piece(
        (Cluster(cluster, name(called), (Locality("local", 0, 0, (address,)),), ()),),
        (Chain(name(called), (prefix or f"{called}/32",), PORT, False, ()),),
        (VirtualHost(name(called), PORT, weighted),),
    )


def told(*pieces: tuple[str, Piece]) -> Sidecar:
    sidecar = Sidecar(BUYER)
    assert sidecar.accept({name(called): each for called, each in pieces}) == []
    return sidecar


def test_what_is_good_is_taken_and_what_is_gone_is_forgotten() -> None:
    sidecar = told(("a", piece("a")), ("b", piece("b")))
    assert sidecar.first("app/a|14001") == (ONE,)
    assert sidecar.accept({name("b"): piece("b", TWO)}) == []
    assert (sidecar.first("app/a|14001"), sidecar.first("app/b|14001")) == (None, (TWO,))
    assert sidecar.chain(name("a"), PORT) is None


def test_a_refused_listener_keeps_its_chains_while_routes_and_clusters_go_on() -> None:
    sidecar = told(("a", piece("a")))
    pieces = {name("b"): piece("b", prefix="x"), name("c"): piece("c", TWO, prefix="x")}
    (refused,) = sidecar.accept(pieces)
    assert refused.what is Refused.LISTENER
    assert sidecar.chain(name("a"), PORT) is not None
    assert sidecar.chain(name("b"), PORT) is None
    assert sidecar.first("app/a|14001") is None
    assert sidecar.first("app/c|14001") == (TWO,)


def test_refused_routes_go_on_naming_clusters_that_are_gone() -> None:
    sidecar = told(("a", piece("a")))
    moved = Destination("10.1.0.1", 9_000)
    (refused,) = sidecar.accept({name("a"): piece("a", moved, weight=0)})
    assert (refused.what, refused.which) == (Refused.ROUTES, str(PORT))
    assert sidecar.shares(name("a"), PORT) == (Weighted("app/a|14001", 100),)
    assert sidecar.first("app/a|14001") is None


def test_the_first_routes_of_a_port_may_be_refused_and_then_there_are_none() -> None:
    sidecar = Sidecar(BUYER)
    assert sidecar.accept({name("a"): piece("a", weight=0)}) != []
    assert sidecar.shares(name("a"), PORT) is None


def test_refused_endpoints_stay_as_they_were() -> None:
    sidecar = told(("a", piece("a")))
    worse = piece("a", Destination("nowhere", PORT))
    (refused,) = sidecar.accept({name("a"): worse})
    assert (refused.what, refused.which) == (Refused.ENDPOINTS, "app/a|14001")
    assert sidecar.first("app/a|14001") == (ONE,)


def test_the_name_of_the_other_end_is_asked_for_once() -> None:
    def with_sans(*sans: Identity) -> dict[ServiceName, Piece]:
        found = piece("a")
        return {name("a"): replace(found, clusters=(replace(found.clusters[0], sans=sans),))}

    sidecar = Sidecar(BUYER)
    for sans in ((STORE,), ()):
        sidecar.accept(with_sans(*sans))
        assert sidecar.sans == {name("a"): (STORE,)}
    sidecar.accept({})
    sidecar.accept(with_sans())
    assert sidecar.sans == {name("a"): ()}


def test_the_first_priority_that_has_endpoints_is_used_and_each_address_counts_once() -> None:
    tiers = (
        Locality("local", 0, 0, ()),
        Locality("beta", 1, 1, (ONE,)),
        Locality("gamma", 1, 1, (ONE, TWO)),
        Locality("delta", 2, 1, (Destination("10.1.0.3", PORT),)),
    )
    cluster = replace(STORE_CLUSTER, localities=tiers)
    sidecar = told(("store", Piece((cluster,))))
    assert sidecar.first(cluster.name) == (ONE, TWO)
    found = sidecar.localities(cluster.name)
    assert found is not None
    assert found[2].destinations == (TWO,)


def test_a_copy_goes_its_own_way() -> None:
    sidecar = told(("a", piece("a")))
    copy = sidecar.copy()
    copy.accept({})
    assert sidecar.clusters != {}
    assert sidecar.copy() == sidecar
