"""Where requests go, in shares that make one."""

from fractions import Fraction

from simulations.mesh_resources import (
    Chain,
    Cluster,
    Destination,
    Host,
    Locality,
    Piece,
    VirtualHost,
    Weighted,
)
from simulations.mesh_sidecar import Sidecar
from simulations.mesh_traffic import Answer, Call, Outcome, calls, nobody, send
from tests.simulations.mesh_world import BUYER, PORT, STORE, name

HOST = Host(name("store"), PORT)
FIRST, SECOND, THIRD = (Destination(f"10.1.0.{each}", PORT) for each in (1, 2, 3))


def cluster(called: str, *destinations: Destination) -> Cluster:
    return Cluster(called, name(called), (Locality("local", 0, 0, destinations),), (STORE,))


def sidecar(*weighted: Weighted, is_tcp: bool = False) -> Sidecar:
    chain = Chain(name("store"), ("x/32",), PORT, is_tcp, weighted if is_tcp else ())
    made = Sidecar(BUYER)
    made.accept(
        {
            name("store"): Piece(
                (cluster("a", FIRST, SECOND), cluster("b", THIRD), cluster("empty")),
                (chain,),
                () if is_tcp else (VirtualHost(name("store"), PORT, weighted),),
            )
        }
    )
    return made


def served(call: Call) -> Answer:
    return Answer(Outcome.SERVED, call.to)


SPLIT = (Weighted("a", 3), Weighted("b", 1), Weighted("empty", 0))


def test_shares_follow_the_weights_and_are_equal_within_a_cluster() -> None:
    shares = {
        str(each.to): share for each, share in send(sidecar(*SPLIT), HOST, "r", served).items()
    }
    eighths = Fraction(3, 8)
    assert shares == {str(FIRST): eighths, str(SECOND): eighths, str(THIRD): Fraction(1, 4)}


def test_a_tcp_chain_is_shared_by_its_own_weights() -> None:
    made = sidecar(*SPLIT[:2], is_tcp=True)
    assert len(send(made, HOST, "r", served)) == 3


def test_a_call_says_who_calls_what_and_whom_it_takes_there() -> None:
    ((call, share),) = calls(sidecar(Weighted("b", 1)), HOST, "r")
    assert share == 1
    assert call == Call(BUYER, THIRD, name("b"), HOST, "r", (STORE,))


def test_without_cluster_or_endpoints_it_is_503() -> None:
    for called in ("gone", "empty"):
        (answer,) = send(sidecar(Weighted(called, 1)), HOST, "r", served)
        assert answer.outcome is Outcome.UNAVAILABLE
        assert called in answer.why


def test_without_a_route_it_is_404_and_without_a_chain_not_the_meshs_business() -> None:
    made = sidecar(Weighted("b", 1))
    made.routes = {}
    (answer,) = send(made, HOST, "r", served)
    assert answer.outcome is Outcome.NO_ROUTE
    (answer,) = send(made, Host(name("other"), PORT), "r", served)
    assert answer.outcome is Outcome.UNSEEN


def test_a_black_hole_never_answers() -> None:
    (answer,) = send(sidecar(Weighted("b", 1)), HOST, "r", nobody)
    assert answer == Answer(Outcome.HANGS, THIRD)


def test_what_was_not_measured_is_unknown() -> None:
    made = sidecar(Weighted("b", 1))
    (answer,) = send(made, HOST, "r", served, "no numbers")
    assert answer == Answer(Outcome.UNKNOWN, None, "no numbers")
    made.unmeasured = {(HOST.service, HOST.port): "odd"}
    (answer,) = send(made, HOST, "r", served)
    assert answer.why == "odd"
