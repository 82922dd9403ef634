"""Both sockets have one port, or the words say why not and what to do."""

import socket

import pytest

from agent.transport.ports import ListenError, Port, open_port, source_of
from failure_detect.identity import Address


def closed(port: Port) -> Port:
    port.udp.close()
    port.tcp.socket.close()
    return port


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0", "[::]:0"])
async def test_datagrams_and_streams_have_one_port(listen: str) -> None:
    port = closed(open_port(Address(listen)))
    assert port.address.startswith(listen[:-1])
    assert port.address[-1].isdigit()
    assert not port.address.endswith(":0")


async def test_a_port_that_is_taken_for_either_is_refused_with_a_remedy() -> None:
    port = open_port(Address("127.0.0.1:0"))
    with pytest.raises(ListenError, match="in use by another process; stop that one, or"):
        open_port(port.address)
    port.tcp.socket.close()
    with pytest.raises(ListenError, match="in use"):
        open_port(port.address)
    port.udp.close()
    assert closed(open_port(port.address)).address == port.address


async def test_a_port_is_free_again_at_once_though_streams_have_just_ended() -> None:
    port = open_port(Address("127.0.0.1:0"))
    number = int(port.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", number)):
        accepted = await port.tcp.accept()
        await accepted.aclose()
    closed(port)
    assert closed(open_port(port.address)).address == port.address


@pytest.mark.parametrize(
    ("listen", "words"),
    [
        ("name:7400", "must be an IP address"),
        ("7400", "must be HOST:PORT"),
        ("192.0.2.1:0", "this host has no such address; 0.0.0.0:0 is all it has"),
        ("[2001:db8::1]:0", r"this host has no such address; \[::\]:0 is all it has"),
    ],
)
async def test_what_cannot_be_listened_on_is_refused_with_a_remedy(listen: str, words: str) -> None:
    with pytest.raises(ListenError, match=f"^listen: .*{words}"):
        open_port(Address(listen))


@pytest.mark.parametrize(
    ("listen", "source"),
    [
        ("127.0.0.5:1", "127.0.0.5"),
        ("[::1]:1", "::1"),
        ("0.0.0.0:1", None),
        ("[::]:1", None),
        ("name:1", None),
        ("nonsense", None),
    ],
)
def test_streams_come_from_where_datagrams_do(listen: str, source: str | None) -> None:
    assert source_of(Address(listen)) == source
