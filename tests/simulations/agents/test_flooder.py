"""Garbage looks like what it is to look like, goes to loopback alone, and ends."""

import socket
from random import Random

import pytest

from agent.wire.handshake import HELLO_BYTES
from agent.wire.header import Head, Kind, Pool, read_head, write_head
from agent.wire.reasons import WireRefused
from simulations.agents.flooder import KINDS, RATE_MAX, SECONDS_MAX, flood, maker

HEARD = write_head(Head(Kind.DATA, Pool.WAN, b"mark", tag=7, counter=100)) + b"sealed"


def test_a_hello_has_the_head_and_the_length_of_one() -> None:
    make = maker("hello", HEARD, Random(1))
    first, second = make(), make()
    assert len(first) == HELLO_BYTES
    assert read_head(first)._replace(counter=0) == Head(Kind.HELLO, Pool.WAN, b"mark")
    assert first != second


def test_what_looks_sealed_goes_on_where_the_overheard_stopped() -> None:
    make = maker("sealed", HEARD, Random(1))
    heads = [read_head(make()) for _ in range(3)]
    assert [each.counter for each in heads] == [101, 102, 103]
    assert {(each.kind, each.tag, each.mark) for each in heads} == {(Kind.DATA, 7, b"mark")}


def test_random_garbage_has_any_length() -> None:
    make = maker("random", HEARD, Random(1))
    assert len({len(make()) for _ in range(50)}) > 20


def test_what_is_no_kind_and_what_has_no_head_is_refused() -> None:
    assert KINDS == ("random", "hello", "sealed")
    with pytest.raises(ValueError, match="none of random, hello, sealed"):
        maker("loud", HEARD, Random(1))
    with pytest.raises(WireRefused):
        maker("hello", b"", Random(1))


@pytest.mark.parametrize(
    ("host", "seconds", "rate"),
    [("192.0.2.1", 1, 1), ("127.0.0.1", SECONDS_MAX + 1, 1), ("127.0.0.1", 1, RATE_MAX + 1)],
)
async def test_it_goes_nowhere_else_and_not_for_long(host: str, seconds: float, rate: int) -> None:
    with pytest.raises(ValueError, match=r"loopback|at most"):
        await flood((host, 9), bytes, seconds, rate)


async def test_so_much_comes_as_was_sent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target:
        target.bind(("127.0.0.1", 0))
        target.setblocking(False)
        sent = await flood(target.getsockname(), lambda: b"x", 0.2, 500)
        assert 0 < sent <= 100
        assert [target.recv(10) for _ in range(sent)] == [b"x"] * sent
