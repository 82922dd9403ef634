"""Who is passed something on, and what is passed on as what."""

import pytest

from agent.wire.handshake import Hello, read_via, write_hello
from agent.wire.header import Head, Kind, Pool, read_head, write_head
from agent.wire.hops import Cluster, is_passed_on, passed_on
from failure_detect.identity import Address, ShortId

A, B, C = (Address(f"192.0.2.{number}:7400") for number in (1, 2, 3))
SOURCE = Address("198.51.100.1:9")


def test_bridges_are_found_by_mark_and_by_id_and_agents_are_known_by_address() -> None:
    cluster = Cluster()
    assert cluster.anyone() is None
    cluster.replace({ShortId(b"onebrid1"): A, ShortId(b"twobrid2"): B}, [C])
    assert (cluster.of_mark(b"oneb"), cluster.of_id(ShortId(b"twobrid2"))) == (A, B)
    assert (cluster.of_mark(b"none"), cluster.of_id(ShortId(b"onebrid2"))) == (None, None)
    assert cluster.anyone() == A
    assert all(map(cluster.is_of_ours, (A, B, C)))
    assert not cluster.is_of_ours(SOURCE)
    cluster.replace({}, [])
    assert cluster.anyone() is None
    assert not cluster.is_of_ours(C)


def test_two_bridges_of_one_mark_get_no_datagrams_and_each_its_streams() -> None:
    cluster = Cluster()
    cluster.replace({ShortId(b"samemar1"): A, ShortId(b"samemar2"): B}, [])
    assert cluster.of_mark(b"same") is None
    assert cluster.of_id(ShortId(b"samemar2")) == B


@pytest.mark.parametrize(
    ("pool", "is_hop", "expected"),
    [(Pool.WAN, False, True), (Pool.WAN, True, False), (Pool.LAN, False, False)],
)
def test_only_wan_is_passed_on_and_once(pool: Pool, is_hop: bool, expected: bool) -> None:
    assert is_passed_on(Head(Kind.DATA, pool, b"mark", is_hop=is_hop)) == expected


def test_what_is_passed_on_says_so_and_does_not_grow() -> None:
    head = Head(Kind.DATA, Pool.WAN, b"mark", 1, 2)
    data = write_head(head) + b"sealed"
    onward = passed_on(head, data, SOURCE)
    assert onward is not None
    assert (read_head(onward), onward[16:]) == (head._replace(is_hop=True), b"sealed")
    hello = head._replace(kind=Kind.HELLO)
    first = write_hello(hello, Hello(bytes(16), b"mine", b"certificate"))
    said = passed_on(hello, first, SOURCE)
    assert said is not None
    assert (read_via(said), len(said), read_head(said).is_hop) == (SOURCE, len(first), True)


def test_what_is_no_hello_though_it_says_so_is_not_passed_on() -> None:
    hello = Head(Kind.HELLO, Pool.WAN, b"mark")
    assert passed_on(hello, write_head(hello) + bytes(600), SOURCE) is None
    assert passed_on(hello, write_head(hello), SOURCE) is None
    proof = hello._replace(kind=Kind.PROOF)
    assert passed_on(proof, write_head(proof), SOURCE) is None
    assert passed_on(proof, write_head(proof) + bytes(100), Address("none")) is None
