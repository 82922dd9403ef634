"""One port for datagrams and streams."""

import errno
import socket
from dataclasses import dataclass
from ipaddress import ip_address

import trio

from agent.transport.addresses import join_address, literal, shown, split_address
from failure_detect.identity import Address

RECEIVE_BUFFER_BYTES = 1 << 20
"""What the kernel is asked to hold for us; it may grant less. It holds some 900 datagrams, more
than come while this process is busy. In a flood that is faster than we read, what it holds is how
late everything comes: four times as much made round trips of half a second out of 50 ms."""

_TRIES = 20


class ListenError(Exception):
    """The port cannot be had. The words say which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Port:
    """Two sockets that have one address."""

    udp: socket.socket
    """It never blocks."""
    tcp: trio.SocketListener
    address: Address
    is_ipv6: bool
    """Whether it is of IPv6, and of IPv4 with it where it listens on all addresses."""


def source_of(listen: Address) -> str | None:
    """Return the address from which streams are to come where datagrams do, None for any.

    Who listens at one address alone is known by it, to firewalls for example.
    """
    try:
        host, _ = split_address(listen)
        return None if not literal(host) or ip_address(host).is_unspecified else host
    except ValueError:
        return None  # Opening the port says what is wrong with it.


def open_port(listen: Address) -> Port:
    """Return both sockets, bound to `listen`: a literal and a port, 0 for any that is free.

    `[::]` is all addresses of both families, `0.0.0.0` all of IPv4. Raises `ListenError`.
    """
    try:
        host, port = split_address(listen)
    except ValueError as error:
        raise ListenError(f"listen: {error}") from error
    if not literal(host):
        raise ListenError(f"listen: {listen}: must be an IP address and a port, not a name")
    for _ in range(_TRIES if port == 0 else 1):
        try:
            return _bound(host, port)
        except OSError as error:
            if port == 0 and error.errno == errno.EADDRINUSE:
                continue  # Free for one kind of socket, and taken for the other.
            raise ListenError(_explained(listen, error)) from error
    raise ListenError(f"listen: {listen}: no port was free for datagrams and streams alike")


def _bound(host: str, port: int) -> Port:
    is_ipv6 = ":" in host
    family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
    tcp = socket.socket(family, socket.SOCK_STREAM)
    udp = socket.socket(family, socket.SOCK_DGRAM)
    try:
        for each in (tcp, udp):
            each.settimeout(0)  # It never blocks.
            if is_ipv6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        tcp.bind((host, port))
        number = tcp.getsockname()[1]
        assert isinstance(number, int), "a port is a number"
        udp.bind((host, number))
        tcp.listen(socket.SOMAXCONN)
    except OSError:
        tcp.close()
        udp.close()
        raise
    listener = trio.SocketListener(trio.socket.from_stdlib_socket(tcp))
    return Port(udp, listener, shown((host, number)), is_ipv6)


def _explained(listen: Address, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"listen: {listen}: the port is in use by another process;"
                " stop that one, or configure another port"
            )
        case errno.EADDRNOTAVAIL:
            host, port = split_address(listen)
            everywhere = join_address("::" if ":" in host else "0.0.0.0", port)  # noqa: S104 - only named in words
            return f"listen: {listen}: this host has no such address; {everywhere} is all it has"
        case errno.EACCES | errno.EPERM:
            return f"listen: {listen}: not permitted; ports below 1024 need a privilege"
        case _:
            return f"listen: {listen}: {error.strerror or error}"
