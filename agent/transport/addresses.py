"""Addresses as text and as sockets have them: `192.0.2.1:7400`, `[2001:db8::1]:7400`, `name:7400`.

A socket of both families shows IPv4 as mapped into IPv6; here, and everywhere above, it is IPv4.
"""

from ipaddress import ip_address
from typing import TypeAlias

from failure_detect.identity import Address

SocketAddress: TypeAlias = tuple[str, int]
"""A literal host and a port, as `socket` takes them for either family."""

PORT_MAX = 65_535
_MAPPED = "::ffff:"


def split_address(address: Address) -> tuple[str, int]:
    """Return host, without brackets, and port. ValueError, with a remedy, for what is neither."""
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"address {address!r}: an IPv6 address must stand in brackets")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) <= PORT_MAX):
        raise ValueError(
            f"address {address!r}: must be HOST:PORT, with a port from 0 to {PORT_MAX}"
        )
    return host, int(port)


def join_address(host: str, port: int) -> Address:
    """Return a host and a port as one address."""
    return Address(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def shown(source: tuple[object, ...]) -> Address:
    """Return what a socket says that something came from, or that it is bound to."""
    host, port = source[0], source[1]
    assert isinstance(host, str), "sockets of IPv4 and IPv6 say so"
    if ":" not in host:
        return Address(f"{host}:{port}")
    if host.startswith(_MAPPED) and "." in host:
        return Address(f"{host[len(_MAPPED) :]}:{port}")
    return Address(f"[{host}]:{port}")


def literal(host: str) -> bool:
    """Tell whether a host is an IP address, and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def for_family(host: str, port: int, *, is_ipv6: bool) -> SocketAddress | None:
    """Return where a socket of one family sends for a literal; None where it cannot."""
    if is_ipv6:
        return (host if ":" in host else _MAPPED + host, port)
    return None if ":" in host else (host, port)
