"""Whether anybody is there: a refusal is an answer, silence is none, some things say nothing."""

import socket
from collections.abc import Iterator

import pytest
import trio

from agent.transport.connecting import has_answered
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.identity import Address


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        yield found


def address_of(bound: socket.socket) -> Address:
    return Address(f"127.0.0.1:{bound.getsockname()[1]}")


async def test_an_open_port_answers(bound: socket.socket) -> None:
    bound.listen()
    assert await has_answered(address_of(bound), SECOND) is True
    by_name = Address(address_of(bound).replace("127.0.0.1", "localhost"))
    assert await has_answered(by_name, 5 * SECOND) is True


async def test_a_refusal_is_an_answer_unless_it_is_said_to_be_none(bound: socket.socket) -> None:
    where = address_of(bound)
    assert await has_answered(where, SECOND) is True
    assert await has_answered(where, SECOND, is_refusal_silence=True) is False


async def test_who_lets_nobody_in_is_silent(bound: socket.socket) -> None:
    bound.listen(0)
    where = ("127.0.0.1", bound.getsockname()[1])
    held = []
    # The queue of a listener that accepts nobody is full after a few.
    for _ in range(4):
        waiting = socket.socket()
        waiting.settimeout(0)
        waiting.connect_ex(where)
        held.append(waiting)
    assert await has_answered(address_of(bound), 150 * MILLISECOND) is False
    for waiting in held:
        waiting.close()


@pytest.mark.parametrize("address", ["nonsense", "no-such-name.invalid:1", "255.255.255.255:1"])
async def test_what_this_host_cannot_try_says_nothing(address: str) -> None:
    trio.socket.set_custom_hostname_resolver(Nobody())
    assert await has_answered(Address(address), 5 * SECOND) is None


class Nobody(trio.abc.HostnameResolver):
    async def getaddrinfo(self, *asked: object) -> list[object]:  # type: ignore[override]  # It only raises.
        raise OSError("no such name")

    async def getnameinfo(self, sockaddr: object, flags: int) -> tuple[str, str]:
        raise NotImplementedError
